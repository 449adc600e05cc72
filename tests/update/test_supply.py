"""Where an image comes from: its bill of materials, licences, and what is known to be wrong with it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from firmware.phone.errors import UpdateError
from firmware.release import __main__ as tool
from firmware.release import licences, parts, sbom, supply, vulnerabilities
from firmware.release.parts import Kind, Part
from firmware.release.vulnerabilities import State
from firmware.updater.version import parse

REPOSITORY = Path(__file__).parents[2]
BUILT = datetime(2026, 11, 23, tzinfo=UTC)
STATUS = Path("/var/lib/dpkg/status")
"""A real one: the tests run on Debian."""

RECORD = {
    "source": {
        "archive": "asterisk_22.orig-Xpjproject.tar.xz",
        "package_version": "22.10.1+dfsg+~cs6.17-1",
        "pjproject_version": "2.17",
        "sha256": "6" * 64,
    },
    "packages": {"libbzrtp-dev": "5.1.64-2"},
    "patches": {"0001-alsa.patch": "8" * 64},
    "license": "GPL-3.0-or-later",
    "key": "fc330a14",
    "recipe": "a" * 64,
}
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2000 Somebody
License: Apache-2.0

Files: old/*
Copyright: 1990 Somebody
License: BSD-3-clause
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An image's root: some of dpkg's status on this machine, packages of Python's, the native module."""
    root = tmp_path / "root"
    (root / "var/lib/dpkg").mkdir(parents=True)
    packages = STATUS.read_text().split("\n\n")
    wanted = ("Package: zlib1g\n", "Package: dpkg\n", "Package: libc6\n", "Package: bash\n")
    some = [package for n, package in enumerate(packages) if n < 20 or f"{package}\n".startswith(wanted)]
    (root / "var/lib/dpkg/status").write_text("\n\n".join(some) + "\n\n")
    doc = root / "usr/share/doc"
    for name in ("dpkg", "zlib1g"):
        if Path(f"/usr/share/doc/{name}/copyright").exists():
            (doc / name).mkdir(parents=True)
            shutil.copyfile(f"/usr/share/doc/{name}/copyright", doc / name / "copyright")
    site = root / "usr/lib/sottovoce"
    for name, said in {
        "PyJWT": "Name: PyJWT\nVersion: 2.15.1\nLicense-Expression: MIT\n",
        "pjsua2": "Name: pjsua2\nVersion: 2.17\nLicense: GPL-3.0-or-later\n",
    }.items():
        (site / f"{name}-1.dist-info").mkdir(parents=True)
        (site / f"{name}-1.dist-info/METADATA").write_text(f"Metadata-Version: 2.4\n{said}")
    (site / "pjsua2_build.json").write_text(json.dumps(RECORD))
    return root


def all_of(root: Path) -> list[Part]:
    return parts.read(root, [REPOSITORY / "requirements/run.txt"])


def named(found: list[Part], name: str) -> Part:
    return next(part for part in found if part.name == name)


# --- what it is made of ------------------------------------------------------------------------------


def test_every_debian_package_is_there(root: Path) -> None:
    """As dpkg itself counts them, with the source and the version of each."""
    asked = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version} ${source:Package}\n"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    expected = sorted(line.split()[1:] for line in lines if line.startswith("installed "))
    shutil.copyfile(STATUS, root / "var/lib/dpkg/status")
    found = [part for part in all_of(root) if part.kind is Kind.DEBIAN]
    assert sorted([p.name, p.version, p.source] for p in found) == expected


def test_a_source_of_another_version(tmp_path: Path) -> None:
    folder = tmp_path / "var/lib/dpkg/status.d"
    folder.mkdir(parents=True)
    (folder / "bash").write_text(
        "Package: bash\nVersion: 5.2.37-2+b10\nSource: bash (5.2.37-2)\nArchitecture: arm64\n"
    )
    (folder / "bash.md5sums").write_text("no control file\n")
    (part,) = parts.read(tmp_path)
    assert (part.version, part.source, part.source_version) == ("5.2.37-2+b10", "bash", "5.2.37-2")


def test_a_package_that_was_removed_is_not_there(root: Path) -> None:
    with (root / "var/lib/dpkg/status").open("a") as status:
        status.write("\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n")
    assert "gone" not in {part.name for part in all_of(root)}


def test_python_packages_with_their_pins(root: Path) -> None:
    part = named(all_of(root), "pyjwt")
    assert (part.kind, part.version, part.licences) == (Kind.PYTHON, "2.15.1", ("MIT",))
    text = (REPOSITORY / "requirements/run.txt").read_text()
    assert part.sha256
    assert all(f"--hash=sha256:{digest}" in text for digest in part.sha256)


