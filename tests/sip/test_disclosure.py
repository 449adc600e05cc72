"""What the phone's messages say of the person at it, by the switch's position, as kamailio received them."""

from __future__ import annotations

import re

import pytest

from tests.rig.kamailio import Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone

pytestmark = pytest.mark.live

ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'
OPEN = '"Alice Archer" <sip:alice@phone.test>'

NEVER = {
    "organization", "subject", "call-info", "alert-info", "reply-to", "in-reply-to", "server", "warning",
    "date", "history-info", "diversion", "referred-by", "remote-party-id", "p-asserted-identity",
    "p-preferred-identity", "geolocation", "session-id", "sottovoce-disclosure",
}  # fmt: skip
"""Header fields that are in none of the phone's messages, whatever the switch says."""


def sent_by(registrar: Registrar, phone: Phone) -> list[Message]:
    """All that the phone sent."""
    return registrar.messages(lambda message: message.source.startswith(f"{phone.address}:"))


def contact_user(message: Message) -> str:
    """The user part of the message's Contact, "" if there is no Contact or no user."""
    found = re.search(r"<sips?:([^@>]*)@", message.header("Contact"))
    return found.group(1) if found else ""


def sender(message: Message) -> str:
    """From without its tag."""
    return message.header("From").partition(";tag=")[0]


def tag(message: Message) -> str:
    """From's tag."""
    return message.header("From").partition(";tag=")[2]


def in_calls(registrar: Registrar, phone: Phone) -> list[Message]:
    """All that the phone sent but REGISTER, after what holds for each in any position has been judged."""
    messages = sent_by(registrar, phone)
    registered = {contact_user(message) for message in messages if message.method == "REGISTER"}
    assert len(registered) == 1, registered
    assert re.fullmatch("[0-9a-f]{16}", registered.pop())
    rest = [message for message in messages if message.cseq_method != "REGISTER"]
    users: dict[str, set[str]] = {}
    for message in messages:
        assert not NEVER & {name.lower() for name, _ in message.headers}, message
        contact = message.header("Contact")
        assert not re.search("sip.instance|reg-id|alice|Alice", contact), message
    for message in rest:
        if message.header("Contact"):
            users.setdefault(message.header("Call-ID"), set()).add(contact_user(message))
    for known in users.values():
        assert len(known) == 1, "one Contact in a dialog"
        assert re.fullmatch("[0-9a-f]{16}", known.pop())
    shown = [contact_user(message) for message in messages if message.header("Contact")]
    assert len(set(shown)) == len(users) + 1, (
        "no two dialogs have the same Contact, and none the registered one"
    )
    return rest


def anonymous(message: Message) -> bool:
    """Whether a request of ours hides who we are: not a word of us, and it asks the provider for the same."""
    hidden = sender(message) == ANONYMOUS and message.header("Privacy") == "id"
    assert hidden == ("lice" not in message.text), message
    return hidden


def named(lab: Lab, registrar: Registrar) -> Phone:
    """A phone whose account has a display name, registered."""
    phone = Phone(lab.folder, lab.kit.authority, user="alice", address=lab.address(), registrar=registrar)
    config = phone.config.read_text().replace("[account]\n", '[account]\ndisplay_name = "Alice Archer"\n')
    phone.config.write_text(config)
    lab.add(phone).wait_registered()
    return phone


def requests(messages: list[Message], *methods: str) -> list[Message]:
    """The requests among them, of these methods if any are given."""
    return [message for message in messages if message.method and (not methods or message.method in methods)]


@pytest.mark.parametrize("switch", ["private", "open", "broken"])
def test_a_call_out(lab: Lab, switch: str) -> None:
    """INVITE, ACK and BYE name nobody, or by the switch's leave the account."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    phone = named(lab, registrar)
    phone.privacy(switch)
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    messages = requests(in_calls(registrar, phone))
    assert [message.method for message in messages] == ["INVITE", "ACK", "BYE"]
    assert len({tag(message) for message in messages}) == 1
    if switch == "open":
        assert {sender(message) for message in messages} == {OPEN}
        assert not [message for message in messages if message.header("Privacy")]
    else:
        assert all(anonymous(message) for message in messages)


@pytest.mark.parametrize("switch", ["private", "open"])
def test_a_call_that_comes_in(lab: Lab, switch: str) -> None:
    """180 and 200 do not name who answered, and ask the provider for the same; nor does the BYE."""
    registrar = lab.registrar()
    bob = lab.baresip("bob")
    phone = named(lab, registrar)
    phone.privacy(switch)
    bob.dial("alice")
    phone.wait_call("ringing", direction="in")
    phone.hook("up")
    bob.wait_established()
    phone.wait_call("active")
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    messages = in_calls(registrar, phone)
    answers = [message for message in messages if message.status in (180, 200)]
    assert [message.status for message in answers] == [180, 200]
    expected = "" if switch == "open" else "id"
    assert {message.header("Privacy") for message in answers} == {expected}
    (bye,) = requests(messages, "BYE")
    assert sender(bye) == (ANONYMOUS if switch == "private" else "<sip:alice@phone.test>")
    assert bye.header("Privacy") == expected
    for message in messages:
        ours = [value for name, value in message.headers if name not in ("To", "Route", "Record-Route")]
        assert switch == "open" or not any("lice" in value for value in ours), message


def test_the_switch_moves_in_a_call(lab: Lab) -> None:
    """The next message of a call placed open is anonymous; the far end knows the call by its tags."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto")
    phone = named(lab, registrar)
    phone.privacy("open")
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    phone.privacy("private")
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    invite, ack, bye = requests(in_calls(registrar, phone))
    assert (sender(invite), sender(ack)) == (OPEN, OPEN)
    assert sender(bye) == ANONYMOUS
    assert bye.header("Privacy") == "id"
    assert tag(bye) == tag(invite)
    assert registrar.responses("BYE", 200, received=False), "it was understood"


