"""Scan and debounce, on timelines: what is closed from which millisecond on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.phone.events import KeyPressed, KeyReleased
from firmware.phone.keypad.matrix import Change, KeyJammed, Matrix, Position, ghosts

LAYOUT = ("123", "456", "789", "*0#")
ONE, TWO, FOUR, FIVE = (0, 0), (0, 1), (1, 0), (1, 1)
Timeline = Mapping[int, set[Position]]


def run(
    timeline: Timeline, until: int, matrix: Matrix | None = None, every: int = 5
) -> list[tuple[int, Change]]:
    """Scan every 5 ms from 0; the events with their time."""
    matrix = matrix or Matrix(LAYOUT)
    events: list[tuple[int, Change]] = []
    closed: set[Position] = set()
    for now in range(until + 1):
        closed = timeline.get(now, closed)
        if now % every == 0:
            events += [(now, change) for change in matrix.scan(closed, now)]
    return events


def test_a_press_counts_after_the_debounce_time_and_so_does_the_release() -> None:
    events = run({10: {ONE}, 100: set()}, 200)
    assert events == [(30, KeyPressed("1")), (120, KeyReleased("1"))]


@pytest.mark.parametrize(("row", "column", "key"), [(r, c, LAYOUT[r][c]) for r in range(4) for c in range(3)])
def test_each_key_has_its_place(row: int, column: int, key: str) -> None:
    assert run({0: {(row, column)}}, 50) == [(20, KeyPressed(key))]


def test_a_4x4_keypad() -> None:
    matrix = Matrix(("123A", "456B", "789C", "*0#D"))
    assert run({0: {(3, 3)}}, 50, matrix) == [(20, KeyPressed("D"))]


@pytest.mark.parametrize("bounce", [1, 4, 7, 12, 19])
def test_bounce_up_to_20_ms_is_one_press(bounce: int) -> None:
    """The contact opens and closes for 20 ms, in steps of ``bounce`` ms, at both ends of the press."""
    chatter = {now: {ONE} if now // bounce % 2 == 0 else set() for now in range(20)}
    timeline = chatter | {20: {ONE}} | {200 + now: set() if keys else {ONE} for now, keys in chatter.items()}
    events = run(timeline | {220: set()}, 400)
    assert [event for _, event in events] == [KeyPressed("1"), KeyReleased("1")]
    assert events[0][0] <= 20 + 20 + 5
    assert events[1][0] <= 220 + 20 + 5


def test_a_touch_shorter_than_the_debounce_time_is_nothing() -> None:
    assert run({0: {ONE}, 15: set()}, 100) == []


def test_a_gap_shorter_than_the_debounce_time_is_nothing() -> None:
    assert run({0: {ONE}, 100: set(), 115: {ONE}}, 200) == [(20, KeyPressed("1"))]


def test_the_debounce_time_is_a_setting() -> None:
    assert run({0: {ONE}}, 100, Matrix(LAYOUT, debounce_ms=50)) == [(50, KeyPressed("1"))]


def test_two_keys_roll_over() -> None:
    events = run({0: {ONE}, 50: {ONE, FIVE}, 100: {FIVE}, 150: set()}, 200)
    assert [event for _, event in events] == [
        KeyPressed("1"),
        KeyPressed("5"),
        KeyReleased("1"),
        KeyReleased("5"),
    ]


def test_two_keys_in_one_column_and_in_one_row() -> None:
    for other, key in ((FOUR, "4"), (TWO, "2")):
        events = run({0: {ONE}, 50: {ONE, other}}, 100)
        assert [event for _, event in events] == [KeyPressed("1"), KeyPressed(key)]


def test_a_ghost_is_not_a_key() -> None:
    """1, 2 and 4 are down; the lines read 5 as well. Neither 4 nor 5 can be told, so neither is posted."""
    square = {ONE, TWO, FOUR, FIVE}
    events = run({0: {ONE}, 50: {ONE, TWO}, 100: square}, 300)
    assert [event for _, event in events] == [KeyPressed("1"), KeyPressed("2")]


def test_the_third_key_is_posted_when_the_doubt_is_over() -> None:
    square = {ONE, TWO, FOUR, FIVE}
    events = run({0: {ONE, TWO}, 100: square, 200: {TWO, FOUR}, 300: set()}, 400)
    assert [event for _, event in events] == [
        KeyPressed("1"),
        KeyPressed("2"),
        KeyReleased("1"),
        KeyPressed("4"),
        KeyReleased("2"),
        KeyReleased("4"),
    ]


def test_a_square_out_of_nothing_posts_nothing() -> None:
    assert run({0: {ONE, TWO, FOUR, FIVE}}, 200) == []


def test_ghosts_are_the_corners_of_rectangles_alone() -> None:
    assert ghosts({ONE, TWO, FOUR}) == set()
    assert ghosts({ONE, TWO, FOUR, FIVE, (3, 2)}) == {ONE, TWO, FOUR, FIVE}
    assert ghosts({(0, 0), (0, 2), (3, 0), (3, 2)}) == {(0, 0), (0, 2), (3, 0), (3, 2)}


def test_a_jammed_key_is_reported_once_and_ignored_until_it_opens() -> None:
    matrix = Matrix(LAYOUT, jam_ms=1000)
    events = run({0: {ONE}, 5000: set(), 5100: {ONE}}, 5200, matrix)
    assert events == [(20, KeyPressed("1")), (1020, KeyJammed("1")), (5120, KeyPressed("1"))]
    assert KeyJammed("1").released == KeyReleased("1")


def test_a_jammed_key_that_chatters_stays_jammed() -> None:
    matrix = Matrix(LAYOUT, jam_ms=1000)
    events = run({0: {ONE}, 2000: set(), 2010: {ONE}, 2020: set(), 2030: {ONE}}, 3000, matrix)
    assert len(events) == 2


def test_the_other_keys_work_beside_a_jammed_one() -> None:
    matrix = Matrix(LAYOUT, jam_ms=1000)
    events = run({0: {ONE}, 2000: {ONE, FIVE}, 2100: {ONE}}, 2200, matrix)
    assert [event for _, event in events[2:]] == [KeyPressed("5"), KeyReleased("5")]


def test_a_jammed_key_still_makes_ghosts() -> None:
    matrix = Matrix(LAYOUT, jam_ms=1000)
    events = run({0: {ONE}, 2000: {ONE, TWO}, 2100: {ONE, TWO, FOUR, FIVE}}, 2300, matrix)
    assert [event for _, event in events[2:]] == [KeyPressed("2")]


def test_a_jammed_key_stays_jammed_in_a_rectangle_too() -> None:
    matrix = Matrix(LAYOUT, jam_ms=1000)
    events = run({0: {ONE}, 2000: {ONE, TWO, FOUR, FIVE}, 2200: {ONE}}, 2400, matrix)
    assert len(events) == 2


def test_idle_means_that_nothing_can_come_without_an_edge() -> None:
    matrix = Matrix(LAYOUT, jam_ms=1000)
    assert matrix.idle
    assert not matrix.only_jammed
    matrix.scan({ONE}, 0)
    assert not matrix.idle
    matrix.scan(set(), 5)
    assert matrix.idle, "a touch that was nothing leaves nothing to wait for"
    run({0: {ONE}}, 1100, matrix)
    assert not matrix.idle
    assert matrix.only_jammed
    matrix.scan({ONE, TWO}, 1105)
    assert not matrix.only_jammed
    run({0: {ONE}}, 100, matrix)


positions = st.sampled_from([(r, c) for r in range(4) for c in range(3)])
snapshots = st.lists(st.tuples(st.integers(1, 40), st.frozensets(positions, max_size=5)), max_size=60)


@given(snapshots)
def test_any_snapshots_give_alternating_events_of_keys_that_were_there(
    steps: list[tuple[int, frozenset[Position]]],
) -> None:
    matrix = Matrix(LAYOUT, jam_ms=200)
    down: dict[str, bool] = {}
    now = 0
    for wait, closed in steps:
        now += wait
        for change in matrix.scan(closed, now):
            was = down.get(change.key, False)
            assert was is not isinstance(change, KeyPressed), f"{change} twice"
            down[change.key] = isinstance(change, KeyPressed)
            if down[change.key]:
                place = next((r, row.index(change.key)) for r, row in enumerate(LAYOUT) if change.key in row)
                assert place in closed
                assert place not in ghosts(closed)


@given(snapshots)
def test_when_all_keys_are_open_all_is_released_and_idle(
    steps: list[tuple[int, frozenset[Position]]],
) -> None:
    matrix = Matrix(LAYOUT, jam_ms=200)
    now = 0
    pressed: set[str] = set()
    for wait, closed in [*steps, (10, frozenset()), (30, frozenset())]:
        now += wait
        for change in matrix.scan(closed, now):
            (pressed.add if isinstance(change, KeyPressed) else pressed.discard)(change.key)
    assert matrix.idle
    assert pressed == set()


def test_the_stuck_keys_have_names() -> None:
    matrix = Matrix(LAYOUT, jam_ms=1000)
    run({0: {ONE, FIVE}}, 1100, matrix)
    assert [matrix.name(position) for position in sorted(matrix.jammed)] == ["1", "5"]
    run({0: {ONE, FIVE}, 1200: {ONE}}, 1300, matrix)
    assert matrix.jammed == {ONE}


def contact(edges: list[int], closes: bool) -> Callable[[int], bool]:
    """A contact that moves for 20 ms at most, at the given moments, and ends up closed or open."""
    return lambda now: closes if sum(edge <= now for edge in edges) % 2 == len(edges) % 2 else not closes


chatter = st.lists(st.integers(0, 20), max_size=12).map(sorted)


@given(
    press=chatter,
    release=chatter,
    held=st.integers(20 + 2 * 12 + 1, 400),  # the debounce and two scans: shorter is no press
    scans=st.lists(st.integers(3, 12), min_size=1, max_size=8),
    position=st.sampled_from([(r, c) for r in range(4) for c in range(3)]),
)
def test_any_bounce_of_20_ms_is_one_press_and_one_release(
    press: list[int], release: list[int], held: int, scans: list[int], position: Position
) -> None:
    """Whatever the contact does within 20 ms, and however unevenly the scans come (3 to 12 ms apart)."""
    opens = 20 + held
    closing, opening = contact(press, True), contact(release, False)
    matrix = Matrix(LAYOUT)
    events: list[tuple[int, Change]] = []
    now = 0
    for wait in cycle(scans):
        now += wait
        if now > opens + 100:
            break
        closed = closing(now) if now < opens else opening(now - opens)
        events += [(now, change) for change in matrix.scan({position} if closed else set(), now)]
    assert [type(change) for _, change in events] == [KeyPressed, KeyReleased]
    (pressed, _), (released, _) = events
    assert pressed <= 20 + 20 + 2 * 12, "bounce, debounce, two scans"
    assert opens + 20 - 12 <= released <= opens + 20 + 20 + 2 * 12
    assert matrix.idle


@given(pressed=st.sets(positions, max_size=6))
def test_no_key_is_posted_that_nobody_pressed(pressed: set[Position]) -> None:
    """Without diodes current flows on through closed keys: what lines read then, and what is made of it."""
    read = {(row, column) for row in range(4) for column in range(3) if column in reached(row, pressed)}
    events = run({0: read}, 100)
    keys = {LAYOUT[r][c] for r, c in pressed}
    assert {change.key for _, change in events} <= keys


def reached(row: int, pressed: set[Position]) -> set[int]:
    """The columns that a low row pulls low, over any number of closed keys."""
    rows, columns = {row}, set[int]()
    while True:
        more = {c for r, c in pressed if r in rows} | columns
        back = {r for r, c in pressed if c in more} | rows
        if (more, back) == (columns, rows):
            return columns
        columns, rows = more, back
