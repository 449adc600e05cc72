"""``sotto-release`` as its makers use it, and a telephone that believes what comes out of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firmware.phone.errors import Untrusted
from firmware.release import __main__ as tool
from firmware.updater.signatures import read_keys
from firmware.updater.trust import Repository
from tests.update.makers import BASE, Served

PHRASE = "correct horse battery"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("phrase").write_text(PHRASE + "\n")
    Path("phrase").chmod(0o600)
    Path("image").write_bytes(os.urandom(100_000))
    describe("1.2.0")
    return tmp_path


def describe(number: str, **others: str) -> None:
    lines = {"version": f'"{number}"', "floor": '"1.0.0"', "supported_until": "2031-12-31"} | others
    Path("release.toml").write_text(
        "".join(f"{key} = {value}\n" for key, value in lines.items()) + '[notes]\nen = "new"\n'
    )


def run(*arguments: str) -> int:
    return tool.main(["--phrase-file", "phrase", *arguments])


def phone(place: Path) -> Repository:
    keys = read_keys((place / "public/release-keys.json").read_bytes())
    root = (place / "public/root.json").read_bytes()
    return Repository(place / "phone", BASE, root, keys, Served(place / "served"))


def version(repository: Repository) -> str:
    return str(repository.newest().release.version)


def publish() -> int:
    Path("out.raucb").write_bytes(b"a bundle")
    return run("publish", "release.toml", "board=out.raucb")


def test_a_bundle_of_what_make_image_left(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("bundle", "new/out.raucb", "--board", "board", "build/image/board")
    assert run(*asked) == 1
    assert "build/image/board/root.img is missing; make image BOARD=board" in capsys.readouterr().err
    Path("build/image/board").mkdir(parents=True)
    for name in ("root.img", "boot.img"):
        Path("build/image/board", name).write_bytes(os.urandom(100_000))
    assert run(*asked) == 1
    assert "ceremony makes all keys" in capsys.readouterr().err
    assert run("ceremony") == 0
    assert run(*asked) == 0
    content = Path("new/out.raucb").read_bytes()
    for name in ("root.img", "boot.img"):  # octet for octet, or a patch would find nothing
        assert Path("build/image/board", name).read_bytes() in content


def test_from_the_ceremony_to_a_release(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("ceremony") == 0
    assert "offline" in capsys.readouterr().out
    assert run("bundle", "out.raucb", "--board", "board", "--version", "1.2.0", "rootfs=image") == 0
    assert run("publish", "release.toml", "board=out.raucb") == 0
    assert "good until" in capsys.readouterr().out
    trusted = phone(place).newest()
    assert str(trusted.release.version) == "1.2.0"
    assert trusted.url(trusted.release.bundles["board"])


def test_keys_are_under_a_pass_phrase_and_nobody_elses(place: Path) -> None:
    run("ceremony")
    files = list(Path("keys").glob("*.pem"))
    assert len(files) == 11
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert Path("keys").stat().st_mode & 0o777 == 0o700
    public = b"".join(path.read_bytes() for path in Path("public").iterdir())
    assert b"PRIVATE" not in public


def test_no_second_ceremony(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("ceremony")
    before = {path: path.read_bytes() for path in Path("keys").iterdir()}
    assert run("ceremony") == 1
    assert "no key is overwritten" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("keys").iterdir()} == before


@pytest.mark.parametrize("key", ["root-1", "targets-2", "snapshot", "timestamp"])
def test_a_key_is_replaced(place: Path, key: str) -> None:
    run("ceremony")
    publish()
    telephone = phone(place)
    telephone.newest()
    assert run("replace", key) == 0
    assert version(telephone) == "1.2.0"
    describe("1.3.0")
    assert publish() == 0
    assert version(telephone) == "1.3.0"
    root = json.loads(Path("served/metadata/2.root.json").read_bytes())["signed"]
    assert Path(f"keys/{key}.keyid").read_text().strip() not in root["roles"][key.split("-")[0]]["keyids"]


def test_all_root_keys_are_replaced_one_after_the_other(place: Path) -> None:
    run("ceremony")
    publish()
    for key in ("root-1", "root-2", "root-3", "root-1.2"):
        assert run("replace", key) == 0
    assert version(phone(place)) == "1.2.0"
    assert len(list(Path("served/metadata").glob("*.root.json"))) == 5


def test_two_root_keys_lost_is_too_many(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("ceremony")
    publish()
    for key in ("root-1", "root-2"):
        Path(f"keys/{key}.pem").unlink()
        Path(f"keys/{key}.keyid").unlink()
    assert run("replace", "timestamp") == 1
    assert "not signed by enough" in capsys.readouterr().err
    assert not Path("served/metadata/2.root.json").exists()


def test_refresh_keeps_the_word_good(place: Path) -> None:
    run("ceremony")
    publish()
    telephone = phone(place)
    telephone.newest()
    before = Path("served/metadata/timestamp.json").read_bytes()
    assert run("refresh") == 0
    assert version(telephone) == "1.2.0"
    Path("served/metadata/timestamp.json").write_bytes(before)
    with pytest.raises(Untrusted, match="roll-back"):
        telephone.newest()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["replace", "nobody"], "is no key of the newest root"),
        (["publish", "absent.toml", "board=image"], "absent.toml cannot be read"),
        (["publish", "release.toml", "board=absent"], "absent cannot be read"),
        (["publish", "release.toml", "board"], "has not the form NAME=VALUE"),
        (["publish", "release.toml", "Bad Board=image"], "bundles"),
        (["bundle", "o.raucb", "--board", "b", "--version", "1.2", "rootfs=image"], "is no version"),
        (["show"], "nothing has been published yet"),
        (["refresh"], "nothing has been published yet"),
    ],
)
def test_what_is_refused(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], word: str
) -> None:
    run("ceremony")
    capsys.readouterr()
    assert run(*arguments) == 1
    assert word in capsys.readouterr().err


@pytest.mark.parametrize(
    ("others", "word"),
    [
        ({"version": '"1"'}, "is no version"),
        ({"floor": '"2.0.0"'}, "floor"),
        ({"supported_until": '"2031-12-31"'}, "is no date"),
        ({"secure": "true"}, "unknown key 'secure'"),
        ({"rollout_hours": "100000"}, "rollout_hours"),
    ],
)
def test_a_description_with_a_fault(
    place: Path, capsys: pytest.CaptureFixture[str], others: dict[str, str], word: str
) -> None:
    run("ceremony")
    describe("1.2.0", **others)
    assert publish() == 1
    error = capsys.readouterr().err
    assert "release.toml" in error
    assert word in error


def test_a_wrong_pass_phrase(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("ceremony")
    Path("phrase").write_text("something else entirely")
    assert publish() == 1
    error = capsys.readouterr().err
    assert "pass phrase" in error
    assert "something else" not in error


def test_a_pass_phrase_that_is_too_short(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("phrase").write_text("short")
    assert run("ceremony") == 1
    assert "too short" in capsys.readouterr().err


def test_a_phrase_file_that_others_can_read(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("phrase").chmod(0o644)
    assert run("ceremony") == 1
    assert "can be read by others" in capsys.readouterr().err


def test_without_a_terminal_no_phrase_is_asked_for(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["ceremony"]) == 1
    assert "--phrase-file" in capsys.readouterr().err


SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"


@pytest.fixture
def token(place: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A PKCS#11 token with a P-256 key; its PIN is the pass phrase of the others."""
    Path("tokens").mkdir()
    Path("softhsm.conf").write_text(f"directories.tokendir = {place}/tokens\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", f"{place}/softhsm.conf")
    monkeypatch.setenv("PYKCS11LIB", SOFTHSM)
    call("softhsm2-util", "--init-token", "--free", "--label", "Ann", "--pin", PHRASE, "--so-pin", PHRASE)
    made = ["--keypairgen", "--key-type", "EC:prime256v1", "--id", "02", "--label", "key"]
    call("pkcs11-tool", "--module", SOFTHSM, "--token-label", "Ann", "--login", "--pin", PHRASE, *made)
    return "Ann"