def test_everything_that_a_phone_installs_is_pinned_by_hash() -> None:
    for name in ("run", "dev", "release"):
        found = parts.pins([REPOSITORY / f"requirements/{name}.txt"])
        assert found
        assert all(found.values()), name


def test_what_the_native_module_was_built_from(root: Path) -> None:
    found = all_of(root)
    assert named(found, "pjproject").sha256 == ("6" * 64,)
    assert named(found, "0001-alsa.patch").sha256 == ("8" * 64,)
    assert named(found, "libbzrtp-dev").version == "5.1.64-2"
    assert set(named(found, "pjsua2").inside) == {"pjproject", "0001-alsa.patch", "libbzrtp-dev", "recipe"}


def test_a_lock_of_debian_packages(root: Path, tmp_path: Path) -> None:
    zlib = named(all_of(root), "zlib1g")
    lock = tmp_path / "packages.lock"
    lock.write_text(f"# made by hand\nzlib1g {zlib.version} {'c' * 64}\n")
    assert named(parts.read(root, [lock]), "zlib1g").sha256 == ("c" * 64,)


@pytest.mark.parametrize("line", ["zlib1g 1.3", "zlib1g 1.3 abc", "a b c d"])
def test_a_lock_that_pins_nothing(root: Path, tmp_path: Path, line: str) -> None:
    (tmp_path / "lock").write_text(line + "\n")
    with pytest.raises(UpdateError, match="pins nothing"):
        parts.read(root, [tmp_path / "lock"])


def test_a_root_of_which_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="give dpkg's status"):
        parts.read(tmp_path)


@pytest.mark.parametrize("record", [b"", b"[]", b"{}", b'{"source": {}}'])
def test_a_native_module_of_which_nothing_is_known(root: Path, record: bytes) -> None:
    (root / "usr/lib/sottovoce/pjsua2_build.json").write_bytes(record)
    with pytest.raises(UpdateError, match="does not say how"):
        all_of(root)


# --- licences ----------------------------------------------------------------------------------------


def test_licences_of_a_machine_readable_copyright(root: Path) -> None:
    (root / "usr/share/doc/zlib1g").mkdir(parents=True, exist_ok=True)
    (root / "usr/share/doc/zlib1g/copyright").write_text(COPYRIGHT)
    assert named(all_of(root), "zlib1g").licences == ("Apache-2.0", "BSD-3-clause")


@pytest.mark.parametrize("name", ["dpkg", "zlib1g"])
def test_licences_as_debian_writes_them(root: Path, name: str) -> None:
    if not (root / f"usr/share/doc/{name}/copyright").exists():
        pytest.skip("this machine has no copyright files")
    assert named(all_of(root), name).licences


@pytest.mark.parametrize("text", ["", "\0\xff", "License:\n", "Format: x\n\nFiles: *\n", COPYRIGHT[:90]])
def test_a_copyright_of_garbage(root: Path, text: str) -> None:
    (root / "usr/share/doc/zlib1g").mkdir(parents=True, exist_ok=True)
    (root / "usr/share/doc/zlib1g/copyright").write_text(text)
    assert named(all_of(root), "zlib1g").licences == ()


def test_the_offer_of_source_names_every_part(root: Path) -> None:
    found = all_of(root)
    text = licences.text(found, "board", parse("1.2.0"))
    assert all(f"\n{part.name} {part.version}".rstrip() in text for part in found)
    assert "https://snapshot.debian.org/package/zlib/" in text
    assert "at least three years" in text


def test_who_names_no_licence_is_told() -> None:
    assert licences.without_licence(
        [Part(Kind.PYTHON, "a", "1"), Part(Kind.PYTHON, "b", "1", licences=("MIT",))]
    ) == ["a"]


# --- the bill of materials ---------------------------------------------------------------------------


