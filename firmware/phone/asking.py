"""``sotto update``: wish something of the updater and wait for its answer, through the telephone."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firmware.phone.cli import Client

LOOK = 0.5
"""Seconds between two looks at what the updater says."""

WAITS = {"check": 60.0, "postpone": 60.0, "install": 900.0}
"""Seconds that an answer is waited for."""

RESTARTING = "restarting"


def wish(
    client: Client,
    socket: Path,
    args: dict[str, Any],
    wait: float | None,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """The whole answer, as ``Client.ask`` gives it: what the updater says once it has done the wish.

    A telephone that goes away while an update restarts it has begun the new version. Raises ``NoDaemon``.
    """
    asked = client.ask("update", args)
    if not asked.get("ok"):
        return asked
    number, told, last = asked["result"]["asked"], "", ""
    until = time.monotonic() + (WAITS[args["action"]] if wait is None else wait)
    while time.monotonic() < until:
        answer = _look(client)
        if answer is None:
            if last == RESTARTING:
                return {"ok": True, "result": {"result": "the new version is starting", "stage": last}}
            return {"ok": False, "error": f"the telephone at {socket} went away; look at its log"}
        status = answer["result"]
        last = status["stage"]
        if status["waits"] is None or status["answered"] >= number:
            return _judged(answer, args["action"])
        line = f"{last} {status['percent']} %" if last in ("fetching", "writing") else last
        if line != told:
            progress(line)
            told = line
        time.sleep(LOOK)
    return {
        "ok": False,
        "error": "the updater has not answered yet; sotto update status says what it does, and "
        "systemctl status sottovoce-update whether it runs",
    }


def _look(client: Client) -> dict[str, Any] | None:
    from firmware.phone.cli import NoDaemon

    try:
        return client.ask("update", {"action": "status"})
    except NoDaemon:
        return None


def _judged(answer: dict[str, Any], action: str) -> dict[str, Any]:
    """An answer that says "failed" is a refusal, so that scripts see it."""
    failed = answer["result"]["result"].startswith(FAILED)
    return {"ok": False, "error": answer["result"]["result"]} if failed else answer


FAILED = "not done: "
"""How the updater begins when a wish could not be followed."""


def lines(status: dict[str, Any]) -> list[str]:
    """What the updater says, for a person."""
    if "version" not in status:
        return [str(status["result"])]
    if not status["told"]:
        return ["The updater has not spoken since the telephone started; no updates come."]
    mode = status["mode"] if status["server"] else "off: no server is set"
    found = [f"version       {status['version']}", f"updates       {mode}"]
    if status["stage"] != "idle":
        found.append(f"now           {status['stage']} ({status['percent']} %)")
    offer = status["offer"]
    if offer:
        kind = "security update" if offer["security"] else "update"
        size = f"{offer['octets'] / 1e6:.1f} MB"
        found.append(f"there is      {kind} {offer['version']} ({size}): {offer['when']}")
        found.append(f"              {offer['notes']}")
    if status["postponed_until"]:
        found.append(f"put off       until {_local(status['postponed_until'])}")
    found += [f"affected      {flaw['id']}: {flaw['text']}" for flaw in status["affected"]]
    for one in status["notices"]:
        said = "yes" if one["affected"] else "no"
        found.append(f"notice        {one['id']} of {one['published']}: {one['text']}")
        found.append(f"              your version is affected: {said}")
        found += [f"              {one['remedy']}"] if one["affected"] else []
    if status["supported_until"]:
        ended = date.fromisoformat(status["supported_until"]) < date.today()
        found.append(f"support       {'ended on' if ended else 'until'} {status['supported_until']}")
    found += [f"last          {status['result']}"] if status["result"] else []
    found += [f"new in it     {status['notes']}"] if status["notes"] else []
    found += [f"asked         {_local(status['asked'])}"] if status["asked"] else ["asked         never"]
    return found


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
