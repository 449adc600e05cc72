"""Callbacks from C: an exception must not travel through pjsip's stack, and must not be lost either."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Crash = Callable[[BaseException], None]
F = TypeVar("F", bound=Callable[..., Any])


class HasCrash(Protocol):
    crash: Crash


def guarded(method: F) -> F:
    """Hand whatever ``method`` raises to ``self.crash``, which ends the process loudly."""

    @functools.wraps(method)
    def wrapper(self: HasCrash, *args: Any) -> Any:
        try:
            return method(self, *args)
        except BaseException as error:  # noqa: BLE001 - handed on, never swallowed
            self.crash(error)
            return None

    return wrapper  # type: ignore[return-value]
