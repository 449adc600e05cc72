"""The decisions about protection as tables, and what must hold for every combination."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.machine import protection as p
from firmware.phone.machine.protection import RANK, Doubt, Protection
from firmware.phone.reached import MOST, Reached, found, with_one
from firmware.phone.values import Continuity, Encryption, Keying, Media, Security

BOB = "sip:bob@phone.test"
KEY, OTHER = "sha-256 AA", "sha-256 BB"
CLEAR, PROVIDER, END, VERIFIED = (
    Security.CLEAR,
    Security.PROVIDER,
    Security.END_TO_END,
    Security.END_TO_END_VERIFIED,
)
SDES = Media(PROVIDER, "x", keying=Keying.SDES)
PLAIN = Media(CLEAR)


def dtls(peer: str = KEY) -> Media:
    return Media(END, "x", keying=Keying.DTLS, own_key="sha-256 01", peer_key=peer)


def zrtp(continuity: Continuity = Continuity.FIRST, level: Security = END) -> Media:
    return Media(level, "x", code="k7xq", keying=Keying.ZRTP, continuity=continuity)


def remembered(level: Security, **more: object) -> Reached:
    return Reached(BOB, level, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("encryption", "emergency", "levels"),
    [
        (Encryption.END_TO_END, False, (END,)),
        (Encryption.PROVIDER, False, (END, PROVIDER)),
        (Encryption.END_TO_END, True, (END, PROVIDER, CLEAR)),
        (Encryption.PROVIDER, True, (END, PROVIDER, CLEAR)),
    ],
)
def test_what_a_call_tries(encryption: Encryption, emergency: bool, levels: tuple[Security, ...]) -> None:
    wanted = p.wanted(encryption, emergency=emergency)
    assert wanted.levels == levels
    assert wanted.emergency is emergency


@pytest.mark.parametrize(
    ("tried", "secure", "clear", "offer"),
    [
        (p.wanted(Encryption.END_TO_END), True, False, PROVIDER),
        (p.wanted(Encryption.END_TO_END), True, True, PROVIDER),
        (p.wanted(Encryption.END_TO_END), False, False, None),
        (p.wanted(Encryption.END_TO_END), False, True, CLEAR),
        (p.wanted(Encryption.PROVIDER), True, False, None),
        (p.wanted(Encryption.PROVIDER), True, True, CLEAR),
        (p.consented(PROVIDER), True, False, None),
        (p.consented(PROVIDER), True, True, CLEAR),
        (p.consented(CLEAR), True, True, None),
        (p.wanted(Encryption.END_TO_END, emergency=True), True, True, None),
        (Protection(), True, True, None),
    ],
)
def test_what_may_be_tried_after_a_refusal(
    tried: Protection, secure: bool, clear: bool, offer: Security | None
) -> None:
    assert p.next_offer(tried, secure_signalling=secure, allow_clear=clear) is offer


@pytest.mark.parametrize(
    ("media", "known", "compared", "label"),
    [
        (Media(), None, None, Security.NONE),
        (PLAIN, None, None, CLEAR),
        (PLAIN, None, True, CLEAR),
        (SDES, None, True, PROVIDER),
        (SDES, remembered(VERIFIED, peer_key=KEY), None, PROVIDER),
        (dtls(), None, None, END),
        (dtls(), None, True, VERIFIED),
        (dtls(), None, False, PROVIDER),
        (dtls(), remembered(END), None, END),
        (dtls(), remembered(VERIFIED, peer_key=KEY), None, VERIFIED),
        (dtls(OTHER), remembered(VERIFIED, peer_key=KEY), None, END),
        (dtls(), remembered(VERIFIED, zrtp=True), None, END),
        (dtls(""), remembered(VERIFIED), None, END),
        (dtls(), remembered(VERIFIED, peer_key=KEY, differed=True), None, PROVIDER),
        (dtls(), remembered(VERIFIED, peer_key=KEY, differed=True), True, VERIFIED),
        (zrtp(), None, None, END),
        (zrtp(Continuity.SAME), None, None, END),
        (zrtp(Continuity.SAME), remembered(VERIFIED, zrtp=True), None, VERIFIED),
        (zrtp(Continuity.SAME), remembered(VERIFIED, peer_key=KEY), None, END),
        (zrtp(Continuity.SAME, VERIFIED), None, None, VERIFIED),
        (zrtp(Continuity.FIRST, VERIFIED), remembered(VERIFIED, zrtp=True), None, END),
        (zrtp(Continuity.UNKNOWN), remembered(VERIFIED, zrtp=True), None, END),
        (zrtp(Continuity.CHANGED), remembered(VERIFIED, zrtp=True), None, PROVIDER),
        (zrtp(Continuity.CHANGED), None, None, PROVIDER),
        (zrtp(Continuity.CHANGED), None, True, VERIFIED),
        (zrtp(Continuity.SAME, VERIFIED), remembered(VERIFIED, zrtp=True, differed=True), None, PROVIDER),
    ],
)
def test_the_label(media: Media, known: Reached | None, compared: bool | None, label: Security) -> None:
    assert p.label(media, known, compared) is label


LESS, CHANGED, UNPROVEN, DIFFERED = Doubt.LESS, Doubt.CHANGED, Doubt.UNPROVEN, Doubt.DIFFERED


@pytest.mark.parametrize(
    ("media", "known", "private", "doubts"),
    [
        (Media(), remembered(VERIFIED), False, ()),
        (dtls(), None, False, ()),
        (SDES, None, False, (LESS,)),
        (PLAIN, None, False, (LESS,)),
        (dtls(), remembered(PROVIDER), False, ()),
        (SDES, remembered(END), False, (LESS,)),
        (SDES, remembered(VERIFIED), True, (LESS,)),
        (dtls(), remembered(VERIFIED, peer_key=KEY), False, ()),
        (dtls(OTHER), remembered(VERIFIED, peer_key=KEY), False, (UNPROVEN,)),
        (dtls(OTHER), remembered(VERIFIED, peer_key=KEY), True, ()),
        (zrtp(Continuity.SAME), remembered(VERIFIED, zrtp=True), False, ()),
        (zrtp(Continuity.FIRST), remembered(VERIFIED, zrtp=True), False, (UNPROVEN,)),
        (zrtp(Continuity.UNKNOWN), remembered(VERIFIED, zrtp=True), True, ()),
        (zrtp(Continuity.CHANGED), remembered(END), False, (CHANGED,)),
        (zrtp(Continuity.CHANGED), None, True, (CHANGED,)),
        (dtls(), remembered(END, differed=True), False, (DIFFERED,)),
        (SDES, remembered(END, differed=True), False, (DIFFERED, LESS)),
    ],
)
def test_what_stops_a_call(
    media: Media, known: Reached | None, private: bool, doubts: tuple[Doubt, ...]
) -> None:
    call = p.wanted(Encryption.END_TO_END)
    assert p.doubts(media, known, call, private=private) == doubts
    assert p.speaks(media, known, call, private=private) is (
        media.security is not Security.NONE and not doubts
    )


def test_by_policy_the_provider_is_enough_but_not_after_more() -> None:
    call = p.wanted(Encryption.PROVIDER)
    assert p.speaks(SDES, None, call)
    assert p.speaks(SDES, remembered(PROVIDER), call)
    assert p.doubts(SDES, remembered(END), call) == (LESS,)
    assert p.doubts(PLAIN, None, call) == (LESS,)


def test_consent_is_for_one_level_and_no_other_doubt() -> None:
    call = p.consented(PROVIDER)
    assert p.speaks(SDES, remembered(VERIFIED), call)
    assert not p.speaks(PLAIN, None, call)
    assert not p.speaks(SDES, remembered(END, differed=True), call)
    agreed = p.agreed_to(SDES, remembered(END, differed=True), call)
    assert p.speaks(SDES, remembered(END, differed=True), agreed)
    assert not p.speaks(PLAIN, remembered(END, differed=True), agreed)


def test_a_call_in_clear_needs_consent_whatever_is_the_least() -> None:
    assert p.doubts(PLAIN, None, Protection(least=CLEAR)) == (LESS,)
    assert not p.speaks(PLAIN, None, Protection(least=CLEAR))


def test_a_comparison_ends_the_doubts_that_it_can() -> None:
    for media, known in (
        (dtls(OTHER), remembered(VERIFIED, peer_key=KEY, differed=True)),
        (zrtp(Continuity.CHANGED), None),
    ):
        assert p.doubts(media, known, Protection(compared=True)) == ()
        assert p.doubts(media, known, Protection(compared=False))[0] is DIFFERED


MEDIA = [
    Media(),
    PLAIN,
    SDES,
    dtls(),
    dtls(OTHER),
    *(zrtp(c, level) for c in Continuity for level in (END, VERIFIED)),
]
KNOWN = [None, *(
    Reached(BOB, level, keying, zrtp_, key, differed)
    for level in (PROVIDER, END, VERIFIED)
    for keying in (Keying.SDES, Keying.ZRTP, Keying.DTLS)
    for zrtp_ in (False, True)
    for key in ("", KEY)
    for differed in (False, True)
)]  # fmt: skip
COMPARED = [None, True, False]


def test_the_label_is_never_better_than_the_transport() -> None:
    for media, known, compared in itertools.product(MEDIA, KNOWN, COMPARED):
        label = p.label(media, known, compared)
        if RANK[media.security] < RANK[END]:
            assert label is media.security
        between = (
            compared is False
            or (compared is None and known is not None and known.differed)
            or (compared is None and media.continuity is Continuity.CHANGED)
        )
        assert not between or RANK[label] < RANK[END]


@given(
    st.sampled_from(MEDIA), st.sampled_from(KNOWN), st.sampled_from(COMPARED), st.booleans(),
    st.sampled_from([p.wanted(Encryption.END_TO_END), p.wanted(Encryption.PROVIDER), p.consented(PROVIDER),
                     p.consented(CLEAR), Protection()]),
)  # fmt: skip
def test_nobody_is_heard_below_what_is_allowed_or_was_reached(
    media: Media, known: Reached | None, compared: bool | None, private: bool, call: Protection
) -> None:
    call = Protection(call.levels, call.least, agreed=call.agreed, compared=compared)
    speaks = p.speaks(media, known, call, private=private)
    agreed = {level for doubt, level in call.agreed if doubt is LESS}
    if speaks:
        assert media.security is not Security.NONE
        assert RANK[media.security] >= RANK[call.least]
        assert media.security is not CLEAR or CLEAR in agreed
        before = min(RANK[known.level], RANK[END]) if known else 0
        assert RANK[media.security] >= before or media.security in agreed
        verified = known is not None and known.level is VERIFIED and not private
        if verified and RANK[media.security] >= RANK[END]:
            assert p.label(media, known, compared) is VERIFIED
    went_on = p.agreed_to(media, known, call, private=private)
    assert p.speaks(media, known, went_on, private=private) is (media.security is not Security.NONE)


def test_what_is_remembered_never_sinks() -> None:
    for media, known, compared in itertools.product(MEDIA, KNOWN, COMPARED):
        for private in (False, True):
            label = p.label(media, known, compared)
            new = p.raised(media, known, BOB, label, private=private)
            if new is None:
                continue
            assert RANK[new.level] > (RANK[known.level] if known else RANK[CLEAR])
            assert known is None or (new.differed, new.peer_key) == (known.differed, known.peer_key)
            assert not private or RANK[new.level] <= RANK[END]


def test_a_comparison_is_remembered_until_another() -> None:
    failed = p.judged(dtls(), None, BOB, same=False, private=False)
    assert failed == Reached(BOB, END, Keying.DTLS, differed=True)
    good = p.judged(dtls(), failed, BOB, same=True, private=False)
    assert good == Reached(BOB, VERIFIED, Keying.DTLS, peer_key=KEY)
    both = p.judged(zrtp(), good, BOB, same=True, private=False)
    assert both == Reached(BOB, VERIFIED, Keying.ZRTP, zrtp=True, peer_key=KEY)
    assert p.judged(zrtp(), both, BOB, same=False, private=False).level is VERIFIED, "it never sinks"


def test_a_private_call_verifies_nothing_for_the_next() -> None:
    """Its keys are seen once: a far end verified by them could not be known again."""
    assert p.judged(dtls(), None, BOB, same=True, private=True) == Reached(BOB, END, Keying.DTLS)


def test_a_conference_is_as_safe_as_its_weakest_leg() -> None:
    assert p.weakest([VERIFIED, PROVIDER, END]) is PROVIDER
    assert p.weakest([VERIFIED]) is VERIFIED
    assert p.weakest([END, Security.NONE]) is Security.NONE
    assert p.weakest([]) is Security.NONE


def test_the_list_of_contacts_holds_as_many_as_the_vault() -> None:
    full = tuple(Reached(f"sip:{number}@phone.test", END) for number in range(MOST))
    assert with_one(full, Reached(BOB, END)) == full
    assert with_one((), Reached(BOB, END)) == (Reached(BOB, END),)
    assert with_one(full, Reached("sip:7@phone.test", VERIFIED))[7].level is VERIFIED
    assert found(full, "sip:7@PHONE.test;transport=tls") == full[7]
    assert found(full, BOB) is None
