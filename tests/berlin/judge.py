"""What makes an observation good or bad: pure functions over evidence, so that planted evidence shows that
each of them can say no.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from tests.rig import capture, srtp
from tests.rig.capture import Packet
from tests.rig.far_end import Place
from tests.rig.kamailio import Message
from tests.rig.oracle import Finding, Oracle, Secret

REGISTER_FIELDS = {
    "via", "max-forwards", "from", "to", "call-id", "cseq", "contact", "expires", "content-length",
    "route", "authorization", "user-agent", "supported", "allow",
}  # fmt: skip
"""What RFC 3261 section 10 needs in a REGISTER, and what says only what any telephone can do."""

GENERIC_AGENT = re.compile(r"[A-Za-z]+")
"""A User-Agent without version, model and host."""

_CREDENTIALS = re.compile(r'username="([^"]*)"')


def leaks(secrets: Iterable[Secret], places: Iterable[Place]) -> list[Finding]:
    """Everything by which the far end could know who calls."""
    return Oracle(secrets).search_all((place.name, place.octets) for place in places)


def readable(packets: Sequence[Packet], keys: Sequence[srtp.Session], words: Iterable[str] = ()) -> list[str]:
    """What an eavesdropper reads in these packets."""
    return [f"{text}: {packet}" for text, packet in capture.findings(packets, keys, words)]


def sizes(packets: Iterable[Packet]) -> dict[int, int]:
    """Length of RTP packets -> how many have it."""
    found: dict[int, int] = {}
    for packet in capture.of_kind(packets, "rtp"):
        found[len(packet.payload)] = found.get(len(packet.payload), 0) + 1
    return found


def undeclared(packets: Iterable[Packet], declared: Iterable[tuple[str, int]]) -> list[str]:
    """Destinations of packets that nobody declared."""
    known = set(declared)
    return sorted(
        {f"{p.target[0]}:{p.target[1]} over {p.transport}" for p in packets if p.target not in known}
    )


def register_faults(message: Message) -> list[str]:
    """What a REGISTER says beyond the need."""
    names = {name.lower() for name, _ in message.headers}
    faults = [f"the field {name}" for name in sorted(names - REGISTER_FIELDS)]
    agent = message.header("User-Agent")
    if agent and not GENERIC_AGENT.fullmatch(agent):
        faults.append(f"the User-Agent {agent!r}")
    contact = message.header("Contact")
    if "sip.instance" in contact or "reg-id" in contact:
        faults.append("an identifier of the device in Contact")
    return faults


def weak_suites(offered: Iterable[int], names: Mapping[int, str]) -> list[str]:
    """Cipher suites of TLS without forward secrecy among those offered (RFC 9325 section 4.1)."""
    return [
        names.get(suite, hex(suite))
        for suite in offered
        if suite not in SIGNALLING_VALUES and not forward_secret(suite, names)
    ]


SIGNALLING_VALUES = {0x00FF, 0x5600}
"""Not suites: secure renegotiation and fallback (RFC 5746, RFC 7507)."""


def forward_secret(suite: int, names: Mapping[int, str]) -> bool:
    """TLS 1.3, or keys from an ephemeral Diffie-Hellman exchange."""
    return suite >> 8 == 0x13 or "_ECDHE_" in names.get(suite, "") or "_DHE_" in names.get(suite, "")


def traces(secrets: Iterable[Secret], files: Mapping[str, bytes]) -> list[Finding]:
    """Where a number, a name or an address stands in files, in any form."""
    return Oracle(secrets).search_all(files.items())


def presence_shown(notifications: Iterable[str]) -> list[str]:
    """What NOTIFY bodies tell of a person: anything but an empty body or "closed"."""
    found = []
    for text in notifications:
        body = text.partition("\r\n\r\n")[2]
        states = re.findall(r"<(?:\w+:)?basic>\s*(\w+)\s*<|<state[^>]*>\s*(\w+)\s*<", body)
        found += [state for pair in states for state in pair if state and state.lower() not in _SILENT]
        found += re.findall(r"<(?:\w+:)?(on-the-phone|busy|away|in-call|activities)\b", body)
    return found


_SILENT = {"closed", "terminated"}


def preview_fields(preview: object) -> dict[str, str]:
    """Name -> value of what ``sotto preview`` lists."""
    if isinstance(preview, Mapping):
        preview = next((value for value in preview.values() if isinstance(value, list)), [])
    if not isinstance(preview, list):
        return {}
    return {str(line.get("field", line.get("name", ""))): str(line.get("value", "")) for line in preview}


_NOTHING = {"not sent", "none", "-", ""}


def preview_differences(shown: Mapping[str, str], invites: Sequence[Message]) -> list[str]:
    """Where the INVITEs that left say something else than the preview did.

    What the preview calls random must be different in each of them.
    """
    found = []
    for name, value in shown.items():
        sent = [_in_invite(name, invite) for invite in invites]
        if None in sent:
            continue  # not a field of an INVITE
        texts = [str(text) for text in sent]
        if value.startswith("random"):
            if len(set(texts)) < len(texts) or not all(texts):
                found.append(f"{name} is said to be random and is {texts}")
        elif any(not (text == value or (text in _NOTHING and value in _NOTHING)) for text in texts):
            found.append(f"{name} is said to be {value!r} and is {texts}")
    return found


def _in_invite(name: str, invite: Message) -> str | None:
    """The value of a previewed field in an INVITE; None for what only the media or a challenge shows."""
    caller = re.match(r'\s*(?:"([^"]*)"|([^<"]*?))\s*<([^>]*)>', invite.header("From"))
    contact = re.search(r"<sips?:(?:([^@>;]*)@)?(\[[^\]]*\]|[^:;>]*)", invite.header("Contact"))
    sdp = {line[:2]: line[2:].split() for line in reversed(invite.body.splitlines()) if len(line) > 2}
    values = {
        "From name": (caller[1] or caller[2] or "") if caller else "",
        "From address": caller[3] if caller else "",
        "Via address": re.split(r"[\s:;]", invite.header("Via").split()[1])[0]
        if invite.header("Via")
        else "",
        "Contact user": (contact[1] or "") if contact else "",
        "Contact address": contact[2] if contact else "",
        "SDP origin": sdp.get("o=", [""])[0],
        "SDP session": " ".join(sdp.get("s=", [])),
        "SDP address": sdp.get("c=", [""])[-1],
    }
    if name in values:
        return values[name]
    return invite.header(name) if name in _HEADERS else None


_HEADERS = {
    "Privacy",
    "P-Preferred-Identity",
    "User-Agent",
    "Call-ID",
    "P-Asserted-Identity",
    "Organization",
    "Subject",
}