@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_private_call_stays_private(lab: Lab, direction: str) -> None:
    """Opening the switch in a call that was placed or answered privately says nothing of us in it."""
    registrar = lab.registrar()
    bob = lab.baresip("bob", answer="auto" if direction == "out" else "manual")
    phone = named(lab, registrar)
    phone.privacy("private")
    if direction == "out":
        phone.hook("up")
        phone.keys("102#")
    else:
        bob.dial("alice")
        phone.wait_call("ringing")
        phone.hook("up")
    phone.wait_call("active")
    phone.privacy("open")
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    (bye,) = requests(in_calls(registrar, phone), "BYE")
    assert sender(bye) == ANONYMOUS
    mark = bob.mark()
    phone.hook("up")
    phone.keys("102#")
    if direction == "in":
        bob.wait_incoming(since=mark)
    else:
        bob.wait_established(since=mark)
    ours = f"{phone.address}:"
    registrar.wait_message(
        lambda message: (
            message.method == "INVITE" and message.source.startswith(ours) and sender(message) == OPEN
        ),
        5,
        "the next call, which follows the switch",
    )
    in_calls(registrar, phone)


@pytest.mark.parametrize("first", ["open", "private"])
def test_a_cancelled_call(lab: Lab, first: str) -> None:
    """CANCEL and the ACK of its 487 are as their INVITE, though the switch moved while it rang."""
    registrar = lab.registrar()
    bob = lab.baresip("bob")
    phone = named(lab, registrar)
    phone.privacy(first)
    phone.hook("up")
    phone.keys("102#")
    bob.wait_incoming()
    phone.privacy("private" if first == "open" else "open")
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    messages = requests(in_calls(registrar, phone))
    assert [message.method for message in messages] == ["INVITE", "CANCEL", "ACK"]
    assert {message.header("From") for message in messages} == {messages[0].header("From")}
    assert sender(messages[0]) == (OPEN if first == "open" else ANONYMOUS)


def test_a_failed_call_and_one_that_must_be_proven(lab: Lab) -> None:
    """The ACK of a refusal, and the second INVITE after 407, are anonymous as the first was."""
    registrar = lab.registrar(challenge_invite=True)
    bob = lab.baresip("bob", answer="auto")
    phone = named(lab, registrar)
    phone.privacy("private")
    phone.hook("up")
    phone.keys("9486#")
    phone.wait_screen("busy")
    phone.hook("down")
    phone.wait_idle()
    phone.hook("up")
    phone.keys("102#")
    phone.wait_call("active")
    phone.hook("down")
    bob.wait_closed()
    phone.wait_idle()
    assert registrar.responses("INVITE", 407, received=False)
    for message in requests(in_calls(registrar, phone)):
        assert sender(message) == ANONYMOUS, message
        assert message.header("Privacy") == "id", message


def test_registration(lab: Lab) -> None:
    """REGISTER has the address of record without a name, and a Contact of nobody, which is taken back at the
    end.
    """
    registrar = lab.registrar()
    phone = named(lab, registrar)
    registered = registrar.contacts("alice")
    phone.stop()
    registrar.wait_unregistered("alice")
    messages = requests(sent_by(registrar, phone), "REGISTER")
    assert len(messages) >= 3, "a first one, one with credentials, and one that un-registers"
    assert {sender(message) for message in messages} == {"<sip:alice@phone.test>"}
    assert {message.header("To") for message in messages} == {"<sip:alice@phone.test>"}
    assert len({contact_user(message) for message in messages}) == 1
    assert contact_user(messages[0]) in registered[0]
    assert "expires=0" in messages[-1].header("Contact") or messages[-1].header("Expires") == "0"
    assert not {"Alice", "sip.instance", "reg-id"} & set(re.findall(r"[\w.-]+", messages[0].text))
    phone.start()
    phone.wait_registered()
    again = requests(sent_by(registrar, phone), "REGISTER")[-1]
    assert contact_user(again) != contact_user(messages[0]), "another one for each start"


def test_nothing_is_made_of_time_or_machine(lab: Lab) -> None:
    """Call-ID, tag and branch are random UUIDs (version 4) or parts of them, without a host."""
    registrar = lab.registrar()
    phone = lab.phone()
    phone.hook("up")
    phone.keys("9486#")
    phone.wait_screen("busy")
    uuid4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    for message in requests(sent_by(registrar, phone)):
        assert re.fullmatch(uuid4, message.header("Call-ID")), message
        assert re.fullmatch(uuid4, tag(message)), message
        assert re.search(f";branch=z9hG4bKPj{uuid4}(;|$)", message.header("Via")), message
