"""A part of the phone that fails by a fault of ours ends the whole process at once, with 1 and the reason.

A phone that goes on without its display, its engine or its socket would look alive and be deaf; one that ends
is started again.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.rig.faulty import WORDS
from tests.rig.lab import Lab
from tests.rig.phone import Phone

pytestmark = pytest.mark.live

LIMIT_S = 5.0


def faulty(lab: Lab, where: str, **options: object) -> Phone:
    """A phone with a fault, not started."""
    return Phone(
        lab.folder,
        lab.kit.authority,
        account=False,
        address=lab.address(),
        module="tests.rig.faulty",
        env={"RIG_FAULT": where},
        **options,  # type: ignore[arg-type]
    )


def dies(phone: Phone, began: float, thread: str) -> str:
    """It must end by itself, soon and loudly; returns what it printed."""
    code = phone.process.wait(LIMIT_S)
    printed = phone.process.output()
    assert code == 1
    assert time.monotonic() - began < LIMIT_S
    assert "a part of the telephone failed" in printed
    assert f"Fault: {WORDS} in {thread}" in printed
    assert not phone.process.alive
    return printed


@pytest.mark.parametrize(
    ("where", "thread"), [("painter", "painter"), ("decision", "MainThread"), ("tones", "audio-handset")]
)
def test_when_the_handset_is_lifted(lab: Lab, tmp_path: Path, where: str, thread: str) -> None:
    """The drawing thread, the loop itself, and the thread that plays the dial tone."""
    silent = tmp_path / "asound.conf"
    silent.write_text("pcm.ear { type null }\n")
    with faulty(lab, where, playback="ear", alsa_config=silent) as phone:
        began = time.monotonic()
        phone.sotto("sim", "hook", "up")
        dies(phone, began, thread)


@pytest.mark.parametrize(("where", "code"), [("callback", "onCallState"), ("engine", "_carry_out")])
def test_when_a_call_is_placed(lab: Lab, where: str, code: str) -> None:
    """A callback of the SIP library, through which no exception can travel, and the engine's own thread."""
    with faulty(lab, where) as phone:
        began = time.monotonic()
        phone.sotto("dial", "sip:127.0.0.1:9")
        assert code in dies(phone, began, "sip")


def test_when_the_control_socket_fails(lab: Lab) -> None:
    """Its thread dies while the phone starts: nobody could ask such a phone for anything."""
    phone = faulty(lab, "control")
    try:
        began = time.monotonic()
        phone.start(ready=False)
        dies(phone, began, "control")
    finally:
        phone.stop()
