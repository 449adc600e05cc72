"""What a page may ask: move keys, hook and switch of a phone, and play what is around it. Pure."""

from __future__ import annotations

import json
from typing import Any

from firmware.phone.language.catalogue import CODES
from firmware.phone.values import KEYS
from firmware.simulator.malice import DEEDS

MAX_OCTETS = 1024
"""The longest message taken from a page."""

MAX_KEYS = 32


class MessageError(ValueError):
    """A page sent what is not part of its vocabulary."""


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """The phone that a message is for and the arguments of its ``sim`` command.

    Raises:
        MessageError: it is no JSON object or asks for something that a page may not ask.
    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError("This message is not JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("phone"), str):
        raise MessageError('A message is an object with "phone" and "what".')
    return message["phone"], _arguments(message)


def _arguments(message: dict[str, Any]) -> dict[str, Any]:
    match message:
        case {"what": "key", "keys": [*keys]} if 0 < len(keys) <= MAX_KEYS and all(map(_is_key, keys)):
            return {"what": "key", "keys": keys}
        case {"what": "press" | "release" as what, "key": key} if _is_key(key):
            return {"what": what, "key": key}
        case {"what": "hook", "position": "up" | "down" as position}:
            return {"what": "hook", "position": position}
        case {"what": "privacy", "position": "private" | "open" | "broken" as position}:
            return {"what": "privacy", "position": position}
        case {"what": "update", "release": "good" | "broken" as release}:
            return {"what": "update", "release": release}
        case {"what": "provider", "does": str(deed)} if deed in DEEDS:
            return {"what": "provider", "does": deed}
        case {"what": "third", "act": "call" | "hang up" as act}:
            return {"what": "third", "act": act}
        case {"what": "language", "code": str(code)} if code in CODES:
            return {"what": "language", "code": code}
    raise MessageError("A page may press keys, lift or put down the handset and move the privacy switch.")


def _is_key(key: object) -> bool:
    return isinstance(key, str) and len(key) == 1 and key in KEYS
