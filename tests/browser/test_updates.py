"""An update on the page, with the real daemons, release tool and updater: taken, and a broken one undone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from firmware.phone.version import VERSION
from firmware.updater.version import Version, parse
from tests.browser.looking import visit
from tests.rig.processes import Process

pytestmark = pytest.mark.browser

MAKING_MS = 30_000
INSTALL_MS = 60_000


def after(version: str) -> str:
    major, minor, patch = parse(version)
    return str(Version(major, minor, patch + 1))


def seen(page: Page, words: str, milliseconds: int) -> None:
    expect(page.locator("#alice canvas")).to_have_attribute(
        "aria-label", re.compile(words), timeout=milliseconds
    )


def settle(page: Page) -> None:
    """A key counts only for a notice that has stood for a second."""
    page.wait_for_timeout(1300)


def test_a_new_version_is_taken_and_a_broken_one_undone(page: Page, port: int, daemons: Process) -> None:
    new = after(VERSION)
    broken = after(new)
    heard = visit(page, port)
    page.get_by_role("button", name="Publish an update").click()
    seen(page, f"Update {re.escape(new)}", MAKING_MS)
    settle(page)
    page.locator("#alice [data-key='1']").click()
    seen(page, r"Update: \d+ %", MAKING_MS)
    seen(page, f"Now {re.escape(new)}", INSTALL_MS)
    expect(page.locator("#update span")).to_have_text(f"Updated to {new}.", timeout=MAKING_MS)
    settle(page)
    page.locator("#alice [data-key='#']").click()
    seen(page, "Direct calls only", MAKING_MS)

    page.get_by_role("button", name="Publish a broken one").click()
    seen(page, f"Update {re.escape(broken)}", MAKING_MS)
    settle(page)
    page.locator("#alice [data-key='1']").click()
    seen(page, f"{re.escape(broken)} did not work here; {re.escape(new)} is back", INSTALL_MS)
    said = [message["words"] for message in heard.received if message["event"] == "update"]
    assert any(f"Restarting with {broken}" in words for words in said)
    expect(page.locator("#update span")).to_have_text(
        re.compile(f"{re.escape(broken)} did not work .*; {re.escape(new)} runs again"), timeout=MAKING_MS
    )
    versions = {m["version"] for m in heard.received if m["event"] == "status" and m["phone"] == "alice"}
    assert versions == {VERSION, new, broken}
    assert {m["version"] for m in heard.received if m["event"] == "status" and m["phone"] == "bob"} == {
        VERSION
    }


def test_what_a_page_may_not_ask(page: Page, port: int, standin: Process) -> None:
    """The stand-in knows no updates: the page is told so, and goes on."""
    visit(page, port)
    page.get_by_role("button", name="Publish an update").click()
    page.get_by_role("button", name="Publish an update").click()
    expect(page.locator("#connection")).to_have_text("A release is being made; wait a moment.")
