"""The first start: an untouched telephone leads from power-on to the first call. Pure.

::

    language ─► country ─► network ─► account ─► [provider ─► user … password … consent] ─► notice ─► kept
                                         └── later: direct calls ────────────────────────────┘         │
                                                                      test ◄── started anew ◄──────────┘

``#`` goes on, ``*`` back. It waits while the handset is lifted or a call is there: help can be called from
every step. Nothing leaves the telephone before the account is kept; then the telephone registers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from firmware.phone import commands as do
from firmware.phone import events as on
from firmware.phone.config_kinds import Wrong
from firmware.phone.config_option import rows
from firmware.phone.config_text import toml
from firmware.phone.config_types import KNOWN_COUNTRIES, Account
from firmware.phone.display import paging, screens
from firmware.phone.language.catalogue import CODES, language
from firmware.phone.language.phrase import joined, phrase, phrase_in
from firmware.phone.machine import looks, settings, tapping
from firmware.phone.machine.emergency import NUMBERS
from firmware.phone.machine.first_state import First, Step
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.machine.tapping import Tapped
from firmware.phone.values import Hook, RegistrationState

ON, BACK, BEFORE, NEXT, YES, LATER = "#", "*", "2", "8", "1", "2"

COUNTRY_OF = {"cs": "CZ", "de": "DE", "el": "GR", "en": "GB", "es": "ES", "fr": "FR", "it": "IT"} | {
    "nl": "NL", "pl": "PL", "pt": "PT", "ru": "RU", "sv": "SE", "zh": "CN",
}  # fmt: skip
"""The country that is offered first to who speaks this."""

NO_SUCH = phrase("Not possible. Look again.")

Result = tuple[State, tuple[do.Command, ...]]


TYPED = {Step.USER: "user", Step.LOGIN: "auth_user", Step.PASSWORD: "password", Step.DOMAIN: "domain"}
"""The steps in which text is typed, and the option that it is."""


def begun(rules: Rules, state: State) -> State:
    """After a start: where nothing was ever said, or the test is still to come."""
    if rules.untouched:
        return replace(state, first=First(at=CODES.index(rules.config.phone.language)))
    return replace(state, first=First(Step.TEST)) if rules.to_test else state


def shown(state: State) -> bool:
    """Whether keys and display are the first start's now."""
    free = state.live is None and state.hook is Hook.ON and not state.locked
    return state.first is not None and free and not state.digits


def key(rules: Rules, state: State, event: on.Event, now: float) -> Result | None:
    """What a key does; None when it is not for the first start."""
    first = state.first
    if first is None or not shown(state) or not isinstance(event, on.KeyPressed):
        return None
    first = replace(first, said="")
    if first.step in TYPED:
        return _typing(rules, state, first, event.key, now)
    if event.key == BACK and first.way:
        return _to(state, replace(first, way=first.way[:-1]), first.way[-1])
    return _KEYS[first.step](rules, state, first, event.key, now)


# --- one step after the other ------------------------------------------------------------------------


def _to(state: State, first: First, step: Step, commands: tuple[do.Command, ...] = ()) -> Result:
    """That step, begun."""
    kept = dict(first.typed).get(TYPED.get(step, ""), "")
    first = replace(first, step=step, at=0, tapped=Tapped(kept))
    if step is Step.NETWORK:
        commands += (do.LookAtNetwork(),)
    return replace(state, first=first), commands


def _on(state: State, first: First, step: Step) -> Result:
    return _to(state, replace(first, way=(*first.way, first.step)), step)


def _turned(state: State, first: First, pressed: str, number: int) -> Result:
    by = {BEFORE: -1, NEXT: 1, "0": 1}.get(pressed, 0)
    return replace(state, first=replace(first, at=(first.at + by) % number)), ()


