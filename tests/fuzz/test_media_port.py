"""The media port against libFuzzer: packets, and descriptions that change the keys of a call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.build import fuzzer
from tests.fuzz.running import fuzz, replay

SECONDS = 15

pytestmark = pytest.mark.timeout(900)  # the first builds it


@pytest.fixture(scope="module")
def program() -> Path:
    """The fuzzer, from the cache or built in a minute."""
    return fuzzer()


def test_every_way_of_a_call_and_what_was_found_before(program: Path) -> None:
    assert not (trouble := replay(program)), trouble


def test_nothing_new_in_some_seconds(program: Path, tmp_path: Path) -> None:
    assert not (trouble := fuzz(program, SECONDS, tmp_path)), trouble
