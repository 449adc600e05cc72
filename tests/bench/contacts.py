"""The phone book of 5,000 contacts: how long a name takes to be found, and the book to be made ready."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from datetime import UTC, datetime

from firmware.phone import events as on
from firmware.phone.book import entries
from firmware.phone.book.entries import Book, Entry, Source
from firmware.phone.machine.outputs import screen
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.machine.step import step
from tests.bench.bed import Bench
from tests.bench.figures import Limit, Row

MANY = 5000
FIND_MS = 50.0
WALL = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
_PARTS = [
    "an",
    "ber",
    "co",
    "da",
    "el",
    "fri",
    "gus",
    "ho",
    "i",
    "ja",
    "kla",
    "lu",
    "mar",
    "ni",
    "ol",
    "pe",
    "ti",
    "zo",
]


def book(many: int) -> Book:
    chance = random.Random(7)

    def word() -> str:
        return "".join(chance.choices(_PARTS, k=chance.randint(2, 4))).capitalize()

    people = tuple(
        Entry(f"{word()} {word()}", (f"+49309{number:07}", f"sip:p{number}@phone.test"))
        for number in range(many)
    )
    return Book([Source("bench", people)])


def measure(bench: Bench) -> list[Row]:
    bench.say("phone book")
    made, ready = book(MANY), []
    stored = entries.octets(made.sources)
    for _ in range(bench.several(10, 3)):
        began = time.perf_counter()
        Book(entries.sources(stored))
        ready.append(1000 * (time.perf_counter() - began))
    meaning = (
        f"{MANY} contacts with two addresses each; from the key to the picture's words: the decision and the "
        "search for the names that the digits spell."
    )
    return [
        Row(
            "find-key",
            "a key while names are looked for",
            "ms",
            meaning,
            Limit(FIND_MS, "max"),
            ("p99", "max"),
            keys(bench, made),
        ),
        Row(
            "find-ready",
            "the phone book made ready",
            "ms",
            f"{MANY} contacts from their stored form, with the index; beside the start.",
            None,
            ("max",),
            ready,
        ),
    ]


def keys(bench: Bench, made: Book) -> list[float]:
    """Milliseconds of each key of numbers that begin names."""
    rules, chance, found = Rules(), random.Random(3), []
    start = replace(State(), book=made)
    for _ in range(bench.several(300, 60)):
        state, now = start, 0.0
        for key in "".join(chance.choices("23456789", k=4)) + "*":
            began = time.perf_counter()
            state, _ = step(rules, state, on.KeyPressed(key), now)
            screen(rules, state, now, WALL)
            found.append(1000 * (time.perf_counter() - began))
            now += 0.1
    return found
