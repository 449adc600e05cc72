"""The page in a real browser: hands do what they seem to do, and what is shown is what the daemon says."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, WebSocket, expect

from tests.browser.conftest import STEP_MS, simulator
from tests.rig.processes import Process

pytestmark = pytest.mark.browser

Messages = list[dict[str, Any]]

PIXELS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: data.length / 4 }, (_, i) => [data[4 * i], data[4 * i + 3]]);
}"""

LAYOUT = """canvas => {
  const box = canvas.getBoundingClientRect();
  return [canvas.width, canvas.height, box.width * devicePixelRatio, box.height * devicePixelRatio,
          getComputedStyle(canvas).imageRendering];
}"""


class Heard:
    """What the page was sent, and what it sent, in order."""

    def __init__(self, page: Page) -> None:
        self.received: Messages = []
        self.sent: Messages = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.received.append(json.loads(frame)))
        socket.on("framesent", lambda frame: self.sent.append(json.loads(frame)))

    def last_frame(self, phone: str) -> dict[str, Any]:
        frames = [m for m in self.received if m["event"] == "frame" and m["phone"] == phone]
        return frames[-1]


def visit(page: Page, port: int) -> Heard:
    heard = Heard(page)
    page.goto(f"http://127.0.0.1:{port}/")
    for phone in ("alice", "bob"):
        expect(page.locator(f"#{phone}")).not_to_have_class(re.compile(r"\boff\b"), timeout=STEP_MS)
    return heard


def has(element: Locator, name: str) -> None:
    expect(element).to_have_class(re.compile(rf"\b{name}\b"), timeout=STEP_MS)


def has_not(element: Locator, name: str) -> None:
    expect(element).not_to_have_class(re.compile(rf"\b{name}\b"), timeout=STEP_MS)


def shows(page: Page, phone: str, words: str) -> None:
    expect(page.locator(f"#{phone} canvas")).to_have_attribute(
        "aria-label", re.compile(words), timeout=STEP_MS
    )


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


@pytest.mark.parametrize("ratio", [1, 2, 3])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (360, 740), (1920, 1080), (768, 1024)])
def test_display_pixels_arrive_unchanged(
    browser: Browser, port: int, standin: Process, size: tuple[int, int], ratio: int
) -> None:
    width, height = size
    with browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=ratio
    ) as context:
        page = context.new_page()
        heard = visit(page, port)
        for phone in ("alice", "bob"):
            canvas = page.locator(f"#{phone} canvas")
            expect(canvas).to_have_attribute("aria-label", re.compile("12:34"))
            sent = Image.open(io.BytesIO(base64.b64decode(heard.last_frame(phone)["png"]))).convert("L")
            pixels = canvas.evaluate(PIXELS)
            assert [value for value, _ in pixels] == list(sent.tobytes())
            assert all(value == alpha for value, alpha in pixels)
            wide, high, shown_wide, shown_high, rendering = canvas.evaluate(LAYOUT)
            assert (wide, high, rendering) == (128, 64, "pixelated")
            factor = shown_wide / 128
            assert factor == pytest.approx(round(factor), abs=0.02)
            assert factor >= 2
            assert shown_high == pytest.approx(shown_wide / 2)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


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
    shows(page, "alice", r"Private \(switch\?\)")
    alice.locator(".switch").click(force=True)  # it does not move
    wire.click()
    has(alice, "open")  # as it stood before
    assert [m["position"] for m in heard.sent] == ["open", "broken", "open"]


def test_a_screen_reader_hears_news_but_no_running_clock(page: Page, port: int, standin: Process) -> None:
    visit(page, port)
    spoken = page.locator("#alice p.unseen")
    expect(spoken).to_contain_text("Private")
    expect(spoken).to_have_attribute("aria-live", "polite")
    for name in ("Alice's telephone", "Bob's telephone", "Keypad"):
        expect(page.get_by_role("group", name=name).first).to_be_visible()
    page.get_by_label("star").first.evaluate("key => key.click()")  # as assistive technology does
    page.locator("#alice .handset").evaluate("handset => handset.click()")
    has(page.locator("#alice"), "lifted")


def test_nothing_sounds_before_a_hand_touched_the_page(page: Page, port: int, standin: Process) -> None:
    page.add_init_script(
        "window.made = 0; window.AudioContext = class extends AudioContext {"
        " constructor(...a) { super(...a); window.made += 1; window.audio = this; } }"
    )
    visit(page, port)
    page.wait_for_timeout(300)
    assert page.evaluate("made") == 0
    page.locator("#alice").focus()
    page.keyboard.press("Space")
    page.wait_for_function("made === 1 && audio.state === 'running'")
    page.get_by_text("Sound on").click()
    expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#mute")).to_have_text("Sound off")


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
