"""SIP addresses as far as a telephone needs them (RFC 3261 section 19.1). Pure.

Stricter than the grammar where an address could do more than name somebody: no embedded header fields, no
password, no ``method`` and no ``maddr`` (the call would go elsewhere than the display says), no control
characters even when escaped, at most 512 bytes.
"""

from __future__ import annotations

import ipaddress
import re
import string
import unicodedata
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

LONGEST = 512
_TOO_LONG = f"the address is longer than {LONGEST} bytes; shorten it"

_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-_.!~*'()")
_USER = _UNRESERVED | frozenset("&=+$,;?/")
_PARAM = _UNRESERVED | frozenset("[]/:&+$")
_FORBIDDEN_PARAMS = ("method", "maddr")
_ESCAPE = re.compile("(%[0-9A-Fa-f]{2})")
_LABEL = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HOST_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*:")
_NUMBER = re.compile(r"\+?[0-9*#]+")
_SEPARATORS = re.compile(r"[ ().\-/\u00a0]")
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def unprintable(text: str) -> bool:
    """Whether ``text`` holds a control character, a line break or a mark that turns the writing direction."""
    return any(c in _BIDI_CONTROLS or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)


@dataclass(frozen=True)
class SipUri:
    """One SIP address in its canonical form, so that ``str`` of it is safe to put into a message.

    ``user`` and the parameters are as they stand in the address (escaped where needed), ``host`` is in small
    letters, an IPv6 address in brackets. A parameter without a value, such as ``lr``, has the value "".

    Raises ``ValueError`` for parts that are not canonical: use :func:`parse` or :func:`escape`.
    """

    scheme: str
    user: str
    host: str
    port: int | None = None
    params: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.scheme == "sips" and self.param("transport") not in (None, "tls"):
            raise ValueError("a sips address always goes over TLS; remove the transport from it")
        canonical = (
            self.scheme in ("sip", "sips")
            and _canonical(self.user, _USER, "name") == self.user
            and host_name(self.host) == self.host
            and (self.port is None or 0 < self.port < 65536)
            and _params([f"{name}={value}" if value else name for name, value in self.params]) == self.params
        )
        if not canonical:
            raise ValueError("the address is not in its canonical form")
        if len(str(self)) > LONGEST:
            raise ValueError(_TOO_LONG)

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        port = "" if self.port is None else f":{self.port}"
        params = "".join(f";{name}={value}" if value else f";{name}" for name, value in self.params)
        return f"{self.scheme}:{user}{self.host}{port}{params}"

    def param(self, name: str) -> str | None:
        return dict(self.params).get(name)

    @property
    def transport(self) -> str | None:
        """The transport that the address itself asks for; ``sips`` asks for TLS."""
        return "tls" if self.scheme == "sips" else self.param("transport")

    @property
    def label(self) -> str:
        """What to show a person: the name or number, else the host."""
        if self.user:
            return unquote(self.user)
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def over(self, transport: str) -> SipUri:
        """This address with ``transport`` named in it, unless it names one. UDP is what no name means."""
        if self.transport is not None or transport == "udp":
            return self
        return replace(self, params=(*self.params, ("transport", transport)))


def escape(text: str) -> str:
    """``text`` as the user part of an address."""
    return quote(text, safe="+!~*'()")


