"""The place that the user typed in, on the wire: in the INVITE of an emergency call, in no other message."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from tests.rig import ports
from tests.rig.kamailio import USERS, Message, Registrar
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.sipp import Sipp
from tests.unit.store.scan import hits

pytestmark = pytest.mark.live

PLACE = "country=DE;A3=Oberammergau;RD=Dorfstraße <1> & Söhne;HNO=5;LOC=2nd floor"
WORDS = ("Oberammergau", "Dorfstra")
SERVICE = dict(USERS) | {"112": "112-secret"}
"""An emergency service is registered like anybody, where baresip plays it."""

CIVIC = "{urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr}"


def ready(lab: Lab, switch: str) -> Phone:
    phone = lab.phone()
    phone.privacy(switch)
    phone.do("place", "--set", PLACE)
    return phone


def service(lab: Lab, **options: bool) -> tuple[Registrar, Sipp]:
    """A provider who hands 112 to a service that takes a body of several parts."""
    port = ports.block(4)
    registrar = lab.registrar(udp=True, routes={"112": f"sip:112@127.0.0.1:{port};transport=udp"}, **options)
    return registrar, lab.sipp("emergency_answer.xml", port=port)


def call(phone: Phone, number: str) -> None:
    """A call that is answered, and ended here."""
    phone.hook("up")
    phone.keys(number + "#")
    phone.wait_call("active")
    phone.hook("down")
    phone.wait_idle()


def parts(message: Message) -> list[tuple[dict[str, str], str]]:
    """The parts of a multipart body, by the boundary that its Content-Type names (RFC 2046 section 5.1)."""
    boundary = re.search(r'multipart/mixed;\s*boundary="?([^";]+)', message.header("Content-Type"))
    assert boundary is not None, message
    found = []
    for part in message.body.split(f"--{boundary[1]}")[1:-1]:
        head, _, body = part.strip("\r\n").partition("\r\n\r\n")
        fields = (line.partition(":") for line in head.split("\r\n"))
        found.append(({name.strip().lower(): value.strip() for name, _, value in fields}, body))
    return found


def carrying(registrar: Registrar) -> list[Message]:
    """The messages that kamailio received with anything of the place in them."""
    told = ("geolocation", "pidf", "multipart", *(word.lower() for word in WORDS))
    return registrar.messages(
        lambda message: message.received and any(word in message.text.lower() for word in told)
    )


def judge(message: Message) -> None:
    """Exactly one location, that which was typed in, and the session beside it."""
    assert message.method == "INVITE"
    locations = [part for part in parts(message) if part[0]["content-type"] == "application/pidf+xml"]
    sessions = [part for part in parts(message) if part[0]["content-type"] == "application/sdp"]
    assert (len(parts(message)), len(sessions)) == (2, 1)
    ((fields, body),) = locations
    assert message.header("Geolocation") == f"<cid:{fields['content-id'].strip('<>')}>"
    assert message.header("Geolocation-Routing") == "yes"
    root = ET.fromstring(body.encode())  # noqa: S314 - our own, on loopback
    assert root.get("entity") == "sip:alice@phone.test"
    told = [f"{e.tag.removeprefix(CIVIC)}={e.text}" for e in root.iter() if e.tag.startswith(CIVIC)]
    assert ";".join(told[1:]) == PLACE


@pytest.mark.parametrize("switch", ["private", "open"])
def test_an_emergency_call_tells_the_place_once(lab: Lab, switch: str) -> None:
    """In its INVITE, not in CANCEL, ACK or BYE; and the display says when."""
    registrar, far = service(lab)
    phone = ready(lab, switch)
    phone.hook("up")
    phone.keys("112")
    phone.wait_screen(r"They see: alice and place \(emergency\)")
    said = {field["name"]: field["value"] for field in phone.do("preview", "112")["fields"]}
    assert said["Place"] == PLACE
    assert not carrying(registrar)
    phone.keys("#")
    phone.wait_call("active", place_sent=True)
    phone.wait_screen(r"Place sent \d\d:\d\d to 112")
    phone.hook("down")
    phone.wait_idle()
    phone.wait_screen(r"Place sent \d\d:\d\d to 112")
    (invite,) = carrying(registrar)
    judge(invite)
    assert len(registrar.requests("INVITE")) == 1
    assert registrar.requests("BYE")
    assert far.wait(5) == 0
    assert not [word for word in WORDS if word in phone.process.log.read_text()]
    assert not [hit for word in WORDS for hit in hits(phone.state, word)]


@pytest.mark.parametrize("switch", ["private", "open"])
def test_no_other_call_tells_it(lab: Lab, switch: str) -> None:
    registrar = lab.registrar()
    lab.baresip("bob", answer="auto")
    phone = ready(lab, switch)
    assert "not sent" in [f["value"] for f in phone.do("preview", "102")["fields"] if f["name"] == "Place"]
    call(phone, "102")
    assert not phone.wait_call("ended")["place_sent"]
    assert registrar.requests("INVITE")[0].header("Content-Type") == "application/sdp"
    assert not carrying(registrar)


def test_a_provider_that_asks_for_a_proof_gets_it_again(lab: Lab) -> None:
    registrar, _ = service(lab, challenge_invite=True)
    call(ready(lab, "private"), "112")
    first, second = carrying(registrar)
    judge(first)
    judge(second)
    assert not first.header("Proxy-Authorization")
    assert second.header("Proxy-Authorization")
    assert len(registrar.requests("INVITE")) == 2


@pytest.mark.parametrize(("plain_only", "status"), [(True, 415), (False, 500)])
def test_an_emergency_call_goes_out_without_it_where_it_is_refused(
    lab: Lab, plain_only: bool, status: int
) -> None:
    """At once, and the display says so; the place is not offered a second time. The provider says 415, or
    lets it through to baresip 1.0, which stumbles over such a body and says 500.
    """
    registrar = lab.registrar(users=SERVICE, plain_only=plain_only)
    lab.baresip("112", answer="auto")
    phone = ready(lab, "private")
    phone.hook("up")
    phone.keys("112#")
    phone.wait_call("active")
    phone.wait_screen(r"Place sent \d\d:\d\d in vain")
    phone.hook("down")
    phone.wait_idle()
    assert registrar.responses("INVITE", status, received=False)
    (refused,) = carrying(registrar)
    judge(refused)
    again = registrar.requests("INVITE")[-1]
    assert again.header("From").startswith("<sip:alice@phone.test>")
    assert again.when - refused.when < 1
    assert len(registrar.requests("INVITE")) == 2


def test_a_place_outlives_a_restart_and_not_a_wipe(lab: Lab) -> None:
    lab.registrar()
    phone = ready(lab, "private")
    phone.stop()
    phone.start()
    assert phone.do("place")["place"]["A3"] == "Oberammergau"
    phone.do("inventory", "--wipe")
    phone.stop()
    phone.start()
    assert phone.do("place") == {"kept": False, "place": {}}
