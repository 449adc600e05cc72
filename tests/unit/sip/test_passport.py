"""Proofs of who calls (STIR): each way of being wrong, and the right ones."""

from __future__ import annotations

import dataclasses
import socket
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.sip import authority
from firmware.phone.sip.passport import LONGEST, Checker, Proof, Verdict, number_of
from tests.unit.sip.passports import NOW, X5U, Signer, encoded, numbers

BOB, ALICE = "sip:bob@phone.test", "sip:alice@phone.test"
SIGNER = Signer()
DATE = "Mon, 23 Nov 2026 12:00:00 GMT"


def checker(*signers: Signer, own: tuple[str, ...] = (ALICE, "+4930901820")) -> Checker:
    return Checker(authority.read(b"\n".join(signer.pem for signer in signers)), own)


def judged(
    *identities: str,
    by: Checker | None = None,
    caller: str = BOB,
    called: str = ALICE,
    date: str = DATE,
    now: datetime = NOW,
) -> Verdict:
    return (by or checker(SIGNER)).verdict(identities, caller, called, date, now)


def test_a_good_proof() -> None:
    assert judged(SIGNER.identity()) == Verdict(Proof.GOOD)


def test_the_test_tokens_are_what_a_library_makes() -> None:
    token = jwt.encode(
        {"dest": {"uri": [ALICE]}, "iat": int(NOW.timestamp()), "orig": {"uri": BOB}},
        SIGNER.key,
        "ES256",
        {"typ": "passport", "x5u": X5U},
    )
    assert judged(f"{token};info=<{X5U}>") == Verdict(Proof.GOOD)


def test_no_proof() -> None:
    assert judged() == Verdict(Proof.NONE)


@pytest.mark.parametrize("seconds", [61, 3600, -61])
def test_expired_or_from_the_future(seconds: int) -> None:
    verdict = judged(SIGNER.identity(), now=NOW + timedelta(seconds=seconds))
    assert verdict == Verdict(Proof.FALSE, "the proof is too old, or the clock is wrong")


def test_sixty_seconds_are_fresh() -> None:
    assert judged(SIGNER.identity(), now=NOW + timedelta(seconds=60)).proof is Proof.GOOD
    assert judged(SIGNER.identity(), now=NOW - timedelta(seconds=60)).proof is Proof.GOOD


@pytest.mark.parametrize("issued", [None, "soon", 1.5, 10**400, [], True])
def test_no_time_of_issue(issued: Any) -> None:
    assert judged(SIGNER.identity(iat=issued)).proof is Proof.FALSE


def test_wrongly_signed() -> None:
    """Signed by somebody else who names a signer of our list."""
    assert judged(Signer().identity()) == Verdict(Proof.FALSE, "the signature is wrong")


def test_changed_after_it_was_signed() -> None:
    head, _, signature = SIGNER.token().split(".")
    body = encoded(
        {"dest": {"uri": [ALICE]}, "iat": int(NOW.timestamp()), "orig": {"uri": "sip:eve@phone.test"}}
    )
    assert judged(f"{head}.{body}.{signature}", caller="sip:eve@phone.test").proof is Proof.FALSE


def test_unknown_certificate() -> None:
    """Nothing is known for or against a signer who is not on the list."""
    stranger = "https://elsewhere.test/passport.pem"
    identity = Signer().token({"x5u": stranger}) + f";info=<{stranger}>"
    assert judged(identity) == Verdict(Proof.UNKNOWN, "signed by somebody who is not on your list")


def test_a_certificate_without_x5u_is_found_by_trying() -> None:
    unnamed = Signer(x5u="")
    assert judged(unnamed.identity(), by=checker(Signer(x5u=""), unnamed)).proof is Proof.GOOD


@pytest.mark.parametrize("days", [(-3, -2), (1, 2)])
def test_certificate_not_valid_today(days: tuple[int, int]) -> None:
    since, until = (NOW + timedelta(days=day) for day in days)
    signer = Signer(since=since, until=until)
    verdict = judged(signer.identity(), by=checker(signer))
    assert verdict == Verdict(Proof.UNKNOWN, "signed with a certificate that is not valid today")


@pytest.mark.parametrize(
    "dest",
    [
        {"uri": ["sip:carol@phone.test"]},
        {"tn": ["4930901821"]},
        {"uri": "sip:alice@phone.test"},
        {"tn": [4930901820, None]},
        {},
        [],
        None,
        {"uri": ["sip:x@phone.test"] * 40 + [ALICE]},
    ],
)
def test_for_another_number(dest: Any) -> None:
    assert judged(SIGNER.identity(dest=dest)) == Verdict(Proof.FALSE, "the proof was made for another number")


