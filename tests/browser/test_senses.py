"""What reaches eye and ear: the display's true pixels, the tones, and the words for a screen reader."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser.conftest import STEP_MS
from tests.browser.looking import has, shows, visit
from tests.rig.processes import Process

pytestmark = pytest.mark.browser

PIXELS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return Array.from({ length: data.length / 4 }, (_, i) => [data[4 * i], data[4 * i + 3]]);
}"""

LAYOUT = """canvas => {
  const box = canvas.getBoundingClientRect();
  return [canvas.width, canvas.height, box.width * devicePixelRatio, box.height * devicePixelRatio,
          getComputedStyle(canvas).imageRendering];
}"""


SIZES = [(1280, 800), (390, 844), (360, 740), (1920, 1080), (768, 1024)]

EAR = """
window.ear = null;
window.AudioContext = class extends AudioContext {
  get destination() {
    if (!window.ear) {
      window.ear = new AnalyserNode(this, { fftSize: 8192, smoothingTimeConstant: 0 });
      window.ear.connect(super.destination);
    }
    return window.ear;
  }
};
window.loudest = () => {  // Hz; 0 in silence
  if (!ear) return 0;
  const levels = new Float32Array(ear.frequencyBinCount);
  ear.getFloatFrequencyData(levels);
  const top = levels.indexOf(Math.max(...levels));
  return levels[top] < -80 ? 0 : top * ear.context.sampleRate / ear.fftSize;
};
"""


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_display_pixels_arrive_unchanged(browser: Browser, port: int, standin: Process, ratio: int) -> None:
    for width, height in SIZES if ratio == 1 else SIZES[:2]:
        size: ViewportSize = {"width": width, "height": height}
        with browser.new_context(viewport=size, device_scale_factor=ratio) as context:
            page = context.new_page()
            heard = visit(page, port)
            for phone in ("alice", "bob"):
                shows(page, phone, "12:34")
                true_pixels(page.locator(f"#{phone} canvas"), heard.last_frame(phone)["png"])
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def true_pixels(canvas: Locator, png: str) -> None:
    """The canvas holds the picture as it was sent, enlarged by a whole number of screen pixels."""
    sent = Image.open(io.BytesIO(base64.b64decode(png))).convert("L")
    pixels = canvas.evaluate(PIXELS)
    assert [value for value, _ in pixels] == list(sent.tobytes())
    assert all(value == alpha for value, alpha in pixels)
    wide, high, shown_wide, shown_high, rendering = canvas.evaluate(LAYOUT)
    assert (wide, high, rendering) == (128, 64, "pixelated")
    factor = shown_wide / 128
    assert factor == pytest.approx(round(factor), abs=0.02)
    assert factor >= 2
    assert shown_high == pytest.approx(shown_wide / 2)


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


def heard_within(page: Page, lowest: float, highest: float) -> None:
    """Wait until the strongest frequency lies there. (The page's policy forbids ``wait_for_function``.)"""
    for _ in range(STEP_MS // 50):
        if lowest <= page.evaluate("() => loudest()") <= highest:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"nothing was heard from {lowest} to {highest} Hz")


def test_tones_are_heard_but_never_before_a_hand_touched_the_page(
    page: Page, port: int, standin: Process
) -> None:
    page.add_init_script(EAR)
    visit(page, port)
    page.wait_for_timeout(300)
    assert page.evaluate("ear") is None
    page.locator("#alice").focus()
    page.keyboard.press("Space")
    heard_within(page, 395, 455)  # the dial tone
    page.keyboard.type("2#")
    heard_within(page, 600, 1900)  # Bob's telephone rings
    page.get_by_text("Sound on").click()
    expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#mute")).to_have_text("Sound off")
    heard_within(page, 0, 0)
