"""What goes over the bus when a picture changes: right for all pictures, and short for small changes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from firmware.phone.display.base import HEIGHT, WIDTH
from firmware.phone.display.pages import PAGES, WHOLE, Memory, Patch, changes, memory

OVERHEAD = 10


def picture(seed: int) -> Image.Image:
    chance = random.Random(seed)
    image = Image.new("1", (WIDTH, HEIGHT))
    image.putdata([255 * chance.getrandbits(1) for _ in range(WIDTH * HEIGHT)])
    return image


def patched(before: Memory, after: Memory, patches: list[Patch]) -> Memory:
    """What the controller has when the patches came."""
    rows = [bytearray(page) for page in before]
    for patch in patches:
        octets = patch.octets(after)
        width = patch.right - patch.left + 1
        for number, page in enumerate(range(patch.top, patch.bottom + 1)):
            rows[page][patch.left : patch.right + 1] = octets[number * width : (number + 1) * width]
    return tuple(map(bytes, rows))


def test_the_memory_holds_each_pixel_at_its_place() -> None:
    image = picture(1)
    rows = memory(image)
    assert [len(row) for row in rows] == [WIDTH] * PAGES
    for y in range(HEIGHT):
        for x in range(WIDTH):
            assert bool(rows[y // 8][x] >> (y % 8) & 1) == bool(image.getpixel((x, y))), (x, y)


boxes = st.tuples(st.integers(0, 127), st.integers(0, 63), st.integers(1, 40), st.integers(1, 30))


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes, max_size=6), st.booleans())
def test_whatever_changed_the_patches_bring_it_and_are_never_longer_than_all(
    changed: list[tuple[int, int, int, int]], windows: bool
) -> None:
    before = picture(2)
    after = before.copy()
    for x, y, wide, high in changed:
        box = (x, y, min(WIDTH, x + wide), min(HEIGHT, y + high))
        after.paste(ImageChops.invert(after.crop(box).convert("L")).convert("1"), box)
    old, new = memory(before), memory(after)
    found = changes(old, new, OVERHEAD, windows=windows)
    assert patched(old, new, found) == new
    assert (not found) == (old == new)
    if not windows:
        assert all(patch.top == patch.bottom for patch in found)
    cost = sum(patch.size + OVERHEAD for patch in found)
    assert cost <= WHOLE.size + (1 if windows else PAGES) * OVERHEAD


def test_nothing_changed_is_nothing_to_send() -> None:
    assert changes(memory(picture(3)), memory(picture(3)), OVERHEAD, windows=True) == []


@pytest.mark.parametrize(("windows", "patches"), [(True, 1), (False, 4)])
def test_neighbouring_pages_go_as_one_window_where_the_controller_has_windows(
    windows: bool, patches: int
) -> None:
    before, after = Image.new("1", (WIDTH, HEIGHT)), Image.new("1", (WIDTH, HEIGHT))
    after.paste(255, (40, 8, 60, 40))
    found = changes(memory(before), memory(after), OVERHEAD, windows=windows)
    assert len(found) == patches
    assert sum(patch.size for patch in found) == 4 * 20


def test_two_far_corners_stay_two_patches_and_near_ones_become_one() -> None:
    before = Image.new("1", (WIDTH, HEIGHT))
    far, near = before.copy(), before.copy()
    far.putpixel((0, 0), 255)
    far.putpixel((127, 63), 255)
    near.putpixel((10, 0), 255)
    near.putpixel((10 + OVERHEAD, 0), 255)
    assert len(changes(memory(before), memory(far), OVERHEAD, windows=True)) == 2
    assert changes(memory(before), memory(near), OVERHEAD, windows=True) == [Patch(0, 0, 10, 20)]
