"""The manifest: what is in use is named, what is not is not, and versions are those of what runs."""

from __future__ import annotations

import re
import ssl
from dataclasses import replace
from datetime import date
from importlib import metadata
from pathlib import Path

import pytest

from firmware.phone.components import ROOTS, build_record, components, packages
from firmware.phone.config import Account, Config, Media, Privacy, Secret, Watcher
from firmware.phone.config_types import Sip
from firmware.phone.machine.state import State
from firmware.phone.manifest import lines, manifest
from firmware.phone.place import parse
from firmware.phone.updates import Updates
from firmware.phone.values import Encryption
from firmware.phone.version import VERSION

ROOT = Path(__file__).parents[2]


def names(config: Config, state: State | None = None) -> set[str]:
    return {row["name"] for row in manifest(config, state or State(), components())["protocols"]}


FACTORY = names(Config())
WATCHED = Config(privacy=Privacy(watchers=(Watcher("sip:b@c", "in-call", date(2027, 1, 1)),)))


@pytest.mark.parametrize(
    ("config", "state", "more"),
    [
        (
            Config(account=Account("alice", "phone.test", Secret("x"))),
            State(),
            {"Digest authentication", "Keep-alive"},
        ),
        (
            Config(privacy=Privacy(watchers=(Watcher("sip:b@c", "in-call", date(2027, 1, 1)),))),
            State(),
            {"Presence"},
        ),
        (Config(media=Media(Encryption.PROVIDER)), State(), {"SDES"}),
        (Config(media=Media(allow_clear=True)), State(), {"Speech in clear"}),
        (Config(), State(place=parse("country=DE;A3=Berlin")), {"Location"}),
        (Config(), State(updates=Updates(server=True)), {"TUF", "HTTPS"}),
    ],
)
def test_only_what_is_in_use_is_named(config: Config, state: State, more: set[str]) -> None:
    assert names(config, state) - FACTORY == more
    assert FACTORY - names(config, state) == set()


def test_without_tls_no_tls() -> None:
    found = manifest(Config(sip=Sip(transport="udp")), State(), components())
    assert "TLS suites" not in found["algorithms"]
    assert FACTORY - {row["name"] for row in found["protocols"]} == {"TLS 1.3, TLS 1.2", "OCSP stapling"}


def test_only_the_codecs_that_are_offered() -> None:
    found = manifest(Config(media=Media(codecs=("pcma",))), State(), ())["algorithms"]["codecs"]
    assert found == ["PCMA (ITU-T G.711; 64 kbit/s)"]


@pytest.mark.parametrize(
    ("version", "hybrid"), [("3.0.22", False), ("3.5.1", True), ("4.0", True), ("x", False)]
)
def test_the_hybrid_group_comes_with_the_library(version: str, hybrid: bool) -> None:
    openssl = {"name": "OpenSSL", "version": version, "kind": "library", "licence": ""}
    groups = manifest(Config(), State(), [openssl])["algorithms"]["TLS groups"]
    assert ("X25519MLKEM768" in groups) is hybrid


def test_the_libraries_say_their_versions_themselves() -> None:
    found = {one["name"]: one for one in components()}
    assert found["Sottovoce"]["version"] == VERSION
    assert found["OpenSSL"]["version"] == ssl.OPENSSL_VERSION.split()[1]
    assert found["cryptography"]["version"] == metadata.version("cryptography")
    assert re.match(r"2\.\d", found["libsrtp"]["version"])
    assert found["bzrtp"]["version"] == build_record()["packages"]["libbzrtp-dev"]
    assert found["pjproject"]["version"].startswith(build_record()["source"]["pjproject_version"] + " with ")
    assert all(one["version"] and one["kind"] and one["licence"] for one in components())


def test_each_package_that_the_telephone_imports_is_there_and_no_tool_of_ours() -> None:
    found = {name.lower().replace("_", "-") for name, _, _ in packages(ROOTS)}
    assert {
        "aiohttp",
        "segno",
        "tomlkit",
        "cffi",
        "urllib3",
        "securesystemslib",
        "pillow",
        "luma.core",
    } <= found
    assert not {"pytest", "ruff", "mypy", "playwright", "numpy"} & found


def test_a_package_that_is_not_there_is_left_out() -> None:
    assert packages(["no-such-package-of-ours"]) == []


def test_what_zrtp_offers_is_what_the_source_says() -> None:
    source = (ROOT / "firmware" / "native" / "zrtp.cpp").read_text()
    said = manifest(Config(), State(), ())["algorithms"]
    agreements = re.search(r"AGREEMENTS\[7\] = \{(.*?)\}", source, re.S)
    hashes = re.search(r"HASHES\[7\] = \{(.*?)\}", source, re.S)
    assert agreements is not None
    assert hashes is not None
    assert re.findall(r"ZRTP_KEYAGREEMENT_(\w+)", agreements[1]) == said["ZRTP key agreement"]
    assert re.findall(r"ZRTP_HASH_(\w+)", hashes[1]) == said["ZRTP hashes"]


def test_lines_for_a_person() -> None:
    config = replace(Config(), media=Media(codecs=("opus",)))
    said = lines(manifest(config, State(), components()))
    assert any(re.match(r"  ZRTP +RFC 6189: keys end to end", line) for line in said)
    assert "  codecs: Opus (RFC 6716, RFC 7587; 32 kbit/s, constant)" in said
    assert any(line.startswith("  OpenSSL ") for line in said)
