"""By what certificate others know this telephone again: contacts in open calls, and nobody else."""

from __future__ import annotations

import re

import pytest

from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

pytestmark = pytest.mark.live

CONTACTS = """
[[contact]]
name = "Bob"
uri = "sip:bob@phone.test"
[[contact]]
name = "Carol"
uri = "sip:carol@phone.test"
"""


def fingerprint(message: Message) -> str:
    (found,) = re.findall(r"^a=fingerprint:(?i:sha-256) (\S+)\r?$", message.body, re.MULTILINE)
    return str(found)


def shown(registrar: Registrar, phone: Phone, target: str) -> str:
    """Call somebody who is not there; what the INVITE showed."""
    before = len(registrar.requests("INVITE"))
    phone.do("dial", target)
    wait_until(lambda: len(registrar.requests("INVITE")) > before, 5, "an INVITE")
    phone.wait_idle()
    return fingerprint(registrar.requests("INVITE")[before])


def test_who_sees_the_same_certificate_twice(lab: Lab) -> None:
    """A contact in open calls, also after a restart; not strangers, not in private, not two contacts."""
    registrar = lab.registrar()
    phone = lab.phone(extra=CONTACTS)
    bob, carol, stranger = "sip:bob@phone.test", "sip:carol@phone.test", "sip:dave@phone.test"
    phone.privacy("private")
    private = [shown(registrar, phone, bob) for _ in range(2)]
    phone.privacy("open")
    to_bob = [shown(registrar, phone, bob) for _ in range(2)]
    to_carol = [shown(registrar, phone, carol) for _ in range(2)]
    to_stranger = [shown(registrar, phone, stranger) for _ in range(2)]
    restricted = shown(registrar, phone, "*31#102")
    phone.privacy("private")
    private.append(shown(registrar, phone, bob))
    assert to_bob[0] == to_bob[1]
    assert to_carol[0] == to_carol[1]
    seen = [to_bob[0], to_carol[0], *private, *to_stranger, restricted]
    assert len(set(seen)) == len(seen)
    assert number_kept(phone) == 2
    phone.stop()
    phone.start()
    phone.wait_registered()
    phone.privacy("open")
    assert shown(registrar, phone, bob) == to_bob[0]
    phone.do("inventory", "--wipe")
    assert number_kept(phone) == 0
    after = shown(registrar, phone, bob)
    assert after not in {*seen, *to_bob}
    assert shown(registrar, phone, bob) == after


def number_kept(phone: Phone) -> int:
    items = {item["item"]: item for item in phone.do("inventory")["items"]}
    return int(items["certificates for contacts"]["number"])


@pytest.mark.parametrize("switch", ["open", "private"])
def test_a_contact_who_calls_sees_the_one_that_calls_show(lab: Lab, switch: str) -> None:
    """One telephone is known by one certificate in both directions; DTLS proves that it has the key."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    phone = lab.phone(extra=CONTACTS)
    phone.privacy("open")
    phone.hook("up")
    phone.do("dial", "sip:bob@phone.test")
    phone.wait_call("active", security="end-to-end")
    mine = fingerprint(registrar.requests("INVITE")[0])
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    phone.privacy(switch)
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    phone.wait_call("active", security="end-to-end")
    answers = registrar.messages(
        lambda message: message.status == 200 and message.cseq_method == "INVITE" and message.received
    )
    answer = next(message for message in answers if message.source.startswith(f"{phone.address}:"))
    assert (fingerprint(answer) == mine) == (switch == "open")
    phone.hook("down")
    bob.wait_closed()


def test_a_contact_that_is_removed_is_forgotten(lab: Lab) -> None:
    registrar = lab.registrar()
    phone = lab.phone(extra=CONTACTS)
    phone.privacy("open")
    before = shown(registrar, phone, "sip:bob@phone.test")
    assert number_kept(phone) == 1
    phone.stop()
    text = phone.config.read_text()
    phone.config.write_text(text.replace("bob@phone.test", "erin@phone.test"))
    phone.start()
    phone.wait_registered()
    assert number_kept(phone) == 0
    phone.stop()
    phone.config.write_text(text)
    phone.start()
    phone.wait_registered()
    phone.privacy("open")
    assert shown(registrar, phone, "sip:bob@phone.test") != before
