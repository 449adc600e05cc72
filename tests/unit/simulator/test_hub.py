"""The hub: a new page learns the present, a slow page misses steps but never the latest."""

from __future__ import annotations

import asyncio

from firmware.simulator.hub import Hub, Message, Viewer


async def drain(viewer: Viewer) -> list[Message]:
    got = []
    try:
        while True:
            got.append(await asyncio.wait_for(viewer.next(), 0.01))
    except TimeoutError:
        return got


def test_a_new_page_is_told_the_present() -> None:
    async def story() -> None:
        hub = Hub()
        hub.alive("alice")
        hub.heard("alice", {"event": "frame", "png": "1"})
        hub.heard("alice", {"event": "frame", "png": "2"})
        hub.heard("bob", {"event": "status", "hook": "on"})
        assert await drain(hub.join()) == [
            {"event": "life", "phone": "alice", "state": "ready", "detail": ""},
            {"event": "frame", "phone": "alice", "png": "2"},
            {"event": "status", "phone": "bob", "hook": "on"},
        ]

    asyncio.run(story())


def test_the_word_on_an_update_outlives_the_restart() -> None:
    async def story() -> None:
        hub = Hub()
        hub.heard("alice", {"event": "frame", "png": "1"})
        hub.update("alice", "Restarting …")
        hub.starting("alice")
        assert await drain(hub.join()) == [
            {"event": "update", "phone": "alice", "words": "Restarting …"},
            {"event": "life", "phone": "alice", "state": "starting", "detail": ""},
        ]

    asyncio.run(story())


def test_a_slow_page_costs_no_memory_and_gets_the_latest() -> None:
    async def story() -> None:
        hub = Hub()
        viewer = hub.join()
        for number in range(10_000):
            hub.heard("alice", {"event": "frame", "png": str(number)})
        assert await drain(viewer) == [{"event": "frame", "phone": "alice", "png": "9999"}]

    asyncio.run(story())


def test_what_a_dead_phone_showed_is_forgotten() -> None:
    async def story() -> None:
        hub = Hub()
        hub.heard("alice", {"event": "frame", "png": "1"})
        hub.dead("alice", "It ended.")
        assert await drain(hub.join()) == [
            {"event": "life", "phone": "alice", "state": "down", "detail": "It ended."}
        ]

    asyncio.run(story())


def test_other_events_of_the_daemon_stay_here() -> None:
    async def story() -> None:
        hub = Hub()
        hub.heard("alice", {"event": "key-pressed"})
        assert await drain(hub.join()) == []

    asyncio.run(story())


def test_a_page_that_left_is_sent_nothing() -> None:
    async def story() -> None:
        hub = Hub()
        viewer = hub.join()
        hub.leave(viewer)
        hub.alive("alice")
        assert await drain(viewer) == []

    asyncio.run(story())
