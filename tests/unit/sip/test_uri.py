"""SIP addresses: RFC 3261 section 19.1, and what people type."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.sip import uri
from firmware.phone.sip.uri import SipUri, parse, same_address, target

TOKENS = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12)
HOSTS = st.one_of(
    st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?(\.[a-z]([a-z0-9-]{0,10}[a-z0-9])?){0,3}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip}]"),
)
USERS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20).filter(
    lambda text: not uri.unprintable(text)
)
PARAMS = st.dictionaries(
    TOKENS.filter(lambda name: name not in ("method", "maddr", "transport")),
    st.one_of(st.just(""), TOKENS),
    max_size=4,
)
URIS = st.builds(
    lambda scheme, user, host, port, params: SipUri(
        scheme, uri.escape(user) if user else "", host, port, tuple(params.items())
    ),
    st.sampled_from(["sip", "sips"]),
    st.one_of(st.just(""), USERS),
    HOSTS,
    st.one_of(st.none(), st.integers(1, 65535)),
    PARAMS,
)


@given(URIS)
def test_what_is_written_is_read_again(address: SipUri) -> None:
    assert parse(str(address)) == address


@given(USERS, HOSTS)
def test_any_name_survives_escaping(name: str, host: str) -> None:
    assert parse(str(SipUri("sip", uri.escape(name), host))).label == name


@given(st.one_of(st.text(), st.text('sip:@;?&=%0123456789abcdef[].<>"\r\n ').map(lambda text: f"sip:{text}")))
def test_any_text_is_refused_in_words_or_canonical(text: str) -> None:
    try:
        address = parse(text)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ""
    assert refusal.isprintable()
    if refusal:
        return
    written = str(address)
    assert parse(written) == address
    assert not set(written) & set(' <>"\r\n\t\x00')
    assert written.isascii()


@given(
    st.one_of(st.text(), st.text("+*#0123456789 -()abc@.:;=")),
    st.sampled_from(["", "phone.test"]),
    st.sampled_from(["tls", "tcp", "udp"]),
    st.booleans(),
)
def test_typed_text_never_leaves_by_another_transport(
    text: str, domain: str, transport: str, proxy: bool
) -> None:
    try:
        address = target(text, domain, transport, proxy)
    except UnicodeError:
        raise
    except ValueError:
        return
    assert address.transport in (None, transport)
    assert parse(str(address)) == address
    if transport != "udp" and not proxy:
        assert address.transport == transport


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("sip:alice@atlanta.com", "sip:alice@atlanta.com"),
        ("SIP:alice@AtLanTa.CoM;Transport=TCP", "sip:alice@atlanta.com;transport=tcp"),
        ("sip:%61lice@atlanta.com", "sip:alice@atlanta.com"),
        ("sip:j%c3%bcrgen@h.example", "sip:j%C3%BCrgen@h.example"),
        ("sip:alice;day=tuesday@atlanta.com", "sip:alice;day=tuesday@atlanta.com"),
        ("sip:a%3Bb@h.example", "sip:a%3Bb@h.example"),
        ("sip:+1-212-555-1212@gateway.com;user=phone", "sip:+1-212-555-1212@gateway.com;user=phone"),
        ("sip:127.0.0.1:5061;transport=tls;lr", "sip:127.0.0.1:5061;transport=tls;lr"),
        ("sip:bob@[2001:DB8::0:1]:5061", "sip:bob@[2001:db8::1]:5061"),
        ("sips:bob@phone.test.", "sips:bob@phone.test"),
    ],
)
def test_canonical_form(text: str, written: str) -> None:
    assert str(parse(text)) == written


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("alice@phone.test", 'does not begin with "sip:"'),
        ("http://phone.test", 'does not begin with "sip:"'),
        ("sip:", "host is missing"),
        ("sip:@phone.test", "one name before the @"),
        ("sip:a@b@phone.test", "one name before the @"),
        ("sip:alice:secret@phone.test", "has a password"),
        ("sip:alice@phone.test?Replaces=x", "carries header fields"),
        ("sip:alice@phone.test;method=BYE", "parameter method"),
        ("sip:alice@phone.test;maddr=10.0.0.1", "parameter maddr"),
        ("sip:alice@phone.test;lr;lr", "stands twice"),
        ("sip:alice@phone.test;", "is empty"),
        ("sip:alice@phone.test;transport=", "is empty"),
        ("sips:alice@phone.test;transport=udp", "always goes over TLS"),
        ("sip:alice@phone.test:0", "out of range"),
        ("sip:alice@phone.test:65536", "out of range"),
        ("sip:alice@phone.test:x", "not valid"),
        ("sip:alice@phone.test\r\nX-Evil: 1", "control character"),
        ("sip:alice%0d%0aX@phone.test", "hides a control character"),
        ("sip:alice%00@phone.test", "hides a control character"),
        ("sip:alice%e2%80%ae@phone.test", "hides a control character"),
        ("sip:alice%ff@phone.test", "not UTF-8"),
        ("sip:alice%4@phone.test", "write it as %25"),
        ("sip:al ice@phone.test", "write it as %20"),
        ("sip:alice@phone.test;x=<y>", "write it as %3C"),
        ("sip:alice@phone_test", "neither a host name nor an IP address"),
        ("sip:alice@127.0.0.256", "neither a host name nor an IP address"),
        ("sip:1002", "neither a host name nor an IP address"),
        ("sip:alice@[::g]", "IPv6 address is not valid"),
        ("sip:alice@[fe80::1%25eth0]", "IPv6 address is not valid"),
        ("sip:alice@münchen.example", "xn--"),
        ("sip:" + "a" * 600 + "@phone.test", "longer than 512 bytes"),
        ("sip:" + "ä" * 255 + "@h.example", "longer than 512 bytes"),
    ],
)
def test_refused_in_plain_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "text", ["sip:anna.secretive@a:b:c", "sip:anna.secretive:pw@x", "sip:anna.secretive@x_y"]
)
def test_a_refusal_does_not_repeat_the_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse(text)
    assert "secretive" not in str(caught.value)


@pytest.mark.parametrize(
    "parts",
    [
        ("sip", "a b", "phone.test"),
        ("sip", "alice", "Phone.Test"),
        ("sip", "alice>;tag=1", "phone.test"),
        ("sip", "%61lice", "phone.test"),
        ("tel", "alice", "phone.test"),
        ("sip", "alice", "phone.test", 0),
        ("sip", "alice", "phone.test", None, (("x", "<y>"),)),
        ("sip", "a" * 600, "phone.test"),
    ],
)
def test_an_address_that_could_break_a_message_cannot_be_made(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match=r"address|parameter"):
        SipUri(*parts)


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("1002", "sip:1002@phone.test"),
        ("bob", "sip:bob@phone.test"),
        (" bob ", "sip:bob@phone.test"),
        ("Jürgen", "sip:J%C3%BCrgen@phone.test"),
        ("*21*1002#", "sip:*21*1002%23@phone.test"),
        ("+49 (30) 123-45.67", "sip:+49301234567@phone.test"),
        ("030/123 45", "sip:03012345@phone.test"),
        ("bob@other.example", "sip:bob@other.example"),
        ("bob@other.example:5062", "sip:bob@other.example:5062"),
        ("sip:bob@host.example:5062", "sip:bob@host.example:5062"),
        ("sip:127.0.0.1:5071", "sip:127.0.0.1:5071"),
        ("tel:+49-30-1234567", "sip:+49301234567@phone.test"),
        ("TEL:112", "sip:112@phone.test"),
    ],
)
def test_what_people_type(typed: str, called: str) -> None:
    assert str(target(typed, "phone.test", "tls", via_proxy=True)) == called
    assert str(target(typed, "phone.test", "udp", via_proxy=False)) == called
    assert str(target(typed, "phone.test", "tls", via_proxy=False)) == f"{called};transport=tls"
    assert str(target(typed, "phone.test", "tcp", via_proxy=False)) == f"{called};transport=tcp"


def test_a_transport_that_is_given_is_not_given_again() -> None:
    assert str(target("sip:b@h.example;transport=tls", "", "tls", False)) == "sip:b@h.example;transport=tls"
    assert str(target("sips:b@h.example", "", "tls", False)) == "sips:b@h.example"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "is empty"),
        ("http://bob@host.example", '"http:" cannot be called'),
        ("mailto:bob@host.example", '"mailto:" cannot be called'),
        ("localhost:5071", '"localhost:" cannot be called'),
        ("127.0.0.1:5071", "full address"),
        ("127.0.0.1", "number or an IP address"),
        ("bob;transport=udp", "full address"),
        ("bob?x=y", "full address"),
        ("b:pw@host.example", '"b:" cannot be called'),
        ("1:pw@host.example", "full address"),
        ("tel:bob", "telephone number is not valid"),
        ("tel:+49301;phone-context=x", "telephone number is not valid"),
        ("bo\nb", "control character"),
    ],
)
def test_what_cannot_be_called(typed: str, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        target(typed, "phone.test", "tls", via_proxy=True)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "transport"),
    [
        ("sip:bob@h.example;transport=udp", "tls"),
        ("sip:bob@h.example;transport=TCP", "tls"),
        ("bob@h.example;transport=udp", "tls"),
        ("sip:bob@h.example;transport=ws", "tls"),
        ("sip:bob@h.example;transport=udp", "tcp"),
        ("sips:bob@h.example", "udp"),
    ],
)
def test_never_by_another_transport_than_the_configured_one(typed: str, transport: str) -> None:
    with pytest.raises(ValueError, match=f'sip.transport = "{transport}"'):
        target(typed, "phone.test", transport, via_proxy=True)


@pytest.mark.parametrize("typed", ["1002", "bob", "tel:+49301"])
def test_without_an_account_only_full_addresses(typed: str) -> None:
    with pytest.raises(ValueError, match="without an account only full addresses such as sip:name@host"):
        target(typed, "", "tls", via_proxy=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:bob@phone.test", "sip:bob@phone.test"),
        ("sip:%62ob@Phone.Test", "sip:bob@phone.test"),
        ("sip:bob@phone.test;transport=tls", "sip:bob@phone.test"),
        ("sip:bob@phone.test;transport=tls", "sip:bob@phone.test;transport=udp"),
        ("sip:bob@phone.test:5061", "sip:bob@phone.test"),
        ("sip:+49301@phone.test;user=phone", "sip:+49301@phone.test"),
        ("sip:bob@[2001:db8:0::1]", "sip:bob@[2001:db8::1]"),
    ],
)
def test_the_same_address(one: str, other: str) -> None:
    assert same_address(one, other)
    assert same_address(parse(other), one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:bob@phone.test", "sip:Bob@phone.test"),
        ("sip:bob@phone.test", "sip:bob@phone.example"),
        ("sip:bob@phone.test", "sips:bob@phone.test"),
        ("sip:bob@127.0.0.1:5071", "sip:bob@127.0.0.1:5072"),
        ("sip:bob@127.0.0.1:5071", "sip:bob@127.0.0.1"),
        ("sip:bob@127.0.0.1:5060", "sip:bob@127.0.0.1:5061"),
        ("sip:a;b@phone.test", "sip:a%3Bb@phone.test"),
        ("sip:bob@phone.test;x=1", "sip:bob@phone.test;x=2"),
        ("sip:phone.test", "sip:bob@phone.test"),
        ("no address", "no address"),
    ],
)
def test_another_address(one: str, other: str) -> None:
    assert not same_address(one, other)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("sip:bob@phone.test", "bob"),
        ("sip:J%C3%BCrgen@phone.test", "Jürgen"),
        ("sip:127.0.0.1:5071", "127.0.0.1:5071"),
        ("sip:phone.test", "phone.test"),
    ],
)
def test_label(text: str, label: str) -> None:
    assert parse(text).label == label


def test_parameters_are_found_by_name() -> None:
    address = parse("sip:h.example;LR;transport=TLS")
    assert address.param("lr") == ""
    assert address.transport == "tls"
    assert address.param("ttl") is None
