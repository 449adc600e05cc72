"""Whether what was decrypted and verified may be taken: for this telephone, new enough, in form. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from firmware.phone.errors import ProvisioningError
from firmware.provisioning.kept import Kept

AHEAD = timedelta(days=1)
"""How far the administrator's clock may be ahead of ours."""

FILE = re.compile(r"provisioned-([0-9a-f]{16})\.(pem|vcf)")
"""Names of files that come along: by their content, so that none can stand in for another."""

MOST_FILES = 8
FIELDS = {"iss", "sub", "iat", "exp", "serial", "configuration", "files", "issuers"}


@dataclass(frozen=True)
class Offer:
    """A configuration that may be tried: its text (phone.toml), and the files that it names."""

    serial: int
    text: str
    files: dict[str, str]
    issuers: tuple[str, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def judged(claims: dict[str, Any], name: str, kept: Kept, now: datetime) -> Offer:
    """Raises ``ProvisioningError`` with what is wrong and what to do."""
    if set(claims) != FIELDS:
        raise ProvisioningError("it has another form than this telephone knows; update the telephone")
    if claims["sub"] != name:
        raise ProvisioningError("it is another telephone's; nothing of it is used")
    serial, made, ends = (_number(claims[key]) for key in ("serial", "iat", "exp"))
    if serial < kept.serial:
        raise ProvisioningError(
            f"it is older than the one in use (number {serial}, in use is {kept.serial}): somebody put an "
            "old one back; nothing of it is used"
        )
    if ends <= now.timestamp():
        raise ProvisioningError(
            "it is past its date; the one in use stays. Run sotto-release provision make, and look at the "
            "clock"
        )
    if made > (now + AHEAD).timestamp():
        raise ProvisioningError(
            "it is from the future; set the clock of the telephone, or the administrator's"
        )
    text, files, issuers = claims["configuration"], claims["files"], claims["issuers"]
    if not isinstance(text, str) or not _is_texts(files) or not _is_list(issuers):
        raise ProvisioningError("it has another form than this telephone knows; update the telephone")
    for file, content in files.items():
        match = FILE.fullmatch(file)
        if not match or hashlib.sha256(content.encode()).hexdigest()[:16] != match[1]:
            raise ProvisioningError("a file that comes with it has not the name of its content")
    if serial == kept.serial and kept.digest and Offer(serial, text, files, ()).digest != kept.digest:
        raise ProvisioningError("two different configurations have one number; make it again")
    return Offer(serial, text, dict(files), tuple(issuers))


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ProvisioningError("it has another form than this telephone knows; update the telephone")
    return value


def _is_texts(value: object) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MOST_FILES
        and all(isinstance(key, str) and isinstance(text, str) for key, text in value.items())
    )


def _is_list(value: object) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= 4 and all(isinstance(one, str) for one in value)
