"""Thousands of random hands and networks: the telephone keeps its promises whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config import Config
from firmware.phone.config import Media as MediaOptions
from firmware.phone.display import screens
from firmware.phone.display.words import lines
from firmware.phone.machine import guarding, locking, protection, setup, transfers
from firmware.phone.machine.protection import RANK
from firmware.phone.machine.rules import MOST_CALLS, Line
from firmware.phone.place import Place, parse
from firmware.phone.presence import Grant, Sees
from firmware.phone.values import (
    KEYS,
    CallId,
    CallRecord,
    CallState,
    Continuity,
    Direction,
    Encryption,
    EndReason,
    Feature,
    Hook,
    KeptLock,
    Keying,
    Lamp,
    Light,
    Loudspeaker,
    Media,
    Messages,
    Party,
    Pattern,
    Registration,
    RegistrationState,
    Security,
    SubscriptionId,
    SwitchPosition,
)
from tests.unit.machine.driver import ACCOUNT, BOB, START, Driver

TODAY = START.date()
GRANTS = (Grant("sip:bob@phone.test"), Grant("sip:carol@phone.test", "in-call", TODAY))
WATCHERS = ("sip:bob@phone.test", "sip:carol@phone.test", "sip:eve@phone.test", "sip:mallory@phone.test", "")
PLACE = parse("country=DE;A3=Berlin;RD=Musterstraße;HNO=5")
BOB_CALLS = Party(BOB.uri, "Robert")
IDS = st.integers(1, 12).map(CallId)


class Telephone(RuleBasedStateMachine):
    config = Config()
    allows_clear = False
    more: tuple[Line, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        rules = replace(ACCOUNT, grants=GRANTS, country="DE", config=self.config, more=self.more)
        self.driver = Driver(rules)
        self.incoming = self.best = self.wiped = self.refers = self.placed = 0
        self.was_locked = False
        self.subscriptions = 0

    @rule(key=st.sampled_from(KEYS))
    def key(self, key: str) -> None:
        self.driver.keys(key)

    @rule(key=st.sampled_from(KEYS), seconds=st.sampled_from([0.1, 1.1, 31.0]))
    def held(self, key: str, seconds: float) -> None:
        self.driver.happen(on.KeyPressed(key))
        self.driver.wait(seconds)
        self.driver.happen(on.KeyReleased(key))

    @rule(number=st.integers(0, 3), ends=st.none() | st.floats(0, 9000), trouble=st.sampled_from(["", "x"]))
    def store(self, number: int, ends: float | None, trouble: str) -> None:
        record = CallRecord(Direction.IN, "sip:bob@phone.test", "Bob", 0, 0)
        self.driver.happen(on.StoreChanged((record,) * number, (), ends, trouble))

    @rule(hook=st.sampled_from(Hook))
    def hook(self, hook: Hook) -> None:
        self.driver.happen(on.HookChanged(hook))

    @rule(position=st.sampled_from(SwitchPosition))
    def switch(self, position: SwitchPosition) -> None:
        self.driver.happen(on.PrivacySwitched(position))

    @rule()
    def caller(self) -> None:
        self.incoming += 2
        account = self.incoming // 2 % (len(self.more) + 1)
        self.driver.happen(on.IncomingCall(CallId(self.incoming), BOB_CALLS, account=account))

    @rule(call_id=IDS, event=st.sampled_from([on.RemoteRinging, on.EarlyMedia, on.CallAnswered]))
    def progress(self, call_id: CallId, event: type[on.CallAnswered]) -> None:
        self.driver.happen(event(call_id))

    @rule(call_id=IDS, reason=st.sampled_from(EndReason))
    def end(self, call_id: CallId, reason: EndReason) -> None:
        self.driver.happen(on.CallFailed(call_id, reason))

    @rule(
        call_id=IDS,
        security=st.sampled_from(Security),
        keying=st.sampled_from(Keying),
        continuity=st.sampled_from(Continuity),
        peer_key=st.sampled_from(["", "sha-256 AA", "sha-256 BB"]),
        code=st.sampled_from(["", "k7xq"]),
    )
    def media(
        self,
        call_id: CallId,
        security: Security,
        keying: Keying,
        continuity: Continuity,
        peer_key: str,
        code: str,
    ) -> None:
        if RANK[security] < RANK[Security.END_TO_END]:
            keying, continuity, code = Keying.SDES, Continuity.UNKNOWN, ""
        media = Media(
            security, code=code, keying=keying, continuity=continuity, own_key=peer_key, peer_key=peer_key
        )
        self.driver.happen(on.MediaChanged(call_id, media))

    @rule(kind=st.sampled_from(["active", "refused", "clear"]), media=st.sampled_from(list(Security)))
    def whole_call(self, kind: str, media: Security) -> None:
        """The way into a call that random events seldom find."""
        self.driver.hang_up()
        if kind == "clear":
            self.incoming += 2
            self.driver.happen(on.IncomingCall(CallId(self.incoming), BOB_CALLS, Security.CLEAR))
        self.driver.lift()
        if kind != "clear":
            self.driver.keys("2#")
        if self.driver.state.live is None:
            return
        call_id = self.driver.call.id
        if kind == "refused":
            self.driver.happen(on.CallFailed(call_id, EndReason.NO_COMMON_ENCRYPTION))
        elif kind == "active":
            self.driver.happen(on.CallAnswered(call_id), on.MediaChanged(call_id, Media(media)))

    @rule(call_id=IDS, own_key=st.sampled_from(["sha-256 AA", "sha-256 BB"]))
    def computed(self, call_id: CallId, own_key: str) -> None:
        self.driver.happen(on.CodeComputed(call_id, own_key, own_key, "kmmm jidc"))

    @rule(key=st.sampled_from("#12"))
    def answers_what_is_asked(self, key: str) -> None:
        self.driver.wait(1.1)
        self.driver.keys(key)

    @rule(state=st.sampled_from(RegistrationState), account=st.integers(0, 3))
    def registration(self, state: RegistrationState, account: int) -> None:
        self.driver.happen(on.RegistrationChanged(Registration(state), account))

    @rule(call_id=IDS, account=st.integers(0, 3), transport=st.sampled_from(["", "udp"]))
    def rerouted(self, call_id: CallId, account: int, transport: str) -> None:
        self.driver.happen(on.CallRerouted(call_id, account, transport))

    @rule(event=st.sampled_from([on.AnswerAsked(), on.HangUpAsked(), on.DialAsked("sip:bob@phone.test")]))
    def socket(self, event: on.Event) -> None:
        self.driver.happen(event)

    @rule(place=st.sampled_from([None, PLACE]))
    def place(self, place: Place | None) -> None:
        self.driver.happen(on.PlaceTyped(place))

    @rule(
        number=st.sampled_from(
            ["112", "110", "0112", "1120", "2", "#31#112", "#31#113", "9102", "9112", "98"]
        )
    )
    def dials(self, number: str) -> None:
        self.driver.keys(number + "#")

    @rule(emergency=st.booleans(), restricted=st.booleans())
    def dial_asked(self, emergency: bool, restricted: bool) -> None:
        self.driver.happen(on.DialAsked("sip:112@phone.test", restricted, emergency))

    @rule(call_id=IDS, event=st.sampled_from([on.PlaceSent, on.PlaceRefused]))
    def place_news(self, call_id: CallId, event: type[on.PlaceSent]) -> None:
        self.driver.happen(event(call_id))

    @rule(trouble=st.sampled_from(["", "No sound device"]))
    def trouble(self, trouble: str) -> None:
        self.driver.happen(on.VoiceChanged(trouble), on.DisplayChanged(trouble))

    @rule(loudspeaker=st.sampled_from(Loudspeaker), trouble=st.sampled_from(["", "no such card"]))
    def sound(self, loudspeaker: Loudspeaker, trouble: str) -> None:
        self.driver.happen(on.SoundChanged(loudspeaker, trouble))

    @rule(uri=st.sampled_from(WATCHERS))
    def watcher(self, uri: str) -> None:
        self.subscriptions += 1
        self.driver.happen(on.WatcherAsked(SubscriptionId(self.subscriptions), uri, "presence"))

    @rule(number=st.integers(1, 40).map(SubscriptionId))
    def watcher_leaves(self, number: SubscriptionId) -> None:
        self.driver.happen(on.WatcherGone(number))

    @rule(days=st.sampled_from([None, 0, 1, 31]))
    def day(self, days: int | None) -> None:
        self.driver.happen(on.DayChanged(None if days is None else TODAY + timedelta(days)))

    @rule(seconds=st.floats(0, 200))
    def time(self, seconds: float) -> None:
        self.driver.wait(seconds)

    @rule(feature=st.sampled_from(Feature), whom=st.sampled_from(["", "sip:carol@phone.test"]))
    def asked_for(self, feature: Feature, whom: str) -> None:
        self.driver.happen(on.FeatureAsked(feature, whom))

    @rule(digit=st.sampled_from("012345"))
    def function(self, digit: str) -> None:
        """Hold 0, then a digit."""
        self.held("0", 1.1)
        self.driver.keys(digit)

    @rule(kind=st.sampled_from(["waits", "second", "conference", "transfer"]))
    def two_calls(self, kind: str) -> None:
        """The way into two calls, which random events seldom find."""
        self.whole_call("active", Security.END_TO_END)
        if self.driver.state.live is None:
            return
        if kind == "waits":
            self.caller()
        else:
            self.driver.happen(on.FeatureAsked(Feature.HOLD))
            self.driver.keys("31#")
            second = self.driver.state.live
            if second is not None and second.direction is Direction.OUT:
                self.driver.happen(on.CallAnswered(second.id))
                self.driver.happen(on.MediaChanged(second.id, Media(Security.END_TO_END)))
        if kind == "conference":
            self.driver.happen(on.FeatureAsked(Feature.CONFERENCE))
        if kind == "transfer":
            self.driver.happen(on.FeatureAsked(Feature.TRANSFER))

    @rule(call_id=IDS, status=st.sampled_from([100, 180, 200, 302, 486, 603]))
    def transfer_news(self, call_id: CallId, status: int) -> None:
        self.driver.happen(on.TransferProgress(call_id, status))

    @rule(
        call_id=IDS, uri=st.sampled_from(["sip:carol@phone.test", "sip:112@phone.test", "sip:x y", "tel:1"])
    )
    def asked_to_transfer(self, call_id: CallId, uri: str) -> None:
        self.refers += 1
        before = [c for c in self.driver.done if isinstance(c, do.PlaceCall)]
        self.driver.happen(on.TransferAsked(call_id, self.refers, uri, "a;to-tag=1;from-tag=2"))
        placed = [c for c in self.driver.done if isinstance(c, do.PlaceCall)]
        assert placed == before, "nobody is called because a far end says so"

    @rule(call_id=IDS)
    def replaced(self, call_id: CallId) -> None:
        self.incoming += 2
        carol = Party("sip:carol@phone.test")
        self.driver.happen(on.CallReplaced(call_id, CallId(self.incoming), carol))

    @rule(messages=st.sampled_from([None, Messages(), Messages(True, 2)]), lamp=st.sampled_from(Lamp))
    def network_tells(self, messages: Messages | None, lamp: Lamp) -> None:
        self.driver.happen(on.MessagesChanged(messages), on.LampChanged(BOB.uri, lamp, "a;to-tag=1"))

    @invariant()
    def never_two_unheld_calls_but_in_a_conference(self) -> None:
        state = self.driver.state
        unheld = [call for call in state.lives if call.unheld]
        assert len(unheld) <= 1 + state.conference
        if state.conference:
            assert [call.state for call in unheld] == [CallState.ACTIVE] * 2

    @invariant()
    def what_is_held_hears_and_says_nothing(self) -> None:
        out, state = self.driver.out, self.driver.state
        spoken = [one[0] for one in (out.speaks, out.third) if one is not None]
        for call in state.lives:
            assert call.id not in spoken or (call.unheld and call.voice)
        assert len(set(spoken)) == len(spoken)
        assert not out.mixed or (state.conference and set(out.mixed) == set(spoken))

    @invariant()
    def few_calls_and_at_most_one_waits(self) -> None:
        lives = self.driver.state.lives
        emergencies = sum(call.protection.emergency for call in lives)
        assert sum(call.waits for call in lives) <= 1
        assert len(lives) <= MOST_CALLS + 1 + emergencies

    @invariant()
    def the_far_ends_know_who_is_held(self) -> None:
        """Whatever happened, the last word to each far end is what the state says."""
        told: dict[CallId, bool] = {}
        for command in self.driver.done:
            if isinstance(command, do.HoldCall | do.ResumeCall):
                told[command.call_id] = isinstance(command, do.HoldCall)
        for call in self.driver.state.lives:
            if call.answered_at is not None:
                assert told.get(call.id, False) == (call.state is CallState.HELD)

    @invariant()
    def audio_only_from_a_call_that_is_shown(self) -> None:
        if not self.driver.out.voice:
            return
        live = self.driver.state.live
        assert live is not None
        text = " ".join(lines(self.driver.screen))
        asked = isinstance(self.driver.screen, screens.Code | screens.Warning)
        assert live.peer.label in text or asked

    @invariant()
    def muted_is_lit_and_said(self) -> None:
        out, live = self.driver.out, self.driver.state.live
        if self.driver.state.muted and live is not None and live.state is CallState.ACTIVE:
            assert out.muted
            assert out.lights[Light.MUTE] is Pattern.ON

    @invariant()
    def rings_only_for_a_ringing_call(self) -> None:
        live = self.driver.state.live
        ringing_in = live is not None and live.direction is Direction.IN and live.state is CallState.RINGING
        waits = self.driver.state.waiting is not None
        assert not self.driver.out.ringing or waits or (ringing_in and self.driver.state.hook is Hook.ON)
        assert not self.driver.out.bell or self.driver.state.hook is Hook.ON
        assert not (self.driver.out.bell and self.driver.out.voice)
        assert not self.driver.out.waiting or waits

    @invariant()
    def microphone_open_only_with_a_lifted_handset_and_a_call_on_display(self) -> None:
        if self.driver.out.voice:
            assert self.driver.state.hook is Hook.OFF
            shown = (screens.InCall, screens.Calling, screens.Code, screens.Pages, screens.Warning)
            assert isinstance(self.driver.screen, shown)

    @invariant()
    def a_tone_and_the_voice_never_share_the_earpiece(self) -> None:
        assert not (self.driver.out.voice and self.driver.out.tone)

    @invariant()
    def an_unreadable_switch_is_private(self) -> None:
        assert self.driver.out.private == (self.driver.state.switch is not SwitchPosition.OPEN)

    @invariant()
    def the_menu_is_open_only_at_rest(self) -> None:
        state = self.driver.state
        assert state.menu is None or (state.live is None and state.hook is Hook.ON and not state.digits)

    @rule(pin=st.sampled_from(["4711", "47"]))
    def unlocks(self, pin: str) -> None:
        """Type a PIN; "4711" is the right one."""
        found = self.driver.keys(f"*{pin}#")
        for command in found:
            if isinstance(command, do.KeepLock):
                self.driver.happen(on.LockKept(command.lock.wrong, kept=True), on.PinChecked(pin == "4711"))

    @rule(wrong=st.sampled_from([0, 3]))
    def starts_with_a_pin(self, wrong: int) -> None:
        """As after a restart; while a call is up there is none."""
        if self.driver.state.live is None and self.driver.state.menu is None:
            kept = KeptLock("$argon2id$x", wrong)
            self.driver.state = locking.loaded(self.driver.state, kept, lost=False, now=self.driver.now)

    @invariant()
    def a_locked_telephone_calls_for_help_alone_and_shows_no_menu(self) -> None:
        placed = [
            c for c in self.driver.done if isinstance(c, do.PlaceCall | do.TransferCall | do.TransferTo)
        ]
        new, self.placed = placed[self.placed :], len(placed)
        state = self.driver.state
        if state.locked and self.was_locked:
            assert all(isinstance(c, do.PlaceCall) and c.exposure.cause == "emergency" for c in new)
            assert state.menu is None
        assert not self.was_locked or state.locked or state.lock.wrong == 0
        self.was_locked = state.locked

    @invariant()
    def without_a_history_no_call_is_given_to_the_store(self) -> None:
        assert not any(isinstance(command, do.Remember) for command in self.driver.done)

    @invariant()
    def only_an_emergency_call_carries_a_place(self) -> None:
        for command in self.driver.done:
            if isinstance(command, do.PlaceCall):
                assert command.place is None or command.exposure.cause == "emergency"

    @invariant()
    def nobody_is_heard_below_what_is_allowed_or_agreed(self) -> None:
        speaks, live = self.driver.out.speaks, self.driver.state.live
        if speaks is None or live is None or live.protection.emergency:
            return
        has = RANK[live.media.security]
        agreed = {level for _, level in live.protection.agreed}
        assert live.media.security is not Security.NONE
        least = RANK[protection.policy(self.config.media.encryption)]
        assert has >= least or live.media.security in agreed
        contact = live.peer.uri == BOB.uri and not live.peer.doubt
        before = max((RANK[known.level] for known in self.driver.state.reached), default=0) if contact else 0
        named = RANK[guarding.label(self.driver.state, live)]
        enough = named >= before or (live.exposure.private and named >= RANK[Security.END_TO_END])
        assert enough or live.media.security in agreed

    @invariant()
    def a_call_in_clear_speaks_only_with_consent_and_beeps(self) -> None:
        live, out = self.driver.state.live, self.driver.out
        clear = out.speaks is not None and out.speaks[1] is Security.CLEAR
        assert out.reminds == (clear and live is not None and not live.protection.emergency)

    @invariant()
    def nothing_below_is_called_end_to_end(self) -> None:
        for call in self.driver.state.calls:
            label = guarding.label(self.driver.state, call)
            assert (
                RANK[label] < RANK[Security.END_TO_END]
                or RANK[call.media.security] >= RANK[Security.END_TO_END]
            )
            assert label is not Security.END_TO_END_VERIFIED or call.protection.compared is not False

    @invariant()
    def what_was_reached_sinks_only_by_a_wipe(self) -> None:
        best = max((RANK[known.level] for known in self.driver.state.reached), default=0)
        wiped = sum(isinstance(command, do.Wipe) for command in self.driver.done)
        if wiped == self.wiped:
            assert best >= self.best
        self.best, self.wiped = best, wiped
        assert {known.uri for known in self.driver.state.reached} <= {BOB.uri}

    @invariant()
    def a_stopped_call_has_no_open_microphone(self) -> None:
        live = self.driver.state.live
        if live is not None and guarding.doubts(self.driver.state, live):
            assert not self.driver.out.voice
            assert self.driver.out.speaks is None

    @invariant()
    def only_what_was_refused_before_is_tried_in_clear(self) -> None:
        for command in self.driver.done:
            if isinstance(command, do.PlaceCall) and Security.CLEAR in command.levels:
                assert command.exposure.cause == "emergency" or self.allows_clear

    @invariant()
    def a_call_goes_by_an_account_that_there_is_and_one_for_help_by_all(self) -> None:
        for command in self.driver.done:
            if not isinstance(command, do.PlaceCall):
                continue
            helps = command.exposure.cause == "emergency"
            assert 0 <= command.account <= len(self.more)
            ways = {command.account} | {route.account for route in command.routes}
            assert ways == (set(range(len(self.more) + 1)) if helps else {command.account})
            assert helps == bool(command.routes)

    @invariant()
    def nobody_waits_while_help_is_called(self) -> None:
        state = self.driver.state
        if state.live is not None and state.live.protection.emergency:
            assert state.waiting is None

    @invariant()
    def little_is_kept(self) -> None:
        assert len(self.driver.state.digits) <= 32
        assert len(self.driver.state.watchers) <= 32

    @invariant()
    def every_watcher_sees_closed_unless_the_switch_is_open(self) -> None:
        if self.driver.state.switch is not SwitchPosition.OPEN:
            assert {sees for _, sees in self.driver.out.watchers} <= {Sees.CLOSED}

    @invariant()
    def nobody_sees_anything_without_a_grant_in_force(self) -> None:
        state = self.driver.state
        seen = dict(self.driver.out.watchers)
        assert set(seen) == {watching.id for watching in state.watchers}
        for watching in state.watchers:
            grants = [grant for grant in (*GRANTS, *state.grants) if grant.uri == watching.uri]
            assert seen[watching.id] is Sees.PENDING or any(grant.holds(state.today) for grant in grants)
            shows_calls = any(grant.shows == "in-call" for grant in grants)
            assert seen[watching.id] is not Sees.IN_CALL or shows_calls

    @invariant()
    def every_reported_end_has_a_reason(self) -> None:
        assert all(call.live or call.reason for call in self.driver.state.calls)

    def _end_all(self) -> None:
        while self.driver.state.live is not None and self.driver.state.live.transfer is None:
            before = self.driver.state.lives
            self.driver.happen(on.HangUpAsked())
            assert len(self.driver.state.lives) < len(before)

    def teardown(self) -> None:
        """Whatever happened: hang up, let the far end go, and the telephone is idle again."""
        self.driver.hang_up()
        self._end_all()
        self.driver.wait(transfers.LIMIT + 31)
        self._end_all()  # who rang beside a transfer
        if self.driver.state.setup is not None:
            self.driver.wait(setup.START_LIMIT)  # its page stays while somebody may read it
        self.driver.wait(31)
        assert self.driver.state.live is None
        assert isinstance(self.driver.screen, screens.Idle | screens.WatcherAsks)
        assert self.driver.state.calls == ()
        out, state = self.driver.out, self.driver.state
        assert out.tone is None
        assert not any((state.muted, state.conference, state.referral, state.transfers_to, out.speaks))
        placed = [c.call_id for c in self.driver.done if isinstance(c, do.PlaceCall)]
        assert len(placed) == len(set(placed)), "a call id is never used twice"


class Careless(Telephone):
    """The same with a configuration that lets the provider listen, and a call go in clear by consent."""

    config = Config(media=MediaOptions(Encryption.PROVIDER, allow_clear=True))
    allows_clear = True


class Several(Telephone):
    """The same with two accounts."""

    more = (Line("Work", "work.test", "tcp", "A. Archer", prefix="9", urn=True),)


Several.TestCase.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)
TestSeveral = Several.TestCase
Careless.TestCase.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)
TestCareless = Careless.TestCase
Telephone.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestTelephone = Telephone.TestCase
