"""What Raspberry Pi's firmware starts when it trusts one key alone: ``boot.img`` and its signature.

With secure boot the EEPROM loads nothing but a FAT image ``boot.img`` whose ``boot.sig`` proves it by the key
that the board knows: kernel, first root, and the arguments with the root's hash are then all proven, and by
that hash every block of the root. Not yet tried on a board.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from firmware.image import filesystem
from firmware.image.shell import ImageError
from firmware.image.workshop import Workshop

BITS = 2048
"""The one length of RSA that the boot ROM knows."""
LARGEST = 96 << 20
"""Octets of a boot.img that the firmware takes."""
OUTER = "# The EEPROM's firmware loads boot.img; all else is in there.\nboot_ramdisk=1\n"
_MIB = 1 << 20


def read_key(file: Path) -> RSAPrivateKey:
    """Raises ImageError for what is no RSA key of 2048 bits, in PEM, without a pass phrase."""
    try:
        key = load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise ImageError(f"{file}: no key in PEM without a pass phrase: {error}") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size != BITS:
        raise ImageError(f"{file}: Raspberry Pi's firmware knows RSA of {BITS} bits alone")
    return key


def signature(image: bytes, key: RSAPrivateKey, epoch: int) -> str:
    """The text of boot.sig: SHA-256, date, signature (RSASSA-PKCS1-v1_5, RFC 8017 section 8.2)."""
    signed = key.sign(image, PKCS1v15(), SHA256())
    return f"{hashlib.sha256(image).hexdigest()}\nts: {epoch}\nrsa{BITS}: {signed.hex()}\n"


def files(shop: Workshop, key: RSAPrivateKey, inside: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """What a slot holds instead of the files ``inside``. ``folder``: where they are made.

    Raises ImageError when they are too large for the firmware.
    """
    needed = sum(file.stat().st_size for file in inside.values())
    size = (needed * 105 // 100 + 2 * _MIB) // _MIB * _MIB
    if size > LARGEST:
        raise ImageError(f"boot.img would have {size // _MIB} MB, and the firmware takes {LARGEST // _MIB}")
    image = folder / "boot.img"
    filesystem.fat(shop, image, "ramdisk", size, inside)
    (folder / "boot.sig").write_text(signature(image.read_bytes(), key, shop.epoch))
    (folder / "outer.txt").write_text(OUTER)
    return {"boot.img": image, "boot.sig": folder / "boot.sig", "config.txt": folder / "outer.txt"}