def _language(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed == ON:
        code = CODES[first.at]
        state, commands = _on(state, first, Step.COUNTRY)
        at = KNOWN_COUNTRIES.index(COUNTRY_OF[code])
        return replace(state, first=replace(state.first or first, at=at)), commands
    state, commands = _turned(state, first, pressed, len(CODES))
    at = state.first.at if state.first else 0
    values = settings.personal_of(state).with_value("phone.language", CODES[at]).values
    return replace(state, settings=values), commands


def _country(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed == ON:
        return _on(state, replace(first, country=KNOWN_COUNTRIES[first.at]), Step.NETWORK)
    return _turned(state, first, pressed, len(KNOWN_COUNTRIES))


def _network(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed == ON:
        return _on(state, first, Step.ACCOUNT)
    if pressed == YES:
        return replace(state, first=first), (do.LookAtNetwork(),)
    return _read_on(rules, state, first, pressed, now)


def _account(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed == YES:
        return _on(state, replace(first, account=True), Step.PROVIDER)
    if pressed == LATER:
        return _on(state, replace(first, account=False, consent=False), Step.NOTICE)
    return replace(state, first=first), ()


def _provider(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed == ON:
        return _on(state, replace(first, provider=rules.providers[first.at], consent=False), Step.USER)
    return _turned(state, first, pressed, len(rules.providers))


def _consent(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed in (YES, ON):
        return _on(state, replace(first, consent=pressed == YES), Step.NOTICE)
    return _read_on(rules, state, first, pressed, now)


def _pages(rules: Rules, state: State, now: float) -> int:
    return paging.laid(page(rules, state, now), looks.look(rules, state)).of


def _read_on(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    """What has no room on one page of the display goes on with the next."""
    by = {BEFORE: -1, NEXT: 1, ON: 1}.get(pressed, 0)
    at = min(max(first.at + by, 0), _pages(rules, state, now) - 1)
    return replace(state, first=replace(first, at=at)), ()


def _notice(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed != ON or first.at < _pages(rules, state, now) - 1:
        return _read_on(rules, state, first, pressed, now)
    first = replace(first, step=Step.KEEPING, at=0, way=(*first.way, first.step))
    return replace(state, first=first), (do.KeepFirst(written(first)),)


def _keeping(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    return state, ()


def _test(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed == ON:
        return replace(state, first=None), (do.EndFirst(),)
    if pressed == YES and not state.testing:
        return replace(state, first=replace(first, at=0), testing=True, tests=()), (do.TestSelf(),)
    return replace(state, first=replace(first, at=first.at + {BEFORE: -1, NEXT: 1}.get(pressed, 0))), ()


_KEYS: dict[Step, Callable[[Rules, State, First, str, float], Result]] = {
    Step.LANGUAGE: _language,
    Step.COUNTRY: _country,
    Step.NETWORK: _network,
    Step.ACCOUNT: _account,
    Step.PROVIDER: _provider,
    Step.CONSENT: _consent,
    Step.NOTICE: _notice,
    Step.KEEPING: _keeping,
    Step.TEST: _test,
}


def _typing(rules: Rules, state: State, first: First, pressed: str, now: float) -> Result:
    if pressed in tapping.SIGNS:
        return replace(state, first=replace(first, tapped=tapping.pressed(first.tapped, pressed, now))), ()
    if pressed == BACK and first.tapped.text:
        return replace(state, first=replace(first, tapped=tapping.shorter(first.tapped))), ()
    if pressed == BACK:
        return _to(state, replace(first, way=first.way[:-1]), first.way[-1])
    if pressed != ON:
        return replace(state, first=first), ()
    option, text = TYPED[first.step], first.tapped.text
    if not _good(option, text):
        return replace(state, first=replace(first, said=NO_SUCH)), ()
    values = {**dict(first.typed), option: text}
    first = replace(first, typed=tuple((name, one) for name, one in values.items() if one))
    return _on(state, first, _after(first))


def _after(first: First) -> Step:
    """What is still to be typed with this provider."""
    asked = first.provider.asks
    order = (Step.USER, Step.LOGIN, Step.PASSWORD, Step.DOMAIN)
    for step in order[order.index(first.step) + 1 :]:
        if step is Step.PASSWORD or TYPED[step] in asked:
            return step
    return Step.CONSENT if first.provider.weaker else Step.NOTICE


def _good(option: str, text: str) -> bool:
    """Whether phone.toml takes it."""
    if not text:
        return option == "auth_user"
    kind = next(row.option.kind for row in rows(Account) if row.key == option)
    try:
        kind.read(text, Path())  # type: ignore[union-attr]
    except Wrong:
        return False
    return True


def written(first: First) -> str:
    """What was said, as a phone.toml."""
    lines = ["# Typed at the first start of this telephone.", "[phone]", f"country = {toml(first.country)}"]
    if first.account:
        lines += ["", "[account]"]
        lines += [f"provider = {toml(first.provider.word)}"] if first.provider.word else []
        lines += ["accept_weaker = true"] if first.consent else []
        needed = {"user", "password", *first.provider.asks}
        lines += [f"{option} = {toml(text)}" for option, text in first.typed if option in needed]
    return "\n".join(lines) + "\n"


# --- what the drivers say ----------------------------------------------------------------------------


def network_seen(rules: Rules, state: State, event: on.NetworkSeen, now: float) -> Result:
    if state.first is None:
        return state, ()
    return replace(state, first=replace(state.first, cable=event.cable, address=event.address)), ()


def kept(rules: Rules, state: State, event: on.FirstKept, now: float) -> Result:
    """It is on the disk: start anew with it. What could not be written is said, and may be tried again."""
    first = state.first
    if first is None or first.step is not Step.KEEPING:
        return state, ()
    if event.trouble:
        back = replace(first, step=Step.NOTICE, way=first.way[:-1], said=event.trouble)
        return replace(state, first=back), ()
    return state, (do.StartAnew(),)


# --- what is shown -----------------------------------------------------------------------------------

GO_ON, GO_BACK, TURN = phrase("# go on"), phrase("* back"), phrase("8 next, 2 before")

READ = (Step.NETWORK, Step.CONSENT, Step.NOTICE, Step.TEST)
"""Steps whose pages are turned; in the others the keys choose or type."""

TITLES = {
    Step.LANGUAGE: phrase("Language"),
    Step.COUNTRY: phrase("Country"),
    Step.NETWORK: phrase("Network"),
    Step.ACCOUNT: phrase("Account"),
    Step.PROVIDER: phrase("Provider"),
    Step.USER: phrase("User name"),
    Step.LOGIN: phrase("Log-in name"),
    Step.PASSWORD: phrase("Password"),
    Step.DOMAIN: phrase("Server"),
    Step.CONSENT: phrase("Your choice"),
    Step.NOTICE: phrase("Please read"),
    Step.KEEPING: phrase("One moment"),
    Step.TEST: phrase("Ready to call"),
}


def page(rules: Rules, state: State, now: float) -> screens.Pages:
    """The page of the present step."""
    first = state.first or First()
    said = [first.said] if first.said else []
    return paging.pages(TITLES[first.step], said + _text(rules, state, first), _page_of(first), ON)


def _page_of(first: First) -> int:
    return first.at if first.step in READ else 0


def _text(rules: Rules, state: State, first: First) -> list[str]:
    match first.step:
        case Step.LANGUAGE:
            return [language(CODES[first.at]).name, TURN, GO_ON]
        case Step.COUNTRY:
            code = KNOWN_COUNTRIES[first.at]
            help_at = ", ".join(sorted({"112", *NUMBERS.get(code, ())})[:3])
            return [joined((code, phrase("Help: {numbers}", numbers=help_at)), "  "), TURN, GO_ON]
        case Step.NETWORK:
            return _network_text(first)
        case Step.ACCOUNT:
            return [phrase("1 type it here"), phrase("2 later: direct calls"), GO_BACK]
        case Step.PROVIDER:
            return [rules.providers[first.at].name or phrase("Another one"), TURN, GO_ON]
        case Step.CONSENT:
            return _consent_text(first)
        case Step.NOTICE:
            return notice(first)
        case Step.KEEPING:
            return [phrase("Starting anew …")]
        case Step.TEST:
            return _test_text(rules, state)
    return _typed_text(first)


def _typed_text(first: First) -> list[str]:
    text = first.tapped.text
    hidden = "•" * (len(text) - 1) + text[-1:] if first.step is Step.PASSWORD else text
    done = [phrase("# done, * erases")]
    if not text:
        done = [phrase("Keys 2 to 9: letters"), phrase("1 and 0: signs"), GO_BACK]
    if not text and first.step is Step.LOGIN:
        done = [phrase("# if it is the same"), GO_BACK]
    return [f"{hidden}_"[-40:], *done]


def _network_text(first: First) -> list[str]:
    if first.address:
        told = [phrase("Connected")]
    elif first.cable is None:
        told = [phrase("Looking …")]
    elif first.cable:
        told = [phrase("A cable, but no address. Look at the router."), phrase("1 look again")]
    else:
        told = [phrase("No cable. Plug it in."), phrase("1 look again")]
    return [*told, GO_ON, phrase("Wi-Fi cannot be set here yet.")]


def _consent_text(first: First) -> list[str]:
    name = first.provider.name
    if first.provider.in_clear:
        words = phrase("{name} knows no encryption: others could read whom you call.", name=name)
    else:
        words = phrase("{name} could listen to your calls.", name=name)
    return [words, phrase("1 I take that"), phrase("# no: not that way")]


def notice(first: First) -> list[str]:
    """What the telephone protects, and what it cannot."""
    found: list[str] = [phrase("Calls are encrypted from end to end where the other telephone can.")]
    if first.account and first.consent:
        found += _consent_text(first)[:1]
    if first.account:
        found += [phrase("Your provider learns whom you call, and when.")]
    else:
        found += [phrase("Without an account you can call addresses, and no telephone numbers.")]
        found += [phrase("No emergency calls without an account.")]
    found += [phrase("Others see who you are only with the switch on open.")]
    found += [phrase("Without power or network there is no call, no emergency call either.")]
    return [*found, phrase("# I have read it")]


def _test_text(rules: Rules, state: State) -> list[str]:
    if state.testing or state.tests:
        return settings.tested(rules, state)
    registration = state.registration
    words: str = phrase("Connecting …")
    if registration.state is RegistrationState.REGISTERED:
        words = phrase("You can be called.")
    elif registration.state is RegistrationState.FAILED:
        words = registration.reason or phrase("Not registered")
    elif not rules.domain:
        words = phrase("Direct calls only")
    return [
        words,
        phrase("Lift and dial, or:"),
        phrase("1 test call to itself"),
        phrase_in("first", "# done"),
    ]
