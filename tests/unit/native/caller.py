"""Places one call over UDP as test_disclosure.py says, until its stdin ends: python caller.py JSON

disclose: the arguments of ``setDisclosure``, null not to call it at all; then: the same, half a second after
the INVITE. headers: name and value of what the INVITE is asked to carry.
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
    account = pj.Account()
    account.create(settings)
    prm = pj.CallOpParam(True)
    for name, value in order["headers"]:
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        prm.txOption.headers.append(header)
    call = pj.Call(account)
    call.makeCall(order["uri"], prm)
    moved = time.monotonic() + T1 / 2
    while not select.select([sys.stdin], [], [], 0)[0]:
        endpoint.libHandleEvents(20)
        if order["then"] is not None and time.monotonic() > moved:
            pj.setDisclosure(*order["then"])
            order["then"] = None
    os._exit(0)  # nothing to say goodbye to


main()
