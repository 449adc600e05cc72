"""The leak oracle judged before it judges: it finds every form, at any alignment, and nothing by chance."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest

from tests.rig.oracle import Finding, Oracle, Secret, address_secrets, field_at, name_secrets

USER = "Quorvex7k2m9p1"
MAC = bytes.fromhex("02fe5e10aabb")


def found(octets: bytes, *secrets: Secret) -> list[Finding]:
    return Oracle(secrets or [Secret("user", USER)]).search("a message", octets)


FORMS = {
    "plain": USER.encode(),
    "lower case": USER.lower().encode(),
    "upper case": USER.upper().encode(),
    "percent": b"".join(b"%%%02X" % octet for octet in USER.encode()),
    "percent, in part": b"Q%75orv%65x7k2m9p1",
    "percent, lower case": USER.replace("v", "%76").lower().encode(),
    "hexadecimal": USER.encode().hex().encode(),
    "hexadecimal, upper case": USER.encode().hex().upper().encode(),
    "hexadecimal with colons": USER.encode().hex(":").encode(),
    "reversed": USER[::-1].encode(),
    "reversed, lower case": USER[::-1].lower().encode(),
    "UTF-16LE": USER.encode("utf-16-le"),
    "UTF-16BE": USER.encode("utf-16-be"),
    "entities": b"".join(b"&#%d;" % octet for octet in USER.encode()),
    "entities, hexadecimal": "".join(f"&#x{ord(letter):x};" for letter in USER).encode(),
    "quoted pairs": "".join(f"\\{letter}" for letter in USER).encode(),
    "base64 of UTF-16": base64.b64encode(USER.encode("utf-16-le")),
    "base64 in lines": base64.b64encode(b"x" * 50 + USER.encode()).replace(b"eHh4", b"eHh4\r\n ", 9),
    "md5": hashlib.md5(USER.encode(), usedforsecurity=False).hexdigest().encode(),
    "base64 of sha256": base64.b64encode(hashlib.sha256(USER.encode()).digest()),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("before", "after"), [(b"", b""), (b"X: <", b">\r\n"), (b"\0\xff\x80", b"\xff\0")])
def test_each_form_is_found_wherever_it_stands(form: str, before: bytes, after: bytes) -> None:
    findings = found(before + FORMS[form] + after)
    assert findings, form
    assert {finding.secret for finding in findings} == {"user"}


@pytest.mark.parametrize("alignment", range(3))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("case", [str, str.lower, str.upper])
@pytest.mark.parametrize("lead", [b"", b"k", b"tag=", b"--ab"])
def test_base64_is_found_at_each_alignment(alignment, encode, case, lead) -> None:  # type: ignore[no-untyped-def]
    text = b"\xfb\xef\xff"[:alignment] + case(USER).encode() + b"\xff?"
    findings = found(lead + encode(text).rstrip(b"="))
    assert [finding.form for finding in findings] == ["base64 of plain"]


@pytest.mark.parametrize(
    "written", ["02:fe:5e:10:aa:bb", "02-FE-5E-10-AA-BB", "02fe5e10aabb", "02fe.5e10.aabb"]
)
def test_a_mac_is_found_as_people_write_it(written: str) -> None:
    assert found(b"x" + written.encode(), Secret("MAC", octets=MAC))


def test_octets_are_found_in_either_order_and_as_they_are() -> None:
    assert found(b"\1" + MAC + b"\2", Secret("MAC", octets=MAC))
    assert found(b"\1" + MAC[::-1] + b"\2", Secret("MAC", octets=MAC))
    assert found(base64.b64encode(b"a" + MAC), Secret("MAC", octets=MAC))
    letters = Secret("key", octets=b"ABCDEF")
    assert not found(b"abcdef", letters), "octets have no case"


@pytest.mark.parametrize(
    "written", [b"127.23.9.4", b"7f170904", b"7F:17:09:04", b"\x7f\x17\x09\x04", b"2132216068"]
)
def test_an_address_is_found_as_text_octets_and_number(written: bytes) -> None:
    assert found(b"c=IN IP4 " + written + b"\r\n", *address_secrets("address", "127.23.9.4"))


def test_each_part_of_a_name_is_found() -> None:
    oracle = name_secrets("display name", "Ygraine Ützelbrück")
    assert {finding.secret for finding in found(b"From: ygraine", *oracle)} == {"display name, a part"}
    for codec in ("utf-8", "latin-1", "utf-16-le"):
        assert found("x ÜTZELBRÜCK".encode(codec), *oracle), codec
        assert found("x ützelbrück".encode(codec), *oracle), codec


def test_a_finding_says_where() -> None:
    message = b"INVITE sip:b@x SIP/2.0\r\nFrom: x\r\nContact: <sip:quorvex7k2m9p1@h>\r\n\r\n"
    message += b"v=0\r\no=Quorvex7k2m9p1 1 1\r\n"
    one, two = found(message)
    assert (one.field, two.field) == ("Contact", "SDP o=")
    assert message[one.offset :].startswith(b"quorvex7k2m9p1@h")
    assert (one.form, one.place) == ("plain", "a message")
    assert "Contact" in str(one)
    assert "<sip:quorvex" in one.near
    assert field_at(message, 8) == "first line"
    assert field_at(b"\0\1\2", 1) == ""


def test_nothing_is_found_where_nothing_is() -> None:
    """A megabyte of noise, of letters and of base64: the secrets are long enough not to occur."""
    noise = random.Random(4)
    secrets = [Secret("user", USER), Secret("MAC", octets=MAC), *name_secrets("name", "Ygraine Brackwater")]
    assert found(noise.randbytes(500_000), *secrets) == []
    assert found(base64.b64encode(noise.randbytes(200_000)), *secrets) == []
    letters = bytes(noise.choices(b"abcdefghijklmnopqrstuvwxyz0123456789 -_.", k=300_000))
    assert found(letters, *secrets) == []


@pytest.mark.parametrize("short", [{"text": "bob"}, {"text": ""}, {"octets": b"\0\1\2"}])
def test_a_secret_that_occurs_by_chance_is_refused(short: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="too short"):
        Secret("user", **short)  # type: ignore[arg-type]
