"""A new version stays only when this telephone can telephone with it: each fault sends it back.

The slots are folders, the updater and the telephone's door, loop and self-test are the real ones.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.clock import FakeClock, SystemClock
from firmware.phone.control import Control
from firmware.phone.door import Door
from firmware.phone.loop import Loop
from firmware.phone.machine.rules import Rules
from firmware.phone.notify import Notifier
from firmware.phone.trying import Trying
from firmware.phone.values import Health, Loudspeaker, Part, Registration, RegistrationState, SwitchPosition
from firmware.updater import telephone
from firmware.updater.telephone import Telephone
from tests.update.machine import Machine, Restarted, image_of
from tests.update.makers import NOW, Makers

ROOT = Path(__file__).parents[2]
WORKS = """echo '{"trouble": ""}'"""
NO_TONE = """echo '{"trouble": "the tone was not heard"}'; exit 1"""
CRASHES = "kill -SEGV $$"


@contextmanager
def desk(
    folder: Path,
    version: str,
    *faults: on.Event,
    call: str = WORKS,
    address: str = "",
    microphone: str = "",
) -> Iterator[None]:
    """A telephone that runs ``version`` and works, but for ``faults``."""

    class Hands:
        def carry_out(self, command: do.Command) -> None:
            pass

    folder.mkdir(exist_ok=True)
    loop = Loop(Rules(), SystemClock(), Hands(), Notifier({}))
    door = Door(folder, version, Trying(["/bin/sh", "-c", call], lambda: address, lambda: microphone).begin)
    crashes: list[BaseException] = []
    control = Control(door.socket, loop, door, crashes.append, True)
    control.start()
    for event in (on.PrivacySwitched(SwitchPosition.PRIVATE), *faults):
        loop.post(event)
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield
    finally:
        loop.stop()
        thread.join(5)
        control.stop()
        assert crashes == []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """1.2.0 is published; the telephone is asked at the door, with time that passes as it is looked at."""
    monkeypatch.setattr(telephone, "TIME_LIMIT", 3.0)
    (tmp_path / "makers").mkdir()
    makers = Makers(tmp_path / "makers")
    makers.publish("1.2.0", content=image_of("1.2.0"))
    machine = Machine(tmp_path / "machine", makers)
    clock = FakeClock(NOW)
    asked = Telephone(tmp_path / "door" / "phone.sock", clock.monotonic, clock.advance)
    machine.health = lambda: asked.wrong(machine.version)
    return machine


def installed(machine: Machine) -> None:
    with pytest.raises(Restarted):
        machine.update(machine.boot())


def after(machine: Machine) -> str:
    """What the telephone says after the machine has come to rest."""
    return machine.boot().journal.told


def test_a_version_that_works_stays(machine: Machine, tmp_path: Path) -> None:
    installed(machine)
    with desk(tmp_path / "door", "1.2.0"):
        assert after(machine) == "updated to 1.2.0"
    assert machine.version == "1.2.0"


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "the program does not start": (lambda folder: nullcontext(), "the telephone did not start"),
    "another version runs": (lambda folder: desk(folder, "1.1.0"), "says that it is 1.1.0, not 1.2.0"),
    "no sound in a call to itself": (
        lambda folder: desk(folder, "1.2.0", call=NO_TONE),
        "call to itself: the tone was not heard",
    ),
    "the library crashes in a call": (
        lambda folder: desk(folder, "1.2.0", call=CRASHES),
        "call to itself: it broke off (-11)",
    ),
    "the sound device cannot be opened": (
        lambda folder: desk(folder, "1.2.0", on.SoundChanged(Loudspeaker.HANDSET, "PCM is missing")),
        "sound: PCM is missing",
    ),
    "the ringer cannot be opened": (
        lambda folder: desk(folder, "1.2.0", on.SoundChanged(Loudspeaker.RINGER, "PCM is missing")),
        "sound: ringer: PCM is missing",
    ),
    "the microphone cannot be opened": (
        lambda folder: desk(folder, "1.2.0", microphone="PCM is missing"),
        "microphone: PCM is missing",
    ),
    "the display does not answer": (
        lambda folder: desk(folder, "1.2.0", on.DisplayChanged("nobody at address 0x3c")),
        "display: nobody at address 0x3c",
    ),
    "the keypad does not answer": (
        lambda folder: desk(folder, "1.2.0", on.PartChanged(Part.KEYPAD, "GPIO 26 is held")),
        "keypad: GPIO 26 is held",
    ),
    "the hook switch cannot be had": (
        lambda folder: desk(folder, "1.2.0", on.PartChanged(Part.SWITCHES, "GPIO 17 is held")),
        "switches: GPIO 17 is held",
    ),
    "the privacy switch cannot be read": (
        lambda folder: desk(folder, "1.2.0", on.PrivacySwitched(SwitchPosition.UNREADABLE)),
        "privacy switch: it cannot be read",
    ),
    "no address": (
        lambda folder: desk(folder, "1.2.0", address="the network gives no address"),
        "address: the network gives no address",
    ),
}


@pytest.mark.parametrize("fault", list(FAULTS))
def test_it_falls_back_and_says_why(machine: Machine, tmp_path: Path, fault: str) -> None:
    phone, said = FAULTS[fault]
    installed(machine)
    with phone(tmp_path / "door"):  # type: ignore[attr-defined]  # a context manager
        told = after(machine)
    assert machine.version == "1.1.0"
    assert told.startswith("1.2.0 did not work (")
    assert said in told
    assert told.endswith("; 1.1.0 runs again")
    machine.source.asked.clear()
    machine.update(machine.boot())  # what fell back is not tried again
    assert not [url for url in machine.source.asked if url.endswith(".raucb")]
    assert machine.version == "1.1.0"


@pytest.mark.parametrize(
    "event",
    [
        on.RegistrationChanged(Registration(RegistrationState.FAILED, "the provider is away")),
        on.HealthChanged(Health(weak=True)),
        on.PartChanged(Part.KEYPAD, "stuck: 5", "5"),
        on.PartChanged(Part.LIGHTS, "no such chip"),
        on.StoreChanged(trouble="the disk is full"),
    ],
)
def test_what_is_no_fault_of_the_version_does_not_send_it_back(
    machine: Machine, tmp_path: Path, event: on.Event
) -> None:
    installed(machine)
    with desk(tmp_path / "door", "1.2.0", event):
        after(machine)
    assert machine.version == "1.2.0"


def test_a_slot_that_reads_back_otherwise_than_it_was_written(machine: Machine, tmp_path: Path) -> None:
    installed(machine)
    image = machine.slots / "b" / "root.img"
    image.write_bytes(image.read_bytes()[:-1] + b"?")
    with desk(tmp_path / "door", "1.2.0"):
        told = after(machine)
    assert machine.version == "1.1.0"
    assert "root.img is damaged" in told


def test_a_telephone_that_comes_up_late_is_waited_for(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(machine)
    found = Telephone(tmp_path / "door" / "phone.sock")
    machine.health = lambda: found.wrong(machine.version)
    monkeypatch.setattr(telephone, "TIME_LIMIT", 30.0)
    threading.Timer(1.0, lambda: late.set()).start()
    late, stop = threading.Event(), threading.Event()

    def later() -> None:
        late.wait(5)
        with desk(tmp_path / "door", "1.2.0"):
            stop.wait(20)

    thread = threading.Thread(target=later)
    thread.start()
    try:
        after(machine)
    finally:
        stop.set()
        thread.join(10)
    assert machine.version == "1.2.0"


def test_a_configuration_that_the_new_version_does_not_read(machine: Machine, tmp_path: Path) -> None:
    """The real program ends with 2 and a line; for the updater it did not start."""
    installed(machine)
    config = tmp_path / "phone.toml"
    config.write_text("[sip]\ncolour = 1\n")
    (tmp_path / "door").mkdir()
    words = ["--config", str(config), "--board", "simulator", "--state-dir", str(tmp_path / "state")]
    words += ["--socket", str(tmp_path / "control"), "--updates", str(tmp_path / "door")]
    done = subprocess.run(
        [sys.executable, "-m", "firmware.phone", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "colour" in done.stderr
    assert "did not start" in after(machine)
    assert machine.version == "1.1.0"
