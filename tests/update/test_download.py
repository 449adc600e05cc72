"""Fetching a bundle: whole or not at all, resumed, bounded, over HTTPS alone."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from tuf.api import exceptions as tuf_errors

from firmware.phone.errors import Unreachable, Untrusted
from firmware.updater import fetch
from tests.update.makers import BASE, Served

CONTENT = bytes(range(256)) * 400
DIGEST = hashlib.sha256(CONTENT).hexdigest()
URL = BASE + "bundle"


@pytest.fixture
def source(tmp_path: Path) -> Served:
    (tmp_path / "served").mkdir()
    (tmp_path / "served/bundle").write_bytes(CONTENT)
    return Served(tmp_path / "served")


def get(source: fetch.Source, path: Path, **others: object) -> None:
    fetch.download(source, URL, path, len(CONTENT), DIGEST, **others)  # type: ignore[arg-type]


def test_the_whole_file(source: Served, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    get(source, tmp_path / "got", progress=lambda have, length: told.append((have, length)))
    assert (tmp_path / "got").read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert (tmp_path / "got").stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_not_fetched_again(source: Served, tmp_path: Path) -> None:
    get(source, tmp_path / "got")
    source.asked.clear()
    get(source, tmp_path / "got")
    assert not source.asked


@pytest.mark.parametrize("ranges", [True, False])
def test_it_goes_on_where_it_broke_off(source: Served, tmp_path: Path, ranges: bool) -> None:
    source.ranges = ranges
    source.break_off_after = 40_000
    with pytest.raises(Unreachable, match="later"):
        get(source, tmp_path / "got")
    assert not (tmp_path / "got").exists()
    before, source.sent = source.sent, 0
    get(source, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == CONTENT
    assert source.sent == (len(CONTENT) - before if ranges else len(CONTENT))


@pytest.mark.parametrize("at", [0, 50_000, len(CONTENT) - 1])
def test_wrong_hash(source: Served, tmp_path: Path, at: int) -> None:
    wrong = bytearray(CONTENT)
    wrong[at] ^= 1
    (tmp_path / "served/bundle").write_bytes(wrong)
    with pytest.raises(Untrusted, match="not the release"):
        get(source, tmp_path / "got")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["served"]


def test_what_was_kept_was_changed_meanwhile(source: Served, tmp_path: Path) -> None:
    (tmp_path / "got.part").write_bytes(b"x" * 1000)
    with pytest.raises(Untrusted):
        get(source, tmp_path / "got")
    get(source, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_a_file_that_was_changed_after_it_came_is_fetched_again(source: Served, tmp_path: Path) -> None:
    get(source, tmp_path / "got")
    (tmp_path / "got").write_bytes(CONTENT[:-1] + b"x")
    get(source, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_wrong_size_too_short(source: Served, tmp_path: Path) -> None:
    (tmp_path / "served/bundle").write_bytes(CONTENT[:-1])
    with pytest.raises(Unreachable):
        get(source, tmp_path / "got")


@pytest.mark.parametrize("extra", [b"x", CONTENT])
def test_wrong_size_too_long(source: Served, tmp_path: Path, extra: bytes) -> None:
    (tmp_path / "served/bundle").write_bytes(CONTENT + extra)
    with pytest.raises(Untrusted, match="more than the release says"):
        get(source, tmp_path / "got")
    assert not list(tmp_path.glob("got*"))


def test_endless_bundle(source: Served, tmp_path: Path) -> None:
    source.lies["bundle"] = itertools.repeat(b"A" * 65536, 10**6)
    with pytest.raises(Untrusted, match="more than the release says"):
        get(source, tmp_path / "got")
    assert not list(tmp_path.glob("got*"))


def test_slow_bundle(source: Served, tmp_path: Path) -> None:
    """A server that drips an octet a second is given up within two minutes, and what came is kept."""
    seconds = itertools.count(0.0, 1.0)
    source.lies["bundle"] = (bytes([octet]) for octet in CONTENT)
    with pytest.raises(Unreachable, match="slow"):
        get(source, tmp_path / "got", seconds=lambda: next(seconds))
    assert next(seconds) < 130
    assert (tmp_path / "got.part").stat().st_size > 10


@pytest.mark.parametrize(
    "url", ["http://updates.test/x", "file:///etc/passwd", "ftp://updates.test/x", "//x", "x"]
)
def test_nothing_but_https(url: str) -> None:
    with pytest.raises(tuf_errors.DownloadError, match="only https"):
        fetch.HttpsSource().open(url, 0)


def test_symlink_in_the_place_of_the_file(source: Served, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "got.part").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        get(source, tmp_path / "got")
    assert (tmp_path / "victim").read_bytes() == b"precious"


class Broken:
    """A source that fails in the middle with an error of the network."""

    def open(self, url: str, start: int) -> tuple[int, Iterator[bytes]]:
        def chunks() -> Iterator[bytes]:
            yield CONTENT[start : start + 1000]
            raise tuf_errors.SlowRetrievalError("the server stopped sending")

        return (fetch.PARTIAL if start else fetch.OK), chunks()


def test_many_broken_tries_come_to_an_end(tmp_path: Path) -> None:
    for tries in range(len(CONTENT) // 1000 + 2):
        try:
            get(Broken(), tmp_path / "got")
            break
        except Unreachable:
            assert (tmp_path / "got.part").stat().st_size == min(len(CONTENT), (tries + 1) * 1000)
    assert (tmp_path / "got").read_bytes() == CONTENT
