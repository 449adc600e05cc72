"""The attacks that an update must withstand, each by its name and with the test that tries it; and those that
need the time to pass.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.ngclient._internal import trusted_metadata_set

from firmware.phone.clock import FakeClock
from firmware.phone.errors import Untrusted, UpdateError
from firmware.updater.judge import Offer
from firmware.updater.times import ClockTimes
from tests.update.machine import Machine, image_of
from tests.update.makers import NOW, Makers, repository

ATTACKS: dict[str, tuple[str, ...]] = {
    "forged": ("test_trust_attacks.test_forged_metadata", "test_rauc_bundle.test_one_octet_changed"),
    "wrong key": ("test_trust_attacks.test_wrong_key", "test_rauc_bundle.test_another_authority"),
    "too few signatures": ("test_trust_attacks.test_too_few_signatures",),
    "expired": ("test_trust_attacks.test_expired",),
    "frozen": ("test_attack_names.test_frozen",),
    "rolled back": (
        "test_trust_attacks.test_rolled_back",
        "test_trust_attacks.test_rolled_back_with_a_stolen_timestamp_key",
        "test_trust_attacks.test_rolled_back_with_stolen_online_keys",
        "test_updater.test_the_floor_stands_after_the_cache_is_lost",
    ),
    "mixed": ("test_trust_attacks.test_mixed",),
    "endless data": ("test_trust_attacks.test_endless_data", "test_download.test_endless_bundle"),
    "slow data": ("test_trust_attacks.test_slow_data", "test_download.test_slow_bundle"),
    "wrong size": ("test_download.test_wrong_size_too_short", "test_download.test_wrong_size_too_long"),
    "wrong hash": ("test_trust_attacks.test_wrong_manifest_hash", "test_download.test_wrong_hash"),
    "wrong board": ("test_updater.test_wrong_board", "test_updater.test_wrong_board_in_the_bundle"),
    "older version, signed": ("test_updater.test_older_version_signed",),
    "revoked key": ("test_trust_attacks.test_revoked_key",),
    "root chain of ten": (
        "test_trust_attacks.test_root_chain_of_ten",
        "test_trust_attacks.test_a_chain_of_roots_with_a_missing_link",
    ),
    "clock set back and forth": (
        "test_attack_names.test_clock_set_back_and_forth",
        "test_program.test_a_clock_that_is_not_believed",
    ),
    "symlink": ("test_download.test_symlink_in_the_place_of_the_file",),
    "path traversal in target names": ("test_trust_attacks.test_path_traversal_in_target_names",),
    "redirect to plain HTTP": ("test_whole_way.test_redirect_to_plain_http",),
    "signature of one scheme only": ("test_trust_attacks.test_signature_of_one_scheme_only",),
}
"""Issue by issue the list may grow; what is on it stays."""


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_each_attack_is_tried(attack: str) -> None:
    for name in ATTACKS[attack]:
        module, _, function = name.partition(".")
        assert callable(getattr(importlib.import_module(f"tests.update.{module}"), function, None)), name


class _SystemClock:
    """What TUF's client reads; ``offset`` from the real time."""

    offset = timedelta(0)

    @classmethod
    def now(cls, zone: object) -> datetime:
        return datetime.now(UTC) + cls.offset


class _Datetimes:
    datetime = _SystemClock
    timezone = trusted_metadata_set.datetime.timezone


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_SystemClock]]:
    """The system's clock as TUF's client has it, to be set."""
    monkeypatch.setattr(trusted_metadata_set, "datetime", _Datetimes)
    yield _SystemClock
    _SystemClock.offset = timedelta(0)


def test_frozen(tmp_path: Path, clock: type[_SystemClock]) -> None:
    """A server that holds a release back shows the last state for ever: after a week that is told."""
    makers = Makers(tmp_path)
    makers.publish("1.1.0")
    phone = repository(makers, tmp_path / "phone")
    for days in (0, 6):
        clock.offset = timedelta(days=days)
        assert str(phone.newest().release.version) == "1.1.0"
    clock.offset = timedelta(days=8)
    with pytest.raises(Untrusted, match="held back on purpose"):
        phone.newest()


def test_clock_set_back_and_forth(tmp_path: Path, clock: type[_SystemClock]) -> None:
    """Whoever sets the clock (a false time server) gets nothing installed that was not fresh by then, and
    locks nobody out: once the time is right again, so is the update.
    """
    (tmp_path / "makers").mkdir()
    makers = Makers(tmp_path / "makers")
    makers.publish("1.2.0", content=image_of("1.2.0"), now=NOW - timedelta(days=300))
    machine = Machine(tmp_path / "machine", makers)
    built = NOW - timedelta(days=400)

    def ask(days: int) -> object:
        clock.offset = timedelta(days=days)
        updater = machine.boot()
        times = ClockTimes(FakeClock(NOW + clock.offset), built, lambda: True)
        updater._parts = replace(updater._parts, times=times)
        return updater.ask()

    with pytest.raises(Untrusted, match="has run out"):
        ask(0)
    with pytest.raises(UpdateError, match="which has been"):  # before the image was made
        ask(-500)
    makers.publish("1.3.0", content=image_of("1.3.0"))
    assert isinstance(ask(0), Offer)
    machine.source.asked.clear()
    with pytest.raises(UpdateError, match="which has been"):  # when 1.2.0 was fresh
        ask(-299)
    assert not machine.source.asked
    with pytest.raises(Untrusted, match="has run out"):
        ask(3000)
    assert isinstance(ask(1), Offer)
