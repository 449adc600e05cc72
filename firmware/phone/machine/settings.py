"""The settings in the menu, and how they take effect. Pure.

::

    menu ──*──► settings ──1…9──► a group ──1…9──► one of them          # goes back everywhere
    a choice:     2, 8 the one before, the next; at once      *: as phone.toml says
    a number:     its digits, # sets it                       *: takes a digit back, then as phone.toml says

What is set stands above phone.toml and is kept (``personal``). Nothing here weakens a protection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from firmware.phone import commands as do
from firmware.phone import config_text, personal
from firmware.phone.audio.melodies import NAMES
from firmware.phone.audio.volume import LOUDEST
from firmware.phone.config import Config
from firmware.phone.language.catalogue import CODES, language
from firmware.phone.language.phrase import joined, phrase, phrase_in
from firmware.phone.machine import forwarding, locking, services, setup
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.screening import Policy
from firmware.phone.machine.state import Menu, State
from firmware.phone.personal import Personal, Value
from firmware.phone.values import EndReason, Forward, Loudspeaker, PinFor, Registration, RegistrationState

ROOT = "*"
"""The item of the menu that holds the settings."""

DONE, BACK, LESS, MORE, OFF = "#", "#", "2", "8", "0"
PICKS = "12345679*"
"""The keys that choose in a list; 8 and 0 turn the page."""

OFF_WORD, NEVER = phrase_in("setting", "off"), phrase_in("setting", "never")
ON_OFF: tuple[tuple[Value, str], ...] = ((False, OFF_WORD), (True, phrase_in("setting", "on")))

Result = tuple[State, tuple[do.Command, ...]]


def effective(rules: Rules, state: State) -> Rules:
    """``rules`` with what the person set."""
    if not state.settings:
        return rules
    config = _applied(rules.config, state.settings)
    privacy = config.privacy
    policy = Policy(
        privacy.anonymous_callers,
        privacy.unknown_callers,
        rules.screening.blocked,
        privacy.forwarded_callers,
    )
    return replace(
        rules,
        config=config,
        screening=policy,
        missed_calls_light=config.phone.missed_calls_light,
        digit_timeout=config.phone.digit_timeout,
        no_answer_timeout=config.phone.no_answer_timeout,
    )


def _applied(config: Config, values: tuple[tuple[str, Value], ...]) -> Config:
    return personal.applied(config, dict(values))


def kept(before: State, after: State) -> tuple[do.Command, ...]:
    """What the person set outlives a restart."""
    now = personal_of(after)
    return () if now == personal_of(before) else (do.KeepPersonal(now),)


def personal_of(state: State) -> Personal:
    """What was set at the keypad."""
    return Personal(state.settings, state.forwards, state.undisturbed)


def loaded(state: State, found: Personal) -> State:
    return replace(state, settings=found.values, forwards=found.forwards, undisturbed=found.undisturbed)


# --- one setting -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Setting:
    """``shows``: its present value, in words. One of these says what keys do: ``turns`` (one step less or
    more), ``takes`` (a number was typed; "" = off), ``acts`` (it was chosen). ``resets``: as phone.toml.
    ``text``: the paragraphs of a page that only tells. ``up``: the key for more.
    """

    name: str
    shows: Callable[[Rules, State], str] = lambda rules, state: ""
    turns: Callable[[Rules, State, int, float], Result] | None = None
    takes: Callable[[Rules, State, str, float], Result] | None = None
    acts: Callable[[Rules, State, float], Result] | None = None
    resets: Callable[[Rules, State, float], Result] | None = None
    text: Callable[[Rules, State], list[str]] | None = None
    up: str = MORE


def choice(name: str, key: str, offered: tuple[tuple[Value, str], ...]) -> Setting:
    """An option of phone.toml with these values to choose from; another that the file gives is one more."""

    def places(rules: Rules, state: State) -> tuple[list[tuple[Value | None, str]], int]:
        present = personal.of(rules.config, key)
        found: list[tuple[Value | None, str]] = [*offered]
        values = [personal.read(key, value) for value, _ in offered]
        if present in values:
            return found, values.index(present)
        return [(None, str(present)), *found], 0

    def turns(rules: Rules, state: State, by: int, now: float) -> Result:
        found, at = places(rules, state)
        value = found[(at + by) % len(found)][0]
        return _with(state, key, value), ()

    def shows(rules: Rules, state: State) -> str:
        found, at = places(rules, state)
        return found[at][1]

    return Setting(name, shows, turns, resets=lambda rules, state, now: (_with(state, key, None), ()))


def _with(state: State, key: str, value: Value | None) -> State:
    return replace(state, settings=personal_of(state).with_value(key, value).values)


def _volume(name: str, loudspeaker: Loudspeaker) -> Setting:
    def turns(rules: Rules, state: State, by: int, now: float) -> Result:
        volumes = state.volumes.turned(loudspeaker, by)
        commands = (do.KeepVolumes(volumes),) if volumes != state.volumes else ()
        return replace(state, volumes=volumes), commands

    def shows(rules: Rules, state: State) -> str:
        return phrase("{step} of {most}", step=state.volumes.step(loudspeaker), most=LOUDEST)

    return Setting(name, shows, turns, up=LESS)


def _forward(name: str, when: Forward) -> Setting:
    def shows(rules: Rules, state: State) -> str:
        found = forwarding.target(rules, state, when)
        return found.label if found else OFF_WORD

    def takes(rules: Rules, state: State, number: str, now: float) -> Result:
        others = tuple(one for one in state.forwards if one[0] is not when)
        changed = replace(state, forwards=(*others, (when, number)))
        if number and forwarding.target(rules, changed, when) is None:
            return _said(state, EndReason.NOT_FOUND.value), ()
        return changed, ()

    def resets(rules: Rules, state: State, now: float) -> Result:
        return replace(state, forwards=tuple(one for one in state.forwards if one[0] is not when)), ()

    return Setting(name, shows, takes=takes, resets=resets)


def _undisturbed(rules: Rules, state: State, by: int, now: float) -> Result:
    return services.undisturbed(rules, state, now)


def _said(state: State, words: str) -> State:
    menu = state.menu or Menu()
    return replace(state, menu=replace(menu, said=words))


def _pin(purpose: PinFor) -> Callable[[Rules, State, float], Result]:
    return lambda rules, state, now: (locking.typing(state, purpose, now), ())


def _self_test(rules: Rules, state: State, now: float) -> Result:
    return replace(state, testing=True, tests=()), (do.TestSelf(),)


# --- what there is -----------------------------------------------------------------------------------

RINGS: tuple[tuple[Value, str], ...] = (
    ("ring", phrase_in("setting", "ring")),
    ("silent", phrase_in("setting", "silent")),
)
REFUSED: tuple[Value, str] = ("refuse", phrase_in("setting", "refuse"))
MELODIES = {
    "country": phrase_in("melody", "country"),
    "bell": phrase_in("melody", "bell"),
    "brook": phrase_in("melody", "brook"),
    "chimes": phrase_in("melody", "chimes"),
    "lantern": phrase_in("melody", "lantern"),
    "three": phrase_in("melody", "three"),
}


def _minutes(*offered: int) -> tuple[tuple[Value, str], ...]:
    return tuple((n, phrase("{number} min", number=n) if n else NEVER) for n in offered)


def _seconds(*offered: int) -> tuple[tuple[Value, str], ...]:
    return tuple((n, phrase("{number} s", number=n) if n else NEVER) for n in offered)


def _hours(*offered: int) -> tuple[tuple[Value, str], ...]:
    return tuple((n, phrase("{number} h", number=n) if n else NEVER) for n in offered)


def _held(ms: int) -> str:
    return phrase("{number} ms", number=ms) if ms else OFF_WORD


def _language(rules: Rules, state: State) -> str:
    return language(rules.config.phone.language).name


SOUND = (
    _volume(phrase("Ring volume"), Loudspeaker.RINGER),
    _volume(phrase("Handset"), Loudspeaker.HANDSET),
    choice(phrase("Melody"), "phone.melody", tuple((name, MELODIES[name]) for name in NAMES)),
)
CALLS = (
    Setting(
        phrase("Do not disturb"),
        lambda rules, state: dict(ON_OFF)[state.undisturbed],
        _undisturbed,
    ),
    _forward(phrase("Forward always"), Forward.ALWAYS),
    _forward(phrase("Forward busy"), Forward.BUSY),
    _forward(phrase("Forward no answer"), Forward.NO_ANSWER),
    choice(
        phrase("Forward after"),
        "phone.forward_after",
        _seconds(10, 15, 20, 30, 45, 60),
    ),
    choice(phrase("Second caller waits"), "phone.call_waiting", ON_OFF),
    choice(
        phrase("Anonymous callers"),
        "privacy.anonymous_callers",
        (*RINGS, REFUSED),
    ),
    choice(phrase("Unknown callers"), "privacy.unknown_callers", RINGS),
    choice(phrase("Redial kept"), "phone.redial_minutes", _minutes(0, 5, 10, 30, 60)),
)
DISPLAY = (
    replace(
        choice(phrase("Language"), "phone.language", tuple((code, code) for code in CODES)), shows=_language
    ),
    choice(phrase("Large letters"), "display.large_type", ON_OFF),
    choice(phrase("Light: missed calls"), "phone.missed_calls_light", ON_OFF),
    choice(
        phrase("Brightness"), "display.brightness", tuple((n, f"{n} %") for n in (5, 10, 25, 50, 75, 100))
    ),
    choice(phrase("Display dims after"), "display.dim_after", _seconds(0, 30, 60, 120, 300)),
)
EASE = (
    choice(
        phrase("Slow keys"),
        "accessibility.slow_keys",
        tuple((ms, _held(ms)) for ms in (0, 200, 400, 700, 1000, 1500)),
    ),
    choice(phrase("Lights sound"), "accessibility.light_sounds", ON_OFF),
    choice(phrase("Sounds light"), "accessibility.sound_lights", ON_OFF),
    choice(phrase("Read aloud"), "accessibility.speech", ON_OFF),
    choice(phrase("Text in calls"), "accessibility.text", ON_OFF),
    choice(phrase("Dials after"), "phone.digit_timeout", _seconds(2, 4, 7, 10, 20)),
)
AFTER = choice(phrase("Locks after"), "phone.lock_after", _minutes(0, 1, 5, 15, 60))


def lock(rules: Rules, state: State) -> tuple[Setting, ...]:
    """What can be done with the keypad lock now."""
    if not rules.config.phone.lock:
        off = phrase("Off: {option} is false", option="phone.lock")
        return (Setting(phrase("Lock"), text=lambda rules, state: [off]),)
    if not state.lock.pin:
        return (Setting(phrase("New PIN"), acts=_pin(PinFor.NEW)),)
    return (
        Setting(phrase("Lock now"), acts=lambda rules, state, now: (locking.locked(state, now), ())),
        Setting(phrase("Change PIN"), acts=_pin(PinFor.CHANGE)),
        Setting(phrase("Remove PIN"), acts=_pin(PinFor.REMOVE)),
        AFTER,
    )


def account(rules: Rules, state: State) -> list[str]:
    """Each account and its registration; the first one first."""
    found = rules.config.accounts
    if not found:
        return [phrase("Direct calls only")]
    standings = (state.registration, *(one.registration for one in state.more))
    lines: list[str] = []
    for one, standing in zip(found, standings, strict=False):
        lines += [one.address.removeprefix("sip:"), _standing(standing)]
        lines += [phrase("Name: {name}", name=one.display_name)] if one.display_name else []
    return [
        *lines,
        phrase("Calls over {transport}", transport=rules.transport.upper()),
        phrase("Changed in {file}", file="phone.toml"),
    ]


def _standing(registration: Registration) -> str:
    states = {
        RegistrationState.REGISTERED: phrase("Registered"),
        RegistrationState.REGISTERING: phrase("Connecting …"),
    }
    return states.get(registration.state) or registration.reason or phrase("Not registered")


def network(rules: Rules, state: State) -> list[str]:
    """Where we are reached, what protects the way to the server, and who is asked for names and time."""
    agreed = state.signalling
    dns = ", ".join(rules.config.network.dns) or phrase("those of the network")
    return [
        phrase("Address: {address}", address=state.own_address or phrase("none yet")),
        *([f"{agreed.version} {agreed.group}".strip()] if agreed.version else []),
        phrase("Names from: {servers}", servers=dns),
        phrase("Time from: {servers}", servers=", ".join(rules.config.network.time)),
        phrase("Changed in {file}", file="phone.toml"),
    ]


PARTS = {
    "configuration": phrase_in("test", "configuration"),
    "call to itself": phrase_in("test", "call to itself"),
    "address": phrase_in("test", "address"),
    "sound": phrase_in("test", "sound"),
    "microphone": phrase_in("test", "microphone"),
    "display": phrase_in("test", "display"),
    "privacy switch": phrase_in("test", "privacy switch"),
    "keypad": phrase_in("test", "keypad"),
    "switches": phrase_in("test", "switches"),
    "keys": phrase_in("test", "keys"),
    "lights": phrase_in("test", "lights"),
    "power": phrase_in("test", "power"),
    "temperature": phrase_in("test", "temperature"),
    "storage": phrase_in("test", "storage"),
    "registration": phrase_in("test", "registration"),
    "emergency test call": phrase_in("test", "emergency test call"),
}


def tested(rules: Rules, state: State) -> list[str]:
    """What the self-test came to: what does not work first."""
    if state.testing:
        return [phrase("Testing …"), phrase("It calls itself; nothing is heard.")]
    named = [(PARTS.get(name, name), ok, text) for name, ok, text in state.tests]
    bad = [phrase("! {part}: {trouble}", part=part, trouble=text) for part, ok, text in named if not ok]
    good = [phrase("{part} works", part=part) for part, ok, _ in named if ok]
    head = [phrase("{good} of {all} work", good=len(good), all=len(state.tests))] if state.tests else []
    return [*head, *bad, *good]


@lru_cache(maxsize=4)
def _dumped(text: str) -> tuple[str, ...]:
    lines = (line.removeprefix("# ") for line in text.splitlines()[1:])
    return tuple(line for line in lines if line)


def everything(rules: Rules, state: State) -> list[str]:
    """Every option that phone.toml can give, with what is in effect now; secrets are masked."""
    return list(_dumped(config_text.dump(rules.config)))


@dataclass(frozen=True)
class Group:
    """``settings``: its list; ``one``: it is a page of its own."""

    name: str
    settings: Callable[[Rules, State], tuple[Setting, ...]] = lambda rules, state: ()
    one: Setting | None = None


GROUPS: dict[str, Group] = {
    "1": Group(phrase("Sound"), lambda rules, state: SOUND),
    "2": Group(phrase("Calls"), lambda rules, state: CALLS),
    "3": Group(phrase("Display"), lambda rules, state: DISPLAY),
    "4": Group(phrase("Lock"), lock),
    "5": Group(phrase("Easier to use"), lambda rules, state: EASE),
    "6": Group(phrase("Account"), one=Setting(phrase("Account"), text=account)),
    "7": Group(phrase("Network"), one=Setting(phrase("Network"), text=network)),
    "9": Group(phrase("Self-test"), one=Setting(phrase("Self-test"), acts=_self_test, text=tested)),
    "*": Group(phrase("More"), lambda rules, state: MORE_OF),
}


def _reset(rules: Rules, state: State, now: float) -> Result:
    menu = state.menu or Menu()
    return replace(state, menu=replace(menu, reset=1)), ()


MORE_OF: tuple[Setting, ...] = (
    Setting(phrase("All options"), text=everything),
    Setting(phrase("Factory reset"), acts=_reset),
    Setting(
        setup.NAME,
        acts=setup.begin,
        resets=setup.end,
        text=lambda rules, state: [],  # shown by the menu itself: it depends on the time
    ),
    choice(phrase("Calls kept"), personal.HISTORY, _hours(0, 1, 24, 168)),
    choice(phrase("They may transfer"), "phone.transfers", ON_OFF),
    choice(phrase("Calls sent on to you"), "privacy.forwarded_callers", (*RINGS, REFUSED)),
    choice(phrase("Given up after"), "phone.no_answer_timeout", _seconds(30, 60, 120, 180)),
)

_KEYS = phrase("* erase  # keep")
ASKS: dict[int, tuple[str, ...]] = {
    1: (phrase("Erase all that was set here? Only {file} stays.", file="phone.toml"), _KEYS),
    2: (phrase("Really all? PIN, contacts, grants and place too."), _KEYS),
    3: (phrase("Erasing …"),),
}
"""What the display asks before a factory reset, once and twice, and then says."""


# --- keys and pages ----------------------------------------------------------------------------------


def listed(rules: Rules, state: State, item: str) -> dict[str, tuple[str, Setting | None]]:
    """The lines of a list by the keys that choose them: the groups, or the settings of one."""
    if item == ROOT:
        return {key: (group.name, group.one) for key, group in GROUPS.items()}
    group = GROUPS[item[1]]
    return {
        key: (joined((one.name, shown), ": ") if (shown := one.shows(rules, state)) else one.name, one)
        for key, one in zip(PICKS, group.settings(rules, state), strict=False)
    }


def chosen(rules: Rules, state: State, item: str) -> Setting | None:
    """The setting whose page ``item`` is; None: it is a list."""
    if len(item) == len(ROOT) + 1:
        return GROUPS[item[1]].one
    if len(item) > len(ROOT) + 1:
        return listed(rules, state, item[:2]).get(item[2], ("", None))[1]
    return None


def key(rules: Rules, state: State, menu: Menu, pressed: str, now: float) -> Result:
    """What a key does in the settings."""
    if menu.reset:
        return _reset_key(state, menu, pressed)
    menu = replace(menu, said="")
    state = replace(state, menu=menu)
    setting = chosen(rules, state, menu.item)
    if setting is None:
        return _in_list(rules, state, menu, pressed, now)
    if setting.takes is not None and (pressed.isdecimal() or menu.typed):
        return _typing(rules, state, menu, setting, pressed, now)
    if pressed == BACK:
        return _back(state, menu), ()
    if pressed == "*" and setting.resets is not None:
        return setting.resets(rules, state, now)
    if setting.turns is not None and pressed in (LESS, MORE):
        return setting.turns(rules, state, 1 if pressed == setting.up else -1, now)
    step = {"2": -1, "8": 1, "0": 1}.get(pressed, 0)
    return replace(state, menu=replace(menu, page=menu.page + step)), ()


def _in_list(rules: Rules, state: State, menu: Menu, pressed: str, now: float) -> Result:
    if pressed == BACK:
        return _back(state, menu), ()
    found = listed(rules, state, menu.item).get(pressed)
    if found is None:
        step = {"2": -1, "8": 1, "0": 1}.get(pressed, 0)
        return replace(state, menu=replace(menu, page=menu.page + step)), ()
    setting = found[1]
    if setting is not None and setting.acts is not None:
        state, commands = setting.acts(rules, state, now)
        if setting.text is None or state.menu is None:
            return state, commands
        return replace(state, menu=replace(menu, item=menu.item + pressed, page=0)), commands
    return replace(state, menu=replace(menu, item=menu.item + pressed, page=0)), ()


def _back(state: State, menu: Menu) -> State:
    return replace(state, menu=Menu(menu.item[:-1], keyed_at=menu.keyed_at))


def _typing(rules: Rules, state: State, menu: Menu, setting: Setting, pressed: str, now: float) -> Result:
    if pressed == "*":
        return replace(state, menu=replace(menu, typed=menu.typed[:-1])), ()
    if pressed != DONE:
        return replace(state, menu=replace(menu, typed=(menu.typed + pressed)[:32])), ()
    assert setting.takes is not None  # noqa: S101
    number = "" if menu.typed == OFF else menu.typed
    state = replace(state, menu=replace(menu, typed=""))
    return setting.takes(rules, state, number, now)


def _reset_key(state: State, menu: Menu, pressed: str) -> Result:
    """Asked twice; any other key keeps all."""
    if menu.reset == len(ASKS):
        return state, ()
    if pressed != "*":
        return replace(state, menu=replace(menu, reset=0)), ()
    commands = (do.FactoryReset(),) if menu.reset + 1 == len(ASKS) else ()
    return replace(state, menu=replace(menu, reset=menu.reset + 1)), commands


def paragraphs(rules: Rules, state: State, menu: Menu) -> tuple[str, list[str], str]:
    """Title and paragraphs of the page that is open, and the key that does something of its own there."""
    setting = chosen(rules, state, menu.item)
    if setting is None:
        title = phrase("Settings") if menu.item == ROOT else GROUPS[menu.item[1]].name
        lines = listed(rules, state, menu.item)
        return title, [joined((key, name)) for key, (name, _) in lines.items()], ""
    if setting.text is not None:
        return setting.name, setting.text(rules, state), ""
    found = [menu.said] if menu.said else []
    if setting.takes is not None and menu.typed:
        found += [phrase("Number: {digits}", digits=menu.typed), phrase("# done, * back")]
        return setting.name, found, ""
    found.append(setting.shows(rules, state))
    if setting.takes is not None:
        found += [phrase("Type a number, then #"), phrase("0# off")]
    else:
        found.append(phrase("2 more, 8 less") if setting.up == LESS else phrase("8 next, 2 before"))
    if setting.resets is not None:
        found.append(phrase("* as {file} says", file="phone.toml"))
    return setting.name, found, ""
