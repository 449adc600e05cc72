"""One SIP call: pjsua2's callbacks turned into our events."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pjsua2 as pj

from firmware.phone import events as on
from firmware.phone.sip import headers, identity, reasons, sdp
from firmware.phone.sip.mixing import Links
from firmware.phone.sip.pjsua.guard import Crash, guarded
from firmware.phone.sip.pjsua.holding import Holding
from firmware.phone.sip.pjsua.lowering import Lowering
from firmware.phone.sip.pjsua.texting import Texting
from firmware.phone.sip.pjsua.zrtp import DTLS, SDES, ZRTP, Shared, Way
from firmware.phone.values import CallId, Direction, EndReason, Keying, Media, Security

log = logging.getLogger("sottovoce.sip")

TRYING, RINGING, OK, REDIRECTED = 100, 180, 200, 300
CHALLENGES = (401, 407)
"""Answers that are followed by another attempt (RFC 3261 section 22)."""

AGREED = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD, pj.PJSUA_CALL_MEDIA_LOCAL_HOLD)
"""What pjsua says of audio that is agreed: it flows, they hold it, or we do."""


class _Audio(NamedTuple):
    """The audio that is agreed. ``held`` by the far end; ``runs``: there is a stream."""

    at: int
    held: bool
    runs: bool


def _offering(*, text: bool = False) -> pj.CallOpParam:
    """What a re-INVITE offers."""
    prm = pj.CallOpParam(True)
    prm.opt.audioCount, prm.opt.videoCount, prm.opt.textCount = 1, 0, int(text)
    return prm


_WAYS: dict[Keying, Way] = {Keying.ZRTP: (ZRTP,), Keying.DTLS: (DTLS,), Keying.SDES: (SDES,)}
"""How the text of a call whose speech is keyed so may be keyed: so, and in no other way."""


class PjCall(pj.Call):
    """A call of pjsua2. Everything runs in the SIP thread.

    ``keyings``: how keys may be agreed (RFC 5763, RFC 4568), decided before the SDP is made.
    ``shared``: the secrets that it shares with its far end (RFC 6189).
    ``clear``: this call, and no other, goes without encryption: the user wants it so, or needs help.
    ``may_speak``: its sound may be connected; ``linked``: how it is, None: not known. ``holding``: whether we
    hold it.
    ``replace``: decides on an INVITE that is to take its place (RFC 3891): the new call, or None: refused.
    ``referred``: the Refer-To of a REFER that waits for the user, or "" (RFC 3515).
    ``certificate``: what DTLS-SRTP shows; None: one that is made for this call alone.
    ``post`` gets our events, ``ended`` this call when it is over. ``hung_up``: we have ended it.

    ``private``: the far end asks for privacy. ``broken``: its keys could not be agreed. ``failure``: why we
    end it. ``lowering``: by consent it goes on with less than was offered.

    ``moved_to``: our address, where it is another one than when its media were opened, else "".
    ``account``: the one by which it goes. ``heard``: its INVITE has had an answer, be it provisional.

    ``place_waits``: the INVITE is to tell the place and has not left yet; ``connected_before``: it leaves at
    once, for its connection stands.
    """

    def __init__(
        self,
        account: pj.Account,
        call_id: CallId,
        direction: Direction,
        keyings: Way,
        post: Callable[[on.Event], None],
        crash: Crash,
        pj_id: int = pj.PJSUA_INVALID_ID,
        shared: Shared | None = None,
    ) -> None:
        super().__init__(account, pj_id)
        self.account = account
        self.heard = False
        self.call_id = call_id
        self.direction = direction
        self.keyings = keyings
        self.post = post
        self.crash = crash
        self.shared = shared or Shared()
        self.rang = False
        self.answered = False
        self.over = False
        self.status = 0
        self.media = Media()
        self.has_media = False
        self.linked: Links | None = None
        self.clear = False
        self.may_speak = False
        self.holding = Holding(direction is Direction.OUT)
        self.replace: Callable[[PjCall, str, str], PjCall | None] = lambda call, message, source: None
        self.referred = ""
        self.clock: Callable[[], float] = time.monotonic
        self.hung_up = False
        self.place_waits = False
        self.connected_before = False
        self.certificate: pj.DtlsIdentity | None = None
        self.private = False
        self.broken = False
        self.lowering = Lowering()
        self.texting = Texting(direction is Direction.OUT)
        self.failure: EndReason | None = None
        self._place_printed = False
        self.moved_to = ""

    @guarded
    def onCallState(self, prm: Any) -> None:
        info = self.getInfo()
        if not self.answered or self.status < 300:  # why we end it ourselves stays
            self.status = info.lastStatusCode
        if info.state == pj.PJSIP_INV_STATE_EARLY and self.direction is Direction.OUT:
            self._early(info)
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self.answered = True
            self.post(on.CallAnswered(self.call_id))
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.over = True

    def _early(self, info: Any) -> None:
        if info.lastStatusCode >= RINGING and not self.has_media:
            self.rang = True
            self.post(on.RemoteRinging(self.call_id))

    @guarded
    def onCallTsxState(self, prm: Any) -> None:
        """Follow our INVITE: what its answer says of the far end, and whether it left with the place."""
        happened = prm.e.body.tsxState
        status = happened.tsx.statusCode
        if happened.tsx.method != "INVITE" or happened.tsx.role != pj.PJSIP_ROLE_UAC:
            return
        self.heard = self.heard or happened.type == pj.PJSIP_EVENT_RX_MSG
        if happened.type == pj.PJSIP_EVENT_RX_MSG and TRYING < status < REDIRECTED:
            self.private = identity.private(happened.src.rdata.wholeMsg)
        if self.lowering.waits and status >= REDIRECTED and status not in CHALLENGES:
            self._lowered_in_vain()
        elif self.lowering.waits and happened.type == pj.PJSIP_EVENT_RX_MSG:
            if not self.lowering.taken(happened.src.rdata.wholeMsg):
                self._lowered_in_vain()
        elif self.answered and happened.tsx.state == pj.PJSIP_TSX_STATE_COMPLETED:
            self.holding.answered(status, self.clock())
        if self.place_waits:
            self._follow_place(happened)

    def _follow_place(self, happened: Any) -> None:
        """Say that the place has left, by the INVITE as it was printed for the wire.

        Where its connection had yet to be made it may never have left: then an answer must have come.
        """
        tsx = happened.tsx
        if tsx.state == pj.PJSIP_TSX_STATE_CALLING:
            self._place_printed = headers.tells_place(tsx.lastTx.wholeMsg)
        if self._place_printed and (self.connected_before or happened.type == pj.PJSIP_EVENT_RX_MSG):
            self.place_waits = False
            self.post(on.PlaceSent(self.call_id))

    @guarded
    def onCallMediaState(self, prm: Any) -> None:
        self.linked = None  # the stream may be another one at the same port
        audio = self._audio()
        self.has_media = audio is not None and not audio.held
        self.broken = self.broken or self._media_failed()
        if self.has_media and not self.answered and self.direction is Direction.OUT:
            info = self.getInfo()
            if info.state == pj.PJSIP_INV_STATE_EARLY:
                self.rang = True
                self.post(on.EarlyMedia(self.call_id))

    @guarded
    def onDtmfDigit(self, prm: Any) -> None:
        self.post(on.DigitReceived(self.call_id, prm.digit))

    @guarded
    def onCallSdpCreated(self, prm: Any) -> None:
        text = sdp.moved(sdp.scrubbed(prm.sdp.wholeSdp), self.moved_to)
        offers = not prm.remSdp.wholeSdp
        prm.sdp.wholeSdp = sdp.offered_again(text) if offers and self.answered else text

    @guarded
    def onCreateMediaTransportSrtp(self, prm: Any) -> None:
        prm.srtpUse = pj.PJMEDIA_SRTP_DISABLED if self.clear else pj.PJMEDIA_SRTP_MANDATORY
        audio = self._audio()
        if audio is not None and audio.at != prm.mediaIdx:
            prm.keyings = pj.IntVector(_WAYS.get(self.media.keying, ()))
        else:
            prm.keyings = pj.IntVector(self.keyings)
            self.shared.give(self.getId())
        if self.certificate is None and self.texting.wanted:
            self.certificate = pj.DtlsIdentity()  # one for speech and text, as the code that people compare
        if self.certificate is not None:
            self.certificate.showIn(prm)

    @guarded
    def onCallRxOffer(self, prm: Any) -> None:
        """A re-INVITE came: text is taken where the speech may be heard, with the same manner of keying."""
        takes = self.texting.wanted and self._safe_to_text()
        offered = sdp.offers_text(prm.offer.wholeSdp, self.media.keying, clear=self.clear)
        prm.opt.textCount = int(takes and offered)

    @guarded
    def onCallRxText(self, prm: Any) -> None:
        self.texting.took(prm.seq, prm.text.encode("utf-8", "surrogateescape"), self.clock())

    @guarded
    def onCallTransferRequest(self, prm: Any) -> None:
        """Nobody is called before the user says so: patch 0050 keeps pjsua from it."""
        if self.referred or not self.answered or self.over:
            prm.statusCode = pj.PJSIP_SC_DECLINE
            return
        self.referred = prm.dstUri
        prm.statusCode = pj.PJSIP_SC_ACCEPTED

    @guarded
    def onCallTransferStatus(self, prm: Any) -> None:
        status = prm.statusCode
        prm.cont = not prm.finalNotify
        if prm.finalNotify and status < OK:
            status = pj.PJSIP_SC_INTERNAL_SERVER_ERROR  # it ends, and nobody says how it went
        self.post(on.TransferProgress(self.call_id, status))

    @guarded
    def onCallReplaceRequest(self, prm: Any) -> None:
        """Only a call that is up and not held has a place to take; pjsua then answers by itself."""
        prm.statusCode = pj.PJSIP_SC_CALL_TSX_DOES_NOT_EXIST
        if not self.answered or self.over or self.hung_up or self.holding.wanted:
            return
        new = self.replace(self, prm.rdata.wholeMsg, prm.rdata.srcAddress)
        if new is None:
            return
        self.replaced_by = new  # kept: pjsua has only a pointer
        prm.newCall = new
        prm.statusCode = pj.PJSIP_SC_OK

    def tell_hold(self, held: bool) -> None:
        """Send the re-INVITE. Raises pj.Error when it cannot be sent now."""
        prm = _offering(text=self._text()[0] is not None)
        if held:
            self.setHold(prm)
        else:
            prm.opt.flag = pj.PJSUA_CALL_UNHOLD
            self.reinvite(prm)

    def move(self, address: str) -> None:
        """From now on we are at ``address``: tell the far end (RFC 6141). The sockets are bound to none, so
        speech and keys go on as they are. Raises pj.Error when that cannot be told now.
        """
        self.moved_to = address
        prm = _offering(text=self._text()[0] is not None)
        prm.opt.flag = pj.PJSUA_CALL_UPDATE_CONTACT | pj.PJSUA_CALL_UPDATE_VIA
        self.reinvite(prm)

    def audio_index(self) -> int | None:
        """The index of the audio stream that is up, or None; a held call's may bring music."""
        audio = self._audio()
        return audio.at if audio is not None and audio.runs else None

    def _media_failed(self) -> bool:
        """Whether the agreement on keys came to an end without any."""
        info = self.getInfo() if self.isActive() else None
        return info is not None and any(
            media.status == pj.PJSUA_CALL_MEDIA_ERROR and media.type == pj.PJMEDIA_TYPE_AUDIO
            for media in info.media
        )

    def _safe_to_text(self) -> bool:
        """Whether the speech has its keys and may be heard at both ends."""
        waits = self.holding.wanted or self.media.held or self.lowering.waits
        return self.answered and self.may_speak and self.secured(self.media) and not waits

    def _text(self) -> tuple[int | None, bool]:
        """Where text is among the media, held or not, or None; and whether it flows."""
        info = self.getInfo() if self.isActive() else None
        for media in info.media if info is not None else ():
            if media.type == pj.PJMEDIA_TYPE_TEXT and media.status in AGREED:
                return int(media.index), media.status == pj.PJSUA_CALL_MEDIA_ACTIVE
        return None, False

    def keep_texting(self, now: float) -> None:
        """Offer text where it is wanted, and move what was typed and what came."""
        texting = self.texting
        if not texting.used:
            return
        index, flows = self._text()
        if texting.offers(self._safe_to_text(), index is not None, now):
            try:
                self.reinvite(_offering(text=texting.wanted))
            except pj.Error as error:
                log.info("text is not offered now: %s", error.reason)
        was = texting.up
        texting.keep_up(
            self.getId(),
            index if flows and self.may_speak else None,
            self.media,
            now,
            lambda text: self.post(on.TextReceived(self.call_id, text)),
        )
        if texting.up is not was:
            self.post(on.TextChanged(self.call_id, texting.up))

    def texting_due(self, now: float) -> float | None:
        """Seconds until ``keep_texting`` has something to do."""
        if not self.texting.used:
            return None
        return self.texting.due(self._safe_to_text(), self._text()[0] is not None, now)

    def _audio(self) -> _Audio | None:
        if not self.isActive():
            return None
        info = self.getInfo()  # kept: its list of media lives no longer than itself
        for media in info.media:
            held = media.status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.status in AGREED:
                return _Audio(int(media.index), held, media.audioConfSlot != pj.PJSUA_INVALID_ID)
        return None

    def look_at_media(self) -> None:
        """Read from the running transport what protects this call, and post it when it changed.

        With another protection than before nothing is heard until that is allowed anew.
        """
        media = self._media_now()
        if media != self.media:
            if self.media.security not in (Security.NONE, media.security):
                self.may_speak = False
            self.media = media
            if self.secured(media):
                self.lowering.agreed()
            if media.keying is Keying.ZRTP and (audio := self._audio()) is not None:
                self.shared.take(self.getId(), audio.at, private=media.private)
            self.post(on.MediaChanged(self.call_id, media))

    def compared(self, same: bool) -> None:
        """The people compared the code of this call."""
        audio = self._audio()
        if audio is not None and pj.zrtpCompared(self.getId(), audio.at, same):
            self.shared.take(self.getId(), audio.at, private=self.private)
            self.look_at_media()

    def go_on_with(self, level: Security) -> None:
        """Let the media of a call pass at ``level`` that was answered without encryption, by consent."""
        audio = self._audio()
        if audio is None:
            return
        done = self.lowering.begin(level, self.getId(), audio.at)
        if level is Security.CLEAR:
            self.clear = done
        if self.lowering.offers():
            self.reinvite(_offering())
        self.look_at_media()

    def _lowered_in_vain(self) -> None:
        audio = self._audio()
        self.lowering.refused(self.getId(), None if audio is None else audio.at)
        self.look_at_media()

    def keys_differ(self) -> bool:
        """Whether the far end has other keys than its SDP announced, or such as protect nothing."""
        return self.isActive() and any(
            pj.mediaSecurity(self.getId(), index).peerDiffers
            or pj.zrtpState(self.getId(), index).trouble in ("hello", "public")
            for index in range(len(self.getInfo().media))
        )

    def _media_now(self) -> Media:
        audio = self._audio()
        if audio is None:
            return Media()
        media = self._read_media(audio.at) if audio.runs else Media()
        media = replace(media, private=self.private)
        # Where nothing flows there is nothing to protect: what was agreed before is still what is meant.
        return replace(media if self.secured(media) or not audio.held else self.media, held=audio.held)

    @staticmethod
    def secured(media: Media) -> bool:
        """Whether it is known what protects the speech: keys are there, or none are wanted."""
        return media.security is not Security.NONE

    def _read_media(self, index: int) -> Media:
        security = pj.mediaSecurity(self.getId(), index)
        stream = self.getStreamInfo(index)
        codec = stream.codecName.lower()
        if not security.srtpActive:
            zrtp = pj.zrtpState(self.getId(), index)
            self.broken = self.broken or zrtp.trouble == "public"
            bare = zrtp.bare and not self.lowering.waits
            return Media(Security.CLEAR if self.clear else Security.NONE, codec=codec, bare=bare)
        if security.keying == "ZRTP":
            return self.shared.media(self.getId(), index, security.txSuite, codec)
        if security.keying == "SDES":
            return Media(Security.PROVIDER, security.txSuite, codec, keying=Keying.SDES)
        if security.keying != "DTLS" or not security.remoteFingerprint:
            # Nobody has proven to be the one whom the SDP named. A re-INVITE may have just begun a handshake;
            # then the keys that still run are those of before.
            return Media(codec=codec)
        return Media(
            Security.END_TO_END,
            security.txSuite,
            codec,
            keying=Keying.DTLS,
            own_key=security.localFingerprint,
            peer_key=security.remoteFingerprint,
        )

    def reason(self, untrusted: bool) -> Any:
        """Why the call is over, as ``values.EndReason``."""
        if self.failure is not None:
            return self.failure
        return reasons.end_reason(self.direction, self.status, self.answered, self.rang, untrusted)