def call(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=30)


def in_a_process(*arguments: str) -> tuple[int, str]:
    """The tool in a process of its own: a PKCS#11 module is loaded once for each process."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    asked = [sys.executable, "-m", "firmware.release", "--phrase-file", "phrase", *arguments]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


def test_a_root_key_on_a_token(place: Path, token: str) -> None:
    assert in_a_process("ceremony", "--token", f"root-1={token}")[0] == 0
    assert not Path("keys/root-1.pem").exists()
    Path("out.raucb").write_bytes(b"a bundle")
    assert in_a_process("publish", "release.toml", "board=out.raucb")[0] == 0
    assert in_a_process("replace", "timestamp")[0] == 0
    assert version(phone(place)) == "1.2.0"


def test_a_wrong_pin(place: Path, token: str) -> None:
    in_a_process("ceremony", "--token", f"targets-1={token}")
    Path("phrase").write_text("another phrase altogether")
    Path("out.raucb").write_bytes(b"a bundle")
    status, said = in_a_process("publish", "release.toml", "board=out.raucb")
    assert status == 1
    assert "Traceback" not in said


def test_a_token_that_was_pulled_out(place: Path, token: str) -> None:
    in_a_process("ceremony", "--token", f"targets-1={token}")
    shutil.rmtree("tokens")
    Path("tokens").mkdir()
    Path("out.raucb").write_bytes(b"a bundle")
    status, said = in_a_process("publish", "release.toml", "board=out.raucb")
    assert status == 1
    assert "the token did not sign" in said
    assert "plug it in" in said


def test_a_key_is_replaced_by_one_on_a_token(place: Path, token: str) -> None:
    run("ceremony")
    publish()
    assert in_a_process("replace", "root-2", "--token", token)[0] == 0
    assert Path("keys/root-2.2.token").exists()
    assert in_a_process("replace", "snapshot")[0] == 0
    assert version(phone(place)) == "1.2.0"


def test_a_token_that_is_not_there(place: Path, token: str) -> None:
    status, said = in_a_process("ceremony", "--token", "root-1=Bob")
    assert status == 1
    assert "'Bob' cannot be used" in said
    assert "PYKCS11LIB" in said


def test_publications_can_be_dated(place: Path) -> None:
    run("ceremony")
    publish()
    published = phone(place).newest().release.published
    assert abs((datetime.now(UTC) - published).total_seconds()) < 60
