"""The phone's control socket without a process for each command: the day is to be full."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Gone(Exception):
    """The phone was killed before it answered."""


class Refused(Exception):
    """The phone answered, and said no."""


def ask(path: Path, command: str, seconds: float = 5.0, **args: Any) -> Any:
    """The result of one command. Raises Gone or Refused."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(seconds)
        try:
            client.connect(str(path))
            client.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
            with client.makefile("rb") as lines:
                line = lines.readline()
        except OSError as error:
            raise Gone(str(error)) from error
    if not line.endswith(b"\n"):
        raise Gone("it went in the middle of an answer")
    answer = json.loads(line)
    if not answer["ok"]:
        raise Refused(answer["error"])
    return answer["result"]
