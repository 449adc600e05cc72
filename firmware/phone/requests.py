"""What each command of the control socket does. Runs in the loop's thread, on one consistent state."""

from __future__ import annotations

import base64
import dataclasses
import io
from collections.abc import Callable
from typing import Any

from firmware.phone import declaring, updates
from firmware.phone import events as on
from firmware.phone.components import components
from firmware.phone.display import views
from firmware.phone.display.screens import PLAIN, Screen
from firmware.phone.loop import Loop
from firmware.phone.machine import finding, watchers
from firmware.phone.machine.asked import LOCKED
from firmware.phone.machine.rules import Plan
from firmware.phone.machine.settings import effective
from firmware.phone.machine.updates import MOST_DAYS
from firmware.phone.manifest import manifest
from firmware.phone.place import parse
from firmware.phone.privacy import EMERGENCY, exposure
from firmware.phone.risks import as_json, risks
from firmware.phone.selftest import selftest
from firmware.phone.simulated import Simulated
from firmware.phone.sip import preview, uri
from firmware.phone.status import accounts, status
from firmware.phone.store import PLACE_NOT_KEPT, erasable, inventory
from firmware.phone.updates import Want
from firmware.phone.values import Feature

MAX_TARGET = 512
"""Characters of an address to dial."""


class Refused(ValueError):
    """The command cannot be carried out now; the text says why and what to do."""


