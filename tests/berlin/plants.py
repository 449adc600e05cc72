"""Leaks to be planted in a phone, so that the report is seen to find each kind.

Those on the wire are put in after all of the phone's own care, at the last function before the encryption
(``leaky.c``); the one in the log by a daemon whose redaction is off (``doctored``). A subscriber who sees
presence is planted by a grant that nobody meant.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.rig.identity import Identity


@dataclass(frozen=True)
class Plant:
    """One kind of leak."""

    name: str
    row: str
    """The row that must fail for it."""
    experiment: str
    """The experiment of that row that must find it."""
    place: str = ""
    """Where ``leaky.c`` puts the text, empty: nowhere."""
    text: Callable[[Identity], str] = lambda who: ""
    """What it puts there."""
    module: str = "firmware.phone"
    grants_stranger: bool = False

    def environment(self, who: Identity, folder: Path) -> dict[str, str]:
        """What the phone's environment needs besides."""
        if not self.place:
            return {}
        made = folder / "leaky.so"
        source = Path(__file__).with_name("leaky.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-o", made, source, "-ldl"], check=True)
        return {"LEAK_PLACE": self.place, "LEAK_TEXT": self.text(who), "LD_PRELOAD": str(made)}


CALL = "a_private_call_tells_the_far_end_nothing"
GUESTS = "two_guest_sessions_share_nothing"
ASIDE = "held_and_transferred_calls_tell_nothing"

PLANTS = {
    plant.name: plant
    for plant in (
        Plant("user-in-contact", "P2", CALL, "contact", lambda who: who.user),
        Plant("host-name-in-sdp", "P2", CALL, "sdp", lambda who: who.host_name),
        Plant("user-in-cname", "P2", CALL, "cname", lambda who: who.user),
        Plant("user-in-guest-mode", "R10", GUESTS, "contact", lambda who: who.user),
        Plant("user-in-refer", "P2", ASIDE, "refer", lambda who: who.user),
        Plant("number-in-log", "P1", "nothing_is_kept_of_calls", module="tests.berlin.doctored"),
        Plant("stranger-sees-presence", "R9", "strangers_see_nothing", grants_stranger=True),
    )
}
