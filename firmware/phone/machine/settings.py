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
from firmware.phone.machine import forwarding, locking, services
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.screening import Policy
from firmware.phone.machine.state import Menu, State
from firmware.phone.personal import Personal, Value
from firmware.phone.values import Forward, Loudspeaker, PinFor, RegistrationState

ROOT = "*"
"""The item of the menu that holds the settings."""

DONE, BACK, LESS, MORE, OFF = "#", "#", "2", "8", "0"
PICKS = "12345679*"
"""The keys that choose in a list; 8 and 0 turn the page."""

Result = tuple[State, tuple[do.Command, ...]]


def effective(rules: Rules, state: State) -> Rules:
    """``rules`` with what the person set."""
    if not state.settings:
        return rules
    config = _applied(rules.config, state.settings)
    policy = Policy(config.privacy.anonymous_callers, config.privacy.unknown_callers, rules.screening.blocked)
    return replace(rules, config=config, screening=policy, missed_calls_light=config.phone.missed_calls_light)


def _applied(config: Config, values: tuple[tuple[str, Value], ...]) -> Config:
    return personal.applied(config, dict(values))


def kept(before: State, after: State) -> tuple[do.Command, ...]:
    """What the person set outlives a restart."""
    now = _personal(after)
    return () if now == _personal(before) else (do.KeepPersonal(now),)


def _personal(state: State) -> Personal:
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
    return replace(state, settings=_personal(state).with_value(key, value).values)


def _volume(name: str, loudspeaker: Loudspeaker) -> Setting:
    def turns(rules: Rules, state: State, by: int, now: float) -> Result:
        volumes = state.volumes.turned(loudspeaker, by)
        commands = (do.KeepVolumes(volumes),) if volumes != state.volumes else ()
        return replace(state, volumes=volumes), commands

    return Setting(
        name, lambda rules, state: f"{state.volumes.step(loudspeaker)} of {LOUDEST}", turns, up=LESS
    )


def _forward(name: str, when: Forward) -> Setting:
    def shows(rules: Rules, state: State) -> str:
        found = forwarding.target(rules, state, when)
        return found.label if found else "off"

    def takes(rules: Rules, state: State, number: str, now: float) -> Result:
        others = tuple(one for one in state.forwards if one[0] is not when)
        changed = replace(state, forwards=(*others, (when, number)))
        if number and forwarding.target(rules, changed, when) is None:
            return _said(state, "No such number"), ()
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

ON_OFF: tuple[tuple[Value, str], ...] = ((False, "off"), (True, "on"))
RINGS: tuple[tuple[Value, str], ...] = (("ring", "ring"), ("silent", "silent"))

SOUND = (
    _volume("Ring volume", Loudspeaker.RINGER),
    _volume("Handset", Loudspeaker.HANDSET),
    choice("Melody", "phone.melody", tuple((name, name) for name in NAMES)),
)
CALLS = (
    Setting(
        "Do not disturb",
        lambda rules, state: "on" if state.undisturbed else "off",
        _undisturbed,
    ),
    _forward("Forward always", Forward.ALWAYS),
    _forward("Forward busy", Forward.BUSY),
    _forward("Forward no answer", Forward.NO_ANSWER),
    choice(
        "Forward after",
        "phone.forward_after",
        tuple((float(seconds), f"{seconds} s") for seconds in (10, 15, 20, 30, 45, 60)),
    ),
    choice("Second caller waits", "phone.call_waiting", ON_OFF),
    choice("Anonymous callers", "privacy.anonymous_callers", (*RINGS, ("refuse", "refuse"))),
    choice("Unknown callers", "privacy.unknown_callers", RINGS),
    choice(
        "Redial kept",
        "phone.redial_minutes",
        tuple((n, f"{n} min" if n else "never") for n in (0, 5, 10, 30, 60)),
    ),
)
DISPLAY = (
    choice("Light: missed calls", "phone.missed_calls_light", ON_OFF),
    choice(
        "Display dims after",
        "display.dim_after",
        tuple((n, f"{n} s" if n else "never") for n in (0, 30, 60, 120, 300)),
    ),
)
EASE = (
    choice(
        "Slow keys",
        "accessibility.slow_keys",
        tuple((ms, f"{ms} ms" if ms else "off") for ms in (0, 200, 400, 700, 1000, 1500)),
    ),
    choice("Lights sound", "accessibility.light_sounds", ON_OFF),
    choice("Sounds light", "accessibility.sound_lights", ON_OFF),
)
AFTER = choice(
    "Locks after",
    "phone.lock_after",
    tuple((n, f"{n} min" if n else "never") for n in (0, 1, 5, 15, 60)),
)


