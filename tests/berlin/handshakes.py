"""The handshakes of TLS and DTLS in a capture: what our phone offered and what was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.rig.far_end import tshark

VERSIONS = {0x0303: "TLS 1.2", 0x0304: "TLS 1.3", 0xFEFD: "DTLS 1.2", 0xFEFC: "DTLS 1.3"}


@dataclass(frozen=True)
class Hello:
    """One ClientHello of the phone, or the ServerHello of a handshake that it took part in."""

    client: bool
    version: str
    suites: tuple[int, ...]
    """All that were offered, or the one that was chosen."""
    groups: tuple[int, ...]
    names: Mapping[int, str]

    @property
    def suite_names(self) -> list[str]:
        """The suites' registered names."""
        return [self.names.get(suite, hex(suite)) for suite in self.suites]


def hellos(file: Path, server_port: int, address: str) -> list[Hello]:
    """What ``address`` offered, and what was chosen with it: over TLS with that port, or over DTLS with
    port 0.
    """
    proto = "tls" if server_port else "dtls"
    options = ["-d", f"tcp.port=={server_port},tls"] if server_port else []
    ours = f"ip.src=={address} && {proto}.handshake.type==1"
    theirs = f"ip.addr=={address} && {proto}.handshake.type==2"
    fields = ("type", "version", "ciphersuite", "extensions_supported_group", "extensions.supported_version")
    columns = [part for name in fields for part in ("-e", f"{proto}.handshake.{name}")]
    chosen = ["-Y", f"({ours}) || ({theirs})", "-T", "fields", "-E", "occurrence=a", *columns]
    found = []
    for line in tshark("-r", str(file), *options, *chosen).splitlines():
        kinds, version, suites, groups, extension = (
            [_number(part) for part in cell.split(",") if part] for cell in line.split("\t")
        )
        kind = kinds[0]
        spoken = (extension or version)[0] if kind == 2 else version[0]
        found.append(
            Hello(kind == 1, VERSIONS.get(spoken, hex(spoken)), tuple(suites), tuple(groups), _names())
        )
    return found


def _number(text: str) -> int:
    return int(text, 0)


@cache
def _names() -> Mapping[int, str]:
    """The cipher suites' numbers and names, as tshark has them from the registry."""
    rows = (
        line.split("\t")
        for line in tshark("-G", "values").splitlines()
        if "\ttls.handshake.ciphersuite\t" in line
    )
    return {int(row[2], 0): row[3] for row in rows}
