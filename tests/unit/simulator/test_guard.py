"""Who may talk to the page: DNS rebinding and foreign pages are refused before anything is done."""

from __future__ import annotations

import pytest

from firmware.simulator.guard import refusal

OURS = "http://127.0.0.1:8080"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST:8080"])
def test_our_hosts_pass(host: str) -> None:
    assert refusal(8080, [host], [], websocket=False) is None
    assert refusal(8080, [host], [OURS], websocket=True) is None


@pytest.mark.parametrize(
    "hosts",
    [
        [],
        [""],
        ["evil.example"],
        ["evil.example:8080"],
        ["127.0.0.1.evil.example:8080"],
        ["127.0.0.1"],
        ["127.0.0.1:8081"],
        ["localhost"],
        ["localhost.:8080"],
        ["localhost:8080.evil.example"],
        ["evil@127.0.0.1:8080"],
        ["127.1:8080"],
        ["2130706433:8080"],
        ["0.0.0.0:8080"],
        ["[::1]:8080"],
        ["127.0.0.1:8080 "],
        ["127.0.0.1:8080", "evil.example"],
        ["127.0.0.1:8080", "127.0.0.1:8080"],
    ],
)
def test_foreign_hosts_are_refused(hosts: list[str]) -> None:
    reason = refusal(8080, hosts, [OURS], websocket=False)
    assert reason is not None
    assert "http://127.0.0.1:8080/" in reason


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://evil.example",
        "http://evil.example:8080",
        "https://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://127.0.0.1:8081",
        "http://127.0.0.1:8080/",
        "http://127.0.0.1:8080.evil.example",
        "file://",
    ],
)
@pytest.mark.parametrize("websocket", [True, False])
def test_foreign_origins_are_refused(origin: str, websocket: bool) -> None:
    assert refusal(8080, ["127.0.0.1:8080"], [origin], websocket) is not None


def test_a_websocket_needs_one_origin() -> None:
    assert refusal(8080, ["127.0.0.1:8080"], [], websocket=True) is not None
    assert refusal(8080, ["127.0.0.1:8080"], [OURS, OURS], websocket=True) is not None


def test_on_port_80_browsers_leave_the_port_out() -> None:
    assert refusal(80, ["127.0.0.1"], ["http://127.0.0.1"], websocket=True) is None
    assert refusal(80, ["evil.example"], [], websocket=False) is not None
