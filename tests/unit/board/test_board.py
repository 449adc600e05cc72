"""Board files: the shipped ones are right, and every fault is one line with its remedy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.board import BOARDS, LARGEST, AudioSpec, Board, known_boards, known_headers, load_board
from firmware.phone.board_header import POWER, header
from firmware.phone.board_read import SECTIONS, read
from firmware.phone.errors import ConfigError
from firmware.phone.machine.ease import LAMPS
from firmware.phone.values import Light

PHONES = [name for name in known_boards() if name != "simulator"]
PI = (BOARDS / "raspberry-pi" / "board.toml").read_text()


def faults(tmp_path: Path, content: str | bytes) -> list[str]:
    """What is wrong with a board file, without its name in front."""
    file = tmp_path / "board.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        load_board(file)
    for fault in caught.value.faults:
        assert fault.startswith(f"{file}: ")
        assert fault.isprintable()
        assert fault.isascii()
    return [fault.removeprefix(f"{file}: ") for fault in caught.value.faults]


def changed(old: str, new: str) -> str:
    assert old in PI
    return PI.replace(old, new)


@pytest.mark.parametrize("name", known_boards())
def test_the_shipped_boards_are_right_and_have_a_wiring_page(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    assert (BOARDS / name / "README.md").stat().st_size > 200


def test_the_simulator_needs_no_hardware() -> None:
    board = load_board("simulator")
    parts = (board.keypad, board.switches, board.display, board.audio, board.lights, board.health)
    assert {part.kind for part in parts} == {"simulated"}


@pytest.mark.parametrize("name", PHONES)
def test_a_phones_board(name: str) -> None:
    board = load_board(name)
    assert (len(board.keypad.rows), len(board.keypad.columns)) == (4, 3)
    assert board.display.address == 0x3C
    assert set(board.lights.lines) == set(Light) - set(LAMPS)
    assert board.gpio.chip, "numbers of gpiochips change with the kernel"
    assert board.health.kind == "kernel"
    assert board.switches.hook_lifted == "low", "a broken wire must read as hung up"


def test_a_board_file_of_an_older_version_is_still_right(tmp_path: Path) -> None:
    """Without header, kind of lights, health and label of the chip."""
    older = (
        re.sub(r"(?m)^(header|chip) = .*\n", "", PI)
        .split("[health]")[0]
        .replace('[lights]\nkind = "gpio"', "[lights]")
    )
    (tmp_path / "older.toml").write_text(older)
    board = load_board(tmp_path / "older.toml")
    assert (board.header.name, board.gpio.chip, board.lights.kind) == ("raspberry-pi", None, "gpio")
    assert board.health.kind == "none"


def test_a_sound_card_on_the_header_takes_its_pins(tmp_path: Path) -> None:
    text = changed("taken = [18, 19, 20, 21]", "").replace("periods = 8", 'periods = 8\nhat = "WM8960"')
    (tmp_path / "mine.toml").write_text(text)
    assert load_board(tmp_path / "mine.toml").audio.hat == "WM8960"
    [found] = faults(tmp_path, text.replace("hook = 17", "hook = 19"))
    assert found.startswith(
        "switches.hook: GPIO 19 (pin 35) belongs to the sound card WM8960 (I2S); free are 8,"
    )


def test_a_board_may_have_lights_beside_its_keys(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(changed("mute = 7\n", "mute = 7\nlamp1 = 8\n"))
    assert load_board(tmp_path / "mine.toml").lights.lines[Light.LAMP_1] == 8


def test_lights_on_a_pwm_chip(tmp_path: Path) -> None:
    text = changed("privacy = 23\n", "") + '\n[pwm]\nchip = "fe20c000.pwm"\nbrightness = 40\nprivacy = 1\n'
    (tmp_path / "mine.toml").write_text(text)
    lights = load_board(tmp_path / "mine.toml").lights
    assert (lights.pwm, lights.pwm_chip, lights.brightness) == ({Light.PRIVACY: 1}, "fe20c000.pwm", 40)
    assert Light.PRIVACY not in lights.lines


def test_a_board_by_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "my-phone"
    folder.mkdir()
    (folder / "board.toml").write_text(PI)
    (tmp_path / "other.toml").write_text(PI)
    assert load_board(folder / "board.toml").name == "my-phone"
    assert load_board(str(tmp_path / "other.toml")).name == "other"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        load_board("rasberry-pi")
    assert caught.value.faults == [
        '--board: "rasberry-pi" is not known; did you mean "raspberry-pi"? '
        "known: orange-pi-pc, raspberry-pi, raspberry-pi-4, "
        "raspberry-pi-5, raspberry-pi-zero-2-w, simulator; or give the path of a board file"
    ]


@pytest.mark.parametrize("name", ["", "..", ".", "a\nb", "\x1b[31m", "x" * 10_000])
def test_a_bad_name_is_one_short_line(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_board(name)
    [fault] = caught.value.faults
    assert fault.isprintable()
    assert len(fault) < 250


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "hook = 17",
            "hook = 99",
            "switches.hook: 99 is not a line of the gpiochip; write a whole number from 0 to 53",
        ),
        ("hook = 17", 'hook = "17"', 'switches.hook: "17" is not a line'),
        ("hook = 17", "hook = true", "switches.hook: True is not a line"),
        ("hook = 17", "hook = 17.0", "switches.hook: 17.0 is not a line"),
        ("hook = 17\n", "", "switches.hook: is missing; write hook = ..."),
        (
            'hook_lifted = "low"',
            'hook_lifted = "up"',
            'switches.hook_lifted: "up" is not known; write "high" or "low"',
        ),
        (
            'kind = "ssd1306"',
            'kind = "ssd1307"',
            'display.kind: "ssd1307" is not known; write "simulated" or "ssd1306"',
        ),
        ("rotate = 0", "rotate = 1", "display.rotate: 1 is not known; write 0 or 2"),
        ("rotate = 0", "rotate = false", "display.rotate: False is not known"),
        ("address = 0x3C", "address = 0x3CC", "display.address: 972 is not an I2C address"),
        ("period_ms = 20", "period_ms = 0", "audio.period_ms: 0 is not a period in ms"),
        ("rows = [5, 6, 12, 13]", "rows = [5, 6, 12]", "keypad.rows: has 3 entries; write 4"),
        ("rows = [5, 6, 12, 13]", "rows = 5", "keypad.rows: 5 is not a list"),
        (
            "rows = [5, 6, 12, 13]",
            "rows = [5, 6, 12, 40]",
            "keypad.rows: line 40 is not on the 40-pin header; free are 8, 9, 10, 11, 13",
        ),
        ('"789", "*0#"', '"789", "*0x"', 'keypad.keys: "*0x" is not a row of keys'),
        ('"789", "*0#"', '"789", "*09"', 'keypad.keys: "9" is there twice; write each key once'),
        ('"789", "*0#"', '"789", "*0"', "keypad.keys: rows differ; write 3 keys in each row"),
        ("columns = [16, 26, 25]", "columns = [16, 26, 25, 8]", "keypad.keys: rows differ; write 4 keys"),
        ('title = "Raspberry Pi"\n', "", "title: is missing; write title = ..."),
        ('title = "Raspberry Pi"', 'title = "a\\nb"', "title: "),
        ("[lights]", "[light]", 'light: is not known; did you mean "lights"? known: title, header, keypad,'),
        (
            "hook = 17",
            "hook = 5",
            "switches.hook: GPIO 5 (pin 29) belongs to keypad.rows; free are 8, 9, 10, 11, 17",
        ),
        (
            "hook = 17",
            "hook = 2",
            "switches.hook: GPIO 2 (pin 3) belongs to the display's I2C bus; free are 8,",
        ),
        ("hook = 17", "hook = 0", "switches.hook: GPIO 0 (pin 27) belongs to the ID memory of a HAT"),
        ("hook = 17", "hook = 15", "switches.hook: GPIO 15 (pin 10) belongs to the serial console"),
        ("ringing = 24", "ringing = 23", "lights.ringing: GPIO 23 (pin 16) belongs to lights.privacy"),
        ("hook = 17", "hook = 19", "switches.hook: GPIO 19 (pin 35) belongs to gpio.taken"),
        (
            "rows = [5, 6, 12, 13]",
            "rows = [5, 6, 12, 5]",
            "keypad.rows: GPIO 5 (pin 29) belongs to keypad.rows",
        ),
        ("taken = [18", "taken = [-1", "gpio.taken: -1 is not a line"),
        (
            "taken = [18, 19, 20, 21]",
            'uses = ["spi0"]',
            "lights.mute: GPIO 7 (pin 26) belongs to spi0 (gpio.uses)",
        ),
        (
            "taken = [18, 19, 20, 21]",
            'uses = ["spi9"]',
            'gpio.uses: "spi9" is not a function of this header; write',
        ),
        (
            "periods = 8",
            'periods = 8\nhat = "WM8960"\n[pwm]\nchip="x"\nmute=0',
            "pwm.mute: this light has a line in",
        ),
        ('chip = ["pinctrl-rp1"', "chip = [7", "gpio.chip: 7 is not a name"),
        (
            "ringing = 24",
            "ringing = 24\nringing_ = 3",
            'lights.ringing_: is not known; did you mean "ringing"?',
        ),
        ('[lights]\nkind = "gpio"', '[lights]\nkind = "gpoi"', 'lights.kind: "gpoi" is not known'),
        ("throttles_at = 80", "throttles_at = 8", "health.throttles_at: 8 is not a temperature"),
        (
            'header = "raspberry-pi"',
            'header = "raspberry"',
            'header: "raspberry" is not known; write "orange-pi-pc" or',
        ),
    ],
)
def test_each_fault_is_one_line(tmp_path: Path, old: str, new: str, fault: str) -> None:
    [found] = faults(tmp_path, changed(old, new))
    assert found.startswith(fault)


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    wrong = (
        changed("hook = 17", "hook = 99")
        .replace('kind = "alsa"', 'kind = "oss"')
        .replace("bus = 1", "buss = 1")
    )
    found = faults(tmp_path, wrong)
    assert [fault.split(":")[0] for fault in found] == ["switches.hook", "display.buss", "audio.kind"]


def test_a_misspelt_key(tmp_path: Path) -> None:
    unknown, missing = faults(tmp_path, changed("hook = 17", "hok = 17"))
    assert unknown.startswith('switches.hok: is not known; did you mean "hook"? known: kind, hook,')
    assert missing == "switches.hook: is missing; write hook = ..."


def test_an_empty_file_names_every_missing_part(tmp_path: Path) -> None:
    found = faults(tmp_path, "")
    assert [fault.split(":")[0] for fault in found] == ["keypad", "switches", "display", "audio", "title"]
    assert found[0].endswith("write a table [keypad] with kind, keys, rows, columns, debounce_ms, jam_s")


def test_a_wrong_kind_is_one_fault_not_one_for_each_key(tmp_path: Path) -> None:
    assert len(faults(tmp_path, changed('[keypad]\nkind = "gpio"', '[keypad]\nkind = "gpoi"'))) == 1


def test_pins_of_a_simulated_part_are_refused(tmp_path: Path) -> None:
    found = faults(tmp_path, changed('[switches]\nkind = "gpio"', '[switches]\nkind = "simulated"'))
    assert found[0] == 'switches.hook: has no use with kind "simulated"; leave it out'
    assert len(found) == 4


def test_a_section_that_is_no_table(tmp_path: Path) -> None:
    assert faults(tmp_path, "keypad = 1\n" + PI.replace("[keypad]", "[keypat]"))[0].startswith(
        "keypat: is not known"
    )


def test_a_4x4_keypad_a_bare_display_and_the_header_alone(tmp_path: Path) -> None:
    text = changed('keys = ["123", "456", "789", "*0#"]', 'keys = ["123A", "456B", "789C", "*0#D"]')
    text = text.replace("columns = [16, 26, 25]", "columns = [16, 26, 25, 8]")
    text = text.split("[display]")[0] + '[display]\nkind = "none"\n[audio]\nkind = "alsa"\n'
    file = tmp_path / "mine.toml"
    file.write_text(text)
    board = load_board(file)
    assert board.keypad.keys[3] == "*0#D"
    assert board.display.kind == "none"
    assert (board.gpio.chip, board.gpio.taken, board.audio.periods) == (None, (), 8)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\xff\xfe\x00", "is not TOML: "),
        (b"title = ", "is not TOML: "),
        (b'title = "a"\ntitle = "b"', "is not TOML: "),
        (b"x = " + b"[" * 20_000, "is not TOML: "),
        (b"# " + b"x" * LARGEST, "is larger than 64 KiB; a board file is a page"),
        (b"\x00" * 100, "is not TOML: "),
    ],
)
def test_what_is_no_board_file_is_one_short_line(tmp_path: Path, content: bytes, fault: str) -> None:
    [found] = faults(tmp_path, content)
    assert found.startswith(fault)
    assert len(found) < 200


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ConfigError, match=r"cannot be read: .*; check its name and rights"):
            load_board(f"{path}/" if path is tmp_path else path)


def test_a_key_that_would_paint_the_terminal_is_shown_harmless(tmp_path: Path) -> None:
    found = faults(tmp_path, PI + '\n"\\u001b[31m\\u202e" = 1\n')
    assert "\\x1b[31m\\u202e" in found[0]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["gpio", "none", "alsa"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
tables = {
    name: st.dictionaries(st.sampled_from(list(keys)) | st.text(max_size=5), values, max_size=6)
    for name, keys in SECTIONS.items()
}


@given(st.fixed_dictionaries({}, optional={"title": values, "junk": values, **tables}))
def test_no_document_makes_it_crash(document: dict[str, object]) -> None:
    _, found = read(document, known_headers())
    assert found, "nothing made up at random is a board"
    for fault in found:
        assert fault.isprintable()
        assert len(fault) < 400


HEADER: dict[str, Any] = {
    "title": "header",
    "line": "GPIO {}",
    "pins": ["3V3", "5V", 2, "GND"],
    "reserved": {"the ID memory": [2]},
    "functions": {"i2c1": [2]},
}


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [
        ("pins", [2, 3, 2, 4], "a line is there twice"),
        ("pins", [2, 54], "a line is a whole number from 0 to 53"),
        ("pins", [2, True], "a line is a whole number"),
        ("pins", [2, 3, 4], "not a list of two rows"),
        ("pins", "2", "not a list of two rows"),
        ("functions", {"i2c1": [2, 7]}, "i2c1: lines that are not on the header"),
        ("reserved", {"x": [9]}, "x: lines that are not on the header"),
        ("line", "GPIO", "write {} where the number stands"),
        ("line", "{} {}", "write {} where the number stands"),
        ("more", 1, "write functions, line, pins, reserved, title"),
    ],
)
def test_a_header_that_is_wrong(key: str, value: object, fault: str) -> None:
    assert header("x", HEADER).pin(2) == 3
    with pytest.raises(ValueError, match=re.escape(fault)):
        header("x", HEADER | {key: value})


def test_a_header_that_is_wrong_stops_the_phone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("firmware.phone.board.HEADERS", tmp_path)
    (tmp_path / "mine.toml").write_text("pins = []")
    with pytest.raises(ConfigError, match=r"mine\.toml: has pins; write functions"):
        load_board("simulator")


def test_the_rows_of_power_are_where_every_header_of_40_pins_has_them() -> None:
    for found in known_headers().values():
        places = {name: [n for n, pin in enumerate(found.pins, 1) if pin == name] for name in POWER}
        assert places == {"3V3": [1, 17], "5V": [2, 4], "GND": [6, 9, 14, 20, 25, 30, 34, 39]}


def test_a_board_cannot_be_changed_after_it_was_checked() -> None:
    board = load_board("simulator")
    with pytest.raises(AttributeError):
        board.title = "x"  # type: ignore[misc]
    assert isinstance(board, Board)


SPI = '[display]\nkind = "sh1106-spi"\ndc = 4\nreset = 24\n[audio]'


def on_spi(text: str) -> str:
    """The board with its display on SPI; the lights that had the bus's lines are gone."""
    before, rest = text.split("[display]")
    before = "\n".join(
        line for line in before.splitlines() if not line.startswith(("message", "mute", "ring"))
    )
    return before + "\n" + SPI + rest.split("[audio]")[1]


