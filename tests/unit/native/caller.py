"""Places calls over UDP as its tests say, until its stdin ends: python caller.py JSON

uri: whom to call, once or, as a list, several at a time. disclose: the arguments of ``setDisclosure``, null
not to call it at all; then: the same, half a second after the INVITE. headers: name and value of what the
INVITE is asked to carry. registrar: where to register first. srtp: media by DTLS-SRTP. prove: the file of the
key to sign with.
"""

import json
import os
import select
import sys
import time

os.environ["PJMEDIA_ALSA_PCMS"] = ""
import pjsua2 as pj

T1 = 0.5
"""Seconds after which an INVITE over UDP is sent again (RFC 3261 section 17.1.1.2)."""


class Prover(pj.Prover):  # type: ignore[misc]
    """Puts into the proof what it was shown, and how often it was asked."""

    asked = 0

    def prove(self, caller: str, called: str, body: str) -> str:
        self.asked += 1
        key = next(line for line in body.splitlines() if line.startswith("a=fingerprint"))
        return f"{self.asked}|{caller}|{called}|{key}"


def main() -> None:
    order = json.loads(sys.argv[1])
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    endpoint.libInit(config)
    pj.setContactUser("0123456789abcdef")
    if order["disclose"] is not None:
        pj.setDisclosure(*order["disclose"])
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.boundAddress = transport.publicAddress = "127.0.0.1"
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    settings = pj.AccountConfig()
    settings.idUri = '"Alice Archer" <sip:alice@phone.test>'
    settings.regConfig.registrarUri = order.get("registrar", "")
    if "registrar" in order:
        settings.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", "login-9", 0, "secret"))
    if order.get("srtp"):
        settings.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
        settings.mediaConfig.srtpSecureSignaling = 0
        settings.mediaConfig.srtpOpt.keyings = pj.IntVector([pj.PJMEDIA_SRTP_KEYING_DTLS_SRTP])
    prover = Prover(order["prove"]) if "prove" in order else None
    account = pj.Account()
    account.create(settings)
    while "registrar" in order and not account.getInfo().regIsActive:
        endpoint.libHandleEvents(20)
    prm = pj.CallOpParam(True)
    for name, value in order["headers"]:
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        prm.txOption.headers.append(header)
    calls = []
    for uri in order["uri"] if isinstance(order["uri"], list) else [order["uri"]]:
        calls.append(pj.Call(account))
        calls[-1].makeCall(uri, prm)
    moved = time.monotonic() + T1 / 2
    while not select.select([sys.stdin], [], [], 0)[0]:
        endpoint.libHandleEvents(20)
        if order.get("then") is not None and time.monotonic() > moved:
            pj.setDisclosure(*order["then"])
            order["then"] = None
    if prover is not None:
        prover.close()
    os._exit(0)  # nothing to say goodbye to


main()
