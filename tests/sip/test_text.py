"""Real-time text (RFC 4103) beside the speech, with the rig's own end: as well protected, whole, and only
where it is wanted.
"""

from __future__ import annotations

import re
import time

import pytest

from tests.rig import t140
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.text_agent import TextAgent
from tests.rig.zrtp.further import MULTISTREAM
from tests.rig.zrtp.party import Party

pytestmark = pytest.mark.live

TEXT = "[accessibility]\ntext = true\n"
KEYINGS = {"zrtp": "ZRTP", "dtls": "DTLS-SRTP", "sdes": "SDES"}


def called(lab: Lab, method: str, extra: str = TEXT, **how: object) -> tuple[TextAgent, Phone]:
    """A call from the phone to the rig's end that is up, with keys."""
    party = lambda: Party(offers=MULTISTREAM)  # noqa: E731
    zed = lab.add(TextAgent(lab.folder, lab.kit.far, method=method, party=party, **how))  # type: ignore[arg-type]
    lab.registrar(udp=True, routes={"carol": zed.uri})
    phone = lab.phone(encryption="provider" if method == "sdes" else "end-to-end", extra=extra)
    phone.hook("up")
    phone.do("dial", "carol")
    zed.wait_keys()
    phone.wait_call("active", keying=KEYINGS[method])
    return zed, phone


def begin_typing(phone: Phone) -> None:
    """Hold 0, then 6."""
    phone.do("sim", "key", "0", "--hold", "1.2")
    phone.wait_screen("type")
    phone.keys("6")


def types(phone: Phone, keys: str) -> None:
    """Press keys as fast as a finger does; a blank is a second's rest."""
    for part in keys.split(" "):
        phone.keys(part)
        time.sleep(1.1)


@pytest.mark.parametrize("method", KEYINGS)
def test_typed_on_the_keys_and_shown_while_it_comes(lab: Lab, method: str) -> None:
    """With each keying: text has keys of its own, agreed as those of the speech; both ways, each packet
    repeats the two before it with their ages.
    """
    zed, phone = called(lab, method)
    capture = lab.capture(port_ranges=[(zed.text.port, 2)])
    zed.wait_text_keys()
    phone.wait_call("active", text=True)
    begin_typing(phone)
    types(phone, "44 444 7777")
    zed.wait_typed("his")
    for word in ("Gu", "ten ", "Tag"):
        zed.type(word)
        time.sleep(0.3)
    phone.wait_screen("Guten Tag")
    capture.stop()
    assert (zed.text.clear, zed.text.unread) == (0, 0)
    payloads = [packet.payload for packet in capture.packets() if packet.kind == "rtp"]
    assert len(payloads) >= 6
    assert not any(b"Gu" in payload or b"Tag" in payload for payload in payloads)
    repeated = [t140.ages(packet) for packet in zed.text.heard]
    assert any(len(ages) == 2 and ages[0] > ages[1] > 200 for ages in repeated), repeated


def test_two_of_three_packets_may_be_lost_and_what_is_lost_is_marked(lab: Lab) -> None:
    """With packets that are late, doubled and lost: each character once, in its order."""
    zed, phone = called(lab, "sdes")
    zed.wait_text_keys()
    phone.wait_call("active", text=True)
    zed.type("one ")
    zed.next("two ")
    zed.next("three ")
    zed.type("four ")
    late = zed.next("five ")
    six = zed.type("six ")
    zed.text.send(late)
    zed.text.send(six)
    phone.wait_screen("one two three four five six")
    for _ in range(4):
        zed.next("seven ")
    zed.type("eight")
    phone.wait_screen("six (seven )?\ufffd(seven )*eight")


def test_without_the_option_text_is_neither_offered_nor_taken(lab: Lab) -> None:
    """Nothing of it is in any description, and a far end that offers it speaks, and is declined."""
    zed, phone = called(lab, "sdes", extra="")
    time.sleep(3)
    assert zed.offers == []
    assert "m=text" not in "".join(zed.got)
    answer = zed.offer_text()
    assert "m=text 0 " in answer
    phone.wait_call("active", text=False)
    zed.leg.wait_heard(0.5)


def test_who_wants_none_is_asked_twice_and_the_speech_goes_on(lab: Lab) -> None:
    zed, phone = called(lab, "sdes", takes=False)
    time.sleep(7)
    assert len(zed.offers) == 2
    phone.wait_call("active", text=False)
    zed.leg.wait_heard(0.5)


def test_text_of_another_end_than_the_speech_is_not_shown(lab: Lab) -> None:
    """Whose text has another certificate than the speech, whose code people compare, is trusted with none."""
    zed, phone = called(lab, "dtls", other="certificate")
    zed.wait_text_keys()
    zed.type("Trust me")
    time.sleep(1.5)
    assert "Trust me" not in phone.screen()
    assert phone.wait_call("active", keying="DTLS-SRTP")["text"] is False
    zed.leg.wait_heard(0.5)


def test_they_may_offer_it_and_hold_keeps_it(lab: Lab) -> None:
    """A re-INVITE of theirs with text is taken; so it is after hold and resume."""
    zed, phone = called(lab, "sdes", quiet=True)
    assert re.search(r"m=text [1-9]", zed.offer_text())
    phone.wait_call("active", text=True)
    zed.type("before")
    phone.wait_screen("before")
    phone.do("call", "hold")
    phone.wait_call("held")
    time.sleep(1)
    phone.do("call", "resume")
    phone.wait_call("active", text=True)
    zed.type(" after")
    phone.wait_screen("before after")


def test_clear_text_is_declined_beside_protected_speech(lab: Lab) -> None:
    """An offer of text in clear within the call: the speech goes on, the text has port 0."""
    zed, phone = called(lab, "sdes", quiet=True)
    assert "m=text 0 " in zed.offer_text(clear=True)
    zed.leg.wait_heard(0.5)
    assert phone.wait_call("active")["text"] is False
