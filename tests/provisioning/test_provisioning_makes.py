"""``sotto-release provision`` as an administrator uses it, with mistakes; and the telephone's own program."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from firmware.phone.errors import ProvisioningError
from firmware.provisioning import __main__ as pulling
from firmware.provisioning import code
from firmware.release import __main__ as tool
from firmware.release import fleet, provision
from tests.provisioning.scene import Scene, Server
from tests.rig.phone import ROOT


def test_the_whole_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the commands of docs/provisioning.md, as far as the web server."""
    monkeypatch.chdir(tmp_path)
    Path("phrase").write_text("correct horse battery\n")
    Path("phrase").chmod(0o600)
    command = ["--phrase-file", "phrase", "provision"]
    assert tool.main([*command, "new", "--url", "https://phones.example/f"]) == 0
    assert "phones.csv" in capsys.readouterr().out
    with Path("fleet/phones.csv").open("a") as table:
        table.write("anna,30,secret-of-anna,Anna Archer\n")
    assert tool.main([*command, "make"]) == 0
    said = capsys.readouterr().out
    assert "1 telephones: 1 files written" in said
    assert len(list(Path("fleet/served").iterdir())) == 1
    assert tool.main([*command, "new", "--url", "https://phones.example/f"]) == 1
    assert "is a fleet already" in capsys.readouterr().err
    for file in ("fleet.toml", "template.toml", "phones.csv", "codes.csv", "made.json", "tickets/anna.toml"):
        assert stat.S_IMODE((Path("fleet") / file).stat().st_mode) == 0o600, file
    assert stat.S_IMODE(next(Path("fleet/served").iterdir()).stat().st_mode) == 0o644


def test_each_telephone_gets_its_own(scene: Scene) -> None:
    assert scene.pull()
    assert scene.user == "30"
    assert stat.S_IMODE((scene.here / "phone.toml").stat().st_mode) == 0o640
    assert scene.pull(ticket=scene.ticket("berta"))
    assert scene.user == "31", "another ticket begins anew"
    assert scene.config.account is not None
    assert scene.config.account.display_name == "", "an empty cell leaves the option out"


def test_what_did_not_change_is_not_made_anew(scene: Scene) -> None:
    before = {file.name: file.read_bytes() for file in (scene.folder / "served").iterdir()}
    assert "0 files written" in scene.make(hours=1)[1]
    scene.change("31,secret-of-berta", "31,other-secret", "phones.csv")
    assert "1 files written, 1 as before" in scene.make(hours=1)[1]
    after = {file.name: file.read_bytes() for file in (scene.folder / "served").iterdir()}
    assert sum(before[name] != after[name] for name in before) == 1
    assert "2 files written" in scene.make(days=31)[1], "none gets too old to be taken"


def test_one_that_is_made_anew_does_not_start_the_telephone_anew(scene: Scene) -> None:
    scene.pull()
    scene.make(days=31)
    assert not scene.pull()
    assert not scene.pull(now=scene.now + timedelta(days=1))


def test_a_telephone_that_is_taken_out_of_the_table(scene: Scene) -> None:
    ticket, file = scene.ticket(), scene.served()
    scene.pull()
    scene.change("anna,30,secret-of-anna,Anna\n", "", "phones.csv")
    assert "1 removed" in scene.make(hours=1)[1]
    assert not file.exists()
    assert not (scene.folder / "tickets/anna.toml").exists()
    with pytest.raises(ProvisioningError, match="has no configuration for this telephone"):
        scene.pull(ticket=ticket)
    assert scene.user == "30", "what it has stays"


def test_files_go_along(scene: Scene) -> None:
    (scene.folder / "our-ca.pem").write_text(scene.authority.pem.read_text())
    scene.change("[account]", '[sip]\nca_file = "our-ca.pem"\n[account]')
    scene.make(hours=1)
    scene.pull()
    first = scene.config.sip.ca_file
    assert first is not None
    assert first.read_text() == scene.authority.pem.read_text()
    (scene.folder / "our-ca.pem").write_text(scene.authority.pem.read_text() + "\n")
    scene.make(hours=1)
    scene.pull()
    assert scene.config.sip.ca_file != first
    assert not first.exists(), "what is not named any more is removed"


def test_a_cell_cannot_add_an_option(scene: Scene) -> None:
    evil = '"x""\n[media]\nallow_clear = true\n#"'
    (scene.folder / "phones.csv").write_text(f"phone,user,password,name\nanna,30,geheim,{evil}\n")
    with pytest.raises(ProvisioningError, match="has a control character"):
        scene.make(hours=1)
    (scene.folder / "phones.csv").write_text('phone,user,password,name\nanna,30,"a""b\\c$d",Ä\n')
    scene.make(hours=1)
    scene.pull()
    assert scene.config.account is not None
    assert scene.config.account.password.reveal() == 'a"b\\c$d'


