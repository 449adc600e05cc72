"""The one table of what phone.toml may say: each field is one option with type, kind, meaning and default.

Reading, checking, ``--dump-config`` and docs/configuration.md all follow from these classes.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from firmware.phone import providers
from firmware.phone.audio.cards import by_name
from firmware.phone.audio.countries import COUNTRIES, DEFAULT
from firmware.phone.audio.melodies import COUNTRY, NAMES
from firmware.phone.config_files import Files, KeyFile, Password, PemFile, Secret
from firmware.phone.config_kinds import Choice, Day, Flag, Number, Several, Text, Words
from firmware.phone.config_option import Option, Table, Tables
from firmware.phone.language.catalogue import CODES, ENGLISH
from firmware.phone.machine import dialplan, emergency, starcodes
from firmware.phone.machine.dialplan import Form, Rule
from firmware.phone.machine.screening import Ring, pattern
from firmware.phone.sip import uri
from firmware.phone.suggest import suggestion
from firmware.phone.values import MOST_ACCOUNTS, Encryption


def _user(text: str) -> str:
    if "@" in text or ":" in text:
        raise ValueError("is a whole address; write only the part before the @, the rest is the domain")
    if uri.parse(f"sip:{text}@localhost").user != text:
        raise ValueError("has escapes that are not needed; write the name as it is")
    return text


def _domain(text: str) -> str:
    if re.search(r"^sips?:|[@;]|^[^:]+:[0-9]+$|\]:", text):
        raise ValueError('is more than a domain; write it alone, such as "phone.example"')
    return uri.host_name(text)


def _address(text: str) -> str:
    return str(uri.parse(text))


def _server(text: str) -> str:
    server = uri.parse(text)
    if server.user:
        raise ValueError('names a person; write the server alone, such as "sip:proxy.example;lr"')
    return str(server)


def _authorities(content: bytes) -> None:
    # Imported here: the start of a phone without such a list need not pay for the cryptography.
    from firmware.phone.sip import authority

    authority.read(content)


def _signer(content: bytes) -> None:
    from firmware.phone.sip import authority

    if len(authority.read(content)) != 1:
        raise ValueError("holds more than one certificate; leave only the one of identity_key")


def _pin(text: str) -> str:
    if not re.fullmatch("sha256/[A-Za-z0-9+/]{43}=", text):
        raise ValueError('is no pin; write "sha256/" and the Base64 of the SHA-256 of the public key')
    return text


def _https(text: str) -> str:
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~!$&'()*+,=:@%/-]*)?", text):
        raise ValueError('is no address of a file on the web; write "https://phone.example/alice.pem"')
    return text


def _ldap(text: str) -> str:
    if not re.fullmatch(r"ldaps?://[A-Za-z0-9.-]+(?::[0-9]+)?/?", text):
        raise ValueError('is no address of a directory; write "ldaps://directory.example"')
    return text


def _local_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("is not an IP address; write one of this phone, or remove the line") from None


KNOWN_COUNTRIES = sorted(({*COUNTRIES} - {DEFAULT}) | {*emergency.NUMBERS} | {*starcodes.CODES})


def _country(text: str) -> str:
    if not re.fullmatch("[A-Z]{2}", text):
        raise ValueError('is not a country; write its two capital letters, such as "DE"')
    if text not in KNOWN_COUNTRIES:
        raise ValueError(f"has no table here; write one of {', '.join(KNOWN_COUNTRIES)}, or leave it out")
    return text


def _interface(text: str) -> str:
    try:
        found = ipaddress.ip_interface(text)
    except ValueError:
        found = None
    if found is None or "/" not in text:
        raise ValueError('is no address with the length of its network; write it like "192.0.2.5/24"')
    return str(found)


def _number(text: str) -> str:
    number = re.sub(r"[ ().\-/]", "", text)
    if not re.fullmatch(r"\+[1-9][0-9]{2,14}", number):
        raise ValueError('is no number with its country; write it like "+4930123456"')
    return number


def _resolver(text: str) -> str:
    address, hash_sign, name = text.partition("#")
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        number = None
    if not hash_sign or number is None:
        raise ValueError('is not the address and name of a server; write them like "9.9.9.9#dns.quad9.net"')
    return f"{number}#{uri.host_name(name)}"


def _own_resolver(text: str) -> str:
    host, _, port = text.rpartition(":")
    try:
        own = ipaddress.ip_address(host.strip("[]")).is_loopback and 0 < int(port) < 65536
    except ValueError:
        own = False
    if not own:
        raise ValueError('is not a resolver on this telephone; write it like "127.0.0.1:53"')
    return text


TIME_SERVERS = (
    "ptbtime1.ptb.de",
    "ptbtime2.ptb.de",
    "nts.netnod.se",
    "ntppool1.time.nl",
    "time.cloudflare.com",
)
"""Who gives the time with NTS, to anybody: two national authorities, an exchange, a registry, a network."""


def _pattern(text: str) -> str:
    dialplan.pattern(text)
    return text


def _keys(text: str) -> str:
    if not re.fullmatch(r"\+?[0-9*#]*", text):
        raise ValueError('has more than keys in it; write digits, such as "+49" or "00"')
    return text


_ADDRESS = Text("SIP address", _address)
_DEVICE = Text("ALSA name", by_name, longest=128)


def _prefix(text: str) -> str:
    if not re.fullmatch("[0-9*]{1,4}", text):
        raise ValueError('is not a prefix; write one to four digits or stars, such as "9" or "*9"')
    return text


def _provider(text: str) -> str:
    if text not in providers.names():
        near = suggestion(text, providers.names())
        raise ValueError(f"is a provider that is not known here{near}; sotto providers lists them")
    return text


@dataclass(frozen=True)
class Account:
    """The account at a provider. Leave the table out for direct calls only, without registration.

    For several accounts write `[[account]]` before each. Calls go by the first, unless a prefix or a key
    picks another, or the address has the domain of another. Presence and mailbox are those of the first.
    """

    user: Annotated[
        str,
        Option(Text(check=_user, longest=128), "Your name or number at the provider, before the @."),
    ]
    domain: Annotated[
        str,
        Option(
            Text("host name or IP address", _domain),
            "The provider's domain, which its certificate must name.",
        ),
    ]
    password: Annotated[
        Secret,
        Option(
            Password(),
            "The password of the account. A weakening in a file that others may read; `chmod 600` ends it.",
        ),
    ]
    auth_user: Annotated[
        str, Option(Text(), "The name to log in with, where the provider gives another one.", same_as="user")
    ] = ""
    outbound_proxy: Annotated[
        str,
        Option(
            Text("SIP address", _server, longest=256),
            "The server that takes every request, such as `sip:proxy.example;lr`. "
            "It is reached by `sip.transport`; an address that names another transport is refused.",
            absent="found by the domain",
        ),
    ] = ""
    display_name: Annotated[
        str,
        Option(
            Text(empty=True, longest=64),
            "Your name, as others see it when the privacy switch lets it pass.",
            absent="none",
        ),
    ] = ""
    numbers: Annotated[
        tuple[str, ...],
        Option(
            Several(Text("telephone number", _number, longest=32)),
            'Your telephone numbers with country, such as `"+4930123456"`: a proof of who calls (STIR) '
            "counts only when it was made for one of them or for `user@domain`.",
            absent="none",
        ),
    ] = ()
    privacy: Annotated[
        tuple[str, ...],
        Option(
            Words(Choice.of("id", "user", "header", "session", "critical")),
            "What an anonymous call asks of the provider in its Privacy header (RFC 3323, RFC 3325). "
            '`"critical"` makes calls fail where the provider cannot grant it.',
        ),
    ] = ("id",)
    preferred_identity: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: an anonymous call tells the provider, and it alone, who calls (P-Preferred-Identity, "
            'only over TLS and with `privacy` `"id"`). A weakening; only where the provider asks for it.',
        ),
    ] = False
    pin: Annotated[
        tuple[str, ...],
        Option(
            Several(Text("pin", _pin, longest=64)),
            'The server must prove one of these keys, such as `"sha256/…="` (Base64 of the SHA-256 of the '
            "public key, of its certificate or of one that vouches for it), beside a certificate that is "
            "good. Write a second one of a key in reserve: a server that changes its key is refused.",
            absent="any key of the provider's certificate",
        ),
    ] = ()
    identity_cert: Annotated[
        Path | None,
        Option(
            PemFile("CERTIFICATE", check=_signer),
            "The certificate by which you prove who calls (STIR, RFC 8224), for an EC key on P-256: it names "
            "your `domain`, or your number. Calls with the privacy switch on open are signed; private ones "
            "never. Needs `identity_key` and `identity_url`.",
            absent="none: calls are not signed",
        ),
    ] = None
    identity_key: Annotated[
        Path | None,
        Option(
            KeyFile(),
            "Its private key, without a passphrase; nobody but the phone's user may be able to read it "
            "(`chmod 600`).",
            absent="none",
        ),
    ] = None
    identity_url: Annotated[
        str,
        Option(
            Text("https address", _https, longest=256),
            "Where those who are called find that certificate; nothing is fetched by this phone.",
            absent="none",
        ),
    ] = ""

    number_form: Annotated[
        Form,
        Option(
            Choice.of_enum(Form),
            'How a dialled number goes to this provider: as it was dialled, `"international"` (`+4930…`), or '
            '`"national"` as people dial in `phone.country`. The display shows it before the call.',
        ),
    ] = Form.DIALLED
    name: Annotated[
        str,
        Option(
            Text(empty=True, longest=20),
            "Of several accounts: what the display calls this one.",
            absent="`user@domain`",
        ),
    ] = ""
    prefix: Annotated[
        str,
        Option(
            Text("digits or stars", _prefix, empty=True, longest=8),
            "Of several accounts: a number that is dialled after these keys goes by this one, without them.",
            absent="none",
        ),
    ] = ""
    transport: Annotated[
        Literal["", "tls", "tcp", "udp"],
        Option(
            Choice.of("tls", "tcp", "udp"),
            'How this account\'s signalling travels; anything but `"tls"` is a weakening, logged and shown.',
            absent="that of `sip.transport`",
        ),
    ] = ""
    ports: Annotated[
        tuple[int, ...],
        Option(
            Several(Number(1, 65535, whole=True)),
            "Ports beside the usual one (5061 for TLS) at which the provider's servers may be, as its SRV "
            "records name them. Others are not followed: the firewall lets nothing pass to them.",
            absent="the usual one alone",
        ),
    ] = ()
    emergency: Annotated[
        Literal["digits", "urn"],
        Option(
            Choice.of("digits", "urn"),
            'How an emergency call names the service: `"urn"` as `urn:service:sos` (RFC 5031) first, and as '
            "digits where that is refused. `sotto selftest` says whether the provider takes it.",
        ),
    ] = "digits"
    provider: Annotated[
        str,
        Option(
            Text("name of a profile", _provider, empty=True, longest=32),
            "Fills in what you do not write of this account ([which there are](providers.md)).",
            absent="nothing is filled in",
        ),
    ] = ""
    accept_weaker: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: `provider` may also fill in what is weaker than the defaults: another transport than "
            'TLS, and `media.encryption = "provider"`, which counts for every account.',
        ),
    ] = False

    @property
    def label(self) -> str:
        """What the display calls this account."""
        return self.name or f"{self.user}@{self.domain}"

    @property
    def address(self) -> str:
        """The address of record, such as ``sip:alice@phone.test``."""
        return str(uri.SipUri("sip", self.user, self.domain))


@dataclass(frozen=True)
class Sip:
    """How call signalling travels."""

    transport: Annotated[
        Literal["tls", "tcp", "udp"],
        Option(Choice.of("tls", "tcp", "udp"), 'Anything but `"tls"` is a weakening, logged and shown.'),
    ] = "tls"
    bind: Annotated[
        str, Option(Text("IP address", _local_address, empty=True), "The local address to use.", absent="any")
    ] = ""
    port: Annotated[
        int | None,
        Option(Number(0, 65535, whole=True, hint="0 = any"), "The local port.", absent="chosen by the phone"),
    ] = None
    ca_file: Annotated[
        Path | None,
        Option(
            PemFile("CERTIFICATE"), "The authorities that vouch for servers.", absent="those of the system"
        ),
    ] = None
    cert_file: Annotated[
        Path | None,
        Option(
            PemFile("CERTIFICATE"),
            "The phone's own certificate, for direct calls. Needs `key_file`.",
            absent="none",
        ),
    ] = None
    key_file: Annotated[
        Path | None,
        Option(
            PemFile("PRIVATE KEY", private=True),
            "Its private key, without a passphrase; other users of the machine must not be able to read it.",
            absent="none",
        ),
    ] = None


@dataclass(frozen=True)
class Media:
    """How speech is protected and coded."""

    encryption: Annotated[
        Encryption,
        Option(
            Choice.of_enum(Encryption),
            'The least protection of a call. `"provider"` (SDES over TLS is enough) is a weakening.',
        ),
    ] = Encryption.END_TO_END
    allow_clear: Annotated[
        bool, Option(Flag(), "`true`: a call in clear after consent on the keypad. A weakening.")
    ] = False
    codecs: Annotated[
        tuple[str, ...],
        Option(Words(Choice.of("opus", "g722", "pcma", "pcmu")), "The codecs to offer and accept."),
    ] = ("opus", "g722", "pcma", "pcmu")


@dataclass(frozen=True)
class Audio:
    """The sound devices, by their ALSA names. `"null"` is none."""

    playback: Annotated[str, Option(_DEVICE, "The earpiece.")] = "default"
    capture: Annotated[str, Option(_DEVICE, "The microphone.")] = "default"
    mixer: Annotated[str, Option(_DEVICE, "The volume control.")] = "default"
    ringer: Annotated[str, Option(_DEVICE, "The loudspeaker that rings.", same_as="playback")] = "default"
    hands_free: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: the microphone hears the loudspeaker, so the echo is cancelled. Not for a handset: it "
            "would only hurt speech.",
        ),
    ] = False


@dataclass(frozen=True)
class Display:
    """The display."""

    brightness: Annotated[
        int, Option(Number(1, 100, whole=True, hint="percent"), "How bright it is while it is used.")
    ] = 50
    dim_after: Annotated[
        int,
        Option(
            Number(0, 86_400, whole=True, hint="0 = never"),
            "Seconds after which an idle display is dimmed and its picture moves about, so that it does not "
            "burn in.",
        ),
    ] = 60
    large_type: Annotated[
        bool, Option(Flag(), "Larger letters, and fewer lines of them, for eyes that need them.")
    ] = False


@dataclass(frozen=True)
class Watcher:
    """A person who may see your presence while the privacy switch is open. It needs an account over TLS."""

    uri: Annotated[str, Option(_ADDRESS, "Who.")]
    shows: Annotated[
        Literal["open-closed", "in-call"],
        Option(
            Choice.of("open-closed", "in-call"),
            "What they see: whether you can be reached, or also whether you are in a call.",
        ),
    ] = "open-closed"
    until: Annotated[date | None, Option(Day(), "The last day of the grant.", absent="no end")] = None


@dataclass(frozen=True)
class Block:
    """A caller who is refused with 607 Unwanted (RFC 8197). Contacts always ring."""

    uri: Annotated[
        str,
        Option(
            Text("address, domain or number", pattern),
            "`sip:name@host`, `sip:host` for a whole domain, a number, or the beginning of numbers with a "
            "`*`, such as `+49900*`.",
        ),
    ]


@dataclass(frozen=True)
class Privacy:
    """What is off by default. What the two positions of the switch mean is fixed and not configured."""

    history_hours: Annotated[
        int,
        Option(
            Number(0, 8760, whole=True, hint="0 = no call history"),
            "How long a call stays in the history, at most the last 100. Each is encrypted with its own key, "
            "which is destroyed in time; back at 0, all of it is destroyed at the next start.",
        ),
    ] = 0
    anonymous_callers: Annotated[
        Ring,
        Option(
            Choice.of_enum(Ring),
            'Callers who do not want to be known: `"silent"` shows the call without a bell, '
            '`"refuse"` tells them that this phone takes no anonymous calls (433, RFC 5079).',
        ),
    ] = Ring.SILENT
    forwarded_callers: Annotated[
        Ring,
        Option(
            Choice.of_enum(Ring),
            "Calls that somebody else whom they were for had sent on to you, your contacts' too, where the "
            'network says so (RFC 5806, RFC 7044): `"silent"` shows them without a bell, `"refuse"` declines '
            "them (603).",
        ),
    ] = Ring.RING
    unknown_callers: Annotated[
        Ring,
        Option(
            Choice({way.value: way for way in (Ring.RING, Ring.SILENT)}),
            "Callers who are not in the contacts, or whose proof of identity is false.",
        ),
    ] = Ring.RING
    caller_certificates: Annotated[
        Path | None,
        Option(
            PemFile("CERTIFICATE", check=_authorities),
            "The certificates that may vouch for callers (STIR, RFC 8226), each with an EC key on P-256. A "
            "line `x5u: https://…` before one says how proofs name it; nothing is ever fetched.",
            absent="none: no caller is shown as verified",
        ),
    ] = None
    watchers: Annotated[tuple[Watcher, ...], Option(Tables(Watcher), key="watcher")] = ()
    blocks: Annotated[tuple[Block, ...], Option(Tables(Block), key="block")] = ()


@dataclass(frozen=True)
class Contact:
    """An entry of the phone book."""

    name: Annotated[str, Option(Text(longest=64), "What the display shows.")]
    uri: Annotated[str, Option(_ADDRESS, "Whom to call.")]
    speed_dial: Annotated[
        int | None, Option(Number(0, 99, whole=True), "The short number; each only once.", absent="none")
    ] = None
    group: Annotated[
        str,
        Option(
            Text(empty=True, longest=64),
            "The group that the contact belongs to: it may ring with a melody of its own (`[[ring]]`).",
            absent="none",
        ),
    ] = ""
    busy_lamp: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: ask their telephone whether it rings or is busy (RFC 4235), while the privacy switch is "
            "on open: they learn that you ask. A call that rings there can be taken here.",
        ),
    ] = False


@dataclass(frozen=True)
class CardDav:
    """Address books of a CardDAV server (RFC 6352), read when you ask for it, never written."""

    url: Annotated[
        str,
        Option(
            Text("https address", _https, longest=256),
            "The address book, or the server, such as `https://cloud.example/`.",
        ),
    ]
    user: Annotated[str, Option(Text(longest=128), "The name to log in with.")]
    password: Annotated[Secret, Option(Password(), "The password.")]
    ca_file: Annotated[
        Path | None,
        Option(PemFile("CERTIFICATE"), "The authority that vouches for the server.", absent="the system's"),
    ] = None


@dataclass(frozen=True)
class Ldap:
    """A directory (LDAP, RFC 4511), read when you ask for it, never written."""

    url: Annotated[
        str,
        Option(
            Text("ldaps or ldap address", _ldap, longest=256),
            "The server, such as `ldaps://directory.example`; `ldap:` begins with StartTLS, never without.",
        ),
    ]
    base: Annotated[str, Option(Text(longest=256), "Where to look, such as `ou=people,dc=example,dc=org`.")]
    search: Annotated[
        str,
        Option(Text(longest=512), "Who is wanted (a filter of RFC 4515)."),
    ] = "(|(telephoneNumber=*)(mobile=*)(homePhone=*)(ipPhone=*))"
    user: Annotated[
        str, Option(Text(empty=True, longest=256), "The name to log in with.", absent="without a name")
    ] = ""
    password: Annotated[Secret | None, Option(Password(), "The password.", absent="none")] = None
    ca_file: Annotated[
        Path | None,
        Option(PemFile("CERTIFICATE"), "The authority that vouches for the server.", absent="the system's"),
    ] = None


@dataclass(frozen=True)
class Book:
    """More contacts than `[[contact]]`: kept encrypted, found by their names on the keypad."""

    files: Annotated[
        tuple[Path, ...],
        Option(Files(), "vCard files, read at start and when you ask for it.", absent="none"),
    ] = ()
    carddavs: Annotated[tuple[CardDav, ...], Option(Tables(CardDav), key="carddav")] = ()
    ldaps: Annotated[tuple[Ldap, ...], Option(Tables(Ldap), key="ldap")] = ()


@dataclass(frozen=True)
class Dial:
    """What is sent for some numbers. The first that matches counts; emergency numbers never change."""

    match: Annotated[
        str,
        Option(
            Text("pattern", _pattern, longest=64),
            "Which numbers: keys, `X` for any digit, `[2-9]` for one of some, `.` at the end for any more "
            "digits, such as `0[1-9].`.",
        ),
    ]
    strip: Annotated[int, Option(Number(0, 32, whole=True), "How many keys are taken away at the front.")] = 0
    prefix: Annotated[
        str, Option(Text("keys", _keys, empty=True, longest=32), "What is put there.", absent="nothing")
    ] = ""
    country: Annotated[
        str,
        Option(
            Text("two capital letters (ISO 3166)", _country, empty=True),
            "Only where `phone.country` is this.",
            absent="everywhere",
        ),
    ] = ""
    at_once: Annotated[
        bool,
        Option(Flag(), "`true`: such a number is complete, and called without waiting for `digit_timeout`."),
    ] = False
    account: Annotated[
        str,
        Option(
            Text(empty=True, longest=20),
            "Only in calls by the account of this `name`.",
            absent="by every account",
        ),
    ] = ""

    @property
    def rule(self) -> Rule:
        return Rule(dialplan.pattern(self.match), self.strip, self.prefix, self.at_once)


@dataclass(frozen=True)
class Ringing:
    """What calls of a group of contacts ring with. A caller who is anonymous or forged belongs to none."""

    group: Annotated[str, Option(Text(longest=64), "The group, as in `contact.group`.")]
    melody: Annotated[str, Option(Choice.of(*NAMES), "What it rings with; see `phone.melody`.")]


@dataclass(frozen=True)
class Phone:
    """How the telephone behaves."""

    country: Annotated[
        str,
        Option(
            Text("two capital letters (ISO 3166)", _country, empty=True),
            "Whose call-progress tones to play, and whose star codes and emergency numbers to know, such as "
            '`"DE"`.',
            absent="the tones of ITU-T E.180; codes and numbers that count everywhere",
        ),
    ] = ""
    digit_timeout: Annotated[
        float, Option(Number(1, 60), "Seconds from the last digit to the call; `#` places it at once.")
    ] = 4.0
    no_answer_timeout: Annotated[
        float, Option(Number(5, 600), "Seconds until a call that nobody answers is given up.")
    ] = 60.0
    missed_calls_light: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: the message light blinks after a missed call until the handset is lifted. Everybody in "
            "the room sees it.",
        ),
    ] = False
    melody: Annotated[
        str,
        Option(
            Choice.of(*NAMES),
            'What the telephone rings with; `"country"` is two notes in the cadence of the country.',
        ),
    ] = COUNTRY
    call_waiting: Annotated[
        bool,
        Option(Flag(), "A second caller waits, and a tone tells of it; `false`: they are told busy."),
    ] = True
    transfers: Annotated[
        bool,
        Option(
            Flag(),
            "The far end of a call may ask you to be connected to somebody else: the display asks, and "
            "nothing is dialled before you say so. `false`: it is refused. Either way, somebody to whom a "
            "call with you is transferred takes the other end's place: a sound and the display tell of it.",
        ),
    ] = True
    redial_minutes: Annotated[
        int,
        Option(
            Number(0, 1440, whole=True, hint="0 = no redial"),
            "How long the number dialled last, and that of the last caller, are kept in memory for redial "
            "and call-back.",
        ),
    ] = 10
    mailbox: Annotated[
        str,
        Option(Text(longest=256), "The number or address of your mailbox, for one key.", absent="none"),
    ] = ""
    messages: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: ask the provider for the number of messages in the mailbox (RFC 3842); light and "
            "display tell of new ones.",
        ),
    ] = False
    forward_always: Annotated[
        str, Option(Text(longest=256), "Every caller is told to call this number or address.", absent="none")
    ] = ""
    forward_busy: Annotated[
        str,
        Option(Text(longest=256), "The same, while no second call can wait.", absent="none"),
    ] = ""
    forward_no_answer: Annotated[
        str, Option(Text(longest=256), "The same, when nobody answers in time.", absent="none")
    ] = ""
    forward_after: Annotated[
        float, Option(Number(5, 120), "Seconds that a call rings before it is forwarded.")
    ] = 20.0
    lock: Annotated[
        bool,
        Option(
            Flag(),
            "The keypad can be locked with a PIN, which is chosen at the keypad. `false`: it cannot, and a "
            "PIN that was chosen is destroyed at the next start: the way out for who has forgotten it.",
        ),
    ] = True
    lock_after: Annotated[
        int,
        Option(
            Number(0, 1440, whole=True, hint="0 = never"),
            "Minutes without use after which the keypad locks itself, where there is a PIN.",
        ),
    ] = 0
    language: Annotated[
        str,
        Option(
            Choice.of(*CODES),
            "What the display speaks (ISO 639-1). `sotto screen` says what the display shows; all else that "
            "`sotto` prints is English.",
        ),
    ] = ENGLISH


@dataclass(frozen=True)
class Accessibility:
    """Help for who sees, hears or presses keys with difficulty. Each can be set at the keypad too."""

    slow_keys: Annotated[
        int,
        Option(
            Number(0, 2000, whole=True, hint="0 = at once"),
            "Milliseconds that a key has to be held until it counts; a shorter touch is none.",
        ),
    ] = 0
    light_sounds: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: every light sounds too, a rising chirp when it is lit and a falling one when it goes "
            "dark; the dial tone stutters while messages wait.",
        ),
    ] = False
    sound_lights: Annotated[
        bool,
        Option(Flag(), "`true`: every tone in the handset is seen too: the ringing light shows it."),
    ] = False
    speech: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: digits, menus and questions are read aloud (espeak-ng), in the earpiece while the "
            "handset is lifted, else from the ringer, where everybody in the room hears them.",
        ),
    ] = False
    text: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: real-time text (RFC 4103): what both type in a call is seen while it is typed. It is "
            "offered to the far end, and taken from it, once the speech is protected, and protected as it "
            "is.",
        ),
    ] = False


@dataclass(frozen=True)
class Network:
    """How the flashed telephone is in its wired network, and where it asks for names and the time."""

    dns: Annotated[
        tuple[str, ...],
        Option(
            Several(Text("server", _resolver, longest=300)),
            "The servers that are asked for names, over TLS alone, each with its address and its "
            'certificate\'s name, such as `"9.9.9.9#dns.quad9.net"`.',
            absent="the network's own server, unencrypted",
        ),
    ] = ()
    time: Annotated[
        tuple[str, ...],
        Option(
            Several(Text("host name", uri.host_name, longest=253)),
            "The servers that are asked for the time; each has to prove who it is (NTS, RFC 8915), and three "
            "have to agree.",
        ),
    ] = TIME_SERVERS
    resolver: Annotated[
        str,
        Option(
            Text("address and port", _own_resolver, longest=64),
            "A resolver on this telephone that looks up where the servers of a provider are, such as "
            '`"127.0.0.1:53"`. One elsewhere is refused: it would be asked in clear.',
            absent="the system's own",
        ),
    ] = ""
    address: Annotated[
        tuple[str, ...],
        Option(
            Several(Text("address and length", _interface, longest=64)),
            'Fixed addresses instead of DHCP, such as `"192.0.2.5/24"` or `"2001:db8::5/64"`. Needs `dns`: '
            "nobody else says then who knows the names.",
            absent="anonymous DHCP, and router advertisements",
        ),
    ] = ()
    gateway: Annotated[
        tuple[str, ...],
        Option(
            Several(Text("IP address", _local_address, longest=64)),
            "Of fixed addresses: the routers, one for IPv4 and one for IPv6.",
            absent="none",
        ),
    ] = ()
    vlan: Annotated[
        int,
        Option(
            Number(0, 4094, whole=True, hint="0 = none"),
            "The number of the network on the same cable (IEEE 802.1Q) that the telephone is in.",
        ),
    ] = 0
    lldp: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: listen to what switches say of themselves (LLDP), for `networkctl lldp`. Nothing of the "
            "kind is ever sent.",
        ),
    ] = False
    priority: Annotated[
        bool,
        Option(
            Flag(),
            "`true`: speech is marked EF and signalling CS3 (RFC 2474), so that a network can carry them "
            "first. Everybody on the way then sees which packets they are.",
        ),
    ] = False


@dataclass(frozen=True)
class Guest:
    """The account of guest mode (hold `*` for four seconds): one to throw away, or none.

    Without `domain` there are direct calls alone. Calls for help go by your own accounts.
    """

    domain: Annotated[
        str,
        Option(
            Text("host name or IP address", _domain, empty=True),
            "The domain of a provider that guests may use.",
            absent="no account",
        ),
    ] = ""
    user: Annotated[
        str,
        Option(
            Text(check=_user, empty=True, longest=128),
            "Its user name. The provider knows by it that two guest periods are of one telephone.",
            absent="another one each time, by chance",
        ),
    ] = ""
    password: Annotated[
        Secret | None, Option(Password(), "Its password, where the provider asks for one.", absent="none")
    ] = None
    outbound_proxy: Annotated[
        str,
        Option(
            Text("SIP address", _server, empty=True, longest=256),
            "The server that takes every request, as in `account.outbound_proxy`.",
            absent="found by the domain",
        ),
    ] = ""


@dataclass(frozen=True)
class Config:
    """All that phone.toml says, with the defaults filled in.

    ``source`` is the file; None without one. ``password_exposed``: it holds the password itself, and others
    than its owner may read it. ``more``: the accounts after the first. ``as_guest``: it is one of a guest
    period (``guest.config``); ``helpers``: the accounts that only a call for help goes by then.
    ``profiled``: what profiles of providers filled in and what they did not, for people.
    """

    account: Annotated[
        Account | None,
        Option(Table(Account, optional=True, most=MOST_ACCOUNTS), absent="direct calls only"),
    ] = None
    sip: Annotated[Sip, Option(Table(Sip))] = Sip()
    media: Annotated[Media, Option(Table(Media))] = Media()
    audio: Annotated[Audio, Option(Table(Audio))] = Audio()
    display: Annotated[Display, Option(Table(Display))] = Display()
    privacy: Annotated[Privacy, Option(Table(Privacy))] = Privacy()
    contacts: Annotated[tuple[Contact, ...], Option(Tables(Contact), key="contact")] = ()
    phone: Annotated[Phone, Option(Table(Phone))] = Phone()
    accessibility: Annotated[Accessibility, Option(Table(Accessibility))] = Accessibility()
    network: Annotated[Network, Option(Table(Network))] = Network()
    rings: Annotated[tuple[Ringing, ...], Option(Tables(Ringing), key="ring")] = ()
    book: Annotated[Book, Option(Table(Book))] = Book()
    dials: Annotated[tuple[Dial, ...], Option(Tables(Dial), key="dial")] = ()
    guest: Annotated[Guest, Option(Table(Guest))] = Guest()
    source: Path | None = None
    password_exposed: bool = False
    more: tuple[Account, ...] = ()
    helpers: tuple[Account, ...] = ()
    as_guest: bool = False
    profiled: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[Account | None, ...]:
        """All that calls go by, by their numbers: the accounts (None: direct calls), then the helpers."""
        return (*(self.accounts or (None,)), *self.helpers)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts, the first one first."""
        return () if self.account is None else (self.account, *self.more)

    def transport_of(self, account: Account) -> Literal["tls", "tcp", "udp"]:
        """How the signalling of this account travels."""
        return account.transport or self.sip.transport
