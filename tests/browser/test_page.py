"""The page in a real browser: hands do what they seem to do, and what is shown is what the daemon says."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import STEP_MS, simulator
from tests.browser.looking import has, has_not, shows, visit
from tests.rig.processes import Process

pytestmark = pytest.mark.browser


def test_keyboard_alone_makes_a_call(page: Page, port: int, standin: Process) -> None:
    visit(page, port)
    alice, bob = page.locator("#alice"), page.locator("#bob")
    page.locator("#volume").focus()
    page.keyboard.press("Tab")
    expect(alice).to_be_focused()
    page.keyboard.press("Space")
    has(alice, "lifted")
    page.keyboard.type("2#")
    has(bob, "rings")
    page.keyboard.press("Tab")
    expect(bob).to_be_focused()
    page.keyboard.press("Space")
    has(bob, "lifted")
    has_not(bob, "rings")
    shows(page, "alice", "End to end")
    page.keyboard.press("Space")
    has_not(bob, "lifted")
    shows(page, "alice", "They hung up")


def test_the_focus_is_seen(page: Page, port: int, standin: Process) -> None:
    visit(page, port)
    page.locator("#volume").focus()
    page.keyboard.press("Tab")
    outline = "body => getComputedStyle(body).outlineStyle"
    assert page.locator("#alice .body").evaluate(outline) == "solid"
    assert page.locator("#bob .body").evaluate(outline) == "none"
    page.get_by_label("Lift Bob's handset").click()
    assert page.locator("#bob .body").evaluate(outline) == "none"  # a mouse needs no ring
    page.keyboard.press("Space")
    assert page.locator("#bob .body").evaluate(outline) == "solid"


def test_mouse_alone_makes_a_call(page: Page, port: int, standin: Process) -> None:
    visit(page, port)
    page.get_by_label("Lift Alice's handset").click()
    has(page.locator("#alice"), "lifted")
    for key in "2#":
        page.locator(f"#alice [data-key='{key}']").click()
    page.get_by_label("Lift Bob's handset").click()
    shows(page, "bob", "End to end")
    page.get_by_label("Put down Alice's handset").click()
    has_not(page.locator("#alice"), "lifted")


def test_a_key_is_down_as_long_as_it_is_held(page: Page, port: int, standin: Process) -> None:
    heard = visit(page, port)
    key = page.locator("#alice [data-key='5']")
    box = key.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    has(key, "down")
    page.wait_for_timeout(100)
    assert [m["what"] for m in heard.sent] == ["press"]
    page.mouse.move(10, 790)  # the finger slides off: the key is let go where the finger leaves the glass
    page.mouse.up()
    has_not(key, "down")
    page.keyboard.down("Shift")
    page.keyboard.down("*")
    page.keyboard.up("Shift")
    page.keyboard.up("*")
    page.wait_for_timeout(100)
    assert [(m["what"], m["key"]) for m in heard.sent] == [
        ("press", "5"),
        ("release", "5"),
        ("press", "*"),
        ("release", "*"),
    ]


def test_a_key_is_let_go_when_the_page_loses_the_focus(page: Page, port: int, standin: Process) -> None:
    heard = visit(page, port)
    page.locator("#alice").focus()
    page.keyboard.down("7")
    page.locator("#bob").focus()
    page.wait_for_timeout(100)
    assert [m["what"] for m in heard.sent] == ["press", "release"]


def test_ringing_is_seen(page: Page, port: int, standin: Process) -> None:
    visit(page, port)
    page.locator("#alice").focus()
    page.keyboard.press("Space")
    page.keyboard.type("2#")
    has(page.locator("#bob"), "rings")
    has(page.locator("#bob .lamp"), "lit")
    expect(page.locator("#bob .lamp")).to_have_attribute("aria-label", "Ringing light: on")
    expect(page.locator("#hint")).to_have_text("Lift Bob's handset to answer.")
    animation = "e => getComputedStyle(e).animationName"
    assert page.locator("#bob .handset").evaluate(animation) == "none"  # reduced motion is asked for
    page.emulate_media(reduced_motion="no-preference")
    assert page.locator("#bob .handset").evaluate(animation) == "shake"
    page.keyboard.press("Space")
    has_not(page.locator("#bob .lamp"), "lit")


@pytest.mark.parametrize(("light", "name"), [(".message", "Message"), (".muted", "Mute")])
def test_message_and_mute_are_seen(page: Page, port: int, standin: Process, light: str, name: str) -> None:
    """The stand-in lights both while its handset is lifted."""
    visit(page, port)
    lamp = page.locator(f"#alice {light}")
    expect(lamp).to_have_attribute("aria-label", f"{name} light: off")
    page.get_by_label("Lift Alice's handset").click()
    has(lamp, "lit")
    expect(lamp).to_have_attribute("aria-label", f"{name} light: on")


def test_the_switch_follows_the_daemon_not_the_hand(page: Page, port: int, standin: Process) -> None:
    visit(page, port)
    alice, switch = page.locator("#alice"), page.locator("#alice .switch")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    has(alice, "open")
    has_not(alice.locator(".led"), "lit")
    alice.focus()
    page.keyboard.press("p")
    has_not(alice, "open")
    has(alice.locator(".led"), "lit")
    page.keyboard.press("*")  # from now on the stand-in's switch is stuck
    switch.click()
    page.wait_for_timeout(300)
    has_not(alice, "open")
    has(alice.locator(".led"), "lit")


def test_a_switch_whose_wire_is_pulled(page: Page, port: int, standin: Process) -> None:
    heard = visit(page, port)
    alice, wire = page.locator("#alice"), page.locator("#alice .wire")
    alice.locator(".switch").click()
    has(alice, "open")
    wire.click()
    has(alice, "broken")
    has_not(alice, "open")
    has(alice.locator(".led"), "lit")
    has(alice.locator(".led"), "slow")
    shows(page, "alice", r"Private \(switch\?\)")
    alice.locator(".switch").click(force=True)  # it does not move
    wire.click()
    has(alice, "open")  # as it stood before
    has_not(alice.locator(".led"), "slow")
    assert [m["position"] for m in heard.sent] == ["open", "broken", "open"]


def test_a_phone_that_stopped_says_so_and_comes_back(page: Page, port: int, standin: Process) -> None:
    visit(page, port)
    listed = Path(f"/proc/{standin.pid}/task/{standin.pid}/children").read_text(encoding="ascii")
    by_phone = {
        phone: pid
        for pid in map(int, listed.split())
        for phone in ("alice", "bob")
        if f"/{phone}/" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
    }
    os.kill(by_phone["bob"], signal.SIGKILL)
    expect(page.locator("#bob .trouble")).to_contain_text("This phone stopped", timeout=STEP_MS)
    has(page.locator("#bob"), "off")
    has_not(page.locator("#alice"), "off")
    has_not(page.locator("#bob"), "off")
    shows(page, "bob", "12:34")
    expect(page.locator("#bob .trouble")).to_have_text("")


def test_the_page_connects_again_by_itself(page: Page, tmp_path: Path, port: int) -> None:
    with simulator(tmp_path, "tests.browser.simulate", str(port)) as first:
        first.wait_for("Two phones are ready", 20)
        visit(page, port)
    banner = page.locator("#connection")
    expect(banner).to_contain_text("No connection", timeout=STEP_MS)
    has(page.locator("#alice"), "off")
    with simulator(tmp_path / "again", "tests.browser.simulate", str(port)) as second:
        second.wait_for("Two phones are ready", 20)
        expect(banner).to_be_hidden(timeout=STEP_MS)
        shows(page, "alice", "12:34")


def test_alice_calls_bob_on_real_daemons(page: Page, port: int, daemons: Process) -> None:
    """Real SIP over TLS, real DTLS-SRTP: the displays say what protects the call."""
    visit(page, port)
    shows(page, "alice", "Private")
    page.locator("#alice").focus()
    page.keyboard.press("p")
    has(page.locator("#alice"), "open")
    page.keyboard.press("Space")
    shows(page, "alice", "Dial a number")
    page.keyboard.type("2#")
    shows(page, "alice", "Ringing.*Bob")
    has(page.locator("#bob"), "rings")
    shows(page, "bob", "Incoming call.*Alice|Incoming call.*127")
    page.locator("#bob").focus()
    page.keyboard.press("Space")
    for phone in ("alice", "bob"):
        shows(page, phone, r"\d:\d\d.*End to end")
    has_not(page.locator("#bob"), "rings")
    page.keyboard.press("Space")
    shows(page, "alice", "They hung up")
    page.locator("#alice").focus()
    page.keyboard.press("Space")
    for phone in ("alice", "bob"):
        has_not(page.locator(f"#{phone}"), "lifted")
    assert daemons.alive
    assert "phone ended" not in daemons.output()


def test_a_private_caller_stays_unnamed_on_real_daemons(page: Page, port: int, daemons: Process) -> None:
    visit(page, port)
    page.locator("#bob").focus()
    page.keyboard.press("Space")
    shows(page, "bob", "Dial a number")
    page.keyboard.type("1#")
    shows(page, "alice", "Incoming call.*Anonymous")
    page.keyboard.press("Space")
    has_not(page.locator("#alice"), "rings")


def test_the_star_held_opens_the_menu_on_real_daemons(page: Page, port: int, daemons: Process) -> None:
    visit(page, port)
    page.locator("#alice").focus()
    page.keyboard.down("*")
    shows(page, "alice", "Menu 1/3.*What they see")
    page.keyboard.up("*")
    page.keyboard.press("5")
    shows(page, "alice", "About 1/.*Sottovoce")
    page.keyboard.press("#")
    page.keyboard.press("#")
    shows(page, "alice", "Private")
    key = page.locator("#bob [data-key='*']")
    box = key.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    shows(page, "bob", "Menu 1/3")
    page.mouse.up()
