"""Which text an offer has that may be taken."""

from __future__ import annotations

import pytest

from firmware.phone.sip import sdp
from firmware.phone.values import Keying

AUDIO = "v=0\r\nm=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
TEXT = "m=text 4002 {profile} 98\r\na=rtpmap:98 t140/1000\r\n{keys}\r\n"


@pytest.mark.parametrize(
    ("profile", "keys", "keying", "taken"),
    [
        ("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x", Keying.SDES, True),
        ("RTP/AVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x", Keying.SDES, False),
        ("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x", Keying.DTLS, False),
        ("RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x", Keying.ZRTP, False),
        ("UDP/TLS/RTP/SAVP", "a=fingerprint:sha-256 AA", Keying.DTLS, True),
        ("UDP/TLS/RTP/SAVP", "a=fingerprint:sha-256 AA", Keying.ZRTP, False),
        ("RTP/AVP", "a=zrtp-hash:1.10 00", Keying.ZRTP, True),
        ("RTP/AVP", "a=x", Keying.DTLS, False),
        ("RTP/AVP", "a=x", Keying.SDES, False),
        ("RTP/AVP", "a=x", Keying.ZRTP, False),
    ],
)
def test_text_is_taken_as_the_speech_is_keyed_alone(
    profile: str, keys: str, keying: Keying, taken: bool
) -> None:
    text = TEXT.format(profile=profile, keys=keys)
    assert sdp.offers_text(AUDIO + text, keying, clear=False) is taken
    assert not sdp.offers_text("v=0\r\n" + text + AUDIO[5:], keying, clear=False)
    assert not sdp.offers_text(AUDIO + text.replace("4002", "0"), keying, clear=False)


def test_clear_text_goes_with_clear_speech_alone() -> None:
    offer = AUDIO + TEXT.format(profile="RTP/AVP", keys="a=x")
    assert sdp.offers_text(offer, Keying.NONE, clear=True)
    assert not sdp.offers_text(offer, Keying.NONE, clear=False)
