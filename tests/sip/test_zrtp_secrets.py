"""What ZRTP keeps from call to call (RFC 6189 sections 4.3, 4.9, 7.1): over restarts, losses, comparisons."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.rig.agent import Agent
from tests.rig.capture import Capture
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.secured import Media, told
from tests.rig.zrtp.cache import Cache
from tests.rig.zrtp.party import Party
from tests.unit.store.scan import hits

pytestmark = pytest.mark.live

SAME, DIFFERENT = "1", "2"
GUARD_S = 1.2
"""A key that answers a question counts when the question has stood for a second."""


def contact(name: str) -> str:
    return f'[[contact]]\nname = "{name.title()}"\nuri = "sip:{name}@phone.test"\nspeed_dial = 2\n'


def pair(lab: Lab) -> tuple[Phone, Phone]:
    """Two phones of ours, each the other's contact, with their switches open."""
    made = [lab.phone(user, extra=contact(other)) for user, other in (("alice", "bob"), ("bob", "alice"))]
    for phone in made:
        phone.privacy("open")
    return made[0], made[1]


@contextmanager
def call(alice: Phone, bob: Phone) -> Iterator[tuple[Media, Media]]:
    """Alice calls Bob, who answers; what both say of it. It ends with the block."""
    with told(alice) as there, told(bob) as here:
        alice.hook("up")
        alice.keys("2#")
        bob.wait_call("ringing", direction="in")
        bob.hook("up")
        medias = there.secured(), here.secured()
    assert medias[0]["keying"] == medias[1]["keying"] == "ZRTP"
    assert medias[0]["code"] == medias[1]["code"]
    yield medias
    for phone in (alice, bob):
        phone.hook("down")
        phone.wait_idle()


def go_on(phone: Phone) -> None:
    """The call is stopped; its user reads why, and goes on."""
    phone.wait_screen("another far end")
    time.sleep(GUARD_S)
    phone.keys("#")


def compare(phone: Phone, key: str) -> None:
    """The people read the code to each other, and one tells the telephone."""
    phone.wait_call("active", speaks=True)
    phone.do("sim", "key", "*", "--hold", "1.3")
    phone.wait_screen("same 2 different")
    phone.keys(key)


def continuity(medias: tuple[Media, Media]) -> tuple[str, str]:
    return medias[0]["continuity"], medias[1]["continuity"]


def stored(phone: Phone) -> int:
    """With how many contacts it shares secrets, by its own inventory."""
    items = phone.do("inventory")["items"]
    return next(int(item["number"]) for item in items if item["item"] == "secrets shared with contacts")


def test_the_same_telephone_is_known_again_and_another_is_not(lab: Lab) -> None:
    """First, same, same after a restart; lost secrets are a change until people have compared."""
    lab.registrar()
    alice, bob = pair(lab)
    with call(alice, bob) as medias:
        assert continuity(medias) == ("first", "first")
        assert medias[0]["security"] == "end-to-end"
    with call(alice, bob) as medias:
        assert continuity(medias) == ("same", "same")
    assert stored(alice) == 1
    restart(alice)
    with call(alice, bob) as medias:
        assert continuity(medias) == ("same", "same")
    assert bob.do("inventory", "--wipe")["erased"]["secrets shared with contacts"] == 1
    assert stored(bob) == 0
    for theirs in ("first", "same"):
        with call(alice, bob) as medias:
            assert continuity(medias) == ("changed", theirs)
            assert medias[0]["security"] == "end-to-end"
    with call(alice, bob) as medias, told(alice) as there:
        assert continuity(medias) == ("changed", "same")
        go_on(alice)
        compare(alice, SAME)
        there.secured(security="end-to-end-verified")
    with call(alice, bob) as medias:
        assert continuity(medias) == ("same", "same")


def test_verified_is_what_both_ends_remember(lab: Lab) -> None:
    """Of the next call, when both have compared; one alone is not enough, and a difference ends it."""
    lab.registrar()
    alice, bob = pair(lab)
    with call(alice, bob), told(alice) as there:
        compare(alice, SAME)
        there.secured(security="end-to-end-verified")
    with call(alice, bob) as medias, told(bob) as here:
        assert [media["security"] for media in medias] == ["end-to-end", "end-to-end"]
        compare(bob, SAME)
        here.secured(security="end-to-end-verified")
    with call(alice, bob) as medias:
        assert [media["security"] for media in medias] == ["end-to-end-verified"] * 2
    restart(bob)
    with call(alice, bob) as medias, told(alice) as there:
        assert [media["security"] for media in medias] == ["end-to-end-verified"] * 2
        compare(alice, DIFFERENT)
        there.secured(security="end-to-end")
    with call(alice, bob) as medias:
        assert [media["security"] for media in medias] == ["end-to-end", "end-to-end"]
        assert continuity(medias) == ("first", "changed")  # alice forgot whom she did not believe


def test_linphone_is_known_again_until_it_loses_its_secrets(lab: Lab) -> None:
    lab.registrar()
    bob = lab.linphone(encryption="zrtp")
    phone = lab.phone(extra=contact("bob"))
    phone.privacy("open")
    for expected in ("first", "same", "changed"):
        if expected == "changed":
            bob.stop()
            for file in bob.folder.rglob("zrtp-secrets.db*"):
                file.unlink()
            bob.start()
            bob.wait_registered()
        with told(phone) as seen:
            mark = bob.mark()
            bob.dial("alice")
            phone.wait_call("ringing", direction="in")
            phone.hook("up")
            assert seen.secured()["continuity"] == expected
        phone.hook("down")
        bob.wait_call("End", since=mark)
        phone.wait_idle()


