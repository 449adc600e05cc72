"""Who sees presence: the matrix of watchers and states, the question at the keypad, the end of a grant."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone import presence
from firmware.phone.display import screens
from firmware.phone.loop import differences
from firmware.phone.machine import watchers
from firmware.phone.machine.outputs import Outputs
from firmware.phone.machine.rules import Rules
from firmware.phone.presence import Grant, Sees
from firmware.phone.values import SubscriptionId, SwitchPosition
from tests.unit.machine.driver import BOB, START, Driver

TODAY = START.date()
OPEN, PRIVATE, UNREADABLE = SwitchPosition.OPEN, SwitchPosition.PRIVATE, SwitchPosition.UNREADABLE
WHO = {
    "granted": "sip:bob@phone.test",
    "granted in-call": "sip:carol@phone.test",
    "granted till today": "sip:dave@phone.test",
    "granted till yesterday": "sip:eve@phone.test",
    "not granted": "sip:mallory@phone.test",
    "anonymous": "",
}
RULES = Rules(
    domain="phone.test",
    contacts=(BOB,),
    grants=(
        Grant(WHO["granted"]),
        Grant(WHO["granted in-call"], "in-call"),
        Grant(WHO["granted till today"], until=TODAY),
        Grant(WHO["granted till yesterday"], until=TODAY - timedelta(1)),
    ),
)


class Watched(Driver):
    """A telephone whose watchers are told what the loop would tell them. ``told``: the last word to each."""

    def __init__(self, switch: SwitchPosition = OPEN, day: date | None = TODAY) -> None:
        super().__init__(RULES, switch)
        self.told: dict[int, Sees | int] = {}
        self.before: Outputs = self.out
        self.number = 0
        self.happen(on.DayChanged(day))

    def happen(self, *events: on.Event) -> list[do.Command]:
        found: list[do.Command] = []
        for event in events:
            found += super().happen(event)
            found += differences(self.before, self.out)
            self.before = self.out
        for command in found:
            match command:
                case do.NotifyWatcher(subscription, sees):
                    assert not isinstance(self.told.get(subscription), int), "told after the end"
                    self.told[subscription] = sees
                case do.RefuseWatcher(subscription, status):
                    self.told[subscription] = status
        return found

    def subscribe(self, uri: str, event: str = "presence") -> int:
        self.number += 1
        self.happen(on.WatcherAsked(SubscriptionId(self.number), uri, event))
        return self.number

    def sees(self, uri: str) -> Sees | int:
        return self.told[self.subscribe(uri)]

    def flip(self, position: SwitchPosition) -> None:
        self.happen(on.PrivacySwitched(position))

    def talk(self) -> None:
        self.lift()
        self.keys("1002#")
        self.happen(on.CallAnswered(self.call.id))


@pytest.mark.parametrize(
    ("who", "states"),
    [
        ("granted", (Sees.OPEN, Sees.CLOSED, Sees.CLOSED, Sees.OPEN, Sees.CLOSED)),
        ("granted in-call", (Sees.OPEN, Sees.CLOSED, Sees.CLOSED, Sees.IN_CALL, Sees.CLOSED)),
        ("granted till today", (Sees.OPEN, Sees.CLOSED, Sees.CLOSED, Sees.OPEN, Sees.CLOSED)),
        ("granted till yesterday", (Sees.PENDING, 403, 403, Sees.PENDING, 403)),
        ("not granted", (Sees.PENDING, 403, 403, Sees.PENDING, 403)),
        ("anonymous", (403, 403, 403, 403, 403)),
    ],
)
def test_matrix(who: str, states: tuple[Sees | int, ...]) -> None:
    """Open, private, unreadable, open and in a call, private and in a call."""
    found = []
    for switch, in_call in (
        (OPEN, False),
        (PRIVATE, False),
        (UNREADABLE, False),
        (OPEN, True),
        (PRIVATE, True),
    ):
        phone = Watched(switch)
        if in_call:
            phone.talk()
        found.append(phone.sees(WHO[who]))
        accepted = any(isinstance(command, do.GrantWatcher) for command in phone.done)
        assert accepted is isinstance(found[-1], Sees), "who is refused is never accepted first"
    assert tuple(found) == states


def test_after_a_start_nothing_is_open_before_the_switch_was_read() -> None:
    phone = Watched(UNREADABLE)
    number = phone.subscribe(WHO["granted"])
    assert phone.told[number] is Sees.CLOSED
    phone.flip(PRIVATE)
    assert phone.told[number] is Sees.CLOSED
    phone.flip(OPEN)
    assert phone.told[number] is Sees.OPEN


@pytest.mark.parametrize("closed", [PRIVATE, UNREADABLE])
def test_a_flip_closes_every_running_subscription(closed: SwitchPosition) -> None:
    phone = Watched()
    numbers = [phone.subscribe(WHO["granted"]), phone.subscribe(WHO["granted in-call"])]
    phone.flip(closed)
    assert [phone.told[number] for number in numbers] == [Sees.CLOSED, Sees.CLOSED]
    phone.flip(OPEN)
    assert [phone.told[number] for number in numbers] == [Sees.OPEN, Sees.OPEN]


def test_in_call_shows_the_call_while_it_is_up_and_not_before() -> None:
    phone = Watched()
    bob, carol = phone.subscribe(WHO["granted"]), phone.subscribe(WHO["granted in-call"])
    phone.ring_in()
    assert phone.told[carol] is Sees.OPEN, "who rings here is nobody's business"
    phone.lift()
    phone.happen(on.CallAnswered(phone.call.id))
    assert (phone.told[bob], phone.told[carol]) == (Sees.OPEN, Sees.IN_CALL)
    phone.hang_up()
    assert (phone.told[bob], phone.told[carol]) == (Sees.OPEN, Sees.OPEN)


def test_a_watcher_is_told_once_what_did_not_change() -> None:
    phone = Watched()
    phone.subscribe(WHO["granted"])
    assert not any(isinstance(c, do.NotifyWatcher) for c in phone.keys("12") + phone.wait(60))


def test_a_grant_ends_a_running_subscription_at_midnight() -> None:
    phone = Watched()
    bob, dave = phone.subscribe(WHO["granted"]), phone.subscribe(WHO["granted till today"])
    assert phone.told[dave] is Sees.OPEN
    phone.happen(on.DayChanged(TODAY + timedelta(1)))
    assert phone.told == {bob: Sees.OPEN, dave: 403}
    assert [w.id for w in phone.state.watchers] == [bob]


@pytest.mark.parametrize("day", [None])
def test_without_a_date_a_grant_with_an_end_does_not_hold_and_nobody_may_ask(day: date | None) -> None:
    phone = Watched(day=day)
    assert phone.sees(WHO["granted till today"]) == 403
    assert phone.sees(WHO["not granted"]) == 403
    assert phone.sees(WHO["granted"]) is Sees.OPEN


def test_a_clock_that_was_never_set_shows_no_day() -> None:
    assert presence.today(START.replace(year=1970)) is None
    assert presence.today(START) == TODAY


@pytest.mark.parametrize("event", ["dialog", "", "message-summary", "presence.winfo"])
def test_no_other_event_is_served_to_anybody(event: str) -> None:
    phone = Watched()
    assert {phone.told[phone.subscribe(uri, event)] for uri in WHO.values()} == {489}


def asks(phone: Watched) -> str:
    return phone.screen.who if isinstance(phone.screen, screens.WatcherAsks) else ""


@pytest.mark.parametrize(("key", "days"), [("1", 0), ("2", 30)])
def test_the_user_grants_until_a_day(key: str, days: int) -> None:
    phone = Watched()
    number = phone.subscribe(WHO["not granted"])
    assert phone.told[number] is Sees.PENDING
    assert asks(phone) == "mallory"
    phone.now += 1.1
    phone.keys(key)
    assert phone.told[number] is Sees.OPEN
    last = TODAY + timedelta(days)
    assert phone.state.grants == (Grant(WHO["not granted"], "open-closed", last),)
    assert phone.sees(WHO["not granted"]) is Sees.OPEN, "another device of the same watcher"
    phone.happen(on.DayChanged(last))
    assert phone.told[number] is Sees.OPEN
    phone.happen(on.DayChanged(last + timedelta(1)))
    assert phone.told[number] == 403
    assert not phone.state.grants


def test_no_is_no_until_the_next_start() -> None:
    phone = Watched()
    number = phone.subscribe(WHO["not granted"])
    phone.now += 1.1
    phone.keys("#")
    assert phone.told[number] == 403
    assert phone.sees(WHO["not granted"]) == 403
    assert isinstance(phone.screen, screens.Idle)
    assert phone.state.digits == "", "the answer is not dialled"


def test_a_key_that_was_on_its_way_is_no_answer() -> None:
    phone = Watched()
    number = phone.subscribe(WHO["not granted"])
    phone.now += 0.5
    phone.keys("1")
    assert phone.told[number] is Sees.PENDING
    phone.now += 0.6
    phone.subscribe("sip:trudy@phone.test")
    phone.keys("12")
    assert phone.told == {1: Sees.OPEN, 2: Sees.PENDING}, "one press answers one question"


def test_the_question_waits_while_the_phone_is_in_use() -> None:
    phone = Watched()
    phone.lift()
    number = phone.subscribe(WHO["not granted"])
    phone.keys("1")
    assert phone.told[number] is Sees.PENDING
    assert isinstance(phone.screen, screens.Dialling)
    phone.hang_up()
    assert asks(phone) == "mallory"
    phone.keys("1")
    assert phone.told[number] is Sees.PENDING, "it has only just come back on the display"
    phone.ring_in()
    phone.now += 5
    phone.keys("#")
    assert phone.told[number] is Sees.PENDING, "that refused the call"
    phone.wait(6)
    assert asks(phone) == "mallory"


def test_other_keys_dial() -> None:
    phone = Watched()
    phone.subscribe(WHO["not granted"])
    phone.now += 2
    phone.keys("31")
    assert phone.state.digits == "31"


def test_the_switch_on_private_ends_every_question() -> None:
    phone = Watched()
    number = phone.subscribe(WHO["not granted"])
    phone.flip(PRIVATE)
    assert phone.told[number] == 403
    assert isinstance(phone.screen, screens.Idle)
    assert phone.state.asked_at is None


def test_few_may_wait_and_each_but_once() -> None:
    phone = Watched()
    found = [phone.sees(f"sip:m{n}@phone.test") for n in range(6)]
    assert found == [Sees.PENDING] * presence.MOST_WAITING + [403] * 2
    assert phone.sees("sip:m0@phone.test") == 403
    phone.happen(on.WatcherGone(SubscriptionId(1)))
    assert asks(phone) == "m1"
    assert phone.sees("sip:m5@phone.test") is Sees.PENDING


def test_after_many_refusals_nobody_may_ask() -> None:
    phone = Watched()
    for n in range(presence.MOST_REFUSED):
        phone.subscribe(f"sip:m{n}@phone.test")
        phone.now += 1.1
        phone.keys("#")
    assert phone.sees("sip:other@phone.test") == 403
    assert len(phone.state.refused) == presence.MOST_REFUSED


def test_subscriptions_are_bounded_for_one_and_for_all() -> None:
    phone = Watched()
    found = [phone.sees(WHO["granted"]) for _ in range(presence.MOST_OF_ONE + 1)]
    assert found == [Sees.OPEN] * presence.MOST_OF_ONE + [503]
    many = tuple(Grant(f"sip:f{n}@phone.test") for n in range(40))
    phone.rules = Rules(grants=(*RULES.grants, *many))
    found = [phone.sees(grant.uri) for grant in many]
    assert found.count(Sees.OPEN) == presence.MOST - presence.MOST_OF_ONE
    assert set(found) == {Sees.OPEN, 503}


def test_who_left_is_no_longer_listed_and_not_told() -> None:
    phone = Watched()
    number = phone.subscribe(WHO["granted"])
    phone.happen(on.WatcherGone(SubscriptionId(number)))
    phone.flip(PRIVATE)
    assert phone.told[number] is Sees.OPEN, "nothing was sent any more"
    assert watchers.watcher_lines(phone.rules, phone.state, phone.now) == ["Nobody watches you"]


def test_who_watches_me_now() -> None:
    phone = Watched()
    phone.subscribe(WHO["granted"])
    phone.subscribe(WHO["granted till today"])
    phone.subscribe(WHO["not granted"])
    phone.now += 125
    assert watchers.watcher_lines(phone.rules, phone.state, phone.now) == [
        "Bob sees: there, for 2 min",
        f"dave sees: there, for 2 min, until {TODAY.isoformat()}",
        "mallory asks, sees nothing, for 2 min",
    ]
    assert watchers.listed(phone.rules, phone.state) == [
        {"uri": WHO["granted"], "shows": "open-closed", "sees": "open", "until": None},
        {
            "uri": WHO["granted till today"],
            "shows": "open-closed",
            "sees": "open",
            "until": TODAY.isoformat(),
        },
        {"uri": WHO["not granted"], "shows": None, "sees": "pending", "until": None},
    ]


@pytest.mark.parametrize(
    "near",
    [
        "sip:bob@phone.test.evil.test",
        "sip:bob@evil.test",
        "sip:Bob@phone.test",
        "sips:bob@phone.test",
        "sip:bob%40phone.test@evil.test",
        "sip:bob@phone.test:5099",
        "sip:bobby@phone.test",
        "sip:phone.test",
        "no address",
    ],
)
def test_nearly_the_granted_one_is_a_stranger(near: str) -> None:
    assert Watched(PRIVATE).sees(near) == 403
