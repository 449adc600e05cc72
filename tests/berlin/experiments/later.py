"""R10: what is still to come as a whole."""

from __future__ import annotations

from tests.berlin.model import NotYet, Seen, experiment
from tests.berlin.stage import Stage


@experiment("R10")
def two_guest_sessions_share_nothing(stage: Stage) -> Seen:
    """Two guest sessions are to be captured and searched for what they share: MAC, DHCP, TLS, SIP, RTP."""
    raise NotYet("Guest mode is not built; it comes with the issue for the people who use and build it.")
