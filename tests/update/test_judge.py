"""Which release is taken, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.errors import UpdateError
from firmware.updater import judge
from firmware.updater.judge import Device, Mode, Moment, Offer, Refusal, Wait
from firmware.updater.release import Bundle, Flaw, Release, encoded, parse
from firmware.updater.version import Version
from firmware.updater.version import parse as version

PUBLISHED = datetime(2026, 11, 1, 12, tzinfo=UTC)
BUNDLE = Bundle("stable/board/phone-1.2.0.raucb", 1000, "ab" * 32)
RELEASE = Release(
    version=version("1.2.0"),
    published=PUBLISHED,
    floor=version("1.0.0"),
    supported_until=date(2031, 12, 31),
    bundles={"board": BUNDLE},
    rollout_hours=100,
    flaws=(Flaw("SV-1", version("1.1.5"), "A stranger can make the telephone ring without end."),),
    notes={"en": "New", "de": "Neu"},
)
DEVICE = Device("board", version("1.1.0"), version("1.0.0"), {}, 0.5)
NIGHT = Moment(PUBLISHED + timedelta(days=10), quiet_for=timedelta(hours=1), night=True)


def test_a_newer_release_is_offered() -> None:
    assert judge.judge(RELEASE, DEVICE) == Offer(RELEASE, BUNDLE)


@pytest.mark.parametrize(
    ("device", "why"),
    [
        (replace(DEVICE, version=version("1.2.0")), "is the newest"),
        (replace(DEVICE, version=version("1.3.0")), "older than this telephone's"),
        (replace(DEVICE, floor=version("1.2.1")), "the oldest version that is safe"),
        (replace(DEVICE, board="other"), "nothing for the board other"),
        (replace(DEVICE, bad={BUNDLE.sha256: "no audio"}), "did not work: no audio"),
    ],
)
def test_what_is_not_taken(device: Device, why: str) -> None:
    verdict = judge.judge(RELEASE, device)
    assert isinstance(verdict, Refusal)
    assert why in verdict.why
    assert verdict.current == (device.version == RELEASE.version)


def test_what_fell_back_is_tried_again_once_it_changed() -> None:
    changed = replace(RELEASE, bundles={"board": replace(BUNDLE, sha256="cd" * 32)})
    assert isinstance(judge.judge(changed, replace(DEVICE, bad={BUNDLE.sha256: "x"})), Offer)


OFFER = Offer(RELEASE, BUNDLE)
SECURITY = Offer(replace(RELEASE, security=True), BUNDLE)


@pytest.mark.parametrize(
    ("offer", "mode", "at", "why"),
    [
        (OFFER, Mode.AUTOMATIC, NIGHT, None),
        (OFFER, Mode.AUTOMATIC, replace(NIGHT, quiet_for=None), "a call"),
        (OFFER, Mode.AUTOMATIC, replace(NIGHT, quiet_for=None, wanted=True), "a call"),
        (OFFER, Mode.AUTOMATIC, replace(NIGHT, quiet_for=timedelta(minutes=9)), "a moment ago"),
        (OFFER, Mode.AUTOMATIC, replace(NIGHT, night=False), "at night"),
        (OFFER, Mode.AUTOMATIC, replace(NIGHT, night=False, wanted=True), None),
        (OFFER, Mode.AUTOMATIC, replace(NIGHT, now=PUBLISHED + timedelta(hours=49)), "turn"),
        (OFFER, Mode.AUTOMATIC, replace(NIGHT, now=PUBLISHED + timedelta(hours=51)), None),
        (SECURITY, Mode.AUTOMATIC, replace(NIGHT, now=PUBLISHED + timedelta(hours=12)), "turn"),
        (SECURITY, Mode.AUTOMATIC, replace(NIGHT, now=PUBLISHED + timedelta(hours=13)), None),
        (OFFER, Mode.SECURITY_ONLY, NIGHT, "without being asked"),
        (SECURITY, Mode.SECURITY_ONLY, NIGHT, None),
        (SECURITY, Mode.ASK, NIGHT, "without being asked"),
        (SECURITY, Mode.ASK, replace(NIGHT, wanted=True), None),
        (SECURITY, Mode.OFF, NIGHT, "switched off"),
        (SECURITY, Mode.OFF, replace(NIGHT, wanted=True), None),
        (OFFER, Mode.AUTOMATIC, replace(NIGHT, postponed_until=NIGHT.now + timedelta(days=1)), "put off"),
        (SECURITY, Mode.AUTOMATIC, replace(NIGHT, postponed_until=NIGHT.now + timedelta(days=90)), None),
    ],
)
def test_when(offer: Offer, mode: Mode, at: Moment, why: str | None) -> None:
    wait = judge.moment(offer, mode, DEVICE, at)
    assert (wait is None) if why is None else (isinstance(wait, Wait) and why in wait.why)


@given(st.floats(0, 1, exclude_max=True), st.booleans())
def test_everybody_has_a_turn_within_the_rollout(place: float, security: bool) -> None:
    turn = judge.turn(replace(RELEASE, security=security), place)
    limit = 25 if security else 100
    assert PUBLISHED <= turn <= PUBLISHED + timedelta(hours=limit)


def test_flaws_of_a_version() -> None:
    assert [flaw.id for flaw in RELEASE.flaws_of(version("1.1.4"))] == ["SV-1"]
    assert not RELEASE.flaws_of(version("1.1.5"))


def test_notes_in_the_users_language_else_in_english() -> None:
    assert (RELEASE.notes_in("de"), RELEASE.notes_in("fr")) == ("Neu", "New")


# --- the form of versions and manifests --------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-rc1", "1.2.x", "", "1.2.3\n", "１.2.3", 1.2]
)
def test_no_versions(text: object) -> None:
    with pytest.raises(UpdateError, match="is no version"):
        version(text)


@given(st.tuples(*[st.integers(0, 999_999)] * 3), st.tuples(*[st.integers(0, 999_999)] * 3))
def test_versions_compare_as_numbers(one: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    assert (version(str(Version(*one))) < version(str(Version(*other)))) == (one < other)


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert parse(encoded(RELEASE)) == RELEASE


GOOD = encoded(RELEASE).decode()


@pytest.mark.parametrize(
    ("change", "to", "word"),
    [
        ('"1.2.0"', '"1.2"', "version"),
        ('"format": 1', '"format": 2', "format"),
        ('"security": false', '"security": 0', "security"),
        ('"security": false', '"security": false, "more": 1', "unknown key 'more'"),
        ('"rollout_hours": 100', '"rollout_hours": -1', "rollout_hours"),
        ('"rollout_hours": 100', '"rollout_hours": true', "rollout_hours"),
        ('"rollout_hours": 100', '"rollout_hours": NaN', "not readable"),
        ('"floor": "1.0.0"', '"floor": "1.3.0"', "floor"),
        ('"floor": "1.0.0"', '"floor": "1.0.0", "floor": "1.1.0"', "twice"),
        ('"length": 1000', '"length": 0', "length"),
        ('"length": 1000', '"length": 99999999999', "length"),
        ("ab" * 32, "AB" * 32, "sha256"),
        ('"Neu"', '"N\\u001b[2Ju"', "notes"),
        ("2031-12-31", "2031-02-31", "supported_until"),
        ("2026-11-01T", "2026-11-41T", "published"),
        ('"id": "SV-1",', "", "id is missing"),
    ],
)
def test_a_manifest_with_a_fault_names_it(change: str, to: str, word: str) -> None:
    assert change in GOOD
    with pytest.raises(UpdateError, match=word):
        parse(GOOD.replace(change, to).encode())


@given(st.binary(max_size=300))
def test_octets_that_are_no_manifest(octets: bytes) -> None:
    with pytest.raises(UpdateError):
        parse(octets)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["version", "flaws", "notes", "bundles", "published", "security"]), json_values)
def test_a_manifest_with_any_value_in_any_place(key: str, value: object) -> None:
    import json

    table = json.loads(GOOD)
    good = table[key]
    table[key] = value
    try:
        parse(json.dumps(table).encode())
    except UpdateError:
        return
    assert type(value) is type(good)


def test_too_long_a_manifest() -> None:
    with pytest.raises(UpdateError, match="longer"):
        parse(b" " * (256 * 1024 + 1))
