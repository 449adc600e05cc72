"""Who calls, from raw messages: sources and their priority, anonymity, hostile headers."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.clock import FakeClock
from firmware.phone.config import Account, Config, Privacy, Secret
from firmware.phone.sip import identity
from firmware.phone.sip.proofs import check_of
from firmware.phone.values import Party, Trust
from tests.unit.sip.passports import NOW, Signer

FROM = 'From: "Bob" <sip:bob@phone.test>;tag=1'
BOB = Party("sip:bob@phone.test", "Bob")


def invite(*lines: str) -> str:
    return "\r\n".join(["INVITE sip:alice@10.0.0.1 SIP/2.0", *lines, "Content-Length: 0", "", "From: body"])


def caller(*lines: str, trusted: bool = True) -> Party:
    return identity.caller(invite(*lines), trusted=trusted, domain="phone.test")


def asserted(uri: str, name: str = "Bob") -> Party:
    return Party(uri, name, Trust.ASSERTED)


def test_from_is_only_a_claim() -> None:
    assert caller(FROM) == BOB
    assert BOB.trust is Trust.CLAIMED


def test_the_provider_s_word_comes_before_from() -> None:
    assert caller(FROM, "P-Asserted-Identity: <sip:robert@phone.test>") == asserted("sip:robert@phone.test")
    named = 'P-Asserted-Identity: "Robert" <sip:robert@phone.test>'
    assert caller(FROM, named) == asserted("sip:robert@phone.test", "Robert")


def test_nobody_but_the_provider_asserts() -> None:
    """An INVITE from elsewhere, or over an unprotected transport, can bear the header as well."""
    assert caller(FROM, "P-Asserted-Identity: <sip:bank@phone.test>", trusted=False) == BOB


def test_remote_party_id_is_no_source() -> None:
    assert caller(FROM, "Remote-Party-ID: <sip:bank@phone.test>;screen=yes") == BOB


@pytest.mark.parametrize(
    ("lines", "uri"),
    [
        (["P-Asserted-Identity: tel:+49-30-901820"], "sip:+4930901820@phone.test"),
        (["P-Asserted-Identity: <tel:+4930901820>, <sip:robert@phone.test>"], "sip:robert@phone.test"),
        (
            [
                "P-Asserted-Identity: <tel:+4930901820>",
                'p-asserted-identity : "A, B" <sip:robert@phone.test>',
            ],
            "sip:robert@phone.test",
        ),
    ],
)
def test_address_and_number_asserted_together(lines: list[str], uri: str) -> None:
    party = caller(FROM, *lines)
    assert (party.uri, party.trust) == (uri, Trust.ASSERTED)


@pytest.mark.parametrize(
    "value",
    [
        "<sip:a@phone.test>, <sip:b@phone.test>",
        "<tel:+491>, <tel:+492>",
        "<mailto:a@phone.test>",
        "<sip:a@phone.test>, <sips:b@phone.test>",
        "",
        '"',
        "<sip:a@phone.test>" + "x" * 3000,
    ],
)
def test_an_assertion_that_contradicts_itself_is_none(value: str) -> None:
    assert caller(FROM, f"P-Asserted-Identity: {value}") == BOB


@pytest.mark.parametrize(
    "privacy", ["id", "user", "ID", "header;id", "session; user ;critical", "id,header", "\r\n id"]
)
@pytest.mark.parametrize("trusted", [True, False])
def test_who_asks_for_privacy_has_it(privacy: str, trusted: bool) -> None:
    pai = "P-Asserted-Identity: <sip:bob@phone.test>"
    party = caller(FROM, pai, f"Privacy: {privacy}", trusted=trusted)
    assert party == identity.ANONYMOUS
    assert "bob" not in repr(party)


@pytest.mark.parametrize("privacy", ["none", "header", "session;critical", "history", "identity"])
def test_other_privacy_does_not_hide_the_caller(privacy: str) -> None:
    assert caller(FROM, f"Privacy: {privacy}") == BOB


@pytest.mark.parametrize(
    "uri",
    [
        "sip:anonymous@anonymous.invalid",
        "sip:Anonymous@Anonymous.Invalid;transport=tls",
        "sip:anonymous@phone.test",
        "sip:unknown@phone.test",
        "sip:restricted@10.0.0.1:5060",
        "sip:unavailable@unknown.invalid",
        "sips:anonymous@phone.test",
        "sip:thisDoesNotMatter@anonymous.invalid",
        "sip:anonymous.invalid",
        "",
    ],
)
def test_anonymous_addresses(uri: str) -> None:
    assert caller(f'From: "Your bank" <{uri}>;tag=1') == identity.ANONYMOUS
    assert caller(FROM, f"P-Asserted-Identity: <{uri or 'sip:'}>") == identity.ANONYMOUS


def test_anonymous_towards_us_stays_so_though_the_provider_tells() -> None:
    hidden = 'From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1'
    assert caller(hidden, "P-Asserted-Identity: <sip:bob@phone.test>") == identity.ANONYMOUS


def test_a_name_alone_hides_nobody() -> None:
    assert caller('From: "Anonymous" <sip:bob@phone.test>') == Party("sip:bob@phone.test", "Anonymous")
    assert not caller("From: <sip:anonymous2@phone.test>").anonymous


@pytest.mark.parametrize(
    "line",
    [
        'f: "Bob" <sip:bob@phone.test>;tag=1',
        'F : "Bob"\r\n  <sip:bob@phone.test>\r\n\t;tag=1',
        'from:"B\\o\\b" <sip:bob@phone.test>',
        "FROM: Bob <sip:bob@phone.test>",
        "From: Bob<sip:bob@PHONE.test>;tag=a;x=<y>",
    ],
)
def test_forms_of_one_header(line: str) -> None:
    assert caller(line) == BOB


def test_bare_address() -> None:
    assert caller("From: sip:bob@phone.test;tag=1") == Party("sip:bob@phone.test")
    assert caller("From: tel:+49(30)901820;tag=1") == Party("sip:+4930901820@phone.test")
    direct = identity.caller(invite("From: tel:+4930901820"), trusted=False)
    assert direct == Party("tel:+4930901820")


def test_a_quoted_address_in_the_name_is_not_the_address() -> None:
    party = caller('From: "bank <sip:bank@phone.test>" <sip:eve@phone.test>')
    assert (party.uri, party.name) == ("sip:eve@phone.test", "bank <sip:bank@phone.test>")


@pytest.mark.parametrize(
    "lines", [[], [FROM, FROM], [FROM, "f: <sip:eve@phone.test>"], ["From: " + "x" * 3000]]
)
def test_none_two_or_endless_callers_are_nobody(lines: list[str]) -> None:
    assert caller(*lines) == identity.ANONYMOUS


def test_headers_in_the_body_do_not_count() -> None:
    assert caller("Subject: x") == identity.ANONYMOUS


def test_name_and_address_are_harmless_to_show() -> None:
    party = caller('From: "\u202eknaB\x1b[2J" <sip:\u2066x\x00y@203.0.113.9>')
    assert party.name.isprintable()
    assert party.uri.isprintable()


@given(st.text(max_size=3000), st.booleans())
def test_any_text_is_somebody_or_nobody(text: str, trusted: bool) -> None:
    for message in (text, invite(f"From: {text}"), invite(FROM, f"P-Asserted-Identity: {text}")):
        party = identity.caller(message, trusted=trusted, domain="phone.test")
        assert len(party.uri) <= identity.LONGEST_URI
        assert len(party.name) <= 64


@pytest.mark.parametrize(
    "nasty",
    [
        " " * 60_000 + "x",
        '"' * 60_000,
        '"\\' * 30_000,
        "\\" * 60_000,
        "<" * 60_000,
        ",<" * 30_000,
        "a b" * 20_000,
    ],
)
def test_hostile_text_is_read_quickly(nasty: str) -> None:
    start = time.process_time()
    caller(f"From: {nasty}", f"P-Asserted-Identity: {nasty}", f"Privacy: {nasty}", f"Identity: {nasty}")
    caller(FROM, *[f"P-Asserted-Identity: {nasty[:2000]}"] * 30)
    caller(*["\r\n ".join(["x"] * 20_000)] * 2)
    assert time.process_time() - start < 2


# --- with proofs -------------------------------------------------------------------------------------


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def check(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> identity.Check:
    file = tmp_path_factory.mktemp("signers") / "signers.pem"
    file.write_bytes(signer.pem)
    config = Config(
        account=Account("alice", "phone.test", Secret("x")), privacy=Privacy(caller_certificates=file)
    )
    found = check_of(config, FakeClock(NOW))
    assert found is not None
    return found


def proven(check: identity.Check, *lines: str, trusted: bool = True) -> Party:
    return identity.caller(invite(*lines), trusted=trusted, domain="phone.test", check=check)


@pytest.mark.parametrize("name", ["Identity", "y", "identity "])
def test_a_proven_caller(check: identity.Check, signer: Signer, name: str) -> None:
    party = proven(check, FROM, f"{name}: {signer.identity()}", trusted=False)
    assert party == Party("sip:bob@phone.test", "Bob", Trust.VERIFIED)


def test_a_proof_outranks_the_provider(check: identity.Check, signer: Signer) -> None:
    pai = "P-Asserted-Identity: <sip:gateway@phone.test>"
    party = proven(check, FROM, pai, f"Identity: {signer.identity()}")
    assert (party.uri, party.trust) == ("sip:bob@phone.test", Trust.VERIFIED)


def test_a_false_proof_makes_a_stranger(check: identity.Check, signer: Signer) -> None:
    """Even of somebody whom the provider names: it may have taken a stolen proof along."""
    pai = "P-Asserted-Identity: <sip:bob@phone.test>"
    party = proven(check, FROM, pai, f"Identity: {Signer().identity()}")
    assert (party.trust, party.doubt) == (Trust.CLAIMED, "the signature is wrong")
    other = proven(check, FROM, f"Identity: {signer.identity(orig={'uri': 'sip:carol@phone.test'})}")
    assert other.doubt == "the proof belongs to another caller"


def test_an_unknown_signer_changes_nothing(check: identity.Check) -> None:
    unknown = "https://elsewhere.test/"
    header = f"Identity: {Signer().token({'x5u': unknown})};info=<{unknown}>"
    assert proven(check, FROM, header) == BOB
    pai = "P-Asserted-Identity: <sip:bob@phone.test>"
    assert proven(check, FROM, pai, header) == asserted("sip:bob@phone.test")


def test_no_proof_changes_nothing(check: identity.Check) -> None:
    assert proven(check, FROM) == BOB


def test_an_anonymous_caller_is_not_looked_at_closer(check: identity.Check, signer: Signer) -> None:
    assert proven(check, FROM, "Privacy: id", f"Identity: {signer.identity()}") == identity.ANONYMOUS


def test_without_a_list_nothing_is_checked() -> None:
    assert check_of(Config(), FakeClock(NOW)) is None
    assert caller(FROM, "Identity: garbage") == BOB


@pytest.mark.parametrize(
    ("line", "sent_on"),
    [
        ("Diversion: <sip:carol@phone.test>;reason=no-answer", True),
        ("History-Info: <sip:carol@phone.test>;index=1, <sip:alice@phone.test;cause=302>;index=1.1", True),
        ("History-Info: <sip:alice@phone.test?Reason=SIP%3Bcause%3D486>;index=1.1", True),
        ("History-Info: <sip:alice@phone.test>;index=1", False),
        ("History-Info: <sip:alice@phone.test;cause=200>;index=1", False),
        ("X-Diversion: <sip:carol@phone.test>", False),
    ],
)
def test_who_is_sent_on_to_us_is_told_from_who_calls_us(line: str, sent_on: bool) -> None:
    assert caller(FROM, line).sent_on is sent_on
    assert caller("From: <sip:anonymous@anonymous.invalid>;tag=1", line).sent_on is sent_on


def test_who_calls_a_subscriber_directly_is_not_sent_on() -> None:
    assert not caller(FROM).sent_on