def test_a_display_on_spi(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(on_spi(PI))
    display = load_board(file).display
    assert (display.kind, display.dc, display.reset) == ("sh1106-spi", 4, 24)
    assert (display.port, display.device, display.mhz) == (0, 0, 8)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("dc = 4", "dc = 9", "display.dc: GPIO 9 (pin 21) belongs to the display's SPI bus; free are"),
        ("dc = 4", "dc = 17", "display.dc: GPIO 17 (pin 11) belongs to switches.hook"),
        ("dc = 4", "dc = 24", "display.reset: GPIO 24 (pin 18) belongs to display.dc"),
        ("dc = 4\n", "", "display.dc: is missing"),
        ("dc = 4", "dc = 4\nmhz = 3", "display.mhz: 3 is not known; write 1 or 2 or 4 or 8"),
        ("dc = 4", "dc = 4\naddress = 60", 'display.address: has no use with kind "sh1106-spi"'),
    ],
)
def test_a_display_on_spi_that_is_wrong(tmp_path: Path, old: str, new: str, fault: str) -> None:
    found = faults(tmp_path, on_spi(PI).replace(old, new))
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize(
    ("voice_ms", "sidetone_db", "level"), [(40, -18, -18.0), (40, 0, None), (80, -18, None), (140, -12, None)]
)
def test_a_side_tone_that_would_be_an_echo_is_none(voice_ms: int, sidetone_db: int, level: float) -> None:
    assert AudioSpec("alsa", voice_ms=voice_ms, sidetone_db=sidetone_db).sidetone == level