def test_a_mismatch_of_one_telephone_is_a_change(lab: Lab) -> None:
    """It shows the ZID that we know, and not the secret (section 4.3.2): nothing of it is kept."""
    zed, phone = with_party(lab)
    cache = Cache()
    zed.party = lambda: Party(cache)
    assert dialled(phone, zed)["continuity"] == "first"
    assert dialled(phone, zed)["continuity"] == "same"
    thief = Cache(zid=cache.zid)
    zed.party = lambda: Party(thief)
    assert dialled(phone, zed)["continuity"] == "changed"
    zed.party = lambda: Party(cache)
    assert dialled(phone, zed)["continuity"] == "same"


def test_one_lost_write_at_either_end_is_no_alarm(lab: Lab) -> None:
    """The second of the two retained secrets is there for that."""
    zed, phone = with_party(lab)
    cache = Cache()
    zed.party = lambda: Party(cache)
    dialled(phone, zed)
    phone.stop()
    kept = phone.folder / "kept"
    shutil.copytree(phone.state, kept)
    phone.start()
    phone.wait_registered()
    phone.privacy("open")
    assert dialled(phone, zed)["continuity"] == "same"
    phone.stop()
    shutil.rmtree(phone.state)
    shutil.copytree(kept, phone.state)
    phone.start()
    phone.wait_registered()
    phone.privacy("open")
    assert dialled(phone, zed)["continuity"] == "same"


def test_a_private_call_and_a_stranger_get_a_zid_of_their_own(lab: Lab) -> None:
    """On the wire: one ZID for a contact, another in each private call; nothing of those is kept."""
    zed, phone = with_party(lab)
    cache = Cache()
    zed.party = lambda: Party(cache)
    wire = lab.capture(of=phone)
    assert dialled(phone, zed)["continuity"] == "first"
    assert dialled(phone, zed)["continuity"] == "same"
    phone.privacy("private")
    for _ in range(2):
        assert dialled(phone, zed)["continuity"] == "unknown"
    phone.privacy("open")
    assert dialled(phone, zed, "sip:dora@phone.test")["continuity"] == "unknown"
    assert dialled(phone, zed)["continuity"] == "same"
    wire.stop()
    shown = zids(wire, phone)
    assert shown[0] == shown[1] == shown[5]
    assert len(set(shown)) == 4
    assert stored(phone) == 1
    assert not any(hits(phone.state, zid.hex()) for zid in shown)
    assert not any(zid in file.read_bytes() for zid in shown for file in phone.state.iterdir())


def test_a_contact_who_answers_in_private_is_named_as_that(lab: Lab) -> None:
    """Another ZID, and Privacy in the answer (RFC 3323): stopped in words of its own; after a key it is end
    to end, and nothing of it is kept."""
    zed, phone = with_party(lab)
    cache = Cache()
    zed.party = lambda: Party(cache)
    assert dialled(phone, zed)["continuity"] == "first"
    zed.party, zed.fields = Party, {"Privacy": "id"}
    phone.hook("up")
    phone.do("dial", "sip:carol@phone.test")
    zed.wait_keys()
    phone.wait_screen("not known again")
    phone.wait_call("active", speaks=False, warning="Not known again")
    time.sleep(GUARD_S)
    phone.keys("#")
    phone.wait_call("active", speaks=True, security="end-to-end")
    phone.hook("down")
    zed.wait_state("over")
    phone.wait_idle()
    zed.party, zed.fields = (lambda: Party(cache)), {}
    assert dialled(phone, zed)["continuity"] == "same"


def with_party(lab: Lab) -> tuple[Agent, Phone]:
    """The rig's own party as carol and as dora, and our phone, whose contact carol is."""
    zed = lab.add(Agent(lab.folder, lab.kit.far))
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri, "dora": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    phone = lab.phone(extra=contact("carol"))
    phone.privacy("open")
    return zed, phone


def dialled(phone: Phone, zed: Agent, target: str = "sip:carol@phone.test") -> Media:
    """A call to the party from its beginning to its end."""
    with told(phone) as seen:
        phone.hook("up")
        phone.do("dial", target)
        media = seen.secured()
    zed.wait_keys()
    agreement = zed.zrtp.agreement
    assert agreement is not None
    assert agreement.base32 == media["code"]
    phone.hook("down")
    zed.wait_state("over")
    phone.wait_idle()
    return media


def restart(phone: Phone) -> None:
    phone.stop()
    phone.start()
    phone.wait_registered()
    phone.privacy("open")


def zids(wire: Capture, phone: Phone) -> list[bytes]:
    """The ZID of each Hello that the phone sent, one for each call (RFC 6189 section 5.2)."""
    found: list[bytes] = []
    ports: list[int] = []
    for packet in wire.packets():
        if (
            packet.kind == "zrtp"
            and packet.source[0] == phone.address
            and packet.payload[16:24] == b"Hello   "
        ):
            zid = packet.payload[76:88]
            if not found or (zid, packet.source[1]) != (found[-1], ports[-1]):
                found.append(zid)
                ports.append(packet.source[1])
    return found
