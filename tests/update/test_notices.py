"""Security notices: what a telephone takes, and what it refuses, by name."""

from __future__ import annotations

import json
import logging
from datetime import date
from pathlib import Path

import pytest

from firmware.phone.errors import UpdateError
from firmware.release import notice as written
from firmware.release.keys import ReleasePair
from firmware.updater import notices, signatures
from firmware.updater.notices import Notice, Notices
from firmware.updater.version import parse
from tests.update.makers import NOW, Makers, Served, new_pair, repository

DAY = date(2026, 11, 24)


def notice(name: str = "SV-1", first: str = "1.0.0", fixed_in: str = "1.2.0") -> Notice:
    return Notice(name, DAY, parse(first), parse(fixed_in) if fixed_in else None, "It rings.", "Unplug it.")


def put(makers: Makers, found: Notices, pair: ReleasePair | None = None, domain: bytes = b"") -> None:
    signed = (pair or makers.pair).sign(notices.encoded(found), domain or notices.DOMAIN)
    makers.repository.notify(found, [signed], makers.signers, NOW)


@pytest.fixture
def makers(tmp_path: Path) -> Makers:
    made = Makers(tmp_path)
    made.publish("1.1.0")
    return made


def test_what_it_says_is_taken_and_kept(makers: Makers, tmp_path: Path) -> None:
    phone = repository(makers, tmp_path / "phone")
    phone.newest()
    assert phone.notices() is None
    put(makers, Notices(1, (notice(),)))
    phone.newest()
    assert phone.notices() == Notices(1, (notice(),))
    again = repository(makers, tmp_path / "phone")
    assert again.notices() == phone.notices(), "over a restart, without asking"


def test_a_new_release_does_not_take_them_away(makers: Makers, tmp_path: Path) -> None:
    put(makers, Notices(1, (notice(),)))
    makers.publish("1.2.0")
    phone = repository(makers, tmp_path / "phone")
    assert str(phone.newest().release.version) == "1.2.0"
    assert phone.notices() is not None


def test_asking_again_fetches_nothing(makers: Makers, tmp_path: Path) -> None:
    put(makers, Notices(1, (notice(),)))
    source = Served(makers.files)
    phone = repository(makers, tmp_path / "phone", source)
    phone.newest()
    source.asked.clear()
    phone.newest()
    assert not [url for url in source.asked if "notices" in url]


@pytest.mark.parametrize("attack", ["forged", "signed as a release", "replayed", "two with one number"])
def test_what_is_not_good_is_refused_and_logged(
    makers: Makers, tmp_path: Path, attack: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By who has all keys of the server, TUF's too, and not the makers' own pair."""
    phone = repository(makers, tmp_path / "phone")
    good = Notices(5, (notice(),))
    put(makers, good)
    phone.newest()
    bad = Notices(6, (notice("SV-9"),))
    match attack:
        case "forged":
            put(makers, bad, new_pair())
        case "signed as a release":
            put(makers, bad, domain=signatures.DOMAIN)
        case "replayed":
            put(makers, Notices(4, ()))
        case _:
            put(makers, Notices(5, ()))
    with caplog.at_level(logging.ERROR):
        assert str(phone.newest().release.version) == "1.1.0", "updates go on"
    assert "security notices were refused" in caplog.text
    assert phone.notices() == good


def test_one_that_changed_on_the_disk_is_not_believed(makers: Makers, tmp_path: Path) -> None:
    phone = repository(makers, tmp_path / "phone")
    put(makers, Notices(1, (notice(),)))
    phone.newest()
    kept = tmp_path / "phone/notices.json"
    kept.write_bytes(kept.read_bytes().replace(b"It rings.", b"All well."))
    assert phone.notices() is None
    phone.newest()
    assert phone.notices() is not None


@pytest.mark.parametrize(
    ("version", "affected"), [("0.9.9", False), ("1.0.0", True), ("1.1.9", True), ("1.2.0", False)]
)
def test_which_versions_it_concerns(version: str, affected: bool) -> None:
    assert notice().affects(parse(version)) is affected
    assert notice(fixed_in="").affects(parse(version)) is (parse(version) >= parse("1.0.0"))


@pytest.mark.parametrize(
    "spoil",
    [
        {"format": 2},
        {"number": 0},
        {"more": 1},
        {"notices": [{}]},
        {"notices": "no"},
        {"notices": [{"id": "x", "published": "2026-13-01", "first": "1.0.0", "fixed_in": "", "text": "t"}]},
    ],
)
def test_what_is_no_file_of_notices_is_refused(spoil: dict[str, object]) -> None:
    value = json.loads(notices.encoded(Notices(1, (notice(),)))) | spoil
    with pytest.raises(UpdateError, match="security notices"):
        notices.parse(json.dumps(value).encode())


def test_the_makers_write_them_as_toml(tmp_path: Path) -> None:
    file = tmp_path / "notices.toml"
    lines = 'id = "SV-1"\npublished = 2026-11-24\ntext = "It rings."\nremedy = "Unplug it."\n'
    file.write_text(f"[[notice]]\n{lines}")
    (one,) = written.read(file, 7).notices
    assert one.affects(parse("0.0.1"))
    for spoiled, fault in (
        (lines.replace("remedy", "cure"), "remedy is missing"),
        (lines + 'more = "x"\n', "unknown key 'more'"),
        (lines.replace("2026-11-24", '"2026-11-24"'), "without quotes"),
    ):
        file.write_text(f"[[notice]]\n{spoiled}")
        with pytest.raises(UpdateError, match=fault):
            written.read(file, 7)


def test_without_a_release_there_is_nothing_to_be_beside(tmp_path: Path) -> None:
    with pytest.raises(UpdateError, match="publish a release first"):
        put(Makers(tmp_path), Notices(1, ()))
