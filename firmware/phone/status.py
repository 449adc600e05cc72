"""The state of the telephone as the plain data that ``sotto status --json`` prints. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any

from firmware.phone.machine import guarding
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import Call, Connection, State
from firmware.phone.machine.warnings import WORDS
from firmware.phone.privacy import exposure
from firmware.phone.values import RegistrationState


def status(state: State, now: float, board: str, versions: dict[str, str]) -> dict[str, Any]:
    """The fields that users' scripts read; every value is JSON's own."""
    shown = exposure(state.switch)
    return {
        "registration": state.registration.state.value,
        "registration_reason": state.registration.reason,
        "signalling": _signalling(state),
        "privacy": "private" if shown.private else "open",
        "privacy_cause": shown.cause,
        "hook": state.hook.value,
        "digits": len(state.digits),
        "locked": state.locked,
        "calls": [_call(state, call, now) for call in state.calls],
        "missed": state.missed,
        "muted": state.muted,
        "conference": state.conference,
        "do_not_disturb": state.undisturbed,
        "messages": None if state.messages is None else dataclasses.asdict(state.messages),
        "lamps": {lamp.uri: lamp.lamp.value for lamp in state.lamps},
        "audio_trouble": state.audio_trouble,
        "display_trouble": state.display_trouble,
        "part_trouble": "; ".join(f"{part.value}: {trouble}" for part, trouble in state.broken),
        "restarts": state.restarts,
        "restart_reason": state.restart_reason,
        "power": "weak" if state.health.weak else "good",
        "temperature": "hot" if state.health.hot else "good",
        "sound_gaps": state.sound_gaps,
        "volume": {"handset": state.volumes.handset, "ringer": state.volumes.ringer},
        "contacts": {
            "number": len(state.book),
            "pulling": state.pulling,
            "troubles": list(state.book_troubles),
            "faults": list(state.book_faults),
        },
        "board": board,
        "version": versions.get("sottovoce", ""),
        "versions": versions,
    }


def accounts(rules: Rules, state: State) -> list[dict[str, Any]]:
    """Each account, the first one first; none without one."""
    found = []
    for number, line in enumerate(rules.lines if rules.domain else ()):
        known = state.connection(number)
        found.append(
            {
                "name": line.label,
                "address": line.profile.address,
                "prefix": line.prefix,
                "transport": line.transport,
                "registration": known.registration.state.value,
                "registration_reason": known.registration.reason,
                "signalling": _signalling(known),
            }
        )
    return found


def _signalling(state: State | Connection) -> dict[str, Any] | None:
    """TLS with the server; None while there is no registration over it."""
    agreed = state.signalling
    if state.registration.state is not RegistrationState.REGISTERED or not agreed.version:
        return None
    return {
        "tls": agreed.version,
        "suite": agreed.suite,
        "group": agreed.group,
        "post_quantum": "MLKEM" in agreed.group.upper(),
    }


def _call(state: State, call: Call, now: float) -> dict[str, Any]:
    media = call.media
    stopped = guarding.doubts(state, call)
    return {
        "id": call.id,
        "direction": call.direction.value,
        "state": call.state.value,
        "peer": call.peer.uri,
        "name": call.peer.name,
        "trust": call.peer.trust.value,
        "anonymous": call.peer.anonymous,
        "doubt": call.peer.doubt,
        "seconds": call.seconds(now),
        "security": guarding.label(state, call).value,
        "code": guarding.code(call) or None,
        "words": media.words or None,
        "keying": media.keying.value or None,
        "warning": WORDS[stopped[0]].title if stopped else None,
        "speaks": guarding.speaks(state, call),
        "codec": media.codec or None,
        "suite": media.suite or None,
        "reason": call.reason.value if call.reason else None,
        "place_sent": call.place_at is not None,
        "transferring": call.transfer is not None,
        "account": call.account + 1,
        "text": call.text,
    }
