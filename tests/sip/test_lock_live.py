"""Keypad lock and settings of a running telephone that is killed in between; and the factory reset."""

from __future__ import annotations

import signal

import pytest

from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

pytestmark = pytest.mark.live

PIN = "471108"


def settings(phone: Phone, keys: str) -> None:
    """The settings of the menu, from the idle display."""
    phone.do("sim", "key", "*", "--hold", "1.2")
    phone.keys("*" + keys)


def crash(phone: Phone) -> None:
    phone.process.send_signal(signal.SIGKILL)
    phone.process.wait(5)
    phone.start()


def locked(phone: Phone) -> bool:
    return bool(phone.do("status")["locked"])


def opens(phone: Phone) -> bool:
    """Whether the right PIN unlocks now. Typed during a wait it is not even compared."""
    phone.keys(f"{'' if 'Unlock' in phone.screen() else '*'}{PIN}#")
    wait_until(lambda: "Checking" not in phone.screen(), 5, "the comparison to end")
    return not locked(phone)


def test_a_lock_and_settings_outlive_a_crash_and_a_reset_ends_them(lab: Lab) -> None:
    phone = lab.phone(account=False)
    settings(phone, "41")
    phone.keys(f"{PIN}#{PIN}#")
    phone.wait_screen("Lock now")
    phone.keys("#21")  # do not disturb
    phone.keys("8")
    phone.wait_screen("disturb on")
    phone.keys("####")
    wait_until(lambda: bool(list(phone.state.glob("settings-*"))), 3, "the settings to be kept")

    crash(phone)
    assert locked(phone), "a telephone with a PIN starts locked"
    assert phone.do("status")["do_not_disturb"]
    phone.wait_screen("Locked")
    for _ in range(3):
        phone.keys("*9999#")
        phone.wait_screen("Wrong PIN")
        phone.keys("#")
    crash(phone)  # the wait is there after it too
    phone.keys(f"*{PIN}#")
    phone.wait_screen("Wait (30|2[0-9]) seconds")
    assert locked(phone)
    assert PIN not in phone.process.output()
    wait_until(lambda: opens(phone), 45, "the lock to open after the wait", every=2)

    settings(phone, "*2")
    phone.keys("**")
    phone.process.wait(10)
    assert list(phone.state.iterdir()) == []
    phone.start()
    status = phone.do("status")
    assert (status["locked"], status["do_not_disturb"]) == (False, False)
