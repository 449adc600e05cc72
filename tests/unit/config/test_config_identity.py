"""The options by which calls are signed, and pins: what belongs together, and who may read the key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from firmware.phone.config import Config, load
from firmware.phone.errors import ConfigError
from tests.unit.sip.passports import Signer, numbers

YEARS: dict[str, Any] = {
    "since": datetime(2020, 1, 1, tzinfo=UTC),
    "until": datetime(2099, 1, 1, tzinfo=UTC),
}
PIN = f"sha256/{'A' * 43}="
LINES = {
    "identity_cert": 'identity_cert = "signer.pem"',
    "identity_key": 'identity_key = "signer.key"',
    "identity_url": 'identity_url = "https://phone.test/alice.pem"',
}


def files(folder: Path, signer: Signer) -> None:
    (folder / "signer.pem").write_bytes(signer.certificate.public_bytes(serialization.Encoding.PEM))
    key = folder / "signer.key"
    key.write_bytes(
        signer.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    key.chmod(0o600)


def read(folder: Path, *lines: str, user: str = "alice") -> Config:
    file = folder / "phone.toml"
    account = ["[account]", f'user = "{user}"', 'domain = "phone.test"', 'password = "x"']
    file.write_text("\n".join([*account, *lines]) + "\n")
    return load(file)


def fault(folder: Path, *lines: str, user: str = "alice") -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, *lines, user=user)
    (only,) = caught.value.faults
    return only


def test_all_three(tmp_path: Path) -> None:
    files(tmp_path, Signer(**YEARS))
    account = read(tmp_path, *LINES.values()).account
    assert account is not None
    assert (account.identity_cert, account.identity_key) == (tmp_path / "signer.pem", tmp_path / "signer.key")
    assert account.identity_url == "https://phone.test/alice.pem"


@pytest.mark.parametrize("name", LINES)
def test_one_is_missing(tmp_path: Path, name: str) -> None:
    files(tmp_path, Signer(**YEARS))
    said = fault(tmp_path, *(line for other, line in LINES.items() if other != name))
    assert said.startswith(f"phone.toml: account.{name}: is missing, but ")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o666, 0o610])
def test_a_key_that_others_may_touch(tmp_path: Path, mode: int) -> None:
    files(tmp_path, Signer(**YEARS))
    (tmp_path / "signer.key").chmod(mode)
    said = fault(tmp_path, *LINES.values())
    assert "account.identity_key" in said
    assert "run: chmod 600" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "passphrase"),
        ("-----BEGIN CERTIFICATE-----\n", "does not begin with a private key"),
        ("-----BEGIN EC PARAMETERS-----\nx\n-----BEGIN EC PRIVATE KEY-----\n", "openssl pkey"),
        ("", "does not begin with a private key"),
    ],
)
def test_a_file_that_is_no_key(tmp_path: Path, text: str, words: str) -> None:
    files(tmp_path, Signer(**YEARS))
    (tmp_path / "signer.key").write_text(text)
    assert words in fault(tmp_path, *LINES.values())


def test_of_the_key_no_secret_octet_is_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python cannot wipe what it has read: the key's octets are left to identity.cpp."""
    from firmware.phone import config_files

    files(tmp_path, Signer(**YEARS))
    seen: list[bytes] = []
    original = config_files._start

    def noting(path: Path, longest: int = 33) -> tuple[bytes, int]:
        content, mode = original(path, longest)
        if path.name == "signer.key":
            seen.append(content)
        return content, mode

    monkeypatch.setattr(config_files, "_start", noting)
    monkeypatch.setattr(noting, "__defaults__", original.__defaults__)
    read(tmp_path, *LINES.values())
    assert seen
    assert all(content == b"-----BEGIN PRIVATE KEY-----\nMIGHA" for content in seen)


def test_a_certificate_for_somebody_else(tmp_path: Path) -> None:
    files(tmp_path, Signer(domain="other.test", **YEARS))
    assert "may not speak for phone.test" in fault(tmp_path, *LINES.values())


def test_a_number_needs_a_certificate_for_numbers(tmp_path: Path) -> None:
    files(tmp_path, Signer(**YEARS))
    assert "may not speak for" in fault(tmp_path, *LINES.values(), user="+4930901820")
    files(tmp_path, Signer(domain="", tn=numbers(one="4930901820"), **YEARS))
    assert read(tmp_path, *LINES.values(), user="+4930901820").account is not None


def test_one_certificate_alone(tmp_path: Path) -> None:
    files(tmp_path, Signer(**YEARS))
    pem = tmp_path / "signer.pem"
    pem.write_bytes(pem.read_bytes() * 2)
    assert "more than one certificate" in fault(tmp_path, *LINES.values())


@pytest.mark.parametrize(
    "url", ["http://a.example/x", "https://", "https://a b", 'https://a/">', "ftp://x", "https://a/<x>", "x"]
)
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    files(tmp_path, Signer(**YEARS))
    lines = [LINES["identity_cert"], LINES["identity_key"], f"identity_url = '{url}'"]
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, *lines)
    assert any("account.identity_url: is no address" in line for line in caught.value.faults)


def test_pins(tmp_path: Path) -> None:
    account = read(tmp_path, f'pin = ["{PIN}"]').account
    assert account is not None
    assert account.pin == (PIN,)


@pytest.mark.parametrize(
    "pin", [PIN[:-1], f"sha1/{'A' * 27}=", PIN.lower().replace("sha", "SHA"), PIN + "A", ""]
)
def test_no_pins(tmp_path: Path, pin: str) -> None:
    assert "account.pin" in fault(tmp_path, f'pin = ["{pin}"]')
