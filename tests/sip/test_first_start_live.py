"""An untouched telephone, as it is flashed: silent on the network until an account is given at its keypad."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from firmware.phone.machine.tapping import PAUSE, SIGNS
from tests.rig.lab import Lab
from tests.rig.phone import Phone
from tests.rig.processes import wait_until

pytestmark = pytest.mark.live


def sockets(phone: Phone) -> list[str]:
    """Its sockets of the Internet, by the kernel's tables."""
    proc = Path(f"/proc/{phone.process.pid}")
    mine = {link.readlink().name for link in (proc / "fd").iterdir() if link.is_symlink()}
    rows = [
        (name, row.split())
        for name in ("tcp", "tcp6", "udp", "udp6")
        for row in (proc / "net" / name).read_text().splitlines()[1:]
    ]
    return [f"{name} {row[1]} {row[2]}" for name, row in rows if f"socket:[{row[9]}]" in mine]


def untouched(lab: Lab) -> Phone:
    phone = lab.phone(registrar=None, account=False)
    phone.stop()
    phone.config.write_text("")
    phone.start()
    return phone


def tap(phone: Phone, text: str) -> None:
    """Type ``text`` on the keys."""
    last = ""
    for sign in text:
        key = next(key for key, signs in SIGNS.items() if sign in signs)
        if key == last:
            time.sleep(PAUSE + 0.1)
        phone.keys(key * (SIGNS[key].index(sign) + 1))
        last = key


def test_an_untouched_telephone_is_silent_and_leads_to_its_account(lab: Lab) -> None:
    """Nobody answers at the server that is typed: what counts is that it is asked then, and not before."""
    phone = untouched(lab)
    assert "Language" in phone.screen()
    phone.keys("##")
    wait_until(lambda: "Looking" not in phone.screen(), 3, "word of the network")
    phone.keys("#1#")
    tap(phone, "ann")
    phone.keys("#")
    tap(phone, "geheim")
    phone.keys("#")
    tap(phone, "127.0.0.9")
    assert "127.0.0.9_" in phone.screen()
    assert sockets(phone) == [], "it talks to nobody, and listens to nobody"
    phone.keys("########")
    wait_until(lambda: not phone.process.alive, 5, "the telephone to end, so that it is started anew")
    file = phone.state / "typed.toml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert 'password = "geheim"' in file.read_text()
    phone.start()
    status = phone.status()
    assert status["registration"] in ("registering", "failed")
    assert "Ready to call" in phone.screen()
    phone.keys("#")
    assert "Ready to call" not in phone.screen()
    phone.stop()
    phone.start()
    assert "Ready to call" not in phone.screen()
    assert "geheim" not in phone.process.output()