def test_a_replayed_proof_does_not_count_though_to_is_changed_to_match() -> None:
    stolen = SIGNER.identity(dest={"uri": ["sip:carol@phone.test"]})
    assert judged(stolen, called="sip:carol@phone.test").proof is Proof.FALSE


def test_a_phone_that_does_not_know_its_number_cannot_judge() -> None:
    assert judged(SIGNER.identity(), by=checker(SIGNER, own=())).proof is Proof.UNKNOWN
    to_number = SIGNER.identity(dest={"tn": ["4930901820"]})
    assert judged(to_number, by=checker(SIGNER, own=(ALICE,))).proof is Proof.UNKNOWN
    assert judged(to_number).proof is Proof.GOOD


@pytest.mark.parametrize(
    "orig",
    [
        {"uri": "sip:carol@phone.test"},
        {"tn": "4930901821"},
        {},
        None,
        [],
        "x",
        {"tn": "1", "uri": BOB},
        {"uri": 5},
    ],
)
def test_another_caller(orig: Any) -> None:
    signer = Signer(tn=numbers(provider="1234"))
    assert judged(signer.identity(orig=orig), by=checker(signer)).proof is Proof.FALSE


def test_a_signer_of_another_domain() -> None:
    signer = Signer(domain="other.test")
    verdict = judged(signer.identity(), by=checker(signer))
    assert verdict == Verdict(Proof.FALSE, "the signer may not speak for this address")


@pytest.mark.parametrize(
    ("tn", "proof"),
    [
        (numbers(provider="1234"), Proof.GOOD),
        (numbers(one="12155551212"), Proof.GOOD),
        (numbers(first="12155551200", count=100), Proof.GOOD),
        (numbers(one="49301", provider="1234"), Proof.GOOD),
        (numbers(one="12155551213"), Proof.FALSE),
        (numbers(first="12155551200", count=12), Proof.FALSE),
        (numbers(first="2155551200", count=100), Proof.FALSE),
        (b"", Proof.FALSE),
    ],
)
def test_numbers_need_a_certificate_for_numbers(tn: bytes, proof: Proof) -> None:
    """RFC 8226: without a TNAuthList nobody speaks for a number, not even for one at its own domain."""
    signer = Signer(tn=tn)
    identity = signer.identity(orig={"tn": "12155551212"}, dest={"tn": ["4930901820"]})
    assert judged(identity, by=checker(signer), caller="sip:+1-215-555-1212@phone.test").proof is proof


def test_shaken() -> None:
    signer = Signer(domain="", tn=numbers(provider="1234"))
    claims = {"orig": {"tn": "12155551212"}, "dest": {"tn": ["4930901820"]}, "attest": "A", "origid": "x"}
    identity = signer.token({"ppt": "shaken"}, **claims) + f';info=<{X5U}>;alg=ES256;ppt="shaken"'
    assert judged(identity, by=checker(signer), caller="tel:+12155551212").proof is Proof.GOOD


def test_another_sort_of_proof_cannot_be_judged() -> None:
    assert judged(SIGNER.token({"ppt": "div"}) + ";ppt=div").proof is Proof.UNKNOWN
    assert judged(SIGNER.token({"ppt": "shaken"})).proof is Proof.UNKNOWN, "header and token disagree"


def test_a_national_number_cannot_be_compared() -> None:
    signer = Signer(tn=numbers(provider="1234"))
    identity = signer.identity(orig={"tn": "4930123456"})
    assert judged(identity, by=checker(signer), caller="sip:030123456@phone.test").proof is Proof.UNKNOWN
    assert judged(identity, by=checker(signer), caller="sip:030123457@phone.test").proof is Proof.FALSE


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": None},
        {"typ": "JWT"},
        {"typ": None},
        {"crit": ["b64"], "b64": False},
        {"alg": ["ES256"]},
    ],
)
def test_other_algorithms_and_types_do_not_count(header: dict[str, Any]) -> None:
    assert judged(SIGNER.identity(header)).proof is Proof.FALSE


def test_alg_none_without_signature() -> None:
    head = encoded({"alg": "none", "typ": "passport", "x5u": X5U})
    body = encoded({"dest": {"uri": [ALICE]}, "iat": int(NOW.timestamp()), "orig": {"uri": BOB}})
    assert judged(f"{head}.{body}.").proof is Proof.FALSE
    assert judged(f"{head}.{body}.AAAA").proof is Proof.FALSE


