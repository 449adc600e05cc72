"""What is kept of a PIN, against the RFC's parameters; and the thread that computes it."""

from __future__ import annotations

import queue

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import pin as pins
from firmware.phone.checking import Checking


def test_only_the_same_pin_fits_and_two_hashes_of_it_differ() -> None:
    kept = pins.hashed("4711")
    assert pins.fits("4711", kept)
    assert not pins.fits("4712", kept)
    assert pins.hashed("4711") != kept
    assert "4711" not in kept


def test_the_hash_names_its_cost() -> None:
    assert pins.hashed("4711").startswith("$argon2id$v=19$m=32768,t=3,p=1$")


@pytest.mark.parametrize("kept", ["", "4711", "$argon2id$", "$argon2id$v=19$m=32768,t=3,p=1$xx$yy"])
def test_nothing_fits_what_is_no_hash(kept: str) -> None:
    assert not pins.fits("4711", kept)


def test_the_thread_answers_in_order() -> None:
    posted: queue.SimpleQueue[on.Event] = queue.SimpleQueue()
    failed: list[BaseException] = []
    checking = Checking(failed.append)
    checking.start(posted.put)
    try:
        checking.carry_out(do.MakePin("4711"))
        made = posted.get(timeout=20)
        assert isinstance(made, on.PinMade)
        checking.carry_out(do.CheckPin("4712", made.pin))
        checking.carry_out(do.CheckPin("4711", made.pin))
        assert [posted.get(timeout=20) for _ in range(2)] == [on.PinChecked(False), on.PinChecked(True)]
    finally:
        checking.stop()
    checking.stop()
    assert failed == []