class Requests:
    """``simulated`` is the simulated board's hands, or None on hardware: there ``sim`` is refused.

    ``settle`` waits until the store has done what it was asked, and returns what went wrong, or "".
    ``test`` begins the self-test; its result may be a future.
    """

    def __init__(
        self,
        board: str,
        versions: dict[str, str],
        simulated: Simulated | None,
        settle: Callable[[], str] = lambda: "",
        test: Callable[[Loop], Any] = lambda loop: {"tests": selftest(loop.rules, loop.state, {})},
    ) -> None:
        self._board = board
        self._versions = versions
        self._simulated = simulated
        self._settle = settle
        self._test = test
        self._loop: Loop | None = None
        self._commands: dict[str, Callable[[Loop, dict[str, Any]], Any]] = {
            "status": lambda loop, args: self.status(),
            "screen": self._screen,
            "dial": self._dial,
            "preview": self._preview,
            "answer": lambda loop, args: self._step(loop, on.AnswerAsked()),
            "hangup": lambda loop, args: self._step(loop, on.HangUpAsked()),
            "call": self._call,
            "inventory": self._inventory,
            "place": self._place,
            "risks": lambda loop, args: as_json(
                risks(effective(loop.rules, loop.state), loop.state, loop.clock.wall().date())
            ),
            "selftest": lambda loop, args: self._test(loop),
            "update": _update,
            "manifest": self._manifest,
            "contacts": self._contacts,
            "sim": self._sim,
        }

    def serve(self, loop: Loop) -> None:
        self._loop = loop

    def carry_out(self, loop: Loop, command: str, args: dict[str, Any]) -> Any:
        """The command's result. Raises Refused."""
        handler = self._commands.get(command)
        if handler is None:
            raise Refused(
                f"no such command: {command[:40]!r}; try one of {', '.join(sorted(self._commands))}, watch"
            )
        return handler(loop, args)

    def status(self) -> dict[str, Any]:
        loop = self._loop
        assert loop is not None, "serve() comes first"  # noqa: S101
        told = status(loop.state, loop.clock.monotonic(), self._board, self._versions)
        told |= {"accounts": accounts(loop.rules, loop.state)}
        return told | {"watchers": watchers.listed(loop.rules, loop.state)}

    def picture(self, shown: Screen) -> tuple[list[str], bytes]:
        """A screen's text lines, and its pixels as PNG, in the language of the display."""
        loop = self._loop
        look = PLAIN if loop is None else loop.look
        png = io.BytesIO()
        views.draw(shown, look).save(png, "PNG")
        return views.lines(shown, look), png.getvalue()

    def _screen(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        if loop.screen is None:
            raise Refused("the display shows nothing yet; try again")
        lines, png = self.picture(loop.screen)
        return {"lines": lines, "png": base64.b64encode(png).decode()}

    def _dial(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        plan = _plan(loop, args)
        asked = on.DialAsked(plan.party.uri, plan.restricted, plan.emergency, plan.number, plan.account)
        return self._step(loop, asked)

    def _call(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        """Hold, resume, swap, transfer, conference, mute: as the keys would."""
        try:
            feature = Feature(args.get("feature"))
        except ValueError:
            raise Refused(f"no such feature; say one of {', '.join(one.value for one in Feature)}") from None
        if feature is not Feature.TRANSFER or args.get("target") is None:
            return self._step(loop, on.FeatureAsked(feature))
        plan = _plan(loop, args)
        if plan.emergency:
            raise Refused("nobody is transferred to an emergency service; call it")
        return self._step(loop, on.FeatureAsked(feature, plan.party.uri))

    def _manifest(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        """Protocols, algorithms, components, and to whom it talks; or that alone, as a MUD file."""
        flows, url = declaring.flows(loop.rules.config), args.get("mud")
        if isinstance(url, str):
            return declaring.mud_file(flows, loop.clock.wall(), url)
        found = manifest(effective(loop.rules, loop.state).config, loop.state, components())
        return found | {"egress": declaring.told(flows)}

    def _preview(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        """What a call would reveal now; nothing is sent."""
        plan, switch = _plan(loop, args), loop.state.switch
        shown = exposure(switch, emergency=plan.emergency, restricted=plan.restricted)
        place = loop.state.place if shown.cause == EMERGENCY else None
        known = any(uri.same_address(one.uri, plan.party.uri) for one in loop.rules.contacts)
        line, connection = loop.rules.line(plan.account), loop.state.connection(plan.account)
        found = preview.fields(line.profile, shown, connection.own_address, place, known)
        return {
            "target": plan.party.uri,
            "account": line.label,
            "switch": "private" if exposure(switch).private else "open",
            "cause": shown.cause,
            "fields": [dataclasses.asdict(field) for field in found],
        }

    def _inventory(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        if args.get("wipe") is not True:
            return {"items": inventory(effective(loop.rules, loop.state), loop.state)}
        erased = erasable(loop.rules, loop.state)
        if refused := loop.handle(on.WipeAsked()):
            raise Refused(refused)
        trouble = self._settle()
        if trouble:
            raise Refused(f"not all could be erased ({trouble}); look after the disk, then try again")
        return {"items": inventory(effective(loop.rules, loop.state), loop.state), "erased": erased}

    def _place(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        """Say which place is kept, keep another or erase it."""
        typed, clear = args.get("set"), args.get("clear") is True
        if loop.state.locked:
            raise Refused(LOCKED)
        if typed is not None and (clear or not isinstance(typed, str)):
            raise Refused("say one thing: a place to keep as text, or that it is to be erased")
        if typed is not None or clear:
            try:
                place = None if typed is None else parse(typed)
            except ValueError as error:
                raise Refused(str(error)) from None
            if refused := loop.handle(on.PlaceTyped(place)):
                raise Refused(refused)
            trouble = self._settle()
            if trouble and (place is None or PLACE_NOT_KEPT in trouble):
                raise Refused(f"not done for good ({trouble}); look after the disk, then try again")
        kept = loop.state.place
        return {"kept": kept is not None, "place": dict(kept.fields) if kept else {}}

    def _contacts(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        """What the phone book holds; begin to read it anew; or find a name by its keys."""
        action, digits = args.get("action"), args.get("digits")
        if loop.state.locked:
            raise Refused(LOCKED)
        if action == "pull":
            if not finding.sources(loop.rules):
                raise Refused("there is nothing to read; name files or servers below [book] in phone.toml")
            if refused := loop.handle(on.PullAsked()):
                raise Refused(refused)
        if action == "find":
            if not isinstance(digits, str) or not digits.isdigit():
                raise Refused("say the keys of a name as digits, such as 262 for Bob")
            found = [*loop.rules.own_book.find(digits), *loop.state.book.find(digits)]
            return {"found": [{"name": one.name, "targets": list(one.targets)} for one in found]}
        sources = [
            {
                "name": source.name,
                "number": len(source.entries),
                "pulled": source.pulled.isoformat() if source.pulled else None,
            }
            for source in loop.state.book.sources
        ]
        told = status(loop.state, loop.clock.monotonic(), self._board, self._versions)["contacts"]
        return {**told, "sources": sources}

    def _step(self, loop: Loop, event: on.Event) -> dict[str, Any]:
        refused = loop.handle(event)
        if refused:
            raise Refused(refused)
        return self.status()

    def _sim(self, loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
        if self._simulated is None:
            raise Refused("this telephone has real keys and switches; use those")
        try:
            self._simulated.carry_out(args)
        except ValueError as error:
            raise Refused(str(error)) from None
        return {}


def _update(loop: Loop, args: dict[str, Any]) -> dict[str, Any]:
    """What the updater told, or a wish for it: the answer comes with a later status."""
    action, days = args.get("action"), args.get("days")
    if action == "status":
        wish = loop.state.wish
        waits = None if wish is None or wish.want is Want.SEEN else wish.number
        return updates.as_json(loop.state.updates) | {"told": loop.state.updates.told, "waits": waits}
    if action not in (Want.CHECK.value, Want.INSTALL.value, Want.POSTPONE.value):
        raise Refused("say status, check, install or postpone")
    if action == Want.POSTPONE.value and not (isinstance(days, int) and 0 < days <= MOST_DAYS):
        raise Refused(f"an update can be put off by 1 to {MOST_DAYS} days")
    refused = loop.handle(on.UpdateWished(Want(action), days if isinstance(days, int) else 0))
    if refused:
        raise Refused(refused)
    return {"asked": loop.state.wishes}


def _plan(loop: Loop, args: dict[str, Any]) -> Plan:
    """Whom the request means to call. Raises Refused."""
    target = args.get("target")
    if not isinstance(target, str) or not target.strip() or len(target) > MAX_TARGET:
        raise Refused("say whom to call: a number, a name or an address such as sip:name@host")
    try:
        return loop.rules.plan(target.strip())
    except ValueError as error:
        raise Refused(str(error)) from None
