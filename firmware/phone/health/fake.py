"""The health of a board that has no sensors: good, until somebody says otherwise (``sotto sim health``)."""

from __future__ import annotations

from firmware.phone.events import HealthChanged
from firmware.phone.health.base import HealthListener
from firmware.phone.values import Health


class FakeHealth:
    """The ``BoardHealth`` of a simulated board. Posts in the setter's thread."""

    def __init__(self) -> None:
        self._health = Health()
        self._post: HealthListener | None = None

    def start(self, post: HealthListener) -> None:
        self._post = post
        if self._health != Health():
            post(HealthChanged(self._health))

    def stop(self) -> None:
        self._post = None

    def set(self, health: Health) -> None:
        if health != self._health:
            self._health = health
            if self._post:
                self._post(HealthChanged(health))
