"""What is around the telephones, with the real daemons: what just left, a bad provider, a third."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import has, has_not, shows, visit
from tests.rig.processes import Process

pytestmark = pytest.mark.browser

SEEN = os.environ.get("SOTTOVOCE_PAGE_PICTURES")
"""A folder for pictures of the page, for who wants to look at it."""


def picture(page: Page, name: str) -> None:
    if SEEN:
        page.screenshot(path=Path(SEEN) / f"{name}.png", full_page=True)


def lift(page: Page, name: str) -> None:
    page.get_by_label(f"Lift {name}'s handset").click()


def put_down(page: Page, name: str) -> None:
    if page.get_by_label(f"Put down {name}'s handset").count():
        page.get_by_label(f"Put down {name}'s handset").click()
    has_not(page.locator(f"#{name.lower()}"), "lifted")


def press(page: Page, phone: str, keys: str) -> None:
    for key in keys:
        page.locator(f"#{phone} [data-key='{key}']").click()


def hold(page: Page, phone: str, key: str) -> None:
    place = page.locator(f"#{phone} [data-key='{key}']")
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.wait_for_timeout(1200)
    page.mouse.up()


def alice_calls_bob(page: Page) -> None:
    lift(page, "Alice")
    shows(page, "alice", "Dial a number")
    press(page, "alice", "2#")


def last_invite(page: Page) -> list[tuple[str, str]]:
    """The newest invitation as the page shows it: each line, and what it says."""
    expect(page.locator(".post ol li").last).to_be_visible()
    page.locator(".post ol button", has_text="INVITE").last.click()
    return [
        (row.locator("td").nth(0).inner_text(), row.locator("td").nth(1).inner_text())
        for row in page.locator(".letter tr").all()
    ]


def test_what_left_is_said_in_plain_words_and_a_bad_provider_gets_nothing(
    page: Page, port: int, daemons: Process
) -> None:
    visit(page, port)
    picture(page, "1-rest")
    alice_calls_bob(page)
    has(page.locator("#bob"), "rings")
    rows = last_invite(page)
    assert [raw for raw, words in rows if raw and not words] == [], "a line that nobody explains"
    assert any("anonymous.invalid" in raw and "not told" in words for raw, words in rows)
    assert rows[0] == (rows[0][0], "May I talk with you?")
    lift(page, "Bob")
    shows(page, "alice", "End to end")
    picture(page, "2-call")
    page.mouse.wheel(0, -2000)
    put_down(page, "Bob")
    put_down(page, "Alice")
    said = page.locator(".post ol").inner_text()
    assert "I hang up." in said
    assert {"Alice", "Bob"} <= set(said.replace("\n", " ").split())

    page.locator("#alice").focus()
    page.keyboard.press("p")
    page.get_by_label("A provider who asks to listen to the room").check()
    alice_calls_bob(page)
    has(page.locator("#bob"), "rings")
    page.wait_for_timeout(1500)
    has_not(page.locator("#bob"), "lifted")
    shows(page, "bob", "Incoming call")
    assert any("told. The switch stands on open" in words for _, words in last_invite(page))
    expect(page.locator(".post li.changed").last).to_contain_text("changed on the way")
    put_down(page, "Alice")

    page.get_by_label("A provider who takes out the encryption").check()
    expect(page.locator("#provider p")).to_contain_text("does not even ring")
    alice_calls_bob(page)
    shows(page, "alice", "No common encryption")
    has_not(page.locator("#bob"), "rings")
    put_down(page, "Alice")

    page.get_by_label("A provider who puts in keys of its own").check()
    alice_calls_bob(page)
    has(page.locator("#bob"), "rings")
    lift(page, "Bob")
    page.wait_for_timeout(9000)
    shows(page, "alice", "Keys do not match|No keys agreed")
    picture(page, "3-keys")
    assert daemons.alive


def test_a_third_calls_and_the_displays_change_their_language(
    page: Page, port: int, daemons: Process
) -> None:
    visit(page, port)
    alice_calls_bob(page)
    has(page.locator("#bob"), "rings")
    lift(page, "Bob")
    shows(page, "alice", "End to end")
    page.get_by_role("button", name="Carol calls Alice").click()
    shows(page, "alice", "Hold 0: .* calls")
    picture(page, "4-third")
    hold(page, "alice", "0")
    press(page, "alice", "2")
    shows(page, "bob", "They put you on hold")
    hold(page, "alice", "0")
    press(page, "alice", "3")
    shows(page, "alice", r"Bob \+ |\+ Bob")
    page.get_by_role("button", name="Carol hangs up").click()
    shows(page, "alice", "Bob.*End to end")
    put_down(page, "Bob")
    put_down(page, "Alice")
    page.get_by_label("Language of the displays").select_option("el")
    for phone in ("alice", "bob"):
        shows(page, phone, "[α-ω]{4}")
    picture(page, "5-greek")
    assert "phone ended" not in daemons.output()