def test_signed_with_the_public_key_as_a_password() -> None:
    """The classic confusion of algorithms: HMAC with what everybody knows."""
    import hashlib
    import hmac

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = SIGNER.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    parts = SIGNER.token({"alg": "HS256"}).rpartition(".")[0]
    mac = encoded(hmac.new(public, parts.encode(), hashlib.sha256).digest())
    assert judged(f"{parts}.{mac}").proof is Proof.FALSE


def test_the_header_contradicts_the_token_about_the_signer() -> None:
    assert judged(f"{SIGNER.token()};info=<https://elsewhere.test/>").proof is Proof.FALSE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "..",
        "a.b.c",
        "....",
        "a.b",
        ".".join([encoded(b"[1]")] * 3),
        ".".join([encoded(b"[" * 5000)] * 3),
    ],
)
def test_garbage(text: str) -> None:
    assert judged(text).proof is Proof.FALSE


def test_huge() -> None:
    assert judged("A" * (LONGEST + 1)).proof is Proof.FALSE
    assert judged(SIGNER.identity() + " " * LONGEST).proof is Proof.FALSE
    assert judged(*["x"] * 10_000, SIGNER.identity()).proof is Proof.FALSE, "at most four are looked at"


@pytest.mark.parametrize(
    "date",
    [
        "",
        "soon",
        "Mon, 23 Nov 99999999999999 12:00:00 GMT",
        "Mon, 23 Nov 2026 12:00:00 +99999999999999999999",
    ],
)
def test_a_compact_proof_without_a_date_that_is_one(date: str) -> None:
    compact = f"..{SIGNER.token().split('.')[2]};info=<{X5U}>;alg=ES256"
    assert judged(compact, date=date) == Verdict(Proof.FALSE, "the proof has no date")


@given(
    st.text(max_size=400) | st.from_regex(r"\A[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,90}(;[a-z]{1,4}=.{0,9})?\Z")
)
def test_whatever_comes_is_judged(text: str) -> None:
    assert judged(text).proof in (Proof.FALSE, Proof.UNKNOWN)


def test_compact_form() -> None:
    signature = SIGNER.token().rpartition(".")[2]
    assert judged(f"..{signature};info=<{X5U}>").proof is Proof.GOOD
    assert judged(f"..{signature};info=<{X5U}>", caller="sip:eve@phone.test").proof is Proof.FALSE
    assert judged(f"..{signature};info=<{X5U}>", date="Mon, 23 Nov 2026 12:00:01 GMT").proof is Proof.FALSE
    assert judged(f"..{signature};info=<{X5U}>", date="soon").proof is Proof.FALSE
    assert judged(f"..{signature};info=<{X5U}>;ppt=shaken").proof is Proof.UNKNOWN, (
        "RFC 8588: full form alone"
    )


def test_the_best_of_several_proofs_counts() -> None:
    assert judged("garbage", SIGNER.identity()).proof is Proof.GOOD
    assert judged(SIGNER.token({"ppt": "div"}) + ";ppt=div", "garbage").proof is Proof.FALSE


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert judged(SIGNER.identity()).proof is Proof.GOOD
    assert judged(Signer().identity()).proof is Proof.FALSE


@pytest.mark.parametrize(
    ("pem", "wrong"),
    [
        (b"", "holds no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "certificate 1 cannot be used"),
        (Signer(curve=ec.SECP384R1()).pem, "its key is not an EC key on P-256"),
        (Signer(tn=b"\x30\x03garbage").pem, "certificate 1 cannot be used"),
        (Signer(tn=numbers(one="12a")).pem, "one of its numbers is not valid"),
        (Signer(tn=numbers(first="99", count=9)).pem, "its range of numbers is not valid"),
        (SIGNER.pem * 101, "more than 100"),
    ],
)
def test_a_list_that_cannot_be_used(pem: bytes, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        authority.read(pem)


def test_names_in_a_list() -> None:
    (found,) = authority.read(b"# Bob's provider\n  x5u = \"" + X5U.encode() + b'"\n' + Signer(x5u="").pem)
    assert found.x5u == X5U
    assert found.speaks_for_domain("PHONE.test")
    assert not found.speaks_for_domain("sub.phone.test")
    assert dataclasses.replace(found, domains=frozenset()).speaks_for_domain("phone.test") is False


@pytest.mark.parametrize(
    ("address", "number"),
    [
        ("sip:+49-30-90(1)820@phone.test;user=phone", "4930901820"),
        ("tel:+49 30 901820", "4930901820"),
        ("+4930901820", "4930901820"),
        ("sip:bob@phone.test", ""),
        ("sip:12bob@phone.test", ""),
        ("sip:*31@phone.test", ""),
        ("", ""),
    ],
)
def test_number_of(address: str, number: str) -> None:
    assert number_of(address) == number
