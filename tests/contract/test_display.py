"""What every display driver promises (``firmware.phone.display.base``), held against each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from PIL import Image

from firmware.phone.display.base import HEIGHT, WIDTH, Display
from firmware.phone.display.fake import FakeDisplay
from firmware.phone.display.oled import OledDisplay
from firmware.phone.errors import HardwareError
from tests.unit.display.controller import Wires
from tests.vm.devices import Witness, drivers


@dataclass
class Bench:
    """A display and the hands and eyes on it: ``glass`` sees, ``plug`` pulls it out and puts it back."""

    display: Display
    glass: Callable[[], Image.Image]
    plug: Callable[[bool], None]


def _fake() -> Bench:
    display = FakeDisplay()
    return Bench(display, display.image, lambda there: display.fail(None if there else "pulled out"))


def _oled(kind: str, monkeypatch: pytest.MonkeyPatch) -> Bench:
    wires = Wires(kind)
    monkeypatch.setattr("smbus2.SMBus", wires)

    def plug(there: bool) -> None:
        wires.plugged = there
        wires.controller.power_cycle()

    return Bench(OledDisplay(kind), wires.controller.glass, plug)


def _kernel(kind: str) -> Bench:
    witness = Witness()
    return Bench(OledDisplay(kind), lambda: witness.glass(kind), witness.plug)


KERNEL = ["kernel-ssd1306", "kernel-ssd1309", "kernel-sh1106"]


@pytest.fixture(params=drivers("fake", "ssd1306", "sh1106", "ssd1309", kernel=KERNEL))
def bench(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bench:
    where, _, kind = request.param.rpartition("-")
    if where == "kernel":
        return _kernel(kind)
    return _fake() if kind == "fake" else _oled(kind, monkeypatch)


def picture(step: int) -> Image.Image:
    image = Image.new("1", (WIDTH, HEIGHT))
    image.putdata([255 if (x * x + step * y) % 7 < 2 else 0 for y in range(HEIGHT) for x in range(WIDTH)])
    return image


def same(one: Image.Image, other: Image.Image) -> bool:
    return (one.mode, one.size, one.tobytes()) == (other.mode, other.size, other.tobytes())


DARK = Image.new("1", (WIDTH, HEIGHT))


def test_shows_every_pixel(bench: Bench) -> None:
    for step in (1, 2, 2, 3):
        bench.display.show(picture(step))
        assert same(bench.glass(), picture(step))


def test_a_part_of_the_picture_may_change(bench: Bench) -> None:
    """One pixel, a column, a row over all columns, two far corners: and all the rest stays."""
    image = picture(1)
    bench.display.show(image)
    for box in ((127, 63, 128, 64), (64, 0, 65, 64), (0, 31, 128, 33), (0, 0, 3, 3), (120, 60, 128, 64)):
        part = image.crop(box)
        image.paste(part.point(lambda lit: 255 - lit), box)
        bench.display.show(image)
        assert same(bench.glass(), image)


def test_brightness_changes_no_pixel(bench: Bench) -> None:
    for brightness in (1.0, 0.1, 0.0, 1.0):
        bench.display.show(picture(1), brightness)
        assert same(bench.glass(), picture(1))


def test_pulled_out_is_noticed_with_the_picture_that_it_shows_already(bench: Bench) -> None:
    bench.display.show(picture(1))
    bench.plug(False)
    with pytest.raises(HardwareError):
        bench.display.show(picture(1))
    bench.plug(True)
    bench.display.show(picture(1))
    assert same(bench.glass(), picture(1))


def test_shows_a_dark_picture_first(bench: Bench) -> None:
    bench.display.show(DARK)
    assert same(bench.glass(), DARK)


def test_keeps_what_it_was_given_when_the_caller_draws_on(bench: Bench) -> None:
    image = picture(1)
    bench.display.show(image)
    image.paste(0, (0, 0, WIDTH, HEIGHT))
    assert same(bench.glass(), picture(1))
    bench.display.show(image)
    assert same(bench.glass(), DARK)


def test_pulled_out_raises_and_recovers_with_the_same_picture(bench: Bench) -> None:
    bench.display.show(picture(1))
    bench.plug(False)
    for _ in range(2):
        with pytest.raises(HardwareError, match=r"\w"):
            bench.display.show(picture(2))
    bench.plug(True)
    bench.display.show(picture(2))
    assert same(bench.glass(), picture(2))


def test_absent_from_the_start_and_plugged_in_later(bench: Bench) -> None:
    bench.plug(False)
    with pytest.raises(HardwareError):
        bench.display.show(picture(1))
    bench.plug(True)
    bench.display.show(picture(1))
    assert same(bench.glass(), picture(1))


def test_close_is_dark_and_may_come_twice(bench: Bench) -> None:
    bench.display.show(picture(1))
    bench.display.close()
    bench.display.close()
    assert same(bench.glass(), DARK)


def test_close_before_anything_was_shown(bench: Bench) -> None:
    bench.display.close()
    assert same(bench.glass(), DARK)


def test_close_when_pulled_out_does_not_raise(bench: Bench) -> None:
    bench.display.show(picture(1))
    bench.plug(False)
    bench.display.close()


def test_shows_again_after_close(bench: Bench) -> None:
    bench.display.show(picture(1))
    bench.display.close()
    bench.display.show(picture(1))
    assert same(bench.glass(), picture(1))


@pytest.mark.parametrize(
    "image", [Image.new("1", (64, 128)), Image.new("1", (128, 63)), Image.new("L", (WIDTH, HEIGHT))]
)
def test_refuses_what_is_not_a_frame(bench: Bench, image: Image.Image) -> None:
    bench.display.show(picture(1))
    with pytest.raises(ValueError, match="128x64"):
        bench.display.show(image)
    assert same(bench.glass(), picture(1))
