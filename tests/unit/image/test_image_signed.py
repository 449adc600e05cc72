"""The signature that Raspberry Pi's firmware asks for under secure boot."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from firmware.image import assemble, signed
from firmware.image.board import read
from firmware.image.shell import ImageError

KEY = rsa.generate_private_key(65537, 2048)


def _pem(folder: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, phrase: bytes = b"") -> Path:
    lock = BestAvailableEncryption(phrase) if phrase else NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    return folder / "key.pem"


def test_openssl_proves_it_by_the_public_key(tmp_path: Path) -> None:
    """Another program than the one that signed; a changed octet is not proven."""
    text = signed.signature(b"image", signed.read_key(_pem(tmp_path, KEY)), 1700000000)
    digest, date, proof = text.splitlines()
    assert date == "ts: 1700000000"
    (tmp_path / "image").write_bytes(b"image")
    (tmp_path / "other").write_bytes(b"imagf")
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public").write_bytes(public)
    (tmp_path / "proof").write_bytes(bytes.fromhex(proof.removeprefix("rsa2048: ")))
    said = subprocess.run(["sha256sum", tmp_path / "image"], capture_output=True, text=True, check=True)
    assert said.stdout.split()[0] == digest
    openssl = ["openssl", "dgst", "-sha256", "-verify", "public", "-signature", "proof"]
    for file, status in (("image", 0), ("other", 1)):
        done = subprocess.run([*openssl, file], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == status


def test_a_key_that_the_boot_rom_does_not_know_is_refused(tmp_path: Path) -> None:
    for key in (rsa.generate_private_key(65537, 3072), ec.generate_private_key(ec.SECP256R1())):
        with pytest.raises(ImageError, match="2048"):
            signed.read_key(_pem(tmp_path, key))
    with pytest.raises(ImageError, match="pass phrase"):
        signed.read_key(_pem(tmp_path, KEY, b"phrase"))
    with pytest.raises(ImageError, match="nothing"):
        signed.read_key(tmp_path / "nothing")


def test_a_board_whose_next_step_proves_nothing_is_not_signed(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="U-Boot"):
        assemble.image(read("raspberry-pi-4"), tmp_path, tmp_path, "", None, _pem(tmp_path, KEY))
