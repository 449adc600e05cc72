"""Places calls over UDP with DTLS-SRTP one after another: python dtls_caller.py PORT COUNT PATIENCE PAUSE

To the far end at PORT. Prints a JSON line for each when it was heard, or not, for PATIENCE seconds: whether
its media had keys, the packets received, the suite, and the seconds since the answer. PAUSE: seconds to wait
when the answer has been taken and the stream has not been made yet, as on a machine that is slow or busy.
"""

import json
import os
import sys
import time

os.environ["PJMEDIA_ALSA_PCMS"] = ""
import pjsua2 as pj

SUITES = ("AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80")


class Call(pj.Call):  # type: ignore[misc]
    over = False
    answered = 0.0
    pause = 0.0

    def onCallState(self, prm: object) -> None:
        state = self.getInfo().state
        self.over = state == pj.PJSIP_INV_STATE_DISCONNECTED
        if state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.answered = time.monotonic()

    def onStreamPreCreate(self, prm: object) -> None:
        time.sleep(self.pause)

    def onCallMediaState(self, prm: object) -> None:
        audio = self.getAudioMedia(-1)
        audio.startTransmit(audio)


def main() -> None:
    port, count, patience = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    Call.pause = float(sys.argv[4])
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
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    settings = pj.AccountConfig()
    settings.idUri = "sip:alice@phone.test"
    settings.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    settings.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
    settings.mediaConfig.srtpSecureSignaling = 0
    options = pj.SrtpOpt()
    for name in SUITES:
        crypto = pj.SrtpCrypto()
        crypto.name = name
        options.cryptos.append(crypto)
    options.keyings = pj.IntVector([pj.PJMEDIA_SRTP_KEYING_DTLS_SRTP])
    settings.mediaConfig.srtpOpt = options
    account = pj.Account()
    account.create(settings)
    wakeup = pj.Wakeup()
    for number in range(count):
        call = Call(account)
        prm = pj.CallOpParam(True)
        prm.opt.textCount = prm.opt.videoCount = 0
        call.makeCall(f"sip:far-{number}@127.0.0.1:{port}", prm)
        ends = time.monotonic() + patience
        seen = pj.MediaSecurity()
        while time.monotonic() < ends and not seen.rxPackets and not call.over:
            endpoint.libHandleEvents(20)
            seen = pj.mediaSecurity(call.getId(), 0)
        took = time.monotonic() - call.answered
        print(json.dumps([seen.srtpActive, seen.rxPackets, seen.rxSuite, took]), flush=True)
        if not call.over:
            call.hangup(pj.CallOpParam())
        ends = time.monotonic() + 2
        while not call.over and time.monotonic() < ends:
            endpoint.libHandleEvents(20)
        del call
    wakeup.close()
    endpoint.libDestroy()


if __name__ == "__main__":
    main()
