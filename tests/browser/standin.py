"""A stand-in for the daemon: the same command line and control protocol, no SIP and no sound.

For tests of the page alone: it starts at once and does as it is told. Two of them ring each other by one UDP
datagram for each step, sent to the SIP port of the other.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import signal
import sys
import tomllib
from pathlib import Path
from typing import Any

from firmware.phone.display import views
from firmware.phone.display.screens import Calling, Dialling, Ended, Idle, InCall, Ringing, Screen
from firmware.phone.values import Direction, Registration, Security, SwitchPosition

Json = dict[str, Any]

POSITIONS = {
    "private": SwitchPosition.PRIVATE,
    "open": SwitchPosition.OPEN,
    "broken": SwitchPosition.UNREADABLE,
}


class StandIn(asyncio.DatagramProtocol):
    """One telephone: ``state`` is idle, ringing, calling, active or ended."""

    def __init__(self, config: Json) -> None:
        self.contact = config["contact"][0]
        self.state, self.digits, self.up = "idle", "", False
        self.position = SwitchPosition.PRIVATE
        self.stuck = False
        self.readers: list[asyncio.StreamWriter] = []
        self.udp: asyncio.DatagramTransport | None = None

    # ---- what it shows

    def screen(self) -> Screen:
        peer, position = self.contact["name"], self.position
        match self.state:
            case "ringing":
                return Ringing(peer, "127.0.0.1", position)
            case "calling":
                return Calling(peer, "Ringing", "Anonymous", position)
            case "active":
                return InCall(peer, Direction.OUT, 7, Security.END_TO_END, position, codec="opus")
            case "ended":
                return Ended(peer, "They hung up", 7, "Put the handset down")
        if self.up or self.digits:
            return Dialling(self.digits, "", "Anonymous", self.up)
        return Idle("12:34", "", Registration(), position)

    def events(self) -> list[Json]:
        shown, picture = self.screen(), io.BytesIO()
        views.draw(shown).save(picture, "PNG")
        tones = {"calling": "ringback", "ended": "busy", "idle": "dial"}
        ringing = self.state == "ringing"
        private = self.position is not SwitchPosition.OPEN
        talking = self.state not in ("idle", "ended")
        return [
            {
                "event": "status",
                "privacy": "private" if private else "open",
                "privacy_cause": "unreadable" if self.position is SwitchPosition.UNREADABLE else "switch",
                "hook": "off" if self.up else "on",
                "calls": [{"id": 1, "state": self.state}] if talking else [],
            },
            {
                "event": "outputs",
                "tone": tones.get(self.state) if self.up and not self.digits else None,
                "ringing": ringing,
                "melody": "country",
                "lights": {"privacy": private, "ringing": ringing, "message": self.up, "mute": self.up},
                "patterns": {"privacy": "slow" if self.position is SwitchPosition.UNREADABLE else "on"},
            },
            {
                "event": "frame",
                "png": base64.b64encode(picture.getvalue()).decode(),
                "lines": views.lines(shown),
            },
        ]

    def tell(self) -> None:
        text = "".join(json.dumps(event) + "\n" for event in self.events())
        for reader in self.readers:
            reader.write(text.encode())

    # ---- what happens to it

    def sim(self, args: Json) -> None:
        match args:
            case {"what": "press", "key": "*"}:
                self.stuck = True  # from now on it takes the switch and tells nobody: the page must not guess
            case {"what": "press", "key": key}:
                self.keys(key)
            case {"what": "key", "keys": keys}:
                self.keys("".join(keys))
            case {"what": "hook", "position": position}:
                self.hook(position == "up")
            case {"what": "privacy", "position": position} if not self.stuck:
                self.position = POSITIONS[position]
        self.tell()

    def keys(self, keys: str) -> None:
        self.digits += keys
        if self.up and self.digits == f"{self.contact['speed_dial']}#":
            self.digits, self.state = "", "calling"
            self.send("ring")

    def hook(self, up: bool) -> None:
        self.up, self.digits = up, ""
        if up and self.state == "ringing":
            self.state = "active"
            self.send("answer")
        elif not up:
            if self.state in ("calling", "active"):
                self.send("end")
            self.state = "idle"

    def send(self, word: str) -> None:
        assert self.udp is not None
        _, address, port = self.contact["uri"].split(";")[0].split(":")
        self.udp.sendto(word.encode(), (address, int(port)))

    def datagram_received(self, data: bytes, addr: object) -> None:
        ended = "ended" if self.up else "idle"
        self.state = {"ring": "ringing", "answer": "active", "end": ended}[data.decode()]
        self.tell()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            request = json.loads(line)
            if request["command"] == "watch":
                writer.write("".join(json.dumps(event) + "\n" for event in self.events()).encode())
                self.readers.append(writer)
                continue
            if request["command"] == "sim":
                self.sim(request["args"])
            writer.write(b'{"ok": true, "result": {}}\n')
        if writer in self.readers:
            self.readers.remove(writer)
        writer.close()


async def main() -> None:
    parser = argparse.ArgumentParser()
    for option in ("--config", "--board", "--state-dir", "--socket", "--updates", "--setup"):
        parser.add_argument(option, type=Path, required=True)
    given = parser.parse_args()
    config = tomllib.loads(given.config.read_text(encoding="utf-8"))
    phone = StandIn(config)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    phone.udp, _ = await loop.create_datagram_endpoint(
        lambda: phone, local_addr=(config["sip"]["bind"], config["sip"]["port"])
    )
    await asyncio.start_unix_server(phone.serve, given.socket)
    print("stand-in ready", file=sys.stderr, flush=True)
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
