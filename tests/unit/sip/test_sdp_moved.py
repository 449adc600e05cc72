"""The telephone is at another address: its descriptions say so, its ports stay."""

from __future__ import annotations

from firmware.phone.sip import sdp

OURS = (
    "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 4000 UDP/TLS/RTP/SAVP 96\r\n"
    "c=IN IP4 192.0.2.1\r\na=rtcp:4001 IN IP4 192.0.2.1\r\na=sendrecv\r\n"
)


def test_every_address_of_ours_is_the_new_one() -> None:
    """But that of "o=", which has to stay within a session (RFC 3264 section 8)."""
    origin, _, rest = OURS.partition("s=-")
    assert sdp.moved(OURS, "192.0.2.9") == f"{origin}s=-{rest.replace('192.0.2.1', '192.0.2.9')}"
    assert sdp.moved(OURS, "2001:db8::9") == f"{origin}s=-{rest.replace('IP4 192.0.2.1', 'IP6 2001:db8::9')}"
    assert sdp.moved(OURS, "") == OURS


def test_on_hold_stays_on_hold() -> None:
    held = OURS.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0")
    assert "c=IN IP4 0.0.0.0" in sdp.moved(held, "192.0.2.9")
