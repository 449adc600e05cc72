"""The throw-away authority, judged by OpenSSL: right name and right chain pass, everything else fails."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from firmware.simulator.certificates import ThrowAwayAuthority


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    authority = ThrowAwayAuthority()
    authority.write(tmp_path / "ca.pem")
    authority.issue("alice", tmp_path / "cert.pem", tmp_path / "key.pem")
    return tmp_path


def shake_hands(folder: Path, ca: Path, name: str) -> None:
    """A TLS handshake in memory, with the client verifying ``name`` against ``ca``."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server_side.load_verify_locations(ca)
    server_side.verify_mode = ssl.CERT_REQUIRED
    client_side = ssl.create_default_context(cafile=str(ca))
    client_side.verify_flags |= ssl.VERIFY_X509_STRICT
    client_side.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_side.wrap_bio(down, up, server_hostname=name)
    server = server_side.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
    assert client.cipher() is not None


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "alice.localhost"])
def test_the_names_of_this_machine_are_trusted(folder: Path, name: str) -> None:
    shake_hands(folder, folder / "ca.pem", name)


@pytest.mark.parametrize("name", ["127.0.0.2", "bob.localhost", "example.org"])
def test_other_names_are_not(folder: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(folder, folder / "ca.pem", name)


def test_another_authority_does_not_vouch(folder: Path) -> None:
    ThrowAwayAuthority().write(folder / "other.pem")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(folder, folder / "other.pem", "127.0.0.1")


def test_keys_are_p256_and_private_to_their_owner(folder: Path) -> None:
    for name in ("ca.pem", "cert.pem"):
        key = x509.load_pem_x509_certificate((folder / name).read_bytes()).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600


def test_the_authoritys_own_key_is_never_written(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["ca.pem", "cert.pem", "key.pem"]
    assert b"PRIVATE" not in (folder / "ca.pem").read_bytes()


def test_nothing_is_overwritten(folder: Path) -> None:
    with pytest.raises(FileExistsError):
        ThrowAwayAuthority().write(folder / "ca.pem")
