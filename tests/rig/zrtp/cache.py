"""Secrets kept from one call to the next (RFC 6189 sections 4.3 and 4.6)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


@dataclass
class Known:
    """What is kept of one peer."""

    rs1: bytes = b""
    rs2: bytes = b""
    verified: bool = False
    """Its SAS was compared by people."""


@dataclass
class Cache:
    """One party's own ZID and what it knows of others."""

    zid: bytes = field(default_factory=lambda: os.urandom(12))
    peers: dict[bytes, Known] = field(default_factory=dict)

    def known(self, zid: bytes) -> Known:
        """What is known of a peer, nothing if it was never met."""
        return self.peers.get(zid, Known())

    def retain(self, zid: bytes, secret: bytes) -> None:
        """The new secret is rs1 and the old one rs2 (section 4.6.1)."""
        old = self.known(zid)
        self.peers[zid] = Known(secret, old.rs1, old.verified)

    def verify(self, zid: bytes, same: bool) -> None:
        """People have compared the SAS."""
        self.peers.setdefault(zid, Known()).verified = same

    def save(self, file: Path) -> None:
        """As JSON."""
        peers = {
            zid.hex(): [known.rs1.hex(), known.rs2.hex(), known.verified] for zid, known in self.peers.items()
        }
        file.write_text(json.dumps({"zid": self.zid.hex(), "peers": peers}))

    @classmethod
    def load(cls, file: Path) -> Self:
        """What ``save`` wrote."""
        read = json.loads(file.read_text())
        peers = {
            bytes.fromhex(zid): Known(bytes.fromhex(rs1), bytes.fromhex(rs2), verified)
            for zid, (rs1, rs2, verified) in read["peers"].items()
        }
        return cls(bytes.fromhex(read["zid"]), peers)
