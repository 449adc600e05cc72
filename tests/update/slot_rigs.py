"""Machines with two slots for the contract of slot engines: folders, and RAUC as its D-Bus interface has it.

tests/vm has a third: RAUC itself.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
from pathlib import Path
from typing import Any, Protocol

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    message_bus,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.io.blocking import open_dbus_connection

from firmware.phone.errors import UpdateError
from firmware.updater.boot.__main__ import answer
from firmware.updater.slots import sector
from firmware.updater.slots.base import SlotEngine
from firmware.updater.slots.directory import DirectorySlots, Firmware
from firmware.updater.slots.rauc import RaucSlots
from firmware.updater.slots.rauc_bus import INTERFACE, NAME, RaucBus
from tests.update.boards import UBootBoard
from tests.update.machine import image_of, unpack
from tests.update.makers import BOARD

PROPERTIES = "org.freedesktop.DBus.Properties"


class Rig(Protocol):
    """It runs slot a with version 1.1.0 at first."""

    def engine(self) -> SlotEngine:
        """The slots, as a program that has just started sees them."""
        ...

    def bundle(self, version: str, board: str = BOARD) -> Path:
        """A good bundle."""
        ...

    def forged(self) -> Path:
        """A bundle that nobody signed."""
        ...

    def start(self, warm: bool = True) -> None:
        """A restart, or the power off and on."""
        ...

    def damage(self) -> None:
        """Change one octet of what runs, on the disk."""
        ...


class FolderRig:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slots = folder / "slots"
        self._slots.mkdir()
        unpack(self.bundle("1.1.0"), self._slots / "a")
        sector.write(self._slots / "boot", sector.BootSector())
        self.start()

    def engine(self) -> SlotEngine:
        return DirectorySlots(self._slots, self._running, BOARD, unpack)

    def bundle(self, version: str, board: str = BOARD) -> Path:
        path = self._folder / f"{version}-{board}.raucb"
        path.write_bytes(image_of(version).replace(BOARD.encode(), board.encode()))
        return path

    def forged(self) -> Path:
        path = self._folder / "forged.raucb"
        path.write_bytes(b"no bundle")
        return path

    def start(self, warm: bool = True) -> None:
        self._running = Firmware(self._slots).boot()

    def damage(self) -> None:
        image = self._slots / self._running / "root.img"
        image.write_bytes(image.read_bytes()[:-1] + b"?")


class FakeRauc:
    """RAUC's service as its interface is documented, on ``address``: for bundles of ``machine.image_of``,
    with files for partitions, our handler for U-Boot's sector, and the order in which RAUC does things.
    """

    def __init__(self, folder: Path, address: str, board: UBootBoard) -> None:
        self.folder, self.board, self.running = folder, board, "a"
        self.status: dict[str, dict[str, tuple[str, Any]]] = {"a": {}, "b": {}}
        self.error = ""
        self.dies = False
        """Whether it ends while it installs."""
        self._bus = open_dbus_connection(bus=address)
        self._bus.send_and_get_reply(message_bus.RequestName(NAME))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def write(self, slot: str, bundle: Path) -> None:
        content = bundle.read_bytes()
        self.device(slot).write_bytes(content + bytes(512))
        digest = hashlib.sha256(content).hexdigest()
        self.status[slot] = {"sha256": ("s", digest), "size": ("t", len(content)), "status": ("s", "ok")}

    def device(self, slot: str) -> Path:
        return self.folder / f"root_{slot}"

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._bus.sock.shutdown(2)
        self._thread.join(5)
        self._bus.close()

    def _serve(self) -> None:
        while True:
            try:
                message = self._bus.receive()
            except (OSError, ValueError):
                return
            if message.header.message_type is MessageType.method_call:
                self._handle(message)

    def _handle(self, message: Message) -> None:
        method = message.header.fields[HeaderFields.member]
        try:
            match method, message.body:
                case "GetSlotStatus", _:
                    reply = new_method_return(message, "a(sa{sv})", (self._slots(),))
                case "GetPrimary", _:
                    reply = new_method_return(message, "s", (self._name(self._ask("get-primary")),))
                case "Mark", (state, which):
                    reply = new_method_return(message, "ss", (self._mark(state, which), "done"))
                case "Get", (_, name):
                    value = {"LastError": ("s", self.error), "Operation": ("s", "idle")}[name]
                    reply = new_method_return(message, "v", (value,))
                case "InstallBundle", (path, _):
                    self._bus.send(new_method_return(message))
                    self._install(Path(path))
                    return
                case _:
                    reply = new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
        except UpdateError as error:
            reply = new_error(message, "org.gtk.GDBus.UnmappedGError", "s", (str(error),))
        self._bus.send(reply)

    def _slots(self) -> list[tuple[str, dict[str, tuple[str, Any]]]]:
        listed = []
        for index, slot in enumerate("ab"):
            said = {
                "class": ("s", "root"),
                "bootname": ("s", slot),
                "device": ("s", str(self.device(slot))),
                "state": ("s", "booted" if slot == self.running else "inactive"),
                "boot-status": ("s", self._ask("get-state", slot)),
            }
            listed.append((f"root.{index}", said | self.status[slot]))
        return listed

    def _mark(self, state: str, which: str) -> str:
        other = "b" if self.running == "a" else "a"
        named = {"booted": self.running, "other": other, "root.0": "a", "root.1": "b"}
        slot = named[which]
        self._ask(*(("set-primary", slot) if state == "active" else ("set-state", slot, state)))
        return self._name(slot)

    def _install(self, bundle: Path) -> None:
        spare = "b" if self.running == "a" else "a"
        self.error = ""
        try:
            try:
                content = json.loads(bundle.read_bytes())
            except ValueError:
                raise UpdateError("signature verification failed") from None
            if content["compatible"] != BOARD:
                raise UpdateError(f"Compatible mismatch: Expected '{BOARD}'")
            try:
                self._ask("set-state", spare, "bad")
            except UpdateError:
                raise UpdateError("custom backend: Child process exited with code 1") from None
            self._progress(40, "Determining target install group")
            if self.dies:
                return
            self.write(spare, bundle)
            self._progress(90, "Copying image to root.1 done.")
        except UpdateError as error:
            self.error = f"Installation error: {error}"
        self._emit("Completed", "i", (1 if self.error else 0,))

    def _progress(self, done: int, what: str) -> None:
        changed = {"Progress": ("(isi)", (done, what, 1))}
        self._emit(
            "PropertiesChanged", "sa{sv}as", (INTERFACE, changed, []), "org.freedesktop.DBus.Properties"
        )

    def _emit(self, name: str, signature: str, body: Any, interface: str = INTERFACE) -> None:
        self._bus.send(new_signal(DBusAddress("/", interface=interface), name, signature, body))

    def _ask(self, *question: str) -> str:
        return answer(self.board.flow, self.running, list(question))

    def _name(self, slot: str) -> str:
        return {"a": "root.0", "b": "root.1"}[slot]


class FakeRaucRig(FolderRig):
    """``RaucSlots`` over a real bus, to a service that is a model."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        words = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"]
        words.append(f"--address=unix:path={folder}/bus")
        self._daemon = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert self._daemon.stdout is not None
        self.address = self._daemon.stdout.readline().strip()
        self.board = UBootBoard(folder)
        self.rauc = FakeRauc(folder, self.address, self.board)
        self.rauc.write("a", self.bundle("1.1.0"))
        self.start()

    def engine(self) -> SlotEngine:
        return RaucSlots(RaucBus(self.address), self._folder / "os-release")

    def start(self, warm: bool = True) -> None:
        running = self.board.start(warm)
        self.rauc.running = running
        version = json.loads(self.rauc.device(running).read_bytes().rstrip(b"\0"))["version"]
        (self._folder / "os-release").write_text(f'ID=sottovoce\nIMAGE_VERSION="{version}"\n')

    def damage(self) -> None:
        device = self.rauc.device(self.rauc.running)
        device.write_bytes(device.read_bytes().replace(b"version", b"Version", 1))

    def stop(self) -> None:
        self.rauc.close()
        self._daemon.terminate()
        self._daemon.wait(5)