TABLES: dict[str, tuple[str, str]] = {
    "a line too short": (
        "phone,user,password,name\nanna,30,x\n",
        "phones.csv, line 2: has 3 cells, the first line has 4",
    ),
    "twice": (
        "phone,user,password,name\nanna,30,x,A\nANNA,31,y,B\n",
        "phones.csv, line 3: phone: ANNA stands in line 2 already",
    ),
    "a name that leaves the folder": (
        "phone,user,password,name\n../x,30,x,A\n",
        "phones.csv, line 2: phone: write letters",
    ),
    "a user that is none": (
        "phone,user,password,name\nanna,a@b,x,A\n",
        "phones.csv, line 2 (anna): account.user: is a whole address",
    ),
    "no password": (
        "phone,user,password,name\nanna,30,,A\n",
        "phones.csv, line 2 (anna): account.password: is missing",
    ),
    "no column": (
        "phone,user,name\nanna,30,A\n",
        "template.toml: password: phones.csv has no column 'password'",
    ),
    "no phone": (
        "user,password,name\n30,x,A\n",
        'phones.csv, line 1: name each column once, one of them "phone"',
    ),
    "quotes": ('phone,user,password,name\nanna,30,"x"y,A\n', "phones.csv, line 2: "),
}


@pytest.mark.parametrize("which", TABLES)
def test_a_mistake_in_the_table_is_told_with_its_line_and_nothing_is_written(
    scene: Scene, which: str
) -> None:
    before = {file.name: file.read_bytes() for file in (scene.folder / "served").iterdir()}
    text, words = TABLES[which]
    (scene.folder / "phones.csv").write_text(text)
    with pytest.raises(ProvisioningError) as caught:
        scene.make(hours=1)
    assert words in str(caught.value)
    assert {file.name: file.read_bytes() for file in (scene.folder / "served").iterdir()} == before


def test_semicolons_and_a_byte_order_mark_as_office_programs_write_them(scene: Scene) -> None:
    (scene.folder / "phones.csv").write_text("\ufeffphone;user;password;name\nanna;30;x;Anna\n")
    assert [row.values["name"] for row in fleet.table(scene.folder)] == ["Anna"]


def test_a_weaker_template_needs_a_word(scene: Scene) -> None:
    scene.change("[account]", '[sip]\ntransport = "udp"\n[account]')
    with pytest.raises(
        ProvisioningError, match=r"SIP is sent unencrypted.*accept_weaker = true in fleet.toml"
    ):
        scene.make(hours=1)
    scene.change("days", "accept_weaker = true\ndays", "fleet.toml")
    scene.make(hours=1)
    assert scene.ticket().accept_weaker
    assert scene.pull()


def test_mistakes_in_the_settings(scene: Scene) -> None:
    scene.change("days", "dais", "fleet.toml")
    with pytest.raises(ProvisioningError, match=r'fleet.toml: dais: unknown key; did you mean "days"'):
        scene.make()
    with pytest.raises(ProvisioningError, match="is no address on the web"):
        provision.begin(scene.folder.parent / "other", "http://phones.example/", scene.keys)


def test_a_code_is_told_wrong_by_its_last_digit() -> None:
    text = code.new()
    assert len(code.secret(text)) == 16
    digits = text.replace(" ", "")
    for at in range(40):
        for other in "0123456789":
            if other != digits[at]:
                with pytest.raises(ProvisioningError, match="a digit of the code is wrong"):
                    code.secret(digits[:at] + other + digits[at + 1 :])
    with pytest.raises(ProvisioningError, match="40 digits"):
        code.secret(digits[:-1])
    assert len({code.new() for _ in range(100)}) == 100


TICKETS: dict[str, tuple[str, str, str]] = {
    "no TLS": ('url = "https', 'url = "http', "url: is no address on the web"),
    "a key": ("issuer", "isuer", 'isuer: unknown key; did you mean "issuer"'),
    "a pin": ("code =", 'pin = ["x"]\ncode =', "pin: is no pin"),
    "a code": ('code = "', 'code = "1', "a code has 40 digits"),
}


@pytest.mark.parametrize("which", TICKETS)
def test_mistakes_in_a_ticket(scene: Scene, which: str) -> None:
    before, after, words = TICKETS[which]
    scene.change(before, after, "tickets/anna.toml")
    with pytest.raises(ProvisioningError) as caught:
        scene.ticket()
    assert words in str(caught.value)


def test_the_telephone_s_program(
    scene: Scene, server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scene.ticket()
    options = [
        "--ticket",
        str(tmp_path / "provision.toml"),
        "--folder",
        str(scene.here),
        "--state",
        str(scene.state),
    ]
    assert pulling.main(options) == 0
    assert "a new configuration is in place" in capsys.readouterr().out
    assert pulling.main(options) == 0
    assert "nothing is new" in capsys.readouterr().out
    server.status = 500
    assert pulling.main(options) == 1
    assert "was not taken: the server answered 500" in capsys.readouterr().err
    assert "secret" not in json.dumps(json.loads(scene.state.read_text()))
    (tmp_path / "provision.toml").unlink()
    assert pulling.main(options) == 2


def test_a_telephone_starts_with_what_it_pulled(scene: Scene) -> None:
    scene.pull()
    options = ["--config", str(scene.here / "phone.toml"), "--board", "simulator", "--check"]
    done = subprocess.run(
        [sys.executable, "-m", "firmware.phone", *options],
        cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "The configuration is good." in done.stdout
