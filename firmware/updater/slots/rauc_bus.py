"""RAUC's service on D-Bus (de.pengutronix.rauc), as far as it is used: its slots, marks, one installation."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    Properties,
    message_bus,
    new_method_call,
)
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from firmware.phone.errors import UpdateError

_Body = tuple[Any, ...]

NAME = "de.pengutronix.rauc"
INTERFACE = "de.pengutronix.rauc.Installer"
CALL_TIME = 60.0
"""Seconds for one answer: RAUC asks the handler for the boot loader meanwhile."""

SILENCE = 10.0
"""Seconds without news of an installation after which the service is asked whether it still installs."""

INSTALL_TIME = 1800.0
"""Seconds for one installation, on a slow card."""


class RaucBus:
    """``address``: of the bus; None: the system's. One connection for each call, so that none grows old."""

    def __init__(self, address: str | None = None) -> None:
        self._address = address
        self._rauc = DBusAddress("/", bus_name=NAME, interface=INTERFACE)

    def slots(self) -> dict[str, dict[str, Any]]:
        """What RAUC says of each slot, by RAUC's name for it (``root.0``). Raises UpdateError."""
        (listed,) = self._call("GetSlotStatus")
        return {name: {key: value for key, (_, value) in said.items()} for name, said in listed}

    def primary(self) -> str:
        """RAUC's name of the slot that boots next. Raises UpdateError."""
        (name,) = self._call("GetPrimary")
        return str(name)

    def mark(self, state: str, slot: str) -> None:
        """``state``: good, bad or active; ``slot``: booted, other or RAUC's name. Raises UpdateError."""
        self._call("Mark", "ss", (state, slot))

    def install(self, bundle: Path, progress: Callable[[int, str], None]) -> None:
        """Install to the spare slots; ends when RAUC says so. Raises UpdateError with RAUC's own reason."""
        news: deque[Message] = deque()
        with self._connected() as bus:
            rule = MatchRule(type="signal", sender=NAME, path="/")
            _answered(bus.send_and_get_reply(message_bus.AddMatch(rule), timeout=CALL_TIME))
            with bus.filter(MatchRule(type="signal", path="/"), queue=news):
                self._ask(bus, "InstallBundle", "sa{sv}", (str(bundle.resolve()), {}))
                result = self._wait(bus, news, progress)
            if result != 0:
                reason = str(self._property(bus, "LastError")) or "it gave no reason"
                raise UpdateError(f"RAUC refused the bundle: {reason[:300]}")

    def _wait(self, bus: DBusConnection, news: deque[Message], progress: Callable[[int, str], None]) -> int:
        waited, busy = 0.0, True
        while waited < INSTALL_TIME:
            try:
                message = bus.recv_until_filtered(news, timeout=SILENCE)
            except TimeoutError:
                waited += SILENCE
                if not busy:
                    raise UpdateError(
                        "RAUC's service ended before it had written; it is tried again"
                    ) from None
                busy = self._property(bus, "Operation") != "idle"  # Completed may be on its way
                continue
            if message.header.fields.get(HeaderFields.member) == "Completed":
                return int(message.body[0])
            changed = message.body[1] if len(message.body) > 1 else {}
            if "Progress" in changed:
                done, _, _ = changed["Progress"][1]
                progress(int(done), "checking and writing")
        raise UpdateError("RAUC did not come to an end with the bundle; try again")

    def _property(self, bus: DBusConnection, name: str) -> Any:
        message = Properties(self._rauc).get(name)
        return _answered(bus.send_and_get_reply(message, timeout=CALL_TIME))[0][1]

    def _call(self, method: str, signature: str = "", body: _Body = ()) -> _Body:
        with self._connected() as bus:
            return self._ask(bus, method, signature, body)

    def _ask(
        self, bus: DBusConnection, method: str, signature: str, body: tuple[Any, ...]
    ) -> tuple[Any, ...]:
        message = new_method_call(self._rauc, method, signature or None, body)
        return _answered(bus.send_and_get_reply(message, timeout=CALL_TIME))

    @contextmanager
    def _connected(self) -> Iterator[DBusConnection]:
        try:
            with open_dbus_connection(bus=self._address or "SYSTEM") as bus:
                yield bus
        except TimeoutError:
            raise UpdateError("RAUC's service does not answer") from None
        except OSError as error:
            raise UpdateError(f"RAUC's service cannot be reached: {os.strerror(error.errno or 0)}") from error


def _answered(message: Message) -> _Body:
    if message.header.message_type is MessageType.error:
        reason = str(message.body[0]) if message.body else "it gave no reason"
        raise UpdateError(f"RAUC refused: {reason[:300]}")
    body: _Body = message.body
    return body
