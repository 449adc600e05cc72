"""The comparison code of DTLS-SRTP: the same at both ends, another for any other certificate."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from firmware.phone import commands as do
from firmware.phone import comparison
from firmware.phone import events as on
from firmware.phone.comparing import Comparing
from firmware.phone.values import CallId

ROOT = Path(__file__).resolve().parents[2]
ONE = "sha-256 " + ":".join(["1F"] * 32)
TWO = "sha-256 " + ":".join(["A0"] * 32)
NEARLY = TWO[:-1] + "1"


def test_both_ends_have_the_same_code() -> None:
    assert comparison.code(ONE, TWO) == comparison.code(TWO, ONE)
    assert comparison.code(ONE, TWO) == comparison.code(ONE.upper(), TWO.lower()), "however they are spelt"


def test_it_never_changes_between_versions() -> None:
    """Two telephones of different versions must show the same: this value is for ever."""
    assert comparison.code(ONE, TWO) == KNOWN


KNOWN = "ci5t 44g7 jq8f 8jpa xosf 3rie mjrs eiug"


def test_its_form_fits_two_lines_of_the_display() -> None:
    code = comparison.code(ONE, TWO)
    groups = code.split(" ")
    assert [len(group) for group in groups] == [4] * 8
    assert 5 * sum(map(len, groups)) == comparison.BITS == 160
    assert re.fullmatch(f"[{comparison.ALPHABET} ]+", code)


def test_every_bit_counts() -> None:
    codes = {comparison.code(*ends) for ends in ((ONE, TWO), (ONE, NEARLY), (NEARLY, TWO), (ONE, ONE))}
    assert len(codes) == 4


@pytest.mark.parametrize(
    "end",
    [
        "",
        "sha-1 " + ":".join(["1F"] * 20),
        "sha-256",
        "sha-256 1F",
        "md5 " + ":".join(["1F"] * 32),
        ONE + "\n1F",
    ],
)
def test_what_proves_nothing_has_no_code(end: str) -> None:
    assert comparison.code(end, TWO) == comparison.code(TWO, end) == ""


def test_a_guess_costs_memory_and_time() -> None:
    """16 MB for each, as the decision says."""
    assert 128 * comparison.COST * comparison.BLOCK == 16 << 20
    page = (ROOT / "docs/adr/0007-the-comparison-code-of-dtls-srtp.md").read_text()
    assert "160 bits" in page
    assert "16 MB" in page


def test_the_thread_posts_the_code_and_skips_what_nobody_waits_for() -> None:
    """A far end that changes its keys all the time is answered for its last ones alone."""
    posted: list[on.Event] = []
    come = threading.Event()

    def post(event: on.Event) -> None:
        posted.append(event)
        come.set()

    crashes: list[BaseException] = []
    worker = Comparing(crashes.append)
    for _ in range(50):
        worker.carry_out(do.CompareKeys(CallId(1), ONE, NEARLY))
    worker.carry_out(do.CompareKeys(CallId(1), ONE, TWO))
    worker.start(post)
    assert come.wait(5)
    worker.stop()
    assert posted == [on.CodeComputed(CallId(1), ONE, TWO, KNOWN)]
    assert crashes == []


def test_a_fault_in_the_thread_ends_the_process_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    crashed = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    monkeypatch.setattr(comparison, "code", lambda one, other: 1 / 0)
    worker = Comparing(lambda error: crashed.set())
    worker.start(lambda event: None)
    worker.carry_out(do.CompareKeys(CallId(1), ONE, TWO))
    assert crashed.wait(5)
    worker.stop()
