"""From SIP status codes and TLS verdicts to the words that a person reads. Pure.

Status codes: RFC 3261 section 21. Nothing here shows a number without words.
"""

from __future__ import annotations

import enum

from firmware.phone.language.phrase import phrase
from firmware.phone.values import Direction, EndReason

_OUTGOING = {
    401: EndReason.NOT_ALLOWED,
    402: EndReason.NOT_ALLOWED,
    403: EndReason.NOT_ALLOWED,
    404: EndReason.NOT_FOUND,
    407: EndReason.NOT_ALLOWED,
    410: EndReason.NOT_FOUND,
    415: EndReason.NO_COMMON_ENCRYPTION,
    433: EndReason.DECLINED,
    480: EndReason.UNREACHABLE,
    484: EndReason.NOT_FOUND,
    486: EndReason.BUSY,
    487: EndReason.CANCELLED,
    488: EndReason.NO_COMMON_ENCRYPTION,
    502: EndReason.UNREACHABLE,
    600: EndReason.BUSY,
    603: EndReason.DECLINED,
    604: EndReason.NOT_FOUND,
    606: EndReason.NO_COMMON_ENCRYPTION,
    607: EndReason.DECLINED,
    608: EndReason.DECLINED,
}

TIMEOUT = 408
TEMPORARILY_UNAVAILABLE = 480
SERVICE_UNAVAILABLE = 503


def end_reason(direction: Direction, status: int, answered: bool, rang: bool, untrusted: bool) -> EndReason:
    """Why a call is over whose INVITE session was ended with ``status`` by the far end or the network.

    ``rang``: a 180 had come. ``untrusted``: the server's certificate was refused for this attempt.
    """
    if answered and status < 400:
        return EndReason.PEER_HUNG_UP
    if answered:
        unprotected = _OUTGOING.get(status) is EndReason.NO_COMMON_ENCRYPTION
        return EndReason.NO_COMMON_ENCRYPTION if unprotected else EndReason.MEDIA_LOST
    if direction is Direction.IN:
        return EndReason.ANSWERED_ELSEWHERE if status == 200 else EndReason.MISSED
    if untrusted:
        return EndReason.CERTIFICATE
    if status in (TIMEOUT, TEMPORARILY_UNAVAILABLE):
        return EndReason.NO_ANSWER if rang else EndReason.UNREACHABLE
    if status == SERVICE_UNAVAILABLE:
        return EndReason.UNREACHABLE
    if status in _OUTGOING:
        return _OUTGOING[status]
    return EndReason.SERVER_FAILED if status >= 500 or status < 400 else EndReason.NOT_ALLOWED


def registration_failure(status: int) -> str:
    """Why the registrar would not have us, and what to do, for display and ``sotto status``."""
    if status in (401, 403, 407):
        return phrase("User name or password refused; check the account")
    if status in (404, 410, 604):
        return phrase("The provider does not know this user; check the account")
    if status in (TIMEOUT, 502, SERVICE_UNAVAILABLE, 504):
        return phrase("The server does not answer; trying again")
    if status == 423:
        return phrase("The provider wants another registration time; trying again")
    if status >= 500:
        return phrase("The provider has trouble; trying again")
    return phrase("The provider refuses the registration; ask the provider")


class Flaw(enum.Flag):
    """What is wrong with a server certificate; several may be."""

    UNTRUSTED = enum.auto()
    SELF_SIGNED = enum.auto()
    EXPIRED = enum.auto()
    NOT_YET_VALID = enum.auto()
    WRONG_NAME = enum.auto()
    WEAK_KEY = enum.auto()
    WRONG_PURPOSE = enum.auto()
    NOT_PINNED = enum.auto()
    REVOKED = enum.auto()
    REVOCATION_UNKNOWN = enum.auto()
    OTHER = enum.auto()


_FLAWS = {
    Flaw.REVOKED: phrase("was revoked"),
    Flaw.NOT_PINNED: phrase("has another key than the pinned one"),
    Flaw.WRONG_NAME: phrase("is for another name"),
    Flaw.EXPIRED: phrase("has expired"),
    Flaw.NOT_YET_VALID: phrase("is not yet valid (is the date right?)"),
    Flaw.SELF_SIGNED: phrase("is vouched for by no authority (self-signed)"),
    Flaw.UNTRUSTED: phrase("is from an unknown authority"),
    Flaw.WEAK_KEY: phrase("has too weak a key"),
    Flaw.WRONG_PURPOSE: phrase("is not one for servers"),
    Flaw.REVOCATION_UNKNOWN: phrase("comes without the word on its revocation that it promises"),
}


def certificate_failure(flaws: Flaw) -> str:
    """Why the server was not trusted, for display and ``sotto status``. Nothing was sent to it."""
    if Flaw.SELF_SIGNED in flaws:
        flaws &= ~Flaw.UNTRUSTED
    said = [words for flaw, words in _FLAWS.items() if flaw in flaws] or [phrase("cannot be verified")]
    listed = said[0]
    for more in said[1:]:
        listed = phrase("{one} and {other}", one=listed, other=more)
    return phrase("Server not trusted: its certificate {flaws}; ask the provider", flaws=listed)


class Trouble(enum.Enum):
    """Why there is no connection to a server, in the words that display and ``sotto status`` show."""

    TOO_OLD = phrase("The server speaks only TLS that is too old; ask the provider")
    NO_SUITE = phrase("The server offers only weak encryption; ask the provider")
    NO_TLS = phrase("The server does not speak TLS; check its address and port")
    REFUSED = phrase("The server takes no connection; check its address and port")
    TIMEOUT = phrase("The server does not answer; trying again")
    UNREACHABLE = phrase("There is no way to the server; check the network")
    BROKEN_OFF = phrase("The server broke the connection off; trying again")
    UNKNOWN_NAME = phrase("The server's name is not known; check the domain and the network")
