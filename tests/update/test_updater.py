"""The whole way of an update, and the power going at every step of it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from tuf.api import exceptions as tuf_errors

from firmware.phone.errors import Unreachable, Untrusted, UpdateError
from firmware.updater.journal import Phase
from firmware.updater.judge import Offer, Refusal
from firmware.updater.slots import sector
from firmware.updater.slots.directory import version_of
from firmware.updater.updater import TRIES, Updater
from firmware.updater.version import parse
from tests.update.machine import Machine, PowerCut, Restarted, image_of, power
from tests.update.makers import BOARD, Makers


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    (tmp_path / "makers").mkdir()
    return Makers(tmp_path / "makers")


@pytest.fixture
def machine(tmp_path: Path, makers: Makers) -> Machine:
    makers.publish("1.2.0", content=image_of("1.2.0"))
    return Machine(tmp_path / "machine", makers)


def run(machine: Machine, rounds: int = 4) -> None:
    """Power on and update until nothing more is to be done."""
    for _ in range(rounds):
        updater = machine.boot()
        try:
            machine.update(updater)
        except Restarted:
            continue
        return


def test_an_update(machine: Machine) -> None:
    updater = machine.boot()
    assert machine.version == "1.1.0"
    offer = updater.ask()
    assert isinstance(offer, Offer)
    told: list[tuple[int, str]] = []
    updater.prepare(offer, lambda done, what: told.append((done, what)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {"fetching", "checking and unpacking"} <= {what for _, what in told}
    with pytest.raises(Restarted):
        updater.restart()
    updater = machine.boot()
    assert (machine.version, machine.running) == ("1.2.0", "b")
    assert updater.journal.told == "updated to 1.2.0"
    assert updater.journal.notes == {"en": "What is new in 1.2.0"}
    assert isinstance(updater.ask(), Refusal)
    assert sector.read(machine.slots / "boot") == sector.BootSector("b", None)
    assert not list((machine.folder / "state/fetched").iterdir())


def test_the_next_update_goes_to_the_other_slot(machine: Machine, makers: Makers) -> None:
    run(machine)
    makers.publish("1.3.0", content=image_of("1.3.0"))
    run(machine)
    assert (machine.version, machine.running) == ("1.3.0", "a")


def test_a_slot_that_is_not_healthy_goes_back_by_itself(machine: Machine, makers: Makers) -> None:
    makers.publish("1.3.0", content=image_of("1.3.0", healthy=False))
    run(machine)
    updater = machine.boot()
    assert machine.version == "1.1.0"
    assert updater.journal.told == "1.3.0 did not work (no audio); 1.1.0 runs again"
    refusal = updater.ask()
    assert isinstance(refusal, Refusal)
    assert "was tried and did not work: no audio" in refusal.why


def test_what_fell_back_is_tried_again_when_it_changed(machine: Machine, makers: Makers) -> None:
    makers.publish("1.3.0", content=image_of("1.3.0", healthy=False))
    run(machine)
    makers.publish("1.3.0", content=image_of("1.3.0") + b" ")
    run(machine)
    assert machine.version == "1.3.0"


def test_a_slot_that_never_comes_up_goes_back_by_itself(
    machine: Machine, makers: Makers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It panics or hangs before any program of ours: the firmware boots the old one; tried TRIES times."""
    updater = machine.boot()
    with pytest.raises(Restarted):
        machine.update(updater)
    for _ in range(TRIES):
        assert sector.read(machine.slots / "boot").trial == "b"
        sector.write(machine.slots / "boot", sector.BootSector("a"))  # the firmware tried it, in vain
        updater = machine.boot()
    assert machine.version == "1.1.0"
    assert updater.journal.phase is Phase.IDLE
    assert "1.2.0 did not work (it did not start)" in updater.journal.told
    assert isinstance(updater.ask(), Refusal)


def test_a_slot_that_was_damaged_on_the_disk_goes_back(machine: Machine) -> None:
    """Tampered or rotten after it was verified: re-read whole before it is confirmed."""
    updater = machine.boot()
    with pytest.raises(Restarted):
        machine.update(updater)
    image = machine.slots / "b/root.img"
    image.write_bytes(image.read_bytes().replace(b"1.2.0", b"1.2.1", 1))
    updater = machine.boot()
    assert machine.version == "1.1.0"
    assert "root.img is damaged" in updater.journal.told


