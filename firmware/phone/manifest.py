"""Protocols, algorithms and components in use, by the configuration that holds now. Pure.

What is switched off is not listed: the manifest says what this telephone may speak today, not what it could.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firmware.phone import declaring
from firmware.phone.config import Config
from firmware.phone.machine.state import State
from firmware.phone.sip.suites import SUITES
from firmware.phone.values import Encryption

TLS_SUITES = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
)
"""By the names that TLS and OpenSSL give them; tests compare them with a ClientHello."""

_CODECS = {
    "opus": ("Opus", "RFC 6716, RFC 7587", "32 kbit/s, constant"),
    "g722": ("G.722", "ITU-T G.722", "64 kbit/s"),
    "pcma": ("PCMA", "ITU-T G.711", "64 kbit/s"),
    "pcmu": ("PCMU", "ITU-T G.711", "64 kbit/s"),
}
_POST_QUANTUM_FROM = (3, 5)


def manifest(config: Config, state: State, components: Sequence[dict[str, str]]) -> dict[str, Any]:
    """All of it as JSON's own values."""
    return {
        "product": "Sottovoce",
        "licence": "GPL-3.0-or-later",
        "protocols": _protocols(config, state),
        "algorithms": _algorithms(config, components),
        "components": [dict(one) for one in components],
    }


def _protocols(config: Config, state: State) -> list[dict[str, str]]:
    transports = [config.transport_of(account) for account in config.accounts] or [config.sip.transport]
    tls = "tls" in transports
    over = ", ".join(dict.fromkeys(one.upper() for one in transports))
    provider = config.media.encryption is Encryption.PROVIDER
    account = config.account is not None
    rows = [
        ("SIP", "RFC 3261", f"calls, over {over}", True),
        ("SDP offer and answer", "RFC 8866, RFC 3264", "what a call carries", True),
        ("TLS 1.3, TLS 1.2", "RFC 8446, RFC 5246", "encryption of signalling", tls),
        ("OCSP stapling", "RFC 6066, RFC 6960", "certificates that were called back", tls),
        ("DNS: NAPTR, SRV, A, AAAA", "RFC 3263, RFC 2782, RFC 3403", "where the servers are", True),
        ("Keep-alive", "RFC 5626, RFC 6223", "the connection to the provider", account),
        ("Digest authentication", "RFC 8760, RFC 7616", "the login at the provider", account),
        ("Privacy, P-Preferred-Identity", "RFC 3323, RFC 3325", "who calls, and that it is not told", True),
        ("STIR", "RFC 8224, RFC 8225", "proof of who calls", True),
        ("Presence", "RFC 3856, RFC 3863", "for watchers that you named", bool(config.privacy.watchers)),
        ("Location", "RFC 6442, RFC 5139", "your place, in emergency calls alone", state.place is not None),
        ("RTP, RTCP", "RFC 3550, RFC 3551", "speech", True),
        ("SRTP, SRTCP", "RFC 3711, RFC 7714", "encryption of speech", True),
        ("ZRTP", "RFC 6189", "keys end to end", True),
        ("DTLS-SRTP", "RFC 5763, RFC 5764", "keys end to end", True),
        ("SDES", "RFC 4568", "keys that the provider sees", provider),
        ("Speech in clear", "RFC 3551", "after your consent in each call", config.media.allow_clear),
        ("Real-time text", "RFC 4103, RFC 2198", "what both type in a call", config.accessibility.text),
        ("Key presses in a call", "RFC 4733", "DTMF", True),
        ("TUF", "TUF 1.0", "which update is the newest", state.updates.server),
        ("HTTPS", "RFC 9110", "updates are fetched", state.updates.server),
    ]
    return [{"name": name, "standard": by, "for": what} for name, by, what, used in rows if used]


def _algorithms(config: Config, components: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    transports = [config.transport_of(account) for account in config.accounts] or [config.sip.transport]
    tls = "tls" in transports
    groups = ["x25519", "secp256r1", "x448", "secp384r1", "secp521r1", "ffdhe2048 to ffdhe8192 (RFC 7919)"]
    if _openssl(components) >= _POST_QUANTUM_FROM:
        groups.insert(0, "X25519MLKEM768")
    found = {
        "TLS suites": list(TLS_SUITES) if tls else [],
        "TLS groups": groups if tls else [],
        "SRTP suites": list(SUITES),
        "ZRTP key agreement": ["X255", "X448", "DH3k"],
        "ZRTP hashes": ["S384", "S256"],
        "DTLS certificates": ["ECDSA P-256, SHA-256, one for each call"],
        "comparison codes": ["ZRTP: base 32 and words", "DTLS-SRTP: 160 bits of scrypt"],
        "codecs": ["{} ({}; {})".format(*_CODECS[name]) for name in config.media.codecs],
        "kept on the disk": ["ChaCha20-Poly1305 (RFC 8439), a key for each record"],
        "signatures of updates": ["Ed25519 (RFC 8032)", "ML-DSA-65 (FIPS 204)", "X.509 (RAUC)"],
    }
    return {name: values for name, values in found.items() if values}


def _openssl(components: Sequence[dict[str, str]]) -> tuple[int, ...]:
    version = next((one["version"] for one in components if one["name"] == "OpenSSL"), "0.0")
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def lines(found: dict[str, Any]) -> list[str]:
    """The manifest for a person."""
    width = max(len(row["name"]) for row in found["protocols"])
    told = [f"{found['product']}, free software: {found['licence']}", "", "Protocols in use"]
    told += [f"  {row['name']:<{width}}  {row['standard']}: {row['for']}" for row in found["protocols"]]
    told += ["", "Algorithms"]
    for name, values in found["algorithms"].items():
        told += [f"  {name}: {', '.join(values)}"]
    told += ["", "It talks to (all else is stopped by the firewall of a flashed telephone)"]
    told += declaring.lines(found.get("egress", ()))
    told += ["", "Components"]
    width = max(len(one["name"]) for one in found["components"])
    for one in found["components"]:
        about = ", ".join(filter(None, (one["kind"], one["licence"])))
        told.append(f"  {one['name']:<{width}}  {one['version']}  ({about})")
    return told
