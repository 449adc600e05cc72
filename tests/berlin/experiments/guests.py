"""R10: guest mode. Two periods of one telephone are held against each other."""

from __future__ import annotations

from tests.berlin.guest_days import PACKETS, play
from tests.berlin.model import Seen, experiment
from tests.berlin.stage import Stage

LAYERS = {"card", "DHCP transaction", "ARP", "IPv6 interface", "ND option", "SIP word", "RTP source"}
"""Of which identifiers must have been seen, or nothing was tried."""


@experiment("R10")
def two_guest_sessions_share_nothing(stage: Stage) -> Seen:
    """One telephone is twice a guest at one access point, with a call each time; every identifier of
    Ethernet, DHCP, ARP, ND, SIP and RTP, and every eight octets of what was sent (TLS and DTLS too), are
    compared. What a guest with another telephone sends as well links nobody.
    """
    days = stage.played(play)
    both = (days.first, days.second)
    links = [f"{kind} {value}" for kind, value in days.links]
    octets = [row.hex() for row in days.shared_octets]
    texts = [text for one in both for text in one.texts]
    owner = [name for name, word in days.owner_words.items() if any(word in text for text in texts)]
    file = stage.evidence("guest-days", "links.txt")
    lines = ["Identifiers in both periods:", *links, "", "Octets in both periods:", *octets, ""]
    for number, one in enumerate(both, start=1):
        lines += [f"Period {number}:", *(f"  {kind}: {value}" for kind, value in sorted(one.known))]
    file.write_text("\n".join(lines) + "\n")
    kinds = {kind for one in both for kind, _ in one.known}
    tried = kinds >= LAYERS and all(one.speech >= PACKETS and one.cause == "guest" for one in both)
    good = tried and not links and not octets and not owner and not days.left
    seen, rows = sum(len(one.known) for one in both), sum(len(one.octets) for one in both)
    text = f"{seen} identifiers and {rows} rows of octets in two periods; in both: {len(links)} identifiers, "
    text += f"{len(octets)} rows"
    text += f" ({', '.join([*links, *octets][:5])})." if links or octets else "."
    text += f" Of the owner: {', '.join(owner) or 'nothing'}."
    text += f" Left of them: {', '.join(days.left) or 'nothing'}."
    if not tried:
        missing = ", ".join(sorted(LAYERS - kinds)) or "speech or guest mode"
        text += f" Too little was seen: {missing} missing."
    return Seen(good, text, [file, days.first.capture, days.second.capture])
