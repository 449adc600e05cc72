"""The rig's ZRTP party before it judges others: two of them talk to each other in memory."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from tests.rig.zrtp import algorithms, hostile, keys, messages, wire, words
from tests.rig.zrtp.algorithms import OFFERED
from tests.rig.zrtp.cache import Cache
from tests.rig.zrtp.party import Agreement, Party

DH3K = dict(OFFERED) | {"agreement": ("DH3k",)}


def talk(one: Party, two: Party, seconds: float = 12, lossy: int = 0) -> list[bytes]:
    """Carry packets between two parties, each 10 ms late; every ``lossy``-th is lost.

    Returns:
        All that ``one`` said.
    """
    now, count, said = 0.0, 0, list(one.start(0))
    flying = [(two, packet) for packet in said] + [(one, packet) for packet in two.start(0)]
    while now < seconds and not all(party.agreement or party.trouble for party in (one, two)):
        now += 0.01
        landing, flying = flying, []
        for party, packet in landing:
            count += 1
            if lossy and count % lossy == 0:
                continue
            answers = party.receive(packet, now)
            flying += [(two if party is one else one, answer) for answer in answers]
        for party, other in ((one, two), (two, one)):
            flying += [(other, packet) for packet in party.tick(now)]
        said += [packet for party, packet in flying if party is two]
    return said


def agreed(one: Party, two: Party) -> tuple[Agreement, Agreement]:
    """What both have; they must have the same."""
    assert one.agreement, (one.state, one.trouble, one.dropped)
    assert two.agreement, (two.state, two.trouble, two.dropped)
    first, second = one.agreement, two.agreement
    assert (first.sas, first.words, first.choice) == (second.sas, second.words, second.choice)
    assert {first.role, second.role} == {"initiator", "responder"}
    assert first.ours.master_key == second.theirs.master_key != first.theirs.master_key
    assert first.ours.master_salt == second.theirs.master_salt
    return first, second


def test_names_of_numbers() -> None:
    """Published vectors: CRC-32C (RFC 3720 B.4), the words of a known fingerprint, both ends of base32."""
    assert wire.crc32c(b"123456789") == 0xE3069283
    assert wire.crc32c(bytes(32)) == 0x8A9136AA
    fingerprint = bytes.fromhex("E58294F2E9A227486E8B061B31CC528FD7FA3F19")
    spoken = [words.base256(fingerprint[place : place + 2]) for place in range(0, 20, 2)]
    assert spoken[:4] == ["topmost Istanbul", "Pluto vagabond", "treadmill Pacific", "brackish dictator"]
    assert spoken[-1] == "cowbell bottomless"
    assert words.base32(bytes(4)) == "yyyy"
    assert words.base32(b"\xff\xff\xf0\x00") == "9999"
    assert words.base32(b"\x00\x44\x32\x00") == "ybnd"


def test_the_prime_of_rfc_3526() -> None:
    """As its digits begin and end there, and it is one, as is half of it."""
    digits = f"{algorithms.PRIME:X}"
    assert digits.startswith("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD1")
    assert digits.endswith("E0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF")
    for number in (algorithms.PRIME, algorithms.PRIME // 2):
        assert pow(3, number - 1, number) == 1


def test_key_derivation_is_that_of_sp_800_108() -> None:
    """Counter mode with HMAC-SHA-256, as another implementation of it derives."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

    context = b"zids and total hash"
    for bits in (112, 128, 256):
        other = KBKDFHMAC(
            hashes.SHA256(),
            Mode.CounterMode,
            bits // 8,
            4,
            4,
            CounterLocation.BeforeFixed,
            b"Initiator SRTP master key",
            context,
            None,
        )
        made = keys.kdf(b"s0" * 16, "Initiator SRTP master key", context, bits)
        assert made == other.derive(b"s0" * 16)


@pytest.mark.parametrize("roles", list(itertools.product(("initiator", "responder", "either"), repeat=2)))
def test_both_ends_agree_in_every_role(roles: tuple[str, str]) -> None:
    """Two that only wait never begin; two that both begin are told apart by their hvi."""
    one, two = Party(role=roles[0]), Party(role=roles[1])
    one.peer_hash, two.peer_hash = two.sdp_value, one.sdp_value
    talk(one, two)
    if roles == ("responder", "responder"):
        assert "no answer" not in one.trouble
        assert one.state == two.state == "discovery"
        return
    first, _ = agreed(one, two)
    assert first.continuity == "first"
    if set(roles) == {"initiator", "responder"}:
        assert first.role == roles[0]


@pytest.mark.parametrize("cipher", ["AES1", "AES3"])
@pytest.mark.parametrize("auth", ["HS32", "HS80"])
@pytest.mark.parametrize("agreement", ["DH3k", "EC25"])
@pytest.mark.parametrize("sas", ["B32", "B256"])
def test_every_choice(cipher: str, auth: str, agreement: str, sas: str) -> None:
    """What one party insists on is taken by the other, and the media pass."""
    wanted = {
        "hash": ("S256",),
        "cipher": (cipher,),
        "auth": (auth,),
        "agreement": (agreement,),
        "sas": (sas,),
    }
    one, two = Party(role="initiator", offers=wanted), Party()
    talk(one, two)
    first, second = agreed(one, two)
    assert (first.choice.cipher, first.choice.auth, first.choice.agreement) == (cipher, auth, agreement)
    assert first.sas == (first.base32 if sas == "B32" else first.words)
    packet = b"\x80\x08" + bytes(10) + b"speech"
    assert second.theirs.open_rtp(first.ours.protect_rtp(packet)) == b"speech"
    assert first.theirs.open_rtp(second.ours.protect_rtp(packet)) == b"speech"