def lock(rules: Rules, state: State) -> tuple[Setting, ...]:
    """What can be done with the keypad lock now."""
    if not rules.config.phone.lock:
        return (Setting("Lock", text=lambda rules, state: ["Off: phone.lock is false in phone.toml"]),)
    if not state.lock.pin:
        return (Setting("New PIN", acts=_pin(PinFor.NEW)),)
    return (
        Setting("Lock now", acts=lambda rules, state, now: (locking.locked(state, now), ())),
        Setting("Change PIN", acts=_pin(PinFor.CHANGE)),
        Setting("Remove PIN", acts=_pin(PinFor.REMOVE)),
        AFTER,
    )


def account(rules: Rules, state: State) -> list[str]:
    """The account and its registration; its password is masked as everywhere."""
    found = rules.config.account
    if found is None:
        return ["No account: direct calls only"]
    states = {
        RegistrationState.REGISTERED: "Registered",
        RegistrationState.REGISTERING: "Connecting …",
        RegistrationState.NONE: "Not registered",
    }
    standing = states.get(state.registration.state) or state.registration.reason or "Not registered"
    name = [f"Name: {found.display_name}"] if found.display_name else []
    return [
        found.address.removeprefix("sip:"),
        standing,
        *name,
        f"Calls over {rules.transport.upper()}",
        "Changed in phone.toml",
    ]


def network(rules: Rules, state: State) -> list[str]:
    """Where we are reached, what protects the way to the server, and who is asked for names and time."""
    agreed = state.signalling
    dns = ", ".join(rules.config.network.dns) or "the network's own"
    return [
        f"Address: {state.own_address or 'none yet'}",
        *([f"{agreed.version} {agreed.group}".strip()] if agreed.version else []),
        f"Names: {dns}",
        f"Time: {', '.join(rules.config.network.time)}",
        "Changed in phone.toml",
    ]


def tested(rules: Rules, state: State) -> list[str]:
    """What the self-test came to: what does not work first."""
    if state.testing:
        return ["Testing …", "It calls itself; nothing is heard."]
    bad = [f"! {name}: {text}" for name, ok, text in state.tests if not ok]
    good = [f"{name}: {text}" for name, ok, text in state.tests if ok]
    head = [f"{len(good)} of {len(state.tests)} work"] if state.tests else []
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
    "1": Group("Sound", lambda rules, state: SOUND),
    "2": Group("Calls", lambda rules, state: CALLS),
    "3": Group("Display", lambda rules, state: DISPLAY),
    "4": Group("Lock", lock),
    "5": Group("Easier to use", lambda rules, state: EASE),
    "6": Group("Account", one=Setting("Account", text=account)),
    "7": Group("Network", one=Setting("Network", text=network)),
    "9": Group("Self-test", one=Setting("Self-test", acts=_self_test, text=tested)),
    "*": Group("More", lambda rules, state: MORE_OF),
}


def _reset(rules: Rules, state: State, now: float) -> Result:
    menu = state.menu or Menu()
    return replace(state, menu=replace(menu, reset=1)), ()


MORE_OF: tuple[Setting, ...] = (
    Setting("All options", text=everything),
    Setting("Factory reset", acts=_reset),
)

ASKS = {
    1: ("Erase all that was set", "and kept here? Only", "phone.toml stays.", "* erase  # keep"),
    2: ("Really all? PIN, calls,", "contacts, grants, place", "and volumes are gone.", "* erase  # keep"),
    3: ("Erasing …",),
}
"""What the display asks before a factory reset, once and twice, and then says."""


# --- keys and pages ----------------------------------------------------------------------------------


def listed(rules: Rules, state: State, item: str) -> dict[str, tuple[str, Setting | None]]:
    """The lines of a list by the keys that choose them: the groups, or the settings of one."""
    if item == ROOT:
        return {key: (group.name, group.one) for key, group in GROUPS.items()}
    group = GROUPS[item[1]]
    return {
        key: (f"{one.name}: {shown}" if (shown := one.shows(rules, state)) else one.name, one)
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
    """Title, paragraphs and what the keys do, of the page that is open."""
    setting = chosen(rules, state, menu.item)
    if setting is None:
        title = "Settings" if menu.item == ROOT else GROUPS[menu.item[1]].name
        lines = listed(rules, state, menu.item)
        return title, [f"{key} {name}" for key, (name, _) in lines.items()], "#×"
    if setting.text is not None:
        return setting.name, setting.text(rules, state), "#×"
    head = [menu.said] if menu.said else []
    if setting.takes is not None:
        now = [f"Number: {menu.typed}", "* back  # set"] if menu.typed else [setting.shows(rules, state)]
        help_ = [] if menu.typed else ["Type a number, then #", "0# off  * as the file"]
        return setting.name, [*head, *now, *help_], "#×"
    turn = "2 more, 8 less" if setting.up == LESS else "8 next, 2 before"
    back = ["* as phone.toml"] if setting.resets is not None else []
    return setting.name, [*head, setting.shows(rules, state), turn, *back], "#×"