def test_it_is_valid_and_whole(root: Path) -> None:
    found = all_of(root)
    octets = sbom.encoded(found, "board", parse("1.2.0"), BUILT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(octets.decode()) is None
    value = json.loads(octets)
    assert sorted(c["name"] for c in value["components"]) == sorted(part.name for part in found)
    zlib = next(c for c in value["components"] if c["name"] == "zlib1g")
    assert zlib["purl"].startswith("pkg:deb/debian/zlib1g@")
    inside = {d["ref"]: d.get("dependsOn", []) for d in value["dependencies"]}
    assert "patch:0001-alsa.patch" in inside["pkg:pypi/pjsua2@2.17"]
    assert sbom.said_of(octets) == ("board", "1.2.0")


def test_the_same_image_has_the_same_bill(root: Path) -> None:
    first = sbom.encoded(all_of(root), "board", parse("1.2.0"), BUILT)
    assert sbom.encoded(all_of(root)[::-1], "board", parse("1.2.0"), BUILT) == first
    assert sbom.encoded(all_of(root)[:-1], "board", parse("1.2.0"), BUILT) != first


def test_what_was_written_is_read_again(root: Path) -> None:
    found = all_of(root)
    octets = sbom.encoded(found, "board", parse("1.2.0"), BUILT)
    expected = {(p.kind, p.name, p.source, p.source_version) for p in found if p.source}
    assert {(p.kind, p.name, p.source, p.source_version) for p in sbom.debian_parts(octets)} == expected


# --- known vulnerabilities ---------------------------------------------------------------------------

OPENSSL = Part(Kind.DEBIAN, "libssl3t64", "3.5.7-1~deb13u3", "openssl", "3.5.7-1~deb13u3")


def tracker(**said: Any) -> dict[str, Any]:
    """One vulnerability of openssl's in the form of the tracker's data."""
    entry = {
        "status": "open",
        "repositories": {"trixie": "3.5.7-1~deb13u3"},
        "urgency": "not yet assigned",
    } | said
    other = {"status": "resolved", "repositories": {}, "fixed_version": "0", "urgency": "low"}
    return {
        "openssl": {
            "CVE-2026-0001": {
                "description": "…",
                "scope": "remote",
                "releases": {"trixie": entry, "sid": other},
            },
        },
        "other": {"CVE-2026-0002": {"releases": {"trixie": entry}}},
    }


def find(data: dict[str, Any], *statements: vulnerabilities.Statement, part: Part = OPENSSL) -> list[Any]:
    return vulnerabilities.find([part], data, statements)


@pytest.mark.parametrize(
    ("fixed", "affected"),
    [
        ("3.5.9-1~deb13u1", True),
        ("3.5.7-1~deb13u4", True),
        ("3.5.7-1", True),  # a tilde sorts before the end (Debian policy 5.6.12)
        ("3.5.7-1~deb13u3", False),
        ("3.5.10-1", True),
        ("3.5.6-2", False),
        ("1:1.0-1", True),  # an epoch comes before everything
        ("0", False),
    ],
)
def test_a_fix_in_a_later_version(fixed: str, affected: bool) -> None:
    found = find(tracker(status="resolved", fixed_version=fixed))
    assert bool(found) == affected
    assert all((f.state, f.fixed, f.settled) == (State.FIX_THERE, fixed, False) for f in found)


def test_debian_says_that_no_version_was_affected() -> None:
    early = Part(Kind.DEBIAN, "openssl", "0~20260101-1", "openssl", "0~20260101-1")
    assert not find(tracker(status="resolved", fixed_version="0"), part=early)


def test_an_open_one() -> None:
    (found,) = find(tracker())
    assert (found.vulnerability, found.state, found.settled) == ("CVE-2026-0001", State.OPEN, False)


def test_one_that_nobody_knows_about() -> None:
    (found,) = find(tracker(status="undetermined"))
    assert (found.state, found.settled) == (State.UNDETERMINED, False)


def test_one_without_effect_by_debians_word() -> None:
    (found,) = find(tracker(urgency="unimportant"))
    assert found.settled


def test_several_packages_of_one_source_are_one_finding() -> None:
    both = [OPENSSL, Part(Kind.DEBIAN, "openssl", OPENSSL.version, "openssl", OPENSSL.version)]
    assert len(vulnerabilities.find(both, tracker(), [])) == 1


def test_the_native_modules_source_is_sids() -> None:
    built = Part(Kind.SOURCE, "pjproject", "2.17", "openssl", "3.5.7-1")
    assert not find(tracker(), part=built)


@pytest.mark.parametrize("status", ["not_affected", "fixed"])
def test_a_statement_settles_it(status: str) -> None:
    statement = vulnerabilities.Statement("CVE-2026-0001", "openssl", status, "not used")
    (found,) = find(tracker(), statement)
    assert found.settled
    assert "not used" in found.told()


@pytest.mark.parametrize("status", ["affected", "under_investigation"])
def test_a_statement_that_settles_nothing(status: str) -> None:
    (found,) = find(tracker(), vulnerabilities.Statement("CVE-2026-0001", "openssl", status, "wait"))
    assert not found.settled
    found_others = find(tracker(), vulnerabilities.Statement("CVE-2026-0001", "zlib", "fixed", "another"))
    assert not found_others[0].settled


@pytest.mark.parametrize(
    "data",
    [
        {"openssl": {"CVE-1": {"releases": {"bookworm": {"status": "open"}}}}},
        {"openssl": {"CVE-1": {"releases": {"trixie": {"status": "odd"}}}}},
        {"openssl": {"CVE-1": {"releases": {"trixie": {"status": "resolved"}}}}},
        {"openssl": []},
        {"openssl": {"CVE-1": {}}},
    ],
)
def test_data_of_another_form_is_not_taken_for_none(data: dict[str, Any]) -> None:
    """Whoever reads the wrong file must not be told that nothing is wrong."""
    with pytest.raises(UpdateError):
        find(data)


@pytest.mark.parametrize("octets", [b"", b"{}", b"[]", b"<html>"])
def test_no_data_is_not_taken_for_none(octets: bytes) -> None:
    with pytest.raises(UpdateError):
        vulnerabilities.read_tracker(octets)


# --- our own word on them ----------------------------------------------------------------------------


def vex(**others: Any) -> bytes:
    statement = {
        "vulnerability": {"name": "CVE-2026-0001"},
        "products": [{"@id": "pkg:generic/sottovoce", "subcomponents": [{"@id": "pkg:deb/debian/openssl"}]}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
    } | others
    return json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "statements": [statement]}).encode()


