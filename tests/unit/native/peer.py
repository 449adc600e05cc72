"""One end of the call in test_wheel.py: python peer.py answer|call FOLDER [PORT] [forge]. Prints JSON lines.

It trusts ca.pem in the folder, proves itself with host.pem, has no sound card, and needs TLS and SRTP.
"""

import json
import os
import re
import sys
import time

os.environ["PJMEDIA_ALSA_PCMS"] = ""
import pjsua2 as pj

SUITES = ("AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80")
PATIENCE = 8.0


def report(**values: object) -> None:
    print(json.dumps(values), flush=True)


def settings() -> "pj.CallOpParam":
    prm = pj.CallOpParam(True)
    prm.opt.textCount = 0
    prm.opt.videoCount = 0
    return prm


class Call(pj.Call):  # type: ignore[misc]
    forge = False
    over = False
    keyings: tuple[int, ...] = ()

    def onCallState(self, prm: object) -> None:
        self.over = self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED

    def onCallMediaState(self, prm: object) -> None:
        audio = self.getAudioMedia(-1)
        audio.startTransmit(audio)  # something to send, without a sound card

    def onCreateMediaTransportSrtp(self, prm: "pj.OnCreateMediaTransportSrtpParam") -> None:
        self.keyings = tuple(prm.keyings)
        prm.keyings = pj.IntVector([pj.PJMEDIA_SRTP_KEYING_DTLS_SRTP])

    def onCallSdpCreated(self, prm: "pj.OnCallSdpCreatedParam") -> None:
        if self.forge:
            prm.sdp.wholeSdp = re.sub(r"(fingerprint:SHA-256 )..", r"\g<1>00", prm.sdp.wholeSdp)


class Account(pj.Account):  # type: ignore[misc]
    call: Call | None = None

    def onIncomingCall(self, prm: "pj.OnIncomingCallParam") -> None:
        self.call = Call(self, prm.callId)
        answer = settings()
        answer.statusCode = pj.PJSIP_SC_OK
        self.call.answer(answer)


def start(folder: str) -> tuple["pj.Endpoint", Account, str]:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.medConfig.noVad = True
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.boundAddress = transport.publicAddress = "127.0.0.1"
    transport.tlsConfig.CaListFile = transport.tlsConfig.certFile = f"{folder}/host.pem"
    transport.tlsConfig.privKeyFile = f"{folder}/host.key"
    transport.tlsConfig.verifyServer = True
    transport.tlsConfig.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2 | pj.PJ_SSL_SOCK_PROTO_TLS1_3
    number = endpoint.transportCreate(pj.PJSIP_TRANSPORT_TLS, transport)
    endpoint.libStart()
    address = endpoint.transportGetInfo(number).localName
    config = pj.AccountConfig()
    config.idUri = f"sip:phone@{address};transport=tls"
    config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
    config.mediaConfig.srtpSecureSignaling = 1
    config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    options = pj.SrtpOpt()
    for name in SUITES:
        crypto = pj.SrtpCrypto()
        crypto.name = name
        options.cryptos.append(crypto)
    options.keyings = pj.IntVector([pj.PJMEDIA_SRTP_KEYING_DTLS_SRTP, pj.PJMEDIA_SRTP_KEYING_SDES])
    config.mediaConfig.srtpOpt = options
    account = Account()
    account.create(config)
    return endpoint, account, address


def main() -> None:
    role, folder = sys.argv[1:3]
    Call.forge = "forge" in sys.argv
    endpoint, account, address = start(folder)
    wakeup = pj.Wakeup()
    report(address=address)
    if role == "call":
        account.call = Call(account)
        account.call.makeCall(f"sip:phone@{sys.argv[3]};transport=tls", settings())
    seen = pj.MediaSecurity()
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and not (account.call and account.call.over):
        endpoint.libHandleEvents(50)
        if account.call and not account.call.over:
            now = pj.mediaSecurity(account.call.getId(), 0)
            seen = now if now.srtpActive else seen
            if now.srtpActive and now.rxPackets and now.txPackets and role == "call":
                ends = min(ends, time.monotonic() + 0.5)
    report(
        active=seen.srtpActive,
        suites=[seen.rxSuite, seen.txSuite],
        keying=seen.keying,
        local=seen.localFingerprint,
        remote=seen.remoteFingerprint,
        received=seen.rxPackets,
        offered=list(account.call.keyings) if account.call else [],
    )
    endpoint.hangupAllCalls()
    ends = time.monotonic() + 2
    while account.call and not account.call.over and time.monotonic() < ends:
        endpoint.libHandleEvents(50)
    account.call = None
    wakeup.close()
    endpoint.libDestroy()


if __name__ == "__main__":
    main()
