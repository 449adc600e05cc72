"""What a call would tell of the person at this phone, field by field, before it is placed. Pure.

Every value is what the engine sends: the same functions of ``headers`` make both. What is drawn at random for
each call cannot be foretold and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from firmware.phone.place import Place
from firmware.phone.privacy import EMERGENCY, STAR_CODE, Exposure
from firmware.phone.sip import headers
from firmware.phone.sip.headers import Profile

RANDOM = "random, new for each call"
NOT_SENT = "not sent"
SAME_FOR_CONTACT = "the same in each call with this contact"
CERTIFICATE_NAME = "-"
NOT_CONNECTED = "not known before the phone is connected"


@dataclass(frozen=True)
class Field:
    """One identity-bearing field: its name, the value that leaves, and why that one."""

    name: str
    value: str
    why: str


def fields(
    profile: Profile,
    exposure: Exposure,
    own_address: str,
    place: Place | None = None,
    contact: bool = False,
) -> tuple[Field, ...]:
    """The identity-bearing fields of an INVITE, in the order of the message, then those of its media.

    ``own_address``: "host:port" where we are reached, "" before the first connection. ``place``: what the
    call would tell of where we are, None for nothing. ``contact``: it goes to one.
    """
    shown = headers.caller(profile, exposure, own_address or NOT_CONNECTED)
    party = headers.party(shown.from_value)
    sent = dict(shown.headers)
    host = own_address.rpartition(":")[0] or NOT_CONNECTED
    here = "where answers and speech come back to; a relay of your provider may replace it on the way"
    return (
        Field("From name", party.name or "none", _why(exposure)),
        Field("From address", party.uri, _why(exposure)),
        Field("Via address", host, here),
        Field("Contact user", RANDOM, "never your name or number"),
        Field("Contact address", host, here),
        Field("Privacy", sent.get("Privacy", NOT_SENT), _why_privacy(profile, exposure)),
        Field(
            "P-Preferred-Identity",
            sent.get("P-Preferred-Identity", NOT_SENT),
            _why_preferred(profile, exposure, "P-Preferred-Identity" in sent),
        ),
        Field("Identity", *_proof(profile, exposure)),
        Field("User-Agent", headers.USER_AGENT, "the same for every maker, model and version"),
        Field("Call-ID", RANDOM, "bears no name and no address"),
        Field("Login name", *_login(profile)),
        Field("Place", place.text if place else NOT_SENT, _why_place(exposure, place)),
        Field("SDP origin", "-", "neither name nor machine"),
        Field("SDP session", "-", "no title"),
        Field("SDP address", host, here),
        Field("RTCP CNAME", RANDOM, "bears no name and no address (RFC 7022)"),
        Field("DTLS certificate name", CERTIFICATE_NAME, "the same for every phone"),
        Field("DTLS certificate key", *_key(exposure, contact)),
    )


def _proof(profile: Profile, exposure: Exposure) -> tuple[str, str]:
    if not profile.signed_by:
        return NOT_SENT, "there is no account.identity_cert"
    if exposure.private:
        return NOT_SENT, "a signature would say who calls"
    return (
        f"signed, with the certificate at {profile.signed_by}",
        "proves to whom you call that it is you, and binds the keys of the call to your name",
    )


def _key(exposure: Exposure, contact: bool) -> tuple[str, str]:
    if contact and exposure.identity and exposure.cause != EMERGENCY:
        return (
            SAME_FOR_CONTACT,
            "a contact's telephone is to know yours again; no other contact sees this one",
        )
    return RANDOM, "nobody can tell by it that two calls are yours"


def _why(exposure: Exposure) -> str:
    if exposure.cause == EMERGENCY:
        return "an emergency service is told who calls, whatever the switch says"
    if exposure.identity:
        return "the privacy switch is on open"
    if exposure.cause == STAR_CODE:
        return "the code before the number asks for it"
    unreadable = exposure.cause == "unreadable"
    return "the privacy switch cannot be read" if unreadable else "the privacy switch is on private"


def _why_privacy(profile: Profile, exposure: Exposure) -> str:
    if exposure.identity:
        return "nothing is to be hidden"
    return "asks the provider to pass nothing on" + ("" if profile.address else ", should one be on the way")


def _why_preferred(profile: Profile, exposure: Exposure, sent: bool) -> str:
    if sent:
        return "asked for by account.preferred_identity: the provider alone is to read it"
    return "From says it already" if exposure.identity and profile.address else "nobody is to be told"


def _why_place(exposure: Exposure, place: Place | None) -> str:
    if exposure.cause != EMERGENCY:
        return "only an emergency call tells it"
    return "an emergency service is told where to come" if place else "none is kept; see: sotto place"


def _login(profile: Profile) -> tuple[str, str]:
    if not profile.login:
        return NOT_SENT, "there is no account"
    return (
        f"{profile.login}, only if the provider challenges the call",
        "proves to the provider that the account is yours; a careless one passes it on",
    )