def test_the_statements_of_this_repository_are_readable() -> None:
    (statement,) = vulnerabilities.read_statements(supply.VEX.read_bytes())
    assert (statement.vulnerability, statement.package, statement.status) == (
        "CVE-2026-34155",
        "rauc",
        "not_affected",
    )


def test_a_good_statement() -> None:
    (statement,) = vulnerabilities.read_statements(vex())
    assert statement.why == "vulnerable_code_not_in_execute_path"


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "fine"},
        {"justification": "because"},
        {"justification": None},
        {"status": "affected"},
        {"products": [{"@id": "x"}]},
        {"products": [{"@id": "x", "subcomponents": [{"@id": "pkg:npm/x"}]}]},
        {"vulnerability": {}},
    ],
)
def test_a_statement_that_explains_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(UpdateError, match="not readable"):
        vulnerabilities.read_statements(vex(**wrong))


# --- the commands ------------------------------------------------------------------------------------


def test_from_a_root_to_what_is_wrong_with_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    asked = ["sbom", str(root), "a.cdx.json", "--board", "board", "--version", "1.2.0"]
    asked += ["--lock", str(REPOSITORY / "requirements/run.txt"), "--licences", "licences.txt"]
    assert tool.main(asked) == 0
    first = Path("a.cdx.json").read_bytes()
    assert tool.main(asked) == 0
    assert Path("a.cdx.json").read_bytes() == first
    assert "pjproject 2.17" in Path("licences.txt").read_text()
    data = tracker()
    data["zlib"] = data.pop("openssl")
    Path("tracker.json").write_text(json.dumps(data))
    checked = ["vulnerabilities", "a.cdx.json", "--tracker", "tracker.json", "--json", "found.json"]
    assert tool.main(checked) == 1
    shown = capsys.readouterr()
    assert "CVE-2026-0001 zlib" in shown.out
    assert "build the image anew" in shown.err
    Path("vex.json").write_bytes(vex().replace(b"openssl", b"zlib"))
    assert tool.main([*checked, "--vex", "vex.json"]) == 0
    (found,) = json.loads(Path("found.json").read_bytes())["findings"]
    assert (found["vulnerability"], found["vex"], found["settled"]) == ("CVE-2026-0001", "not_affected", True)


def test_the_bill_goes_with_the_release(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("phrase").write_text("correct horse battery\n")
    Path("phrase").chmod(0o600)
    Path("out.raucb").write_bytes(b"a bundle")
    Path("release.toml").write_text('version = "1.2.0"\nfloor = "1.0.0"\nsupported_until = 2031-12-31\n')
    release = ["--phrase-file", "phrase"]
    assert tool.main([*release, "ceremony"]) == 0
    bill = ["--board", "board", "--version"]
    assert tool.main(["sbom", str(root), "old.cdx.json", *bill, "1.1.0"]) == 0
    assert tool.main(["sbom", str(root), "new.cdx.json", *bill, "1.2.0"]) == 0
    published = [*release, "publish", "release.toml", "board=out.raucb", "--sbom"]
    assert tool.main([*published, "board=old.cdx.json"]) == 1
    assert tool.main([*published, "other=new.cdx.json"]) == 1
    assert tool.main([*published, "board=new.cdx.json"]) == 0
    (served,) = Path("served/targets").rglob("*.cdx.json")
    assert served.read_bytes() == Path("new.cdx.json").read_bytes()
    (word,) = Path("served/metadata").glob("*.targets.json")
    assert "stable/board/phone-1.2.0.cdx.json" in json.loads(word.read_bytes())["signed"]["targets"]
