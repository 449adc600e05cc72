"""The recommendations, in the words of the mission, and what our phone does about each."""

from __future__ import annotations

from tests.berlin.model import Row

TABLE = (
    (
        "P1",
        "Traffic data is more than billing needs, and the user does not know of it",
        "No call record by default beyond a counter in memory; a history only with a lifetime that the user "
        "picked; an inventory lists all that is stored.",
    ),
    (
        "P2",
        "Calling line identification restriction may not exist between VoIP phones",
        "The switch restricts the calling line identity in every message, requests and responses, RTCP too, "
        "by the phone itself (RFC 3323, 3325, 5767, 7022).",
    ),
    (
        "P3",
        "Encrypt signalling and content",
        "TLS with a verified peer, SRTP and SRTCP always; nothing in clear without consent for that call.",
    ),
    (
        "P4",
        "What is recorded today may be decoded later",
        "Forward secrecy in every key exchange, post-quantum hybrid where the peer can, constant bit rate "
        "audio (RFC 6562), keys erased at hang-up.",
    ),
    (
        "P5",
        "An extension of a private exchange is at risk too",
        "No remote tap, no forced auto-answer; the microphone is closed until the handset is lifted.",
    ),
    (
        "R1",
        "Inform of risks and remedies, of wireless networks and of breaches too",
        "A risk screen computed from live state, each risk with its remedy; signed security notices.",
    ),
    (
        "R2",
        "Take technical and organisational measures",
        "Least privilege, read-only root, no open ports, no shell, sandboxed units, a threat model.",
    ),
    (
        "R3",
        "Interoperable end-to-end encryption, standard and free",
        "ZRTP (RFC 6189) and DTLS-SRTP (RFC 5763) with a comparison code on the display.",
    ),
    (
        "R4",
        "Security and privacy active by default",
        "The factory state is the strongest state; each exception has its reason.",
    ),
    (
        "R5",
        "Swiftly eliminate flaws; let the user control what the protocol transmits and displays",
        "Signed A/B over-the-air updates with roll-back; a preview of what a call will reveal.",
    ),
    (
        "R6",
        "Open standards; say which protocols and products are in use",
        "An About screen and a machine-readable manifest of protocols, algorithms and components.",
    ),
    (
        "R7",
        "Restrict the personal data stored and processed by default",
        "Minimal REGISTER, generic User-Agent, no contact to a vendor, declared destinations only.",
    ),
    (
        "R8",
        "Privacy features at least as in the fixed network, and better",
        "Restriction and presentation of the calling and the connected line, anonymous call rejection, "
        "star codes.",
    ),
    (
        "R9",
        "Availability and location: not collected, not shown; a choice for each watcher",
        "Presence off; each watcher granted by name, with an end date; the switch closes all at once; "
        "location only in an emergency call.",
    ),
    (
        "R10",
        "Anonymous use through public access points",
        "Guest mode: nothing that links two sessions.",
    ),
)


def rows() -> dict[str, Row]:
    """Fresh rows, in the paper's order."""
    return {name: Row(name, recommendation, behaviour) for name, recommendation, behaviour in TABLE}