def test_what_is_lost_is_said_again() -> None:
    """Every third packet is lost."""
    for _ in range(5):
        one, two = Party(), Party()
        talk(one, two, lossy=3)
        agreed(one, two)


def test_secrets_are_kept_and_their_loss_is_seen(tmp_path: Path) -> None:
    """The first call, the second, one whose end was not seen by both, and one with somebody who lost them."""
    near, far = Cache(), Cache()
    for expected in ("first", "same", "same"):
        one, two = Party(near), Party(far)
        talk(one, two)
        assert [found.continuity for found in agreed(one, two)] == [expected] * 2
        assert not one.agreement or not one.agreement.verified
        one.compared(True)
        near.peers[far.zid].verified = True
        near.save(tmp_path / "near")
        near = Cache.load(tmp_path / "near")
    behind = Cache.load(tmp_path / "near")
    talk(one := Party(near), Party(far))
    two = Party(far)
    talk(one := Party(behind), two)  # as if the last Confirm had not reached us: our rs1 is its rs2
    assert [found.continuity for found in agreed(one, two)] == ["same"] * 2
    far.peers.clear()
    kept = replace(behind.known(far.zid))
    talk(one := Party(behind), two := Party(far))
    first, second = agreed(one, two)
    assert (first.continuity, second.continuity) == ("changed", "first")
    assert not first.verified
    assert behind.known(far.zid) == kept, "nothing is replaced before people have compared"
    one.compared(True)
    assert behind.known(far.zid).rs1 != kept.rs1
    talk(one := Party(behind), two := Party(far))
    assert [found.continuity for found in agreed(one, two)] == ["same"] * 2


def test_verified_is_what_both_say() -> None:
    """The flag counts once both ends have compared."""
    near, far = Cache(), Cache()
    talk(one := Party(near), two := Party(far))
    one.compared(True)
    talk(one := Party(near), two := Party(far))
    assert [found.verified for found in agreed(one, two)] == [False, False]
    two.compared(True)
    talk(one := Party(near), two := Party(far))
    assert [found.verified for found in agreed(one, two)] == [True, True]
    one.compared(False)
    talk(one := Party(near), two := Party(far))
    assert [found.verified for found in agreed(one, two)] == [False, False]


@pytest.mark.parametrize("kind", hostile.KINDS)
@pytest.mark.parametrize("role", ["initiator", "responder"])
def test_nobody_agrees_with_one_who_breaks_the_protocol(kind: str, role: str) -> None:
    """Whichever end is the hostile one; what it gives away by being the other role does not count."""
    eve = hostile.KINDS[kind](role=role, offers=DH3K)
    one = Party(role="responder" if role == "initiator" else "initiator", offers=DH3K)
    one.peer_hash = eve.sdp_value
    talk(eve, one, 20)
    if kind == "WrongCommitment" and role == "responder":
        agreed(eve, one)  # it commits to nothing
        return
    assert one.agreement is None
    expected = {"WeakPublic": "0, 1, p-1", "ZeroPublic": "0, 1, p-1", "LastPublic": "0, 1, p-1"}
    expected |= {"WrongCommitment": "committed to", "WrongConfirm": "MAC"}
    if kind in expected:
        assert expected[kind] in one.trouble
    elif kind == "WrongCrc":
        assert "wrong CRC" in one.dropped


def test_what_was_said_before_is_of_no_use() -> None:
    """A recording of one end's packets, played to the other end later."""
    far = Cache()
    said = talk(Party(role="initiator"), Party(far, role="responder"))
    one = Party(far, role="responder")
    talk(hostile.Parrot(said), one, 3)
    assert one.agreement is None
    assert one.state != "secure"


def test_the_hello_that_was_promised_in_sdp() -> None:
    """A party with another Hello than ``a=zrtp-hash`` says is refused; the value is its SHA-256."""
    one, two = Party(), Party()
    assert two.sdp_value == f"1.10 {hashlib.sha256(two.hello).hexdigest()}"
    one.peer_hash = Party().sdp_value
    talk(one, two, 3)
    assert "a=zrtp-hash" in one.trouble
    assert one.agreement is two.agreement is None


def test_goclear_is_refused_and_a_ping_answered() -> None:
    """GoClear gets an error, whoever sends it, and changes nothing; a Ping gets its own mark back."""
    one, two = Party(), Party()
    talk(one, two)
    goclear = wire.head("GoClear", 8) + bytes(8)
    (answer,) = one.receive(wire.packet(goclear, 1, 1), 20)
    assert wire.message(answer) == messages.error(0x100)
    assert one.state == "secure"
    ping = wire.head("Ping", 12) + b"1.10" + b"eightoct"
    (answer,) = one.receive(wire.packet(ping, 1, 1), 20)
    assert wire.kind(wire.message(answer)) == "PingACK"
    assert wire.message(answer)[24:32] == b"eightoct"


def test_one_who_hears_itself_gives_up() -> None:
    """Equal ZIDs are an error (section 5.9)."""
    cache = Cache()
    one, two = Party(cache), Party(cache)
    talk(one, two, 3)
    assert "ZID" in one.trouble
    assert two.agreement is None


def test_hello_as_octets() -> None:
    """Decoding gives what was encoded, and what is no Hello is malformed."""
    party = Party(offers=DH3K)
    hello = messages.Hello.decode(party.hello)
    assert (hello.zid, hello.offers) == (party.cache.zid, DH3K)
    assert len(party.hello) == 12 + 4 + 16 + 32 + 12 + 4 + 4 * 8 + 8
    for wrong in (party.hello[:60], party.hello[:76] + b"\0\x7f\xff\xff" + party.hello[80:]):
        with pytest.raises(wire.MalformedError):
            messages.Hello.decode(wrong)
