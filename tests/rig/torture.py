"""The torture messages of RFC 4475 and of RFC 5118 (IPv6), written anew from what each section intends.

Each is built round the phone's own address, so that it is meant for it and the torture is all that is odd.
``TORTURE`` says of each what a telephone may do: the outcomes ``rings`` and ``silence``, or a status code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 49217 UDP/TLS/RTP/SAVP 0\r\na=rtpmap:0 PCMU/8000\r\na=setup:actpass\r\n"
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n"
)

RINGS = "rings"
SILENCE = "silence"
MALFORMED = (400, SILENCE)
"""Refused as bad, or dropped: RFC 3261 leaves the choice for what cannot be read."""
NOT_FOR_US = (403, 404, 405, 416, 480, 481, 501)
"""Understood, and nothing that a telephone does for this caller."""

Outcome = str | int
Fields = dict[str, str | None]


@dataclass(frozen=True)
class Where:
    """Whom it is for and who sends it."""

    phone: str
    """``ADDRESS:PORT`` of the phone."""
    own: str
    """``ADDRESS:PORT`` of the sender."""
    serial: str
    """Different in each message sent."""


@dataclass(frozen=True)
class Torture:
    """One message."""

    name: str
    """As the RFC calls it, or what is odd in it."""
    section: str
    make: Callable[[Where], bytes]
    may: Sequence[Outcome]


def _request(
    at: Where,
    method: str = "INVITE",
    uri: str = "",
    version: str = "SIP/2.0",
    body: str | None = None,
    extra: Sequence[str] = (),
    **changed: str | None,
) -> bytes:
    """A request that is in order but for what is ``changed`` (``_`` in a name is ``-``; None: left out)."""
    content = (OFFER if method == "INVITE" else "") if body is None else body
    fields: Fields = {
        "Via": f"SIP/2.0/UDP {at.own};branch=z9hG4bK{at.serial};rport",
        "Max-Forwards": "70",
        "From": f"<sip:caller@{at.own}>;tag=f{at.serial}",
        "To": f"<sip:phone@{at.phone}>",
        "Call-ID": f"torture.{at.serial}",
        "CSeq": f"1 {method}",
        "Contact": f"<sip:caller@{at.own}>",
        "Content-Type": "application/sdp" if content else None,
        "Content-Length": str(len(content.encode())),
    }
    for name, value in changed.items():
        fields[name.replace("_", "-")] = value
    lines = [f"{method} {uri or 'sip:phone@' + at.phone} {version}"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join([*lines, *extra, "", content]).encode("utf-8", "surrogateescape")


def _twisted(at: Where) -> bytes:
    """Short and long names, folding, odd case, unknown fields and empty space wherever they may be."""
    head = (
        f"INVITE sip:phone@{at.phone};unknownparam SIP/2.0\r\n"
        f"TO :\r\n <sip:phone@{at.phone}>   \r\n"
        f'from   : "A caller \\\\\\"" <sip:caller@{at.own}>\r\n  ;\r\n tag = f{at.serial}\r\n'
        "MaX-fOrWaRdS: 0068\r\n"
        f"Call-ID: torture.{at.serial}\r\n"
        "Content-Length   : LENGTH\r\n"
        "cseq: 0009\r\n  INVITE\r\n"
        f"Via  : SIP  /   2.0\r\n /UDP\r\n    {at.own};branch=z9hG4bK{at.serial};rport\r\n"
        "s :\r\n"
        "NewFangledHeader:   new value\r\n continued in a second line\r\n"
        "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
        "Content-Type: application/sdp\r\n"
        f'm:"Quoted string \\"\\"" <sip:caller@{at.own}> ; newparam =\r\n      newvalue ;\r\n'
        "  secondparam ; q = 0.33\r\n\r\n"
    )
    return (head.replace("LENGTH", str(len(OFFER))) + OFFER).encode()


def _wide(at: Where) -> bytes:
    """A method of every character that a token may have, and what else a reader might stumble over."""
    method = "!interesting-Method0123456789_*+`.%indeed'~"
    escaped = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    display = "BEL:\x07 NUL:\\\x00 DEL:\x7f"
    return _request(
        at,
        method,
        f"{escaped}:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@{at.phone}",
        From=f"token1~` token2'+_ token3*%!.- <sip:mundane@{at.own}>;from''~+*_!.-%=\"x\";tag=f{at.serial}",
        To=f'"{display}" <{escaped}@{at.phone}>',
        Call_ID=f"intmeth.{at.serial}@-!%.*_+`'~",
        CSeq=f"139122385 {method}",
        Contact=None,
        body="",
    )


def _long(at: Where) -> bytes:
    """Values longer than any reader expects."""
    name = "amazinglylong" * 20
    return _request(
        at,
        From=f"<sip:{name}@{at.own};{name}={name}>;tag=f{at.serial}",
        Call_ID=f"long.{'really' * 40}.{at.serial}",
        Contact=f"<sip:{name}@{at.own}>",
        extra=[f"Unknown-{'Long' * 40}-Name: {'long' * 60}; with={'parameters' * 20}"],
    )


def _doubled(at: Where) -> bytes:
    """A whole second message stands after the Content-Length of the first."""
    rest = _request(Where(at.phone, at.own, at.serial + "second"), "INVITE")
    return _request(at, "REGISTER", f"sip:{at.phone}", body="") + rest


def _multipart(at: Where, content: str) -> bytes:
    mark = "7a9cbec02ceef655"
    body = f"--{mark}\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\n\r\n{content}\r\n"
    body += f"--{mark}\r\nContent-Type: application/octet-stream\r\n\r\n0\x82\x01R\x06\t\r\n--{mark}--\r\n"
    kind = f"multipart/mixed;boundary={mark}"
    return _request(at, "MESSAGE", body=body, Content_Type=kind, Contact=None)


def _response(at: Where, status: str) -> bytes:
    """A response that nobody asked for."""
    return (
        f"SIP/2.0 {status}\r\nVia: SIP/2.0/UDP {at.phone};branch=z9hG4bK{at.serial}\r\n"
        f"From: <sip:phone@{at.phone}>;tag=f{at.serial}\r\nTo: <sip:caller@{at.own}>;tag=t{at.serial}\r\n"
        f"Call-ID: torture.{at.serial}\r\nCSeq: 35 INVITE\r\nContact: <sip:caller@{at.own}>\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()


def _vias(at: Where) -> bytes:
    """Transports that nobody speaks, below our own Via."""
    below = [f"Via: SIP/2.0/{kind} t{n}.example.com;branch=z9hG4bK{n}" for n, kind in enumerate(_TRANSPORTS)]
    return _request(at, "OPTIONS", extra=below, Contact=None)


_TRANSPORTS = ("UDP", "SCTP", "TLS", "UNKNOWN", "TCP")


def _bad_start(at: Where) -> bytes:
    """Empty space between all parts of the first line."""
    whole = _request(at)
    return whole.replace(b"INVITE sip:", b"INVITE  sip:", 1).replace(b" SIP/2.0\r\n", b"  SIP/2.0\r\n", 1)


def _old(at: Where) -> bytes:
    """An INVITE as RFC 2543 wrote it: no branch, no Max-Forwards, no tag, no Content-Length."""
    return _request(
        at,
        Via=f"SIP/2.0/UDP {at.own}",
        From=f"<sip:caller@{at.own}>",
        Max_Forwards=None,
        Content_Length=None,
        CSeq="6 INVITE",
    )


def _several(at: Where) -> bytes:
    """Fields that may stand once, twice and with different values."""
    return _request(
        at,
        extra=[
            "CSeq: 59 INVITE",
            f"Call-ID: other.{at.serial}",
            f"From: <sip:other@{at.own}>;tag=other{at.serial}",
            f"To: <sip:other@{at.phone}>",
            "Max-Forwards: 5",
        ],
    )


def _sized(at: Where, length: str) -> bytes:
    return _request(at, Content_Length=length)


TORTURE: tuple[Torture, ...] = (
    # RFC 4475 section 3.1.1: valid
    Torture("wsinv", "3.1.1.1", _twisted, (RINGS,)),
    Torture("intmeth", "3.1.1.2", _wide, (405, 403, 501, SILENCE)),
    Torture(
        "esc01",
        "3.1.1.3",
        lambda at: _request(at, uri=f"sip:sips%3Auser%40example.com@{at.phone}"),
        (RINGS, 404),
    ),
    Torture(
        "escnull",
        "3.1.1.4",
        lambda at: _request(
            at,
            "REGISTER",
            f"sip:{at.phone}",
            To=f"<sip:null-%00-null@{at.phone}>",
            Contact=f"<sip:%00@{at.own}>",
        ),
        NOT_FOR_US,
    ),
    Torture(
        "esc02", "3.1.1.5", lambda at: _request(at, "RE%47IST%45R", f"sip:{at.phone}", body=""), NOT_FOR_US
    ),
    Torture(
        "lwsdisp",
        "3.1.1.6",
        lambda at: _request(at, From=f"caller<sip:caller@{at.own}>;tag=f{at.serial}"),
        (RINGS,),
    ),
    Torture("longreq", "3.1.1.7", _long, (RINGS, 513)),
    Torture("dblreq", "3.1.1.8", _doubled, NOT_FOR_US),
    Torture(
        "semiuri",
        "3.1.1.9",
        lambda at: _request(at, "OPTIONS", f"sip:user;par=u%40example.net@{at.phone}"),
        (480,),
    ),
    Torture("transports", "3.1.1.10", _vias, (480,)),
    Torture("mpart01", "3.1.1.11", lambda at: _multipart(at, "Hello"), NOT_FOR_US),
    Torture(
        "unreason",
        "3.1.1.12",
        lambda at: _response(at, "200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e"),
        (SILENCE,),
    ),
    Torture("noreason", "3.1.1.13", lambda at: _response(at, "100 "), (SILENCE,)),
    # RFC 4475 section 3.1.2: invalid
    Torture(
        "badinv01",
        "3.1.2.1",
        lambda at: _request(
            at, From=f"<sip:caller@{at.own}>;;tag=f{at.serial};;;", Contact=f'"Joe" <sip:joe@{at.own}>;;;;,,,'
        ),
        (*MALFORMED, RINGS),
    ),
    Torture("clerr", "3.1.2.2", lambda at: _sized(at, "9999"), MALFORMED),
    Torture("ncl", "3.1.2.3", lambda at: _sized(at, "-999"), MALFORMED),
    Torture(
        "scalar02",
        "3.1.2.4",
        lambda at: _request(
            at, "REGISTER", f"sip:{at.phone}", CSeq="36893488147419103232 REGISTER", Max_Forwards="300"
        ),
        (*MALFORMED, *NOT_FOR_US),
    ),
    Torture(
        "scalarlg",
        "3.1.2.5",
        lambda at: _response(at, "503 Unavailable").replace(b"35", b"9292394834772304023312"),
        (SILENCE,),
    ),
    Torture(
        "quotbal", "3.1.2.6", lambda at: _request(at, To=f'"Mr. J. User <sip:phone@{at.phone}>'), MALFORMED
    ),
    Torture("ltgtruri", "3.1.2.7", lambda at: _request(at, uri=f"<sip:phone@{at.phone}>"), MALFORMED),
    Torture("lwsruri", "3.1.2.8", lambda at: _request(at, uri=f"sip:phone@{at.phone}; lr"), MALFORMED),
    Torture("lwsstart", "3.1.2.9", _bad_start, (*MALFORMED, RINGS)),
    Torture("trws", "3.1.2.10", lambda at: _request(at, "OPTIONS", version="SIP/2.0  "), (*MALFORMED, 480)),
    Torture(
        "escruri",
        "3.1.2.11",
        lambda at: _request(at, uri=f"sip:phone@{at.phone}?Route=%3Csip:{at.own}%3E"),
        (*MALFORMED, RINGS),
    ),
    Torture(
        "baddate",
        "3.1.2.12",
        lambda at: _request(at, extra=["Date: Fri, 01 Jan 2010 16:00:00 EST"]),
        (*MALFORMED, RINGS),
    ),
    Torture(
        "regbadct",
        "3.1.2.13",
        lambda at: _request(
            at, "REGISTER", f"sip:{at.phone}", Contact=f"sip:user@{at.own}?Route=%3Csip:x%3E"
        ),
        (*MALFORMED, *NOT_FOR_US),
    ),
    Torture(
        "badaspec",
        "3.1.2.14",
        lambda at: _request(at, "OPTIONS", To=f'"Bell" <sip:phone @{at.phone}>'),
        (*MALFORMED, 480),
    ),
    Torture(
        "baddn",
        "3.1.2.15",
        lambda at: _request(at, "OPTIONS", From=f"Bell, Alexander <sip:a@{at.own}>;tag=1"),
        (*MALFORMED, 480),
    ),
    Torture("badvers", "3.1.2.16", lambda at: _request(at, "OPTIONS", version="SIP/7.0"), (505, *MALFORMED)),
    Torture("mismatch01", "3.1.2.17", lambda at: _request(at, "OPTIONS", CSeq="8 INVITE"), MALFORMED),
    Torture(
        "mismatch02",
        "3.1.2.18",
        lambda at: _request(at, "NEWMETHOD", CSeq="8 INVITE"),
        (*MALFORMED, 501, 405, 403),
    ),
    Torture(
        "bigcode",
        "3.1.2.19",
        lambda at: _response(at, "4294967301 better not break the receiver"),
        (SILENCE,),
    ),
    # RFC 4475 section 3.2: transactions
    Torture(
        "badbranch",
        "3.2.1",
        lambda at: _request(at, "OPTIONS", Via=f"SIP/2.0/UDP {at.own};branch=z9hG4bK"),
        (*MALFORMED, 480),
    ),
    # RFC 4475 section 3.3: what an application makes of it
    Torture("insuf", "3.3.1", lambda at: _request(at, Call_ID=None, From=None, To=None), MALFORMED),
    Torture(
        "unkscm",
        "3.3.2",
        lambda at: _request(at, "OPTIONS", "nobodyKnowsThisScheme:totallyopaquecontent"),
        (*MALFORMED, 416, 403),
    ),
    Torture(
        "novelsc",
        "3.3.3",
        lambda at: _request(at, "OPTIONS", "soap.beep://192.0.2.103:3002"),
        (*MALFORMED, 416, 403),
    ),
    Torture(
        "unksm2",
        "3.3.4",
        lambda at: _request(
            at, "REGISTER", f"sip:{at.phone}", To="<isbn:2983792873>", From=f"<http://x>;tag={at.serial}"
        ),
        (*MALFORMED, *NOT_FOR_US),
    ),
    Torture(
        "bext01",
        "3.3.5",
        lambda at: _request(at, Require="nothingSupportsThis, nothingSupportsThisEither"),
        (420,),
    ),
    Torture(
        "invut",
        "3.3.6",
        lambda at: _request(at, body="<audio>\r\n</audio>\r\n", Content_Type="application/unknownformat"),
        (415,),
    ),
    Torture(
        "regaut01",
        "3.3.7",
        lambda at: _request(at, "REGISTER", f"sip:{at.phone}", Authorization="NoOneKnows a=b"),
        (SILENCE, *NOT_FOR_US),
    ),
    Torture("multi01", "3.3.8", _several, MALFORMED),
    Torture(
        "mcl01",
        "3.3.9",
        lambda at: _request(at, "OPTIONS", body="There's no way to know\r\n", extra=["Content-Length: 5"]),
        (*MALFORMED, 480),
    ),
    Torture(
        "bcast",
        "3.3.10",
        lambda at: _response(at, "200 OK").replace(at.phone.encode(), b"255.255.255.255"),
        (SILENCE,),
    ),
    Torture("zeromf", "3.3.11", lambda at: _request(at, "OPTIONS", Max_Forwards="0"), (480, 483)),
    Torture(
        "cparam01",
        "3.3.12",
        lambda at: _request(
            at, "REGISTER", f"sip:{at.phone}", Contact=f"sip:+19725552222@{at.own};unknownparam"
        ),
        NOT_FOR_US,
    ),
    Torture(
        "cparam02",
        "3.3.13",
        lambda at: _request(at, "REGISTER", f"sip:{at.phone}", Contact=f"<sip:+1@{at.own};unknownparam>"),
        NOT_FOR_US,
    ),
    Torture(
        "regescrt",
        "3.3.14",
        lambda at: _request(at, "REGISTER", f"sip:{at.phone}", Contact=f"<sip:u@{at.own}?Route=%3Csip:x%3E>"),
        NOT_FOR_US,
    ),
    Torture("sdp01", "3.3.15", lambda at: _request(at, Accept="text/nobodyKnowsThis"), (RINGS, 406)),
    # RFC 4475 section 3.4: before RFC 3261
    Torture("inv2543", "3.4.1", _old, (RINGS,)),
    # RFC 5118 section 4: IPv6
    Torture(
        "ipv6-good",
        "4.1",
        lambda at: _request(at, "OPTIONS", From=f"<sip:caller@[2001:db8::9:255]>;tag={at.serial}"),
        (480,),
    ),
    Torture(
        "ipv6-bad", "4.2", lambda at: _request(at, "OPTIONS", "sip:2001:db8::10"), (*MALFORMED, 416, 403)
    ),
    Torture(
        "port-ambiguous",
        "4.3",
        lambda at: _request(at, "OPTIONS", "sip:[2001:db8::10:5070]"),
        (403, 404, 480),
    ),
    Torture(
        "port-unambiguous",
        "4.4",
        lambda at: _request(at, "OPTIONS", "sip:[2001:db8::10]:5070"),
        (403, 404, 480),
    ),
    Torture(
        "via-received-param-with-delim",
        "4.5",
        lambda at: _request(
            at,
            "OPTIONS",
            extra=["Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKx"],
        ),
        (480,),
    ),
    Torture(
        "via-received-param-no-delim",
        "4.5",
        lambda at: _request(
            at, "OPTIONS", extra=["Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKx"]
        ),
        (480,),
    ),
    Torture(
        "ipv6-in-sdp",
        "4.6",
        lambda at: _request(at, body=OFFER.replace("IN IP4 127.0.0.1", "IN IP6 2001:db8::20")),
        (RINGS, 488),
    ),
    Torture(
        "mult-ip-in-header",
        "4.7",
        lambda at: _request(
            at,
            "OPTIONS",
            extra=["Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa, SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKb"],
        ),
        (480,),
    ),
    Torture(
        "mult-ip-in-sdp",
        "4.8",
        lambda at: _request(
            at,
            body=OFFER + OFFER[OFFER.index("m=") :].replace("a=rtpmap", "c=IN IP6 2001:db8::1\r\na=rtpmap"),
        ),
        (RINGS, 488),
    ),
    Torture(
        "ipv4-mapped-ipv6",
        "4.9",
        lambda at: _request(at, body=OFFER.replace("IP4 127.0.0.1", "IP6 ::ffff:127.0.0.1")),
        (RINGS, 488),
    ),
    Torture(
        "ipv6-bug-abnf-3-colons",
        "4.10",
        lambda at: _request(at, "OPTIONS", "sip:[2001:db8:::192.0.2.1]"),
        (*MALFORMED, 403, 404, 480),
    ),
)
