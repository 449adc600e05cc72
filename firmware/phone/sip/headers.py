"""What SIP header fields say of people: reading theirs, and saying of ours what may be said. Pure.

The engine sends what this module gives it, and ``preview`` shows the same: one source for both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from firmware.phone.config import Account, Config
from firmware.phone.privacy import Exposure
from firmware.phone.values import Party

ANONYMOUS_URI = "sip:anonymous@anonymous.invalid"
ANONYMOUS_FROM = f'"Anonymous" <{ANONYMOUS_URI}>'
"""RFC 3323 section 4.1.1.3."""

DISCLOSURE = "Sottovoce-Disclosure"
"""The field in which an INVITE tells ``firmware/native`` what its call may show; it never leaves."""

ASKED = "Sottovoce-Privacy"
"""The same for what its account asks of the provider (RFC 3323), where the first one asks otherwise."""

USER_AGENT = "Telephone"
"""The same for every maker, model and version: an identity-free User-Agent (RFC 3323 section 4.1)."""

MAX_NAME = 64
"""Characters of a far end's display name that are kept."""

_NAME_ADDR = re.compile(r'^\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>')


@dataclass(frozen=True)
class Profile:
    """What there is to say of the person at this phone, and how the provider wants to be asked for silence.

    ``address``: the address of record, "" without an account; ``login``: the digest user name.
    ``privacy``: the values of the Privacy header (RFC 3323 section 4.2, RFC 3325 section 9.3).
    ``preferred_identity``: tell the provider, and it alone, who calls anonymously (RFC 3325 section 9.2).
    ``signed_by``: where the certificate is found that proves who calls, "" without one (RFC 8224).
    """

    address: str = ""
    name: str = ""
    login: str = ""
    privacy: tuple[str, ...] = ("id",)
    preferred_identity: bool = False
    transport: str = "tls"
    signed_by: str = ""

    @classmethod
    def of(cls, config: Config, account: Account | None = None) -> Profile:
        """That of ``account``; of the first one where none is named."""
        account = account or config.account
        if account is None:
            return cls(transport=config.sip.transport)
        return cls(
            account.address,
            account.display_name,
            account.auth_user or account.user,
            account.privacy,
            account.preferred_identity,
            config.transport_of(account),
            account.identity_url,
        )

    @property
    def privacy_value(self) -> str:
        return ";".join(self.privacy)


@dataclass(frozen=True)
class Caller:
    """What an INVITE says of its caller: From, and further headers. Contact never says anything."""

    from_value: str
    headers: tuple[tuple[str, str], ...] = ()


def caller(profile: Profile, exposure: Exposure, reached_at: str) -> Caller:
    """The caller's side of an INVITE. ``reached_at``: "host:port" under which we are reached.

    Anonymous as RFC 3323 section 4.1 and RFC 3325 section 9.3 ask for; P-Preferred-Identity only where
    nobody on the way can read it, and only beside a Privacy header that bids the provider keep it.
    """
    if not exposure.private:
        return Caller(own_name_addr(profile, reached_at))
    fields = [("Privacy", profile.privacy_value)]
    if (
        profile.preferred_identity
        and profile.address
        and profile.transport == "tls"
        and "id" in profile.privacy
    ):
        fields.append(("P-Preferred-Identity", f"<{profile.address}>"))
    return Caller(ANONYMOUS_FROM, tuple(fields))


def tells_place(message: str) -> bool:
    """Whether ``message``, as it leaves, has a Geolocation header field (RFC 6442 section 4.1)."""
    return "\r\ngeolocation:" in message.partition("\r\n\r\n")[0].lower()


def own_name_addr(profile: Profile, reached_at: str) -> str:
    """Who we are, as From says it: the account, or without one the phone's own address."""
    if not profile.address:
        return f"<sip:{reached_at}>"
    name = profile.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}" <{profile.address}>' if name else f"<{profile.address}>"


def party(name_addr: str) -> Party:
    """The far end from a From or To value (RFC 3261 section 20.10), its name made harmless to show."""
    match = _NAME_ADDR.match(name_addr)
    if match is None:
        # Without brackets a semicolon ends the address (RFC 3261 section 20.10).
        bare = name_addr.strip().split(">")[0].lstrip("<")
        return Party(bare if "<" in name_addr else bare.split(";")[0])
    quoted, plain, uri = match.groups()
    name = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain or ""
    printable = "".join(char for char in name if char.isprintable()).strip()
    if uri.lower().startswith(ANONYMOUS_URI):
        printable = "Anonymous"
    return Party(uri, printable[:MAX_NAME])
