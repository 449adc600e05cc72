"""From the keypad of a simulated phone to a phone that runs with the change, in a real browser."""

from __future__ import annotations

import hashlib
import os
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import STEP_MS
from tests.browser.looking import shows, visit
from tests.rig.processes import Process

pytestmark = pytest.mark.browser

START_MS = 30_000
PICTURES = os.environ.get("SOTTOVOCE_PICTURES", "")
"""A folder for pictures of the page, to be looked at."""


@pytest.fixture
def nearby(browser: Browser) -> Iterator[BrowserContext]:
    """A second browser, of the person who sets up; it is told to go on in spite of the certificate."""
    context = browser.new_context(ignore_https_errors=True, viewport={"width": 480, "height": 900})
    context.set_default_timeout(STEP_MS)
    yield context
    context.close()


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.locator(f"#alice [data-key='{key}']").click()


def held(page: Page, key: str) -> None:
    page.locator(f"#alice [data-key='{key}']").hover()
    page.mouse.down()
    page.wait_for_timeout(1200)
    page.mouse.up()


def label(page: Page) -> str:
    return page.locator("#alice canvas").get_attribute("aria-label") or ""


def picture(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def accessible(page: Page) -> None:
    """Fields have names, the page a heading and a language, text stands out, the keyboard gets everywhere."""
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.locator("h1")).to_have_count(1)
    for field in page.locator("input:not([type=hidden]), select, textarea").all():
        name = field.get_attribute("id") or ""
        assert page.locator(f"label[for='{name}']").inner_text().strip()
        for described in (field.get_attribute("aria-describedby") or "").split():
            assert page.locator(f"#{described}").inner_text().strip()
    contrasts = page.evaluate(CONTRAST)
    assert contrasts == [], contrasts
    wanted = page.locator("a, button, input:not([type=hidden]), select, textarea").count()
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(wanted + 2):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "[...document.querySelectorAll('a,button,input,select,textarea')].indexOf(document.activeElement)"
            )
        )
    assert len(reached - {-1}) == wanted


CONTRAST = """() => {
  const part = (c) => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const light = (rgb) => { const [r, g, b] = rgb.match(/[0-9.]+/g).map(Number);
    return .2126 * part(r) + .7152 * part(g) + .0722 * part(b); };
  const behind = (e) => { for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor; if (c !== "rgba(0, 0, 0, 0)") return c; }
    return "rgb(255, 255, 255)"; };
  const faint = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) faint.push(e.outerHTML.slice(0, 80));
  }
  return faint;
}"""
"""Text that stands out less than 4.5 : 1 (WCAG 2.2, 1.4.3)."""


def test_the_whole_way(page: Page, port: int, daemons: Process, nearby: BrowserContext) -> None:
    visit(page, port)
    held(page, "*")
    shows(page, "alice", "What they see")
    press(page, "**3")
    expect(page.locator("#alice canvas")).to_have_attribute(
        "aria-label", re.compile(r"https://127\.0\.0\.1:\d+/.*Code"), timeout=START_MS
    )
    picture(page, "keypad")
    found = re.search(r"(https://127\.0\.0\.1:(\d+)/)\D*((?:\d{4}\D*){2})", label(page))
    assert found, label(page)
    url, setup_port, code = found[1], int(found[2]), re.sub(r"\D", "", found[3])[:8]

    other = nearby.new_page()
    faults: list[str] = []
    other.on("console", lambda line: faults.append(line.text) if "Security" in line.text else None)
    other.goto(url)
    expect(other.get_by_role("heading", name="Type the code")).to_be_visible()
    accessible(other)
    picture(other, "code")
    other.get_by_label("Code").fill("00000000" if code != "00000000" else "1")
    other.get_by_role("button", name="Go on").click()
    expect(other.get_by_role("alert")).to_contain_text("not the code on the display")
    other.wait_for_timeout(1200)
    other.get_by_label("Code").fill(f"{code[:4]} {code[4:]}")
    other.keyboard.press("Enter")
    expect(other.get_by_role("heading", name="What do you want to change?")).to_be_visible()
    shows(page, "alice", "Somebody is in")
    accessible(other)
    picture(other, "overview")
    presented = ssl.get_server_certificate(("127.0.0.1", setup_port))
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(presented)).hexdigest().upper()
    pages = []
    for _ in range(5):
        press(page, "8")
        page.wait_for_timeout(150)
        pages.append(re.sub(r"[\s.]", "", label(page)))
    assert any(fingerprint in one for one in pages), pages

    other.get_by_role("link", name="Add an account").click()
    accessible(other)
    other.get_by_label("User (needed)").fill("alice@phone.test")
    other.get_by_label("Domain").fill("phone.test")
    other.get_by_label("Password").fill("a long secret")
    other.get_by_role("button", name="Show what this will do").click()
    expect(other.get_by_role("alert")).to_contain_text(
        "phone.toml: account.user: is a whole address; write only the part before the @"
    )
    accessible(other)
    picture(other, "fault")
    other.get_by_label("User (needed)").fill("alice")
    other.get_by_label("Display name").fill("Alice Archer")
    other.get_by_label("Password").fill("a long secret")
    other.get_by_role("button", name="Show what this will do").click()
    expect(other.get_by_role("heading", name="This will happen")).to_be_visible()
    expect(other.get_by_role("main")).to_contain_text("Adds the account alice@phone.test")
    expect(other.get_by_role("main")).to_contain_text("over TLS")
    accessible(other)
    picture(other, "preview")
    assert "phone.test" not in label(page), "nothing has been done yet"
    other.get_by_role("button", name="Confirm").click()
    expect(other.get_by_role("heading", name="Done")).to_be_visible(timeout=START_MS)
    picture(other, "done")
    other.get_by_role("link", name="Back to all").click()
    expect(other.get_by_role("main")).to_contain_text("alice@phone.test")
    shows(page, "alice", "Set-up page is open")

    held(page, "*")
    press(page, "*6")
    shows(page, "alice", "alice@phone.test")
    picture(page, "account")
    other.get_by_role("button", name="Close this page for good").click()
    expect(other.get_by_role("heading", name="Closed")).to_be_visible()
    other.wait_for_timeout(3000)
    with pytest.raises(ConnectionRefusedError):
        ssl.get_server_certificate(("127.0.0.1", setup_port), timeout=3)
    assert faults == []
