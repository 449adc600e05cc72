"""The ``sotto`` command: asks the daemon over its socket and prints the answer.

Exit status: 0 done, 1 refused (the reason is printed), 2 wrong usage, 3 no daemon.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from firmware.phone import asking
from firmware.phone.manifest import lines as manifest_lines
from firmware.phone.paths import default_socket

DONE, REFUSED, USAGE, NO_DAEMON = 0, 1, 2, 3
TIMEOUT = 10.0
"""Seconds to wait for an answer."""

LONG = 75.0
"""Seconds to wait for the self-test, which makes a call."""


PULL_TIMEOUT = 120.0
"""Seconds to wait for the contacts of files and servers."""


MAX_HOLD = 60.0
"""Seconds that a simulated key can be held."""


MAX_WAIT = 86400.0
"""Seconds that the updater's answer can be waited for."""


MAX_LINE = 4096
"""Characters of a place that are read from the standard input."""


FEATURES = ("hold", "resume", "swap", "end-take", "conference", "transfer", "mute", "unmute")


class NoDaemon(Exception):
    """``absent``: nobody listens there; else somebody does and does not answer as it should."""

    absent = False


class Client:
    """One connection to the daemon's socket. Raises NoDaemon when nobody is there or the talk breaks off."""

    def __init__(self, path: Path, timeout: float = TIMEOUT) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            nobody = NoDaemon(
                f"no telephone answers at {path} ({error.strerror or error}); start it with "
                "python -m firmware.phone, or name its socket with --socket or $SOTTO_SOCKET"
            )
            nobody.absent = isinstance(error, FileNotFoundError | ConnectionRefusedError)
            raise nobody from error
        self._lines = self._socket.makefile("rb")

    def ask(self, command: str, args: dict[str, Any]) -> dict[str, Any]:
        """The whole answer: {"ok": …, "result" or "error": …}."""
        self._send(command, args)
        answer: dict[str, Any] = self._read()
        return answer

    def follow(self, command: str, args: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Send, then yield every line until the daemon closes."""
        self._send(command, args)
        self._socket.settimeout(None)
        while True:
            line = self._lines.readline()
            if not line:
                return
            yield json.loads(line)

    def _send(self, command: str, args: dict[str, Any]) -> None:
        try:
            self._socket.sendall(json.dumps({"command": command, "args": args}).encode() + b"\n")
        except OSError as error:
            raise NoDaemon(f"the telephone at {self._path} hung up on us; look at its log") from error

    def _read(self) -> Any:
        try:
            line = self._lines.readline()
        except OSError as error:
            raise NoDaemon(f"the telephone at {self._path} does not answer; look at its log") from error
        if not line:
            raise NoDaemon(f"the telephone at {self._path} closed the connection; look at its log")
        return json.loads(line)


def parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print the answer as JSON"
    )
    common.add_argument("--socket", type=Path, default=argparse.SUPPRESS, help="the daemon's socket")
    top = argparse.ArgumentParser(prog="sotto", description="Talk to the telephone.", parents=[common])
    subs = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return subs.add_parser(name, help=text, description=text, parents=[common])

    add("status", "registration, calls, switch, versions")
    add("screen", "what the display shows").add_argument(
        "--png", type=Path, metavar="FILE", help="as a picture"
    )
    add("dial", "call TARGET").add_argument("target", metavar="TARGET", help="number, name or address")
    add("answer", "answer the ringing call")
    add("hangup", "end or refuse the call")
    call = add("call", "what can be done in a call: as the keys would")
    call.add_argument("feature", choices=FEATURES)
    call.add_argument("target", nargs="?", metavar="TARGET", help="whom to transfer the call to")
    add("watch", "events as they happen, one JSON object a line")
    add("inventory", "what is stored").add_argument("--wipe", action="store_true", help="erase it")
    place = add("place", "where this telephone is: told in an emergency call, in no other")
    change = place.add_mutually_exclusive_group()
    change.add_argument(
        "--set",
        metavar="FIELDS",
        help="fields of RFC 5139, such as 'country=DE;A3=Berlin;RD=Musterstraße;HNO=5'; "
        "- reads them from the standard input, where no list of processes shows them",
    )
    change.add_argument("--clear", action="store_true", help="erase it")
    contacts = add("contacts", "the phone book of files and servers")
    contacts.add_argument(
        "action", nargs="?", choices=["pull", "find"], help="read it anew, or find a name by its KEYS"
    )
    contacts.add_argument("digits", nargs="?", metavar="KEYS", help="such as 262 for Bob")
    add("preview", "what a call to TARGET would reveal").add_argument("target", metavar="TARGET")
    add("providers", "profiles of providers, for account.provider").add_argument(
        "provider", nargs="?", metavar="NAME", help="all that is known of one"
    )
    add("risks", "present risks and remedies")
    add("manifest", "protocols, algorithms and components in use, and to whom it talks").add_argument(
        "--mud",
        nargs="?",
        const="",
        metavar="URL",
        help="to whom it talks as a MUD file (RFC 8520), which will be served at URL",
    )
    add("selftest", "what works and what does not")
    update = add("update", "the updater: what it knows, and what you want of it")
    update.add_argument("action", choices=["status", "check", "install", "postpone"])
    update.add_argument("--days", type=int, default=1, help="of postpone (1)")
    update.add_argument(
        "--wait",
        type=_wait,
        default=None,
        metavar="SECONDS",
        help="for the answer (60, install: 900)",
    )
    sim = add("sim", "move the simulated board's keys, handset and switch").add_subparsers(
        dest="what", required=True
    )
    key = sim.add_parser("key", parents=[common])
    key.add_argument("keys", nargs="+", metavar="KEY")
    key.add_argument("--hold", type=_seconds, metavar="SECONDS", help="keep each key down so long")
    sim.add_parser("hook", parents=[common]).add_argument("position", choices=["up", "down"])
    sim.add_parser("privacy", parents=[common]).add_argument(
        "position", choices=["private", "open", "broken"]
    )
    sim.add_parser("health", parents=[common]).add_argument("position", choices=["good", "weak", "hot"])
    return top


def _providers(options: argparse.Namespace) -> int:
    """From the files of this program: no telephone has to run."""
    from firmware.phone.providers import told

    answer = told.answer(options.provider)
    if not answer["ok"] or getattr(options, "json", False):
        return _print(options, answer)
    print("\n".join(told.lines(answer["result"]["providers"])))
    return DONE


_OWN = ("command", "json", "socket", "png", "hold", "wait")


def _wait(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= MAX_WAIT:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {MAX_WAIT:.0f} seconds")
    return seconds


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= MAX_HOLD:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and {MAX_HOLD:.0f} seconds")
    return seconds


def main(argv: list[str] | None = None) -> int:
    """The command line ``argv`` (without the program's name); returns the exit status."""
    options = parser().parse_args(argv)
    if options.command == "providers":
        return _providers(options)
    path = getattr(options, "socket", None) or Path(os.environ.get("SOTTO_SOCKET") or default_socket())
    args = {name: value for name, value in vars(options).items() if name not in _OWN}
    if options.command == "place" and options.set == "-":
        args["set"] = sys.stdin.readline(MAX_LINE).strip()
    try:
        client = Client(path, LONG if options.command == "selftest" else TIMEOUT)
        if options.command == "watch":
            return _watch(client)
        if options.command == "update" and options.action != "status":
            return _print(options, asking.wish(client, path, args, options.wait, _follow_progress(options)))
        if options.command == "contacts" and options.action == "pull":
            return _pull(client, options)
        hold = getattr(options, "hold", None)
        answer = client.ask(options.command, args) if hold is None else _hold(client, options.keys, hold)
    except NoDaemon as error:
        print(f"sotto: {error}", file=sys.stderr)
        return NO_DAEMON
    return _print(options, answer)


def _follow_progress(options: argparse.Namespace) -> Callable[[str], None]:
    """Where a person looks on, say what is being done, on a line of its own."""
    if getattr(options, "json", False) or not sys.stderr.isatty():
        return lambda line: None
    return lambda line: print(line, file=sys.stderr, flush=True)


def _hold(client: Client, keys: list[str], seconds: float) -> dict[str, Any]:
    """Keep each key down for ``seconds``, one after the other; the first refusal, or the last answer."""
    for key in keys:
        answer = client.ask("sim", {"what": "press", "key": key})
        if answer.get("ok"):
            time.sleep(seconds)
            answer = client.ask("sim", {"what": "release", "key": key})
        if not answer.get("ok"):
            break
    return answer


def _pull(client: Client, options: argparse.Namespace) -> int:
    """Begin, then wait until it is done."""
    answer = client.ask("contacts", {"action": "pull"})
    ends = time.monotonic() + PULL_TIMEOUT
    while answer.get("ok") and answer["result"]["pulling"] and time.monotonic() < ends:
        time.sleep(0.2)
        answer = client.ask("contacts", {})
    printed = _print(options, answer)
    done = answer.get("ok") and not answer["result"]["pulling"] and not answer["result"]["troubles"]
    return printed if done else REFUSED


def _watch(client: Client) -> int:
    try:
        for event in client.follow("watch", {}):
            print(json.dumps(event, ensure_ascii=False), flush=True)
    except (KeyboardInterrupt, BrokenPipeError):
        return DONE
    return NO_DAEMON


def _print(options: argparse.Namespace, answer: dict[str, Any]) -> int:
    as_json = getattr(options, "json", False)
    if not answer.get("ok"):
        if as_json:
            print(json.dumps(answer, ensure_ascii=False))
        print(f"sotto: {answer.get('error', 'refused')}", file=sys.stderr)
        return REFUSED
    result = answer["result"]
    if options.command == "screen" and options.png:
        options.png.write_bytes(base64.b64decode(result["png"]))
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
    elif options.command == "screen" and not options.png:
        print("\n".join(result["lines"]))
    elif options.command == "preview":
        print("\n".join(preview_lines(result)))
    elif options.command == "status":
        print("\n".join(status_lines(result)))
    elif options.command == "inventory":
        print("\n".join(inventory_lines(result)))
    elif options.command == "place":
        print("\n".join(place_lines(result)))
    elif options.command == "contacts":
        print("\n".join(contacts_lines(result)))
    elif options.command == "selftest":
        print("\n".join(selftest_lines(result)))
    elif options.command == "manifest" and options.mud is not None:
        print(json.dumps(result, indent=1))
    elif options.command == "manifest":
        print("\n".join(manifest_lines(result)))
    elif options.command == "update":
        print("\n".join(asking.lines(result)))
    elif options.command == "risks":
        print("\n".join(f"- {risk['text']}\n  Remedy: {risk['remedy']}" for risk in result))
    return DONE


def inventory_lines(found: dict[str, Any]) -> list[str]:
    """What is stored, for a person: number, item, purpose, place, lifetime."""
    lines = []
    if "erased" in found:
        lines.append("erased: " + ", ".join(f"{number} {item}" for item, number in found["erased"].items()))
    for row in found["items"]:
        number = "?" if row["number"] is None else row["number"]
        lines.append(f"{number:>4}  {row['item']}: {row['purpose']}")
        lines.append(f"      {row['place']}; {row['lifetime']}")
    return lines


def place_lines(found: dict[str, Any]) -> list[str]:
    """The place that is kept, for a person."""
    if not found["kept"]:
        return ["No place is kept; an emergency call tells none."]
    fields = [f"{name:<8}  {value}" for name, value in found["place"].items()]
    return [*fields, "Only an emergency call tells it. To erase it: sotto place --clear"]


def contacts_lines(found: dict[str, Any]) -> list[str]:
    """The phone book, or what was found in it, for a person."""
    if "found" in found:
        return [f"{one['name']}  {', '.join(one['targets'])}" for one in found["found"]] or ["Nobody."]
    lines = [f"{source['number']:>6}  {source['name']}" for source in found["sources"]]
    lines += [f"        not read: {trouble}" for trouble in found["troubles"]]
    lines += [f"        left out: {fault}" for fault in found["faults"]]
    lines += ["        is being read"] if found["pulling"] else []
    return lines or ["No contacts of files or servers; [[contact]] of phone.toml are always there."]


def selftest_lines(found: dict[str, Any]) -> list[str]:
    """Each test for a person: whether it works, and what is wrong."""
    return [f"{'ok' if t['ok'] else 'NOT OK':<7} {t['test']}: {t['text']}" for t in found["tests"]]


def _accounts(accounts: list[dict[str, Any]]) -> list[str]:
    """Each of several accounts for a person; one alone is the registration."""
    if len(accounts) < 2:
        return []
    return [
        f"account {n:<5} {one['name']}: {one['registration']}"
        + (f": {one['registration_reason']}" if one["registration_reason"] else "")
        for n, one in enumerate(accounts, start=1)
    ]


def status_lines(status: dict[str, Any]) -> list[str]:
    """The status for a person."""
    reason = status["registration_reason"]
    lines = [
        f"registration  {status['registration']}" + (f": {reason}" if reason else ""),
        *_accounts(status.get("accounts", [])),
        f"privacy       {status['privacy']} ({status['privacy_cause']})",
        f"handset       {'lifted' if status['hook'] == 'off' else 'on the hook'}",
    ]
    for call in status["calls"]:
        arrow = "from" if call["direction"] == "in" else "to"
        said = call["reason"] or f"{call['seconds']} s, {call['security']}"
        if call["direction"] == "in" and not call["anonymous"]:
            said += f"; caller {call['trust']}" + (f", proof false: {call['doubt']}" if call["doubt"] else "")
        said += f"; stopped: {call['warning']}" if call["warning"] else ""
        said += f"; code {call['code']}" if call["code"] else ""
        said += "; place sent" if call["place_sent"] else ""
        lines.append(f"call {call['id']:<8} {call['state']} {arrow} {call['name'] or call['peer']}: {said}")
    for watcher in status["watchers"]:
        until = f" until {watcher['until']}" if watcher["until"] else ""
        lines.append(f"watcher       {watcher['uri']} sees: {watcher['sees']}{until}")
    troubles = [status[key] for key in ("audio_trouble", "display_trouble", "part_trouble")]
    troubles += ["the power supply is too weak"] if status["power"] == "weak" else []
    troubles += ["too hot: the board slows itself down"] if status["temperature"] == "hot" else []
    times = status["restarts"]
    troubles += [f"ended by itself {times} times: {status['restart_reason']}"] if times else []
    lines += [f"trouble       {trouble}" for trouble in troubles if trouble]
    lines.append(f"version       {status['version']} on {status['board']}")
    return lines


def preview_lines(preview: dict[str, Any]) -> list[str]:
    """What a call would reveal, for a person."""
    width = max(len(field["name"]) for field in preview["fields"])
    return [
        f"A call to {preview['target']} now (switch: {preview['switch']}) would carry:",
        *(f"{field['name']:<{width}}  {field['value']}  ({field['why']})" for field in preview["fields"]),
    ]


def run() -> NoReturn:
    sys.exit(main())


if __name__ == "__main__":
    run()
