"""What a telephone is given by hand so that it can ask for its configuration: provision.toml."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from firmware.phone.config_kinds import Flag, Kind, Several, Text, Wrong
from firmware.phone.errors import ProvisioningError
from firmware.phone.suggest import suggestion
from firmware.provisioning import code


@dataclass(frozen=True)
class Ticket:
    """``url``: the folder of the files, https. ``issuer``: the thumbprint of who may sign. ``pins``: the
    server must have one of these keys (``sha256/…``), if any is named. ``accept_weaker``: a configuration may
    be weaker than the telephone's defaults."""

    url: str
    secret: bytes
    issuer: str
    pins: tuple[str, ...] = ()
    accept_weaker: bool = False
    ca_file: Path | None = None

    @property
    def name(self) -> str:
        """What this ticket is known by: another ticket begins anew."""
        said = "\n".join((self.url, self.issuer, code.name(self.secret)))
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def address(self) -> str:
        """Where the file of this telephone is."""
        return self.url + code.name(self.secret)


def folder_url(text: str) -> str:
    """Where files are served. Raises ``ValueError``."""
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~-]+)*/?", text):
        raise ValueError('is no address on the web; write "https://phones.example/folder/"')
    return text.rstrip("/") + "/"


def thumbprint(text: str) -> str:
    """The name of a key. Raises ``ValueError``."""
    if not re.fullmatch("[A-Za-z0-9_-]{43}", text):
        raise ValueError("is not the thumbprint of a key; sotto-release provision writes it into the ticket")
    return text


def pin(text: str) -> str:
    """A key of a server. Raises ``ValueError``."""
    if not re.fullmatch("sha256/[A-Za-z0-9+/]{43}=", text):
        raise ValueError('is no pin; write "sha256/" and the Base64 of the SHA-256 of the public key')
    return text


_KINDS: dict[str, Kind] = {
    "url": Text("address", folder_url, longest=256),
    "code": Text(longest=100),
    "issuer": Text("thumbprint", thumbprint),
    "pin": Several(Text("pin", pin, longest=64)),
    "accept_weaker": Flag(),
    "ca_file": Text("file name", longest=256),
}
_NEEDED = ("url", "code", "issuer")


def read(path: Path) -> Ticket:
    """The ticket in this file. Raises ``ProvisioningError``, one line for each mistake."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProvisioningError(f"{path}: cannot be read: {error.strerror}; put the ticket there") from None
    except ValueError as error:
        raise ProvisioningError(f"{path.name}: is not TOML: {error}") from None
    faults: list[str] = []
    values: dict[str, object] = {}
    for key, value in document.items():
        if key not in _KINDS:
            faults.append(f"{path.name}: {key}: unknown key{suggestion(key, _KINDS)}")
            continue
        try:
            values[key] = _KINDS[key].read(value, path.parent)
        except Wrong as wrong:
            faults.append(f"{path.name}: {key}: {wrong}")
    faults += [f'{path.name}: {key}: is missing; write {key} = "…"' for key in _NEEDED if key not in document]
    if faults:
        raise ProvisioningError("\n".join(faults))
    pins = values.get("pin", ())
    authority = path.parent / str(values["ca_file"]) if "ca_file" in values else None
    return Ticket(
        str(values["url"]),
        code.secret(str(values["code"])),
        str(values["issuer"]),
        pins if isinstance(pins, tuple) else (),
        bool(values.get("accept_weaker", False)),
        authority,
    )
