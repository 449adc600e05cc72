"""Making a RAUC bundle (format verity) from image files, by RAUC's own program."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from firmware.phone.errors import UpdateError
from firmware.release.certificates import Certified
from firmware.updater.version import Version

TIME_LIMIT = 1800.0
"""Seconds."""

_AS_IT_IS = "-noI -noD -noF -noX"
"""The images are in the bundle octet for octet, so that a patch finds again what runs (ADR 11); what is worth
packing is packed inside them."""


def make(
    bundle: Path,
    images: Mapping[str, Path],
    compatible: str,
    version: Version,
    leaf: Certified,
    keyring: Path,
) -> None:
    """Write ``bundle`` with ``images`` (slot class to file), signed by ``leaf`` and checked with ``keyring``.

    The key is in a file of memory (0600, in /dev/shm where there is one) while RAUC signs. Raises UpdateError
    with RAUC's reason; ``bundle`` is then not there.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - so that no disk has the key
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory(dir=memory) as secret:
        content = Path(scratch) / "content"
        content.mkdir()
        for kind, image in images.items():
            shutil.copyfile(image, content / f"{kind}.img")
        (content / "manifest.raucm").write_text(_manifest(images, compatible, version))
        conf = Path(scratch) / "sign.conf"
        conf.write_text(
            f"[system]\ncompatible={compatible}\nbootloader=noop\n"
            f"[keyring]\npath={keyring.resolve()}\ncheck-purpose=codesign\n"
        )
        cert, key = Path(secret) / "cert.pem", Path(secret) / "key.pem"
        cert.write_bytes(leaf.certificate.public_bytes(Encoding.PEM))
        handle = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        bundle.unlink(missing_ok=True)
        asked = [
            "rauc",
            "-c",
            str(conf),
            "bundle",
            f"--cert={cert}",
            f"--key={key}",
            f"--mksquashfs-args={_AS_IT_IS}",
            str(content),
            str(bundle),
        ]
        try:
            done = subprocess.run(asked, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
        except FileNotFoundError:
            raise UpdateError(
                "RAUC is not installed; it makes bundles: apt install rauc squashfs-tools"
            ) from None
        except subprocess.TimeoutExpired:
            raise UpdateError("RAUC did not come to an end with the bundle; try again") from None
    if done.returncode != 0:
        bundle.unlink(missing_ok=True)
        raise UpdateError(f"RAUC made no bundle: {done.stderr.strip().splitlines()[-1:]}")


def _manifest(images: Mapping[str, Path], compatible: str, version: Version) -> str:
    lines = [f"[update]\ncompatible={compatible}\nversion={version}\n\n[bundle]\nformat=verity\n"]
    lines += [f"\n[image.{kind}]\nfilename={kind}.img\n" for kind in images]
    return "".join(lines)
