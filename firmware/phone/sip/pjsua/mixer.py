"""The conference bridge: connects the ports of calls as ``sip.mixing`` says, and no others."""

from __future__ import annotations

from collections.abc import Iterable

import pjsua2 as pj

from firmware.phone.sip import mixing
from firmware.phone.sip.mixing import Links, Voiced
from firmware.phone.sip.pjsua.call import PjCall
from firmware.phone.values import CallId


class Mixer:
    """``mixed``: the calls that hear each other; ``muted``: the microphone reaches none."""

    def __init__(self, endpoint: pj.Endpoint) -> None:
        self._manager = endpoint.audDevManager()
        self.mixed: tuple[CallId, ...] = ()
        self.muted = False

    def settle(self, calls: Iterable[PjCall]) -> None:
        """Connect the calls that may speak; one that is not connected is sent silence, at the same rate."""
        media = {}
        voiced = []
        for call in calls:
            index = call.audio_index()
            if index is None:
                call.linked = None
                continue
            media[call.call_id] = call.getAudioMedia(index)
            port = media[call.call_id].getPortId()
            voiced.append((call, Voiced(call.call_id, port, call.may_speak and not call.holding.wanted)))
        if any(call.linked is None for call, _ in voiced):
            for call, _ in voiced:
                call.linked = None  # what was connected to a stream that went, went with it
        ports = {one.port: media[call.call_id] for call, one in voiced}
        found = mixing.links([one for _, one in voiced], self.mixed, muted=self.muted)
        # All that goes is taken away before anything new is connected.
        for call, _ in voiced:
            self._part(ports, call.linked, found[call.call_id])
        for call, _ in voiced:
            self._join(ports, call.linked, found[call.call_id])
            call.linked = found[call.call_id]

    def _part(self, ports: dict[int, pj.AudioMedia], was: Links | None, now: Links) -> None:
        if was is None or was.port != now.port:
            was = Links(now.port, ear=True, mouth=True, far=tuple(set(ports) - {now.port}))  # in doubt, all
        media = ports[now.port]
        if was.mouth and not now.mouth:
            self._manager.getCaptureDevMedia().stopTransmit(media)
        if was.ear and not now.ear:
            media.stopTransmit(self._manager.getPlaybackDevMedia())
        for far in set(was.far) - set(now.far):
            if far in ports:
                media.stopTransmit(ports[far])

    def _join(self, ports: dict[int, pj.AudioMedia], was: Links | None, now: Links) -> None:
        same = was if was is not None and was.port == now.port else Links(now.port)
        media = ports[now.port]
        if now.ear and not same.ear:
            media.startTransmit(self._manager.getPlaybackDevMedia())
        if now.mouth and not same.mouth:
            self._manager.getCaptureDevMedia().startTransmit(media)
        for far in set(now.far) - set(same.far):
            media.startTransmit(ports[far])
