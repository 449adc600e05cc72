"""The rig's ZRTP party judged before it judges: against linphone, which stands on bzrtp."""

from __future__ import annotations

import pytest

from tests.rig import speech
from tests.rig.agent import Agent
from tests.rig.cables import Cables
from tests.rig.lab import Lab
from tests.rig.linphone import Linphone
from tests.rig.speech import GOOD
from tests.rig.zrtp.cache import Cache
from tests.rig.zrtp.party import Agreement, Party
from tests.sip.test_call_baresip import JUDGED_S

pytestmark = pytest.mark.live


def test_both_roles_both_directions_and_kept_secrets(lab: Lab) -> None:
    """It calls and begins, then we do; the SAS is the same at both ends; the second call uses what the first
    left.
    """
    cache = Cache()
    zed = lab.add(Agent(lab.folder, lab.kit.far, party=lambda: Party(cache, role="responder")))
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    cables = lab.cables("bob")
    bob = lab.linphone(cables=cables, codecs=["pcma"], encryption="zrtp", answers=True)
    bob.dial("carol")
    found = same(zed, bob)
    assert (found.role, found.continuity) == ("responder", "first")
    spoken(lab, zed, cables)
    zed.hangup()
    bob.wait_call("End")
    zed.party = lambda: Party(cache, role="initiator")
    mark = bob.mark()
    zed.dial("sip:bob@phone.test")
    found = same(zed, bob)
    assert (found.role, found.continuity) == ("initiator", "same")
    assert zed.suite == "AES_256_CM_HMAC_SHA1_80"
    zed.leg.wait_heard(0.5)
    bob.hangup()
    bob.wait_call("End", since=mark)
    zed.wait_state("over")


def test_long_keys_and_words(lab: Lab) -> None:
    """AES-256 and the word list, as linphone has them."""
    zed = lab.add(Agent(lab.folder, lab.kit.far, party=lambda: Party(role="responder")))
    registrar = lab.registrar(udp=True, routes={"carol": zed.uri})
    zed.proxy = (registrar.address, registrar.port)
    wanted = "zrtp_cipher_suites=MS_ZRTP_CIPHER_AES3\nzrtp_sas_suites=MS_ZRTP_SAS_B256\n"
    bob = lab.linphone(codecs=["pcma"], encryption="zrtp", answers=True, sip=wanted)
    bob.dial("carol")
    found = same(zed, bob)
    assert (found.choice.cipher, found.choice.sas) == ("AES3", "B256")
    assert zed.suite == "AES_256_CM_HMAC_SHA1_80"


def same(zed: Agent, bob: Linphone) -> Agreement:
    """Both ends have agreed on the same."""
    zed.wait_keys()
    found = zed.zrtp.agreement
    assert found is not None
    reported = bob.wait_secured()
    print(f"zrtp: ours {found.sas} {zed.suite}, linphone's {reported}")
    assert (reported.method, reported.suite, reported.sas) == ("zrtp", zed.suite, found.sas)
    return found


def spoken(lab: Lab, zed: Agent, cables: Cables) -> None:
    """Speech passes both ways."""
    with cables.speak(lab.kit.near.file()), cables.listen() as heard:
        since = len(zed.leg.heard)
        heard.wait(JUDGED_S + 1)
    there = speech.score(lab.kit.far, heard.samples(), 1.5)
    here = speech.score(lab.kit.near, zed.leg.samples(since), 1)
    print(f"linphone hears {there}; we hear {here}")
    assert there.passes(GOOD["pcma"])
    assert here.passes(GOOD["pcma"])
