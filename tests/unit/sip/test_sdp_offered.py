"""What protection an offer allows, by its SDP."""

from __future__ import annotations

import pytest

from firmware.phone.sip.sdp import offered, without_audio
from firmware.phone.values import Security

HEAD = "INVITE sip:alice@phone.test SIP/2.0\r\nContent-Type: application/sdp\r\n\r\n"
SESSION = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
FINGERPRINT = "a=fingerprint:sha-256 AB:CD\r\n"
CRYPTO = "a=crypto:1 AEAD_AES_256_GCM inline:x\r\n"
ZRTP = "a=zrtp-hash:1.10 ab\r\n"


def audio(profile: str = "RTP/AVP", more: str = "", port: int = 4000) -> str:
    return f"m=audio {port} {profile} 0\r\n{more}"


@pytest.mark.parametrize(
    ("body", "best"),
    [
        ("", Security.END_TO_END),
        (SESSION, Security.END_TO_END),
        (SESSION + audio(), Security.CLEAR),
        (SESSION + audio("RTP/AVPF"), Security.CLEAR),
        (SESSION + audio("RTP/SAVP", CRYPTO), Security.PROVIDER),
        (SESSION + audio("RTP/SAVPF", CRYPTO), Security.PROVIDER),
        (SESSION + audio("RTP/AVP", CRYPTO), Security.CLEAR),
        (SESSION + audio("RTP/SAVP"), Security.CLEAR),
        (SESSION + audio("UDP/TLS/RTP/SAVP", FINGERPRINT), Security.END_TO_END),
        (SESSION + FINGERPRINT + audio("UDP/TLS/RTP/SAVP"), Security.END_TO_END),
        (SESSION + audio("RTP/AVP", ZRTP), Security.END_TO_END),
        (SESSION + audio() + audio("RTP/SAVP", CRYPTO), Security.PROVIDER),
        (SESSION + audio() + "m=video 4002 UDP/TLS/RTP/SAVP 96\r\n" + FINGERPRINT, Security.CLEAR),
        (SESSION + audio() + audio("RTP/SAVP", CRYPTO, port=0), Security.CLEAR),
    ],
)
def test_the_best_that_an_offer_allows(body: str, best: Security) -> None:
    assert offered(HEAD + body) is best
    assert offered((HEAD + body).replace("\r\n", "\n")) is best


@pytest.mark.parametrize(
    ("ports", "declined"),
    [((), False), (("0",), True), (("00",), True), (("0", "4000"), False), (("0", "9" * 5000), False)],
)
def test_audio_is_declined_by_port_zero(ports: tuple[str, ...], declined: bool) -> None:
    """However many digits somebody writes."""
    lines = "".join(f"m=audio {port} RTP/SAVP 0\r\n" for port in ports)
    assert without_audio(HEAD + SESSION + lines) is declined
