"""The page for setting up under systemd: opened by the telephone's file, reached, a change taken up, closed.

The two files are made as the telephone makes them (``setting_up/period.py``); all else is the units' work.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from tests.vm.debian import guest
from tests.vm.debian.test_from_outside import card
from tests.vm.debian.world import CARD, World

FOLDER = "/run/sottovoce-setup"
TOKEN = "somebody typed the code already"
UNITS = ("sottovoce-setup.service", "sottovoce-setup.socket", "sottovoce-setup-gate.service")
CHANGED = "[display]\nlarge_type = true\n"
CONFIGURATION = "etc/sottovoce/phone.toml"


def owned(name: str, text: str, mode: str) -> None:
    """A file of the telephone's in its folder, there at once and whole."""
    guest.run("sh", "-c", f"umask 077; cat >{FOLDER}/.new", text=text)
    guest.run("chown", "sottovoce:", f"{FOLDER}/.new")
    guest.run("chmod", mode, f"{FOLDER}/.new")
    guest.run("mv", f"{FOLDER}/.new", f"{FOLDER}/{name}")


def local() -> str:
    """The telephone's own address on the cable, which needs no server."""
    said = guest.run("ip", "-6", "-o", "address", "show", "dev", card(), "scope", "link").split()
    return said[3].partition("/")[0]


def reach(address: str) -> socket.socket:
    """Raises OSError where nobody answers."""
    found = socket.socket(socket.AF_INET6)
    found.settimeout(3)
    try:
        found.connect((address, 443, 0, socket.if_nametoindex(CARD)))
    except OSError:
        found.close()
        raise
    return found


def got(address: str, cookie: str = "") -> tuple[int, str]:
    """The page: its status and text. Who trusts the certificate compares its SHA-256; here nobody does."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    page = http.client.HTTPSConnection(f"[{address}]", timeout=30)
    page.sock = context.wrap_socket(reach(address))
    page.request("GET", "/", headers={"Cookie": f"__Host-session={cookie}"} if cookie else {})
    with page.getresponse() as answer:
        return answer.status, answer.read().decode()


def states() -> set[str]:
    return {guest.show(unit, "ActiveState") for unit in UNITS}


def telephone_runs() -> bool:
    return guest.show("sottovoce-phone", "ActiveState") == "active"


@pytest.fixture
def opened(world: World) -> Iterator[str]:
    """The page, of a telephone where somebody is in: its address."""
    guest.wait(telephone_runs, 120, "the telephone to run")
    address = local()
    assert states() == {"inactive"}
    with pytest.raises(TimeoutError):
        reach(address)
    until = time.clock_gettime(time.CLOCK_MONOTONIC) + 800
    session = hashlib.sha256(TOKEN.encode()).hexdigest()
    owned("period", json.dumps({"until": until, "host": address, "session": session}), "0600")
    guest.run("systemctl", "restart", "sottovoce-phone")
    owned("open", "", "0640")
    yield address
    guest.run("rm", "-f", f"{FOLDER}/open", f"{FOLDER}/period")
    guest.run("systemctl", "stop", *UNITS)
    guest.put(f"/{CONFIGURATION}", "", 0o640)


@pytest.mark.timeout(400)
def test_it_is_opened_takes_a_change_up_and_is_closed(opened: str) -> None:
    guest.wait(lambda: states() == {"active"}, 60, "the page to be open")
    assert got(opened)[0] == 200
    status, page = got(opened, TOKEN)
    assert status == 200
    assert "isplay" in page

    before = guest.show("sottovoce-phone", "MainPID")
    network = guest.show("sottovoce-network", "ExecMainStartTimestampMonotonic")
    owned("keep/.new", CHANGED, "0640")
    guest.run("chgrp", "sottovoce-keep", f"{FOLDER}/keep/.new")
    guest.run("mv", f"{FOLDER}/keep/.new", f"{FOLDER}/keep/proposal")
    guest.wait(lambda: (guest.GUEST / CONFIGURATION).read_text() == CHANGED, 60, "the change to be written")
    guest.wait(
        lambda: guest.show("sottovoce-phone", "MainPID") not in (before, "0") and telephone_runs(),
        120,
        "a telephone with the change",
    )
    assert guest.show("sottovoce-network", "ExecMainStartTimestampMonotonic") != network
    assert guest.show("sottovoce-reconfigure", "Result") == "success"
    guest.wait(lambda: got(opened, TOKEN)[0] == 200, 60, "the page, still open")

    guest.run("rm", f"{FOLDER}/open", f"{FOLDER}/period")
    guest.run("systemctl", "restart", "sottovoce-phone")  # which knows of no page then
    guest.wait(lambda: states() == {"inactive"}, 60, "the page to be closed")
    with pytest.raises(TimeoutError):
        reach(opened)


def test_what_weakens_is_not_written(world: World) -> None:
    guest.wait(telephone_runs, 120, "the telephone to run")
    before = (guest.GUEST / CONFIGURATION).read_text()
    owned("keep/.new", '[sip]\nca_file = "/tmp/other.pem"\n', "0640")
    guest.run("chgrp", "sottovoce-keep", f"{FOLDER}/keep/.new")
    guest.run("mv", f"{FOLDER}/keep/.new", f"{FOLDER}/keep/proposal")
    guest.wait(
        lambda: not (guest.GUEST / FOLDER[1:] / "keep/proposal").exists(), 60, "the proposal to be taken"
    )
    guest.wait(lambda: guest.show("sottovoce-keep", "ActiveState") == "failed", 30, "a refusal")
    assert (guest.GUEST / CONFIGURATION).read_text() == before
    assert "cannot be changed on the set-up page" in guest.journal("sottovoce-keep")