def host_name(text: str) -> str:
    """The canonical form of a host name or IP address; IPv6 in brackets. Raises ``ValueError``."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if ":" in bare:
        try:
            return f"[{ipaddress.IPv6Address(bare if '%' not in bare else '').compressed}]"
        except ValueError:
            raise ValueError("the IPv6 address is not valid; write it as in [2001:db8::1]") from None
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        pass
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if not text:
        raise ValueError("the host is missing; write sip:name@host")
    if not text.isascii():
        raise ValueError('the host has letters beyond a to z; write its ASCII form, which begins with "xn--"')
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1][0].isdigit():
        raise ValueError("the host is neither a host name nor an IP address; write one such as phone.example")
    return name


def parse(text: str) -> SipUri:
    """The address that ``text`` is. Raises ``ValueError`` in plain words; they never repeat the address."""
    _check(text)
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in ("sip", "sips"):
        raise ValueError('the address does not begin with "sip:"; write sip:name@host')
    user, at, place = rest.rpartition("@")
    if "@" in user or (at and not user):
        raise ValueError("the address needs exactly one name before the @; write sip:name@host")
    if ":" in user:
        raise ValueError("the address has a password in it; remove the part from the colon to the @")
    if "?" in place:
        raise ValueError("the address carries header fields; remove the part that begins with ?")
    where, *params = place.split(";")
    match = _HOST_PORT.fullmatch(where)
    if not match:
        raise ValueError("host and port are not valid; write sip:name@host:5061")
    port = None if match[2] is None else int(match[2])
    if port is not None and not 0 < port < 65536:
        raise ValueError("the port is out of range; write a number from 1 to 65535")
    return SipUri(scheme, _canonical(user, _USER, "name"), host_name(match[1]), port, _params(params))


def target(text: str, domain: str, transport: str, via_proxy: bool) -> SipUri:
    """Whom to call when a person types ``text``: a number, a name, ``name@host``, ``sip:…`` or ``tel:…``.

    ``domain`` is the account's ("" without one), ``transport`` what ``sip.transport`` says; ``via_proxy``
    when an outbound proxy takes the call. Raises ``ValueError`` in plain words; a call never goes by another
    transport than the configured one, whatever the address asks for.
    """
    text = text.strip()
    _check(text)
    scheme = match[0].lower() if (match := _SCHEME.match(text)) else ""
    if scheme in ("sip:", "sips:"):
        uri = parse(text)
    elif scheme == "tel:":
        uri = _at_provider(_telephone_number(text[4:]), domain)
    elif scheme:
        raise ValueError(f'"{scheme}" cannot be called; write a number, a name, sip:name@host or tel:+49…')
    elif "@" in text:
        user, _, place = text.rpartition("@")
        uri = parse(f"sip:{_name(user)}@{place}")
    else:
        uri = _at_provider(_typed(text), domain)
    wanted = uri.transport
    if wanted is not None and wanted != transport:
        raise ValueError(
            f'the address asks for transport "{wanted}", but this phone has sip.transport = "{transport}"; '
            "remove that"
        )
    return uri if via_proxy else uri.over(transport)


def same_address(a: SipUri | str, b: SipUri | str) -> bool:
    """Whether two addresses mean the same person, to find a contact by what a message says.

    RFC 3261 section 19.1.4, wider in two things because a From never carries them (table 1 there) and a
    provider may add them: the transport and parameters of only one side do not count, and a default port
    equals none. Text that is no address is nobody's.
    """
    try:
        a, b = (parse(x) if isinstance(x, str) else x for x in (a, b))
    except ValueError:
        return False
    ports = {a.port, b.port}
    if len(ports) == 2 and not (None in ports and ports & {5060, 5061}):
        return False
    if (a.scheme, a.user, a.host) != (b.scheme, b.user, b.host):
        return False
    mine, theirs = dict(a.params), dict(b.params)
    both = (mine.keys() & theirs.keys()) - {"transport"}
    return all(mine[name].lower() == theirs[name].lower() for name in both)


def _check(text: str) -> None:
    if not text:
        raise ValueError("the address is empty; write a number, a name or sip:name@host")
    if unprintable(text):
        raise ValueError("the address has a control character in it; remove it")
    if len(text.encode()) > LONGEST:
        raise ValueError(_TOO_LONG)


def _canonical(text: str, allowed: frozenset[str], part: str) -> str:
    """``text`` with no escape that is not needed and the others in capitals (RFC 3261 section 19.1.2)."""
    pieces = []
    for piece in _ESCAPE.split(text):
        if _ESCAPE.fullmatch(piece):
            char = chr(int(piece[1:], 16))
            pieces.append(char if char in _UNRESERVED else piece.upper())
            continue
        strange = next((c for c in piece if c not in allowed), None)
        if strange is not None:
            escaped = quote(strange, safe="")
            raise ValueError(f"the {part} in the address has a {strange!r}; write it as {escaped}")
        pieces.append(piece)
    canonical = "".join(pieces)
    try:
        plain = unquote(canonical, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"an escape in the {part} of the address is not UTF-8; remove it") from None
    if unprintable(plain):
        raise ValueError(f"the {part} in the address hides a control character; remove it")
    return canonical


def _params(texts: list[str]) -> tuple[tuple[str, str], ...]:
    params: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = _canonical(name, _PARAM, "parameter").lower()
        value = _canonical(value, _PARAM, "parameter")
        if not name or (equals and not value):
            raise ValueError("a parameter of the address is empty; remove the semicolon or the equals sign")
        if name in params:
            raise ValueError("a parameter stands twice in the address; remove one")
        if name in _FORBIDDEN_PARAMS:
            raise ValueError(f"the address has the parameter {name}, which is not followed here; remove it")
        params[name] = value.lower() if name == "transport" else value
    return tuple(params.items())


def _at_provider(user: str, domain: str) -> SipUri:
    if not domain:
        raise ValueError(
            "without an account only full addresses such as sip:name@host can be called; "
            "write one, or fill in [account] in phone.toml"
        )
    return SipUri("sip", _name(user), host_name(domain))


def _telephone_number(text: str) -> str:
    """The number in a tel URI (RFC 3966 section 3) without its visual separators."""
    number = _SEPARATORS.sub("", text)
    if not _NUMBER.fullmatch(number):
        raise ValueError("the telephone number is not valid; write tel: and digits, such as tel:+49301234567")
    return number


def _name(text: str) -> str:
    if any(c in text for c in ":;?"):
        raise ValueError("a name has no : ; or ? in it; write a full address such as sip:name@host:5061")
    return escape(text)


def number(text: str) -> str:
    """``text`` without the visual separators of a telephone number (RFC 3966 section 5.1.1)."""
    return _SEPARATORS.sub("", text)


def _typed(text: str) -> str:
    """A number without its visual separators, or a name as it is."""
    if re.fullmatch("[0-9]{1,3}([.][0-9]{1,3}){3}", text):
        raise ValueError("this is a number or an IP address; write sip: before it, or leave out the points")
    bare = number(text)
    return bare if _NUMBER.fullmatch(bare) else text