@pytest.mark.parametrize("seed", range(3))
def test_the_power_goes_at_every_step(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, makers: Makers, seed: int
) -> None:
    """Cut before each durable step of the whole way, in turn; then also a second time at a random one.

    Afterwards it boots, old or new and whole; and left alone it ends in the new version.
    """
    with power(monkeypatch, None) as steps:
        run(machine)
    total = len(steps)
    assert total > 40
    dice = random.Random(seed)
    for cut in range(seed, total, 3):
        victim = Machine(tmp_path / f"cut-{cut}", makers)
        for at in (cut, dice.randrange(total)):
            with power(monkeypatch, at):
                try:
                    run(victim)
                except PowerCut:
                    pass
        victim.boot()
        assert victim.version in ("1.1.0", "1.2.0"), cut
        assert victim.whole(), cut
        run(victim)
        assert victim.version == "1.2.0", cut


def test_older_version_signed(machine: Machine, makers: Makers) -> None:
    makers.publish("1.0.5", content=image_of("1.0.5"))
    refusal = machine.boot().ask()
    assert isinstance(refusal, Refusal)
    assert "older than this telephone's 1.1.0" in refusal.why


def test_the_floor_stands_after_the_cache_is_lost(machine: Machine, makers: Makers) -> None:
    """After 1.3.0, whose floor is 1.3.0, the phone's metadata is wiped and the server replays 1.2.0."""
    old = makers.snapshot_of()
    makers.publish("1.3.0", content=image_of("1.3.0"), floor=parse("1.3.0"))
    run(machine)
    assert machine.version == "1.3.0"
    for path in sorted((machine.folder / "state/metadata").rglob("*"), reverse=True):
        path.unlink() if not path.is_dir() or path.is_symlink() else path.rmdir()
    for path, octets in old.items():
        path.write_bytes(octets)
    updater = machine.boot()
    assert str(updater.device().floor) == "1.3.0"
    assert isinstance(updater.ask(), Refusal)


def test_wrong_board(machine: Machine, makers: Makers) -> None:
    bundle, path = makers.bundle("1.3.0", image_of("1.3.0"), board="other-board")
    release = makers.release("1.3.0", bundle, bundles={"other-board": bundle})
    makers.put(release, {"other-board": path})
    refusal = machine.boot().ask()
    assert isinstance(refusal, Refusal)
    assert f"nothing for the board {BOARD}" in refusal.why


def test_wrong_board_in_the_bundle(machine: Machine, makers: Makers) -> None:
    """TUF's and the manifest's word says ours, RAUC's own says other: the second lock."""
    makers.publish("1.3.0", content=image_of("1.3.0").replace(BOARD.encode(), b"other-board"))
    updater = machine.boot()
    offer = updater.ask()
    assert isinstance(offer, Offer)
    with pytest.raises(UpdateError, match="another kind of telephone"):
        updater.prepare(offer, lambda done, what: None)
    updater = machine.boot()
    assert machine.version == "1.1.0"
    assert "could not be written" in updater.journal.told


def test_a_bundle_without_raucs_signature(machine: Machine, makers: Makers) -> None:
    """All keys of TUF and of the manifest stolen: RAUC's certificate is another lock."""
    makers.publish("1.3.0", content=b"no bundle")
    updater = machine.boot()
    offer = updater.ask()
    assert isinstance(offer, Offer)
    with pytest.raises(UpdateError, match="RAUC refused"):
        updater.prepare(offer, lambda done, what: None)
    machine.boot()
    assert machine.version == "1.1.0"


def test_the_server_is_away(machine: Machine) -> None:
    machine.source.lies["updates.test"] = tuf_errors.DownloadError("no route")
    with pytest.raises(Unreachable):
        machine.boot().ask()


def test_the_server_breaks_off_and_comes_back(machine: Machine) -> None:
    updater = machine.boot()
    offer = updater.ask()
    assert isinstance(offer, Offer)
    machine.source.sent, machine.source.break_off_after = 0, 0
    with pytest.raises(Unreachable):
        updater.prepare(offer, lambda done, what: None)
    assert updater.journal.phase is Phase.IDLE
    run(machine)
    assert machine.version == "1.2.0"


