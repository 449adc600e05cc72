"""What every slot engine does: the same tests for folders, for RAUC's interface, and in tests/vm for RAUC."""

from __future__ import annotations

import pytest

from firmware.phone.errors import UpdateError
from tests.update.slot_rigs import Rig


def nothing(done: int, what: str) -> None:
    pass


class SlotsContract:
    def test_at_first(self, rig: Rig) -> None:
        slots = rig.engine()
        assert (slots.booted().slot, slots.booted().version, slots.spare()) == ("a", "1.1.0", "b")
        assert not slots.armed()
        slots.confirm()
        assert slots.confirmed()

    def test_a_whole_update(self, rig: Rig) -> None:
        told: list[int] = []
        rig.engine().install(rig.bundle("1.2.0"), lambda done, what: told.append(done))
        assert told == sorted(told)
        assert told[-1] == 100
        assert not rig.engine().armed()
        rig.engine().activate("b")
        assert rig.engine().armed()
        rig.start()
        slots = rig.engine()
        assert (slots.booted().slot, slots.booted().version, slots.spare()) == ("b", "1.2.0", "a")
        assert not slots.armed()
        assert not slots.confirmed()
        assert slots.check() == ""
        slots.confirm()
        assert rig.engine().confirmed()
        rig.start(warm=False)
        assert rig.engine().booted().slot == "b"
        rig.engine().install(rig.bundle("1.3.0"), nothing)
        rig.engine().activate("a")
        rig.start()
        assert rig.engine().booted().version == "1.3.0"

    def test_the_images_that_run(self, rig: Rig) -> None:
        """A small download is made of them: what stands there is what runs, not what was written last."""
        before = rig.engine().images()
        content = {kind: path.read_bytes() for kind, path in before.items()}
        assert any(content.values())
        rig.engine().install(rig.bundle("1.2.0"), nothing)
        assert {kind: path.read_bytes() for kind, path in rig.engine().images().items()} == content
        rig.engine().activate("b")
        rig.start()
        after = rig.engine().images()
        assert after.keys() == before.keys()
        assert not set(after.values()) & set(before.values())

    def test_what_is_written_does_not_boot_by_itself(self, rig: Rig) -> None:
        rig.engine().install(rig.bundle("1.2.0"), nothing)
        for warm in (True, False):
            rig.start(warm)
            assert rig.engine().booted().version == "1.1.0"

    def test_a_trial_that_is_not_confirmed_is_over_after_one_boot(self, rig: Rig) -> None:
        rig.engine().install(rig.bundle("1.2.0"), nothing)
        rig.engine().activate("b")
        rig.start()
        assert rig.engine().booted().version == "1.2.0"
        rig.start(warm=False)
        slots = rig.engine()
        assert slots.booted().version == "1.1.0"
        assert not slots.armed()
        slots.activate("b")
        rig.start()
        assert rig.engine().booted().version == "1.2.0"

    def test_nothing_is_installed_on_trial(self, rig: Rig) -> None:
        """The spare slot is then the only one that is known to boot."""
        rig.engine().install(rig.bundle("1.2.0"), nothing)
        rig.engine().activate("b")
        rig.start()
        with pytest.raises(UpdateError, match="only slot a is known to boot"):
            rig.engine().install(rig.bundle("1.3.0"), nothing)
        rig.start()
        assert rig.engine().booted().version == "1.1.0"

    def test_a_bundle_that_nobody_signed(self, rig: Rig) -> None:
        with pytest.raises(UpdateError, match="RAUC refused the bundle"):
            rig.engine().install(rig.forged(), nothing)
        rig.start()
        assert rig.engine().booted().version == "1.1.0"

    def test_a_bundle_for_another_board(self, rig: Rig) -> None:
        with pytest.raises(UpdateError, match=r"another kind of telephone|Compatible mismatch"):
            rig.engine().install(rig.bundle("1.2.0", board="other-board"), nothing)
        rig.start()
        assert rig.engine().booted().version == "1.1.0"

    def test_what_runs_was_damaged_on_the_disk(self, rig: Rig) -> None:
        rig.engine().install(rig.bundle("1.2.0"), nothing)
        rig.engine().activate("b")
        rig.start()
        assert rig.engine().check() == ""
        rig.damage()
        assert "is damaged" in rig.engine().check()

    def test_a_slot_that_was_retired(self, rig: Rig) -> None:
        rig.engine().install(rig.bundle("1.2.0"), nothing)
        rig.engine().activate("b")
        rig.start()
        rig.engine().confirm()
        rig.engine().retire()
        rig.engine().retire()
        for _ in range(8):
            rig.start(warm=False)
            assert rig.engine().booted().version == "1.2.0"
        rig.engine().install(rig.bundle("1.3.0"), nothing)
        rig.engine().activate("a")
        rig.start()
        assert rig.engine().booted().version == "1.3.0"
