from __future__ import annotations

import io

import pytest
from PIL import Image

from firmware.phone.display.fake import FakeDisplay
from firmware.phone.errors import HardwareError


def test_png_is_what_is_shown() -> None:
    display = FakeDisplay()
    image = Image.new("1", (128, 64))
    image.putpixel((5, 6), 255)
    display.show(image)
    with Image.open(io.BytesIO(display.png())) as read:
        assert (read.mode, read.size, read.tobytes()) == ("1", (128, 64), image.tobytes())


def test_change_is_told_and_counted_once_for_each_picture() -> None:
    told: list[int] = []
    display = FakeDisplay(lambda: told.append(display.frames))
    lit = Image.new("1", (128, 64), 255)
    for image in (lit, lit, Image.new("1", (128, 64))):
        display.show(image)
    display.close()
    assert told == [1, 2]


def test_failure_says_its_reason_and_keeps_the_old_picture() -> None:
    display = FakeDisplay()
    lit = Image.new("1", (128, 64), 255)
    display.show(lit)
    display.fail("unplugged")
    with pytest.raises(HardwareError, match=r"^unplugged$"):
        display.show(Image.new("1", (128, 64)))
    assert display.image().tobytes() == lit.tobytes()


def test_nobody_can_draw_on_the_kept_picture() -> None:
    display = FakeDisplay()
    display.image().paste(255, (0, 0, 128, 64))
    assert display.image().getbbox() is None
