"""Search a folder for a secret, every byte of every file, in the forms that it could hide in."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote


def forms(secret: str) -> dict[str, bytes]:
    """The ways in which ``secret`` could stand in a file; base64 without what neighbours change."""
    plain = secret.encode()
    found = {
        "utf-8": plain,
        "utf-16 le": secret.encode("utf-16-le"),
        "utf-16 be": secret.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "reversed": plain[::-1],
        "percent": "".join(f"%{octet:02X}" for octet in plain).encode(),
        "url": quote(secret, safe="").encode(),
    }
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + plain)
        found[f"base64 +{shift}"] = coded[-(-shift * 8 // 6) : len(coded) - 4]
    return found


def hits(folder: Path, secret: str) -> list[str]:
    """Where ``secret`` is found, in content or file name."""
    return [
        f"{file.name}: {form}"
        for file in folder.rglob("*")
        for form, octets in forms(secret).items()
        if octets in file.name.encode() or (file.is_file() and octets in file.read_bytes())
    ]