def test_the_bundle_was_exchanged_on_the_server(machine: Machine) -> None:
    path = next((machine.makers.files / f"targets/stable/{BOARD}").glob("*.raucb"))
    path.write_bytes(image_of("1.2.1"))
    updater = machine.boot()
    offer = updater.ask()
    assert isinstance(offer, Offer)
    with pytest.raises(Untrusted):
        updater.prepare(offer, lambda done, what: None)
    assert not (machine.slots / "b").exists()


def test_a_full_disk(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import os

    def full(*args: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    updater = machine.boot()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            machine.update(updater)
    machine.boot()
    assert machine.version == "1.1.0"
    run(machine)
    assert machine.version == "1.2.0"


@pytest.mark.parametrize("content", [b"", b"{", b'{"format": 9}', b"[]", b"\x00" * 100])
def test_a_journal_that_is_not_readable(machine: Machine, content: bytes) -> None:
    machine.boot().ask()
    (machine.folder / "state/journal.json").write_bytes(content)
    run(machine)
    assert machine.version == "1.2.0"


def test_a_boot_sector_that_is_damaged(machine: Machine) -> None:
    (machine.slots / "boot").write_bytes(b"\xff" * 512)
    machine.boot()
    assert machine.version == "1.1.0"
    run(machine)
    assert machine.version == "1.2.0"
    assert sector.read(machine.slots / "boot").primary == "b"


@pytest.mark.parametrize(
    "octets", [b"", b"x" * 511, b"x" * 513, sector.BootSector().encoded().replace(b"primary=a", b"primary=b")]
)
def test_no_boot_sectors(octets: bytes) -> None:
    with pytest.raises(UpdateError, match="damaged"):
        sector.decoded(octets)


@pytest.mark.parametrize(
    "word", [sector.BootSector("a"), sector.BootSector("b", "a"), sector.BootSector("a", "b")]
)
def test_boot_sectors(word: sector.BootSector) -> None:
    assert len(word.encoded()) == sector.SIZE
    assert sector.decoded(word.encoded()) == word


def test_the_place_in_the_rollout_stays(machine: Machine) -> None:
    place = machine.boot()
    place.ask()
    assert machine.boot().journal.place == place.journal.place
    assert 0 <= place.journal.place < 1


def test_nothing_that_is_sent_tells_telephones_apart(
    machine: Machine, tmp_path: Path, makers: Makers
) -> None:
    other = Machine(tmp_path / "other", makers)
    machine.boot().ask()
    other.boot().ask()
    assert machine.source.asked == other.source.asked


def test_the_updater_starts_again_and_the_machine_does_not(machine: Machine) -> None:
    """A restart of the program alone is no trial, however often."""
    with pytest.raises(Restarted):
        machine.update(machine.boot())
    for _ in range(TRIES + 2):
        updater = Updater(machine.parts())
        updater.recover()
        assert updater.journal.phase is Phase.ARMED
    assert sector.read(machine.slots / "boot").trial == "b"
    machine.boot()
    assert machine.version == "1.2.0"


def test_the_power_went_while_the_slot_was_written(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    updater = machine.boot()
    offer = updater.ask()
    assert isinstance(offer, Offer)

    def cut(*args: object, **named: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", cut)
        with pytest.raises(PowerCut):
            updater.prepare(offer, lambda done, what: None)
    assert "1.2.0 was not written: the power went" in machine.boot().journal.told


def test_the_journal_is_lost_during_a_trial(machine: Machine, makers: Makers) -> None:
    """Nobody knows any more that it is a trial, but the boot sector: what is not healthy is not kept."""
    makers.publish("1.3.0", content=image_of("1.3.0", healthy=False))
    with pytest.raises(Restarted):
        machine.update(machine.boot())
    (machine.folder / "state/journal.json").unlink()
    machine.boot()
    assert machine.version == "1.1.0"


def test_what_is_too_old_never_boots_again(machine: Machine, makers: Makers) -> None:
    """The release forbids what ran before it: cutting the power does not bring it back."""
    makers.publish("1.3.0", content=image_of("1.3.0"), floor=parse("1.3.0"))
    run(machine)
    assert machine.version == "1.3.0"
    assert not (machine.slots / "a").exists()


def test_what_is_not_too_old_stays_for_a_late_fall_back(machine: Machine, makers: Makers) -> None:
    makers.publish("1.3.0", content=image_of("1.3.0"), floor=parse("1.1.0"))
    run(machine)
    assert machine.version == "1.3.0"
    assert version_of(machine.slots / "a") == "1.1.0"
