"""DTLS-SRTP comes about whatever the order in which a peer's packets and its answer arrive."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip(
    "pjsua2", reason="pjsua2 is not built: python3 -m firmware.native.build_pjsua2 --venv .venv"
)

from tests.rig import dtls_far_end as far_ends
from tests.rig import dtls_peer
from tests.rig.dtls_far_end import Disorder, DtlsFarEnd

CALLER = Path(__file__).with_name("dtls_caller.py")
PATIENCE = 3.0


def placed(far: DtlsFarEnd, calls: int, patience: float, pause: float = 0.0) -> list[list[Any]]:
    """Place these calls to the far end: what ``dtls_caller.py`` says of each."""
    with far:
        command = [sys.executable, str(CALLER), str(far.port), str(calls), str(patience), str(pause)]
        caller = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            far.serve(caller, (calls + 2) * patience)
        finally:
            caller.kill()
            caller.wait()
    assert caller.stdout is not None
    return [json.loads(line) for line in caller.stdout if line.startswith("[")]


IN_ORDER, AROUND = (-0.004, 0.004), (-0.004, 0.008)
"""Seconds after the 200 between which DTLS begins."""
BUSY = 0.01
"""Seconds that a busy machine takes from the answer to the stream."""


@pytest.mark.parametrize(
    ("disorder", "begins", "pause", "calls", "quick"),
    [
        (far_ends.joined, AROUND, BUSY, 300, 0.3),
        (far_ends.doubled, AROUND, BUSY, 100, 0.3),
        (far_ends.joined, IN_ORDER, 0.0, 100, 0.3),
        (far_ends.shuffled, IN_ORDER, 0.0, 40, 1.5),
        (far_ends.lossy, IN_ORDER, 0.0, 40, 2.5),
        (far_ends.poisoned, IN_ORDER, 0.0, 40, 0.3),
    ],
    ids=["at-any-moment", "doubled", "in-order", "shuffled", "lossy", "poisoned"],
)
def test_every_handshake_comes_about(
    disorder: Disorder, begins: tuple[float, float], pause: float, calls: int, quick: float
) -> None:
    """Calls in a row, each with the ClientHello at another moment around the answer: all of them get keys.

    ``quick``: seconds within which half of them do.
    """
    far = DtlsFarEnd(disorder, begins)
    seen = placed(far, calls, PATIENCE, pause)
    assert len(seen) == calls == far.begun, "every call was placed"
    without = [number for number, (keys, heard, *_) in enumerate(seen) if not keys or not heard]
    assert not without, f"calls without keys: {without}"
    assert {suite for _, _, suite, _ in seen} == {"AEAD_AES_256_GCM"}
    assert sorted(took for *_, took in seen)[calls // 2] < quick


def test_a_short_tag_is_not_agreed() -> None:
    """A far end that offers nothing but AES_CM_128_HMAC_SHA1_32 gets no keys."""
    far = DtlsFarEnd(profiles="SRTP_AES128_CM_SHA1_32")
    assert [(keys, heard) for keys, heard, *_ in placed(far, 2, 1.0)] == [(False, 0)] * 2
    assert far.begun == 2


def test_the_strongest_suite_is_taken() -> None:
    """Whatever the order in which the far end offers them."""
    backwards = ":".join(reversed(dtls_peer.ALL.split(":")))
    assert {suite for _, _, suite, _ in placed(DtlsFarEnd(profiles=backwards), 2, PATIENCE)} == {
        "AEAD_AES_256_GCM"
    }


def test_a_replayed_packet_changes_no_keys() -> None:
    """Each packet comes three times, from the first on: RTCP, to its BYE, keeps its own handshake's keys."""
    far = DtlsFarEnd(copies=3)
    assert all(keys and heard for keys, heard, *_ in placed(far, 10, PATIENCE))
    assert len(far.reports) >= 10
    assert all(far.reports)
