"""The readers in Python against hypothesis: octets, and what their inputs are made of in any order."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.readers import READERS, Reader
from tests.fuzz.running import read_on

EXAMPLES = 150


def inputs(reader: Reader) -> st.SearchStrategy[bytes]:
    """Anything; pieces; a whole one with something put in, taken out or cut off."""
    pieces = st.lists(st.sampled_from(reader.pieces), max_size=40).map(
        lambda found: "".join(found).encode("utf-8", "surrogateescape")
    )
    spoiled = st.tuples(
        st.sampled_from(reader.seeds),
        st.integers(0, 4000),
        st.integers(0, 60),
        st.one_of(pieces, st.binary()),
    ).map(lambda drawn: drawn[0][: drawn[1]] + drawn[3] + drawn[0][drawn[1] + drawn[2] :])
    return st.one_of(st.binary(max_size=600), pieces, spoiled)


@pytest.mark.parametrize("name", list(READERS))
def test_whatever_comes_is_read_or_refused(name: str) -> None:
    reader = READERS[name]
    for seed in reader.seeds:
        reader.read(seed)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(inputs(reader))
    def look(octets: bytes) -> None:
        reader.read(octets)

    look()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="atheris has no wheel for this machine")
def test_atheris_reads_on(tmp_path: Path) -> None:
    """What ``make fuzz`` does for long."""
    assert not (trouble := read_on("proof", 2, tmp_path)), trouble
    assert len(list((tmp_path / "proof").iterdir())) > len(READERS["proof"].seeds), "it follows the branches"
