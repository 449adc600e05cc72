"""The screens whose pictures are kept in this folder, by the name of the file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from firmware.phone import pin
from firmware.phone.book.entries import Book, Entry, Source
from firmware.phone.config import Account, Config, Contact, Privacy, Secret, Watcher
from firmware.phone.config_types import Book as BookOptions
from firmware.phone.display.screens import (
    Calling,
    Code,
    Dialling,
    Ended,
    Held,
    Idle,
    InCall,
    Message,
    Pages,
    Ringing,
    Screen,
    Texting,
    Warning,
    WatcherAsks,
)
from firmware.phone.language.phrase import joined, phrase, phrase_in
from firmware.phone.machine import (
    calls,
    functions,
    guest,
    helping,
    locking,
    menu,
    outputs,
    parts,
    setup,
    warnings,
)
from firmware.phone.machine.protection import Doubt, Protection
from firmware.phone.machine.rules import GUEST, Rules
from firmware.phone.machine.state import Call, Lock, Menu, Recent, State, Typing
from firmware.phone.reached import Reached
from firmware.phone.updates import KnownFlaw, News, Offered, Stage, Updates
from firmware.phone.values import (
    CallId,
    CallRecord,
    CallState,
    Direction,
    EndReason,
    Hook,
    Media,
    Party,
    PinFor,
    Registration,
    RegistrationState,
    Security,
    SettingUp,
    SwitchPosition,
    Trust,
)

PRIVATE, OPEN, UNREADABLE = SwitchPosition.PRIVATE, SwitchPosition.OPEN, SwitchPosition.UNREADABLE
REGISTERED = Registration(RegistrationState.REGISTERED)
CERTIFICATE = "The server's certificate is for another name: sip.example.org"


def _failed(reason: str) -> Registration:
    return Registration(RegistrationState.FAILED, reason)


def _in_call(
    security: Security, seconds: int = 83, code: str = "", digits: str = "", notice: str = ""
) -> InCall:
    return InCall(
        "Bob Baker", Direction.OUT, seconds, security, PRIVATE, code=code, digits=digits, notice=notice
    )


_RULES = Rules.of(
    Config(
        account=Account("alice", "phone.test", Secret("x"), display_name="Alice Archer"),
        contacts=(Contact("Bob Baker", "sip:bob@phone.test"),),
        privacy=Privacy(24, watchers=(Watcher("sip:bob@phone.test", "in-call", date(2027, 1, 31)),)),
    ),
    (("sottovoce", "0.1.0"), ("pjsua2", "2.17")),
)
_CALL = CallRecord(Direction.IN, "sip:bob@phone.test", "Bob Baker", 1795435200, 83)


def _menu(item: str, page: int = 0, asked: bool = False, switch: SwitchPosition = OPEN) -> Pages:
    state = State(switch=switch, missed=2, registration=REGISTERED, history=(_CALL,))
    state = replace(state, menu=Menu(item, page, asked), updates=_NEWS if item == "6" else Updates())
    return menu.pages(_RULES, state, 0.0, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


def _contacts(
    item: str = menu.CONTACTS, page: int = 0, troubles: tuple[str, ...] = (), faults: tuple[str, ...] = ()
) -> Pages:
    pulled = datetime(2026, 11, 23, 11, 58, tzinfo=UTC)
    entries = (Entry("Bob Baker", ("+4930901820",)),)
    book = Book(
        [Source("people.vcf", entries * 12, pulled), Source("CardDAV dav.test", entries * 5000, pulled)]
    )
    rules = replace(_RULES, config=replace(_RULES.config, book=BookOptions(files=(Path("people.vcf"),))))
    state = State(book=book, book_troubles=troubles, book_faults=faults, menu=Menu(item, page))
    return menu.pages(rules, state, 0.0, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


_BOB = Reached("sip:bob@phone.test", Security.END_TO_END)


def _call(direction: Direction, state: CallState, protection: Protection, name: str = "Bob Baker") -> Call:
    return Call(CallId(1), direction, Party(_BOB.uri, name), state, 0.0, protection=protection)


def _offer(level: Security, before: bool = False) -> Warning:
    call = _call(Direction.OUT, CallState.ENDED, Protection(offer=level))
    return warnings.offer(State(reached=(_BOB,) * before), call)


def _answer(name: str, before: bool = False) -> Screen:
    call = _call(Direction.IN, CallState.RINGING, Protection(offered=Security.CLEAR), name)
    shown = warnings.of_call(_RULES, State(hook=Hook.OFF, reached=(_BOB,) * before), call)
    assert shown is not None
    return shown


_NEWS = Updates(
    "0.1.0",
    server=True,
    offer=Offered("0.2.0", False, 30_000_000, "Answers sooner; rings louder.", "At night, 2 to 5 h"),
    supported_until=date(2031, 12, 31),
    asked=datetime(2026, 11, 23, 9, tzinfo=UTC),
    result="0.2.0 is there",
    affected=(KnownFlaw("SV-2026-1", "A call could be ended by anybody in the network."),),
    told=True,
)
_HOLE = Offered(
    "0.1.1", True, 30_000_000, "Nobody can end your calls any more.", "From 2026-11-24 on, at night, 2 to 5 h"
)
_CHANGED = Updates(
    "0.2.0",
    server=True,
    news=News.UPDATED,
    news_version="0.2.0",
    notes="Calls are answered sooner; louder ringing; the menu knows updates.",
    told=True,
)
_UNDONE = Updates(
    "0.1.0",
    server=True,
    news=News.BACK,
    news_version="0.2.0",
    result="0.2.0 did not work (call to itself: the tone was not heard); 0.1.0 runs again",
    told=True,
)


def _update(updates: Updates, digits: str = "") -> Screen:
    state = State(switch=OPEN, registration=REGISTERED, updates=updates, notice_at=0.0, digits=digits)
    state = replace(state, keyed_at=10.0)
    return outputs.screen(_RULES, state, 11.0, datetime(2026, 11, 23, 10, 24, tzinfo=UTC))


def _functions(name: str, other: bool = False) -> Screen:
    """The functions of a call, alone or beside a held one and one that waits."""
    secure = Media(Security.END_TO_END)
    first = Call(CallId(1), Direction.OUT, Party("sip:b@x", name), CallState.ACTIVE, 0, secure, False, 0.0)
    held = Call(CallId(3), Direction.OUT, Party("sip:c@x"), CallState.HELD, 0, secure, False, 0.0)
    calls = (first, held) if other else (first,)
    return functions.page(Rules(), State(hook=Hook.OFF, calls=calls))


def _settings(item: str, page: int = 0, typed: str = "", reset: int = 0) -> Screen:
    menu_ = Menu("*" + item, page, typed=typed, reset=reset)
    state = State(switch=OPEN, registration=REGISTERED, own_address="192.0.2.7:40211", menu=menu_)
    tests = (("sound", True, "works"), ("display", False, "no answer"), ("keypad", True, "works"))
    state = replace(state, lock=Lock(pin="x"), tests=tests)
    return menu.pages(_RULES, state, 0.0, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


def _setup(page: int = 0, said: str = "", **more: Any) -> Screen:
    """The page for setting up, as it is shown in the menu."""
    known = SettingUp(800.0, "47110815", "192.168.1.20", "https://192.168.1.20/", "7031" * 16)
    state = State(
        menu=Menu(setup.ITEM, page), setup=replace(known, **more) if not said else None, setup_said=said
    )
    return outputs.screen(_RULES, state, 0.0, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


def _lock(typed: Typing, wait: float = 0.0) -> Screen:
    return locking.page(State(lock=Lock(wait_until=wait)), typed, 0.0)


SAMPLES: dict[str, Screen] = {
    "idle-registered": Idle("10:24", "Alice Archer", REGISTERED, PRIVATE),
    "idle-resting": Idle("10:24", "Alice Archer", REGISTERED, PRIVATE, resting=17),
    "idle-resting-trouble": Idle(
        "10:24", "Alice", _failed(CERTIFICATE), UNREADABLE, 12, outputs.NO_SOUND, resting=41
    ),
    "idle-guest": Idle("10:24", GUEST, REGISTERED, SwitchPosition.GUEST, notice=guest.NOTICE),
    "idle-open-missed": Idle("23:58", "alice@phone.test", REGISTERED, OPEN, missed=3),
    "idle-direct": Idle("07:36", "", Registration(), PRIVATE),
    "idle-connecting": Idle("10:24", "Alice", Registration(RegistrationState.REGISTERING), PRIVATE),
    "idle-failed": Idle("10:24", "Alice", _failed(CERTIFICATE), PRIVATE),
    "idle-everything": Idle("19:05", "Alice", _failed(CERTIFICATE), UNREADABLE, 12, outputs.NO_SOUND),
    "idle-no-sound": Idle("10:24", "Alice", REGISTERED, PRIVATE, notice=outputs.NO_SOUND),
    "idle-silent-ringer": Idle("10:24", "Alice", REGISTERED, OPEN, 2, outputs.RINGER_SILENT),
    "idle-switch-broken": Idle("10:24", "Alice", REGISTERED, UNREADABLE, missed=2),
    "idle-weak-power": Idle("10:24", "Alice", REGISTERED, PRIVATE, notice=parts.WEAK),
    "idle-restarted": Idle("10:24", "Alice", REGISTERED, PRIVATE, notice=parts.RESTARTED),
    "idle-too-hot": Idle("10:24", "Alice", REGISTERED, OPEN, 2, parts.HOT),
    "idle-locked": Idle("10:24", "Alice Archer", REGISTERED, PRIVATE, locked=True),
    "idle-locked-trouble": Idle(
        "10:24", "Alice", _failed(CERTIFICATE), OPEN, 3, outputs.NO_SOUND, locked=True
    ),
    "idle-locked-resting": Idle("10:24", "Alice", REGISTERED, PRIVATE, resting=17, locked=True),
    "lock-pin": _lock(Typing(PinFor.UNLOCK, "4711")),
    "lock-wrong": _lock(Typing(PinFor.UNLOCK, said=locking.WRONG)),
    "lock-wait": _lock(Typing(PinFor.UNLOCK, said=locking.WRONG), wait=27.0),
    "lock-checking": _lock(Typing(PinFor.UNLOCK, "4711", checking=True)),
    "lock-new": _lock(Typing(PinFor.NEW, said=pin.EASY)),
    "lock-dialling": Dialling(
        "030901820", "", phrase_in("they see", "nothing"), lifted=True, notice=calls.ONLY_HELP
    ),
    "settings": _settings(""),
    "settings-second-page": _settings("", page=1),
    "settings-sound": _settings("1"),
    "settings-calls": _settings("2"),
    "settings-melody": _settings("13"),
    "settings-volume": _settings("11"),
    "settings-forward": _settings("22"),
    "settings-forward-typed": _settings("22", typed="030901820"),
    "settings-lock": _settings("4"),
    "settings-easier": _settings("5"),
    "settings-language": _settings("31"),
    "settings-account": _settings("6"),
    "settings-network": _settings("7"),
    "settings-self-test": _settings("9"),
    "settings-options": _settings("*1"),
    "setup": _setup(),
    "setup-starting": _setup(fingerprint="", url=""),
    "setup-address": _setup(1, wrong=2),
    "setup-fingerprint": _setup(4),
    "setup-in-use": _setup(session="x", code=""),
    "setup-closed": _setup(said=setup.TOO_MANY),
    "setup-long": _setup(url="https://[2001:1234:5678:9012:3456:7890:1234:5678]/"),
    "idle-setup": Idle("10:24", "Alice", REGISTERED, PRIVATE, notice=setup.OPEN),
    "settings-reset": _settings("*", reset=1),
    "settings-reset-twice": _settings("*", reset=2),
    "idle-stuck-key": Idle(
        "10:24", "Alice", REGISTERED, PRIVATE, notice=phrase("Key {key} is stuck", key="5")
    ),
    "dialling-empty": Dialling("", "", "Alice Archer", lifted=True),
    "dialling-short": Dialling("2", "Bob Baker", "Alice Archer", lifted=True),
    "dialling-number": Dialling("030901820", "030901820", "Alice Archer", lifted=True),
    "dialling-rewritten": Dialling("030901820", "+49 30 901820", "Alice Archer", lifted=True),
    "dialling-match": Dialling("262", "", "Alice Archer", lifted=False, match="* Bob Baker +2"),
    "dialling-chosen": Dialling(
        "+49 30 901820",
        "Bob Baker",
        "Alice Archer",
        lifted=True,
        match=phrase("{number}/{of}  {key} next", number=1, of=3, key="*"),
    ),
    "dialling-chosen-address": Dialling(
        "bob@phone.test",
        "Bob Baker",
        phrase_in("they see", "nothing"),
        True,
        outputs.NO_SOUND,
        phrase("{number}/{of}  {key} next", number=2, of=3, key="*"),
    ),
    "dialling-match-greek": Dialling(
        "5274", "", phrase_in("they see", "nothing"), lifted=True, match="* Μαρία Παππά"
    ),
    "dialling-match-cyrillic": Dialling(
        "5492", "", phrase_in("they see", "nothing"), lifted=True, match="* Ольга Іванова"
    ),
    "dialling-long": Dialling(
        "+4930901820654", "+4930901820654", "Alice Archer, alice@phone.test", lifted=False
    ),
    "dialling-endless": Dialling(
        "0049309018206540011223344", "", "Alice Archer", True, notice=outputs.NO_SOUND
    ),
    "dialling-restricted": Dialling("030901820", "", phrase_in("they see", "nothing"), lifted=True),
    "dialling-code": Dialling(
        "", "", phrase_in("they see", "nothing"), lifted=True, notice=outputs.PERMIT_IN_VAIN
    ),
    "dialling-emergency": Dialling("112", "", phrase("{name} (emergency)", name="Alice Archer"), lifted=True),
    "dialling-emergency-countdown": Dialling(
        "112",
        phrase("Calls in {seconds} s", seconds=3),
        phrase("{name} (emergency)", name="Alice Archer"),
        lifted=True,
        notice=helping.STOP,
    ),
    "dialling-account": Dialling("102", "Bob Baker", "Alice Archer", lifted=True, account="kanzlei"),
    "calling-account": Calling("Bob Baker", outputs.RINGING, "Alice Archer", OPEN, account="kanzlei"),
    "ringing-account": Ringing("Bob Baker", "bob@phone.test", OPEN, account="kanzlei"),
    "ended-emergency": Ended(
        "112", EndReason.HUNG_UP.value, 63, phrase("They saw {name}. Private again.", name="Alice Archer")
    ),
    "dialling-emergency-place": Dialling(
        "112", "", phrase("{name} and place (emergency)", name="Alice Archer"), lifted=True
    ),
    "calling-place": Calling(
        "112",
        outputs.RINGING,
        phrase("{name} (emergency)", name="Alice Archer"),
        PRIVATE,
        place=phrase("Place sent {time} to {who}", time="12:03", who="112"),
    ),
    "calling-place-lift": Calling(
        "112",
        outputs.CALLING,
        phrase("{name} (emergency)", name="Alice Archer"),
        PRIVATE,
        lifted=False,
        notice=outputs.NO_SOUND,
        place=phrase("Place sent {time} in vain", time="12:03"),
    ),
    "call-place": replace(
        _in_call(Security.END_TO_END, 754, code="k7xq"),
        place=phrase("Place sent {time} to {who}", time="12:03", who="112"),
    ),
    "ended-place": Ended(
        "112",
        EndReason.PEER_HUNG_UP.value,
        65,
        place=phrase("Place sent {time} to {who}", time="12:03", who="112"),
    ),
    "calling": Calling("Bob Baker", outputs.RINGING, phrase_in("they see", "nothing"), PRIVATE),
    "calling-lift": Calling(
        "Αλεξάνδρα Παπαδοπούλου", outputs.CALLING, "Alice Archer", OPEN, lifted=False, notice=outputs.NO_SOUND
    ),
    "ringing": Ringing("Bob Baker", "bob@phone.test", PRIVATE),
    "ringing-long": Ringing(
        "Dr. Wilhelmina Freifrau von Müller-Lüdenscheidt", "w.mueller@kanzlei.example.org", OPEN
    ),
    "ringing-cyrillic": Ringing("Екатерина Щербакова", "+78125550142", PRIVATE),
    "ringing-hostile": Ringing(
        "\u202eknaB\u202c\n\tYour bank\x1b[2J 数字", "sip:\u2066x@203.0.113.9", UNREADABLE
    ),
    "ringing-verified": Ringing("Bob Baker", "bob@phone.test", PRIVATE, Trust.VERIFIED),
    "ringing-asserted": Ringing("+4930901820", "+4930901820", OPEN, Trust.ASSERTED),
    "ringing-anonymous": Ringing("Anonymous", "", PRIVATE, anonymous=True, silent=True),
    "ringing-false-proof": Ringing("Your bank", "+4930901820@phone.test", PRIVATE, doubtful=True),
    "call-verified": _in_call(Security.END_TO_END_VERIFIED),
    "call-volume": replace(
        _in_call(Security.END_TO_END), volume=phrase("Volume {level} of {most}: 2+ 8-", level=5, most=8)
    ),
    "call-muted": replace(_in_call(Security.END_TO_END), notice=outputs.MUTED),
    "call-waiting": replace(
        _in_call(Security.END_TO_END), notice=phrase("Hold 0: {who} calls", who="Carol Clerk")
    ),
    "call-conference": replace(_in_call(Security.PROVIDER), peer="Bob Baker + Carol Clerk"),
    "held": Held("Bob Baker", 83, outputs.BACK, "", OPEN),
    "held-two": Held("Bob Baker, Carol Clerk", 4205, outputs.BACK, EndReason.TOO_MANY.value, PRIVATE),
    "held-transfer": Held("Bob Baker", 83, outputs.TRANSFER_TO, "", OPEN),
    "held-transferring": Held("Екатерина Щербакова", 83, outputs.TRANSFERRING, "", OPEN),
    "functions": _functions("Bob Baker"),
    "functions-all": _functions("Bob Baker", other=True),
    "functions-at-rest": functions.page(Rules(), State(dialled=Recent(Party("sip:x@y"), 0.0))),
    "transfer-asked": Warning(
        phrase("Transfer?"),
        phrase("{who} wants to connect you to {name}", who="Bob Baker", name="Carol, carol@phone.test"),
        phrase("1 call  # stay"),
    ),
    "call-end-to-end": _in_call(Security.END_TO_END, code="k7xq"),
    "call-provider": _in_call(Security.PROVIDER, 4205),
    "call-clear": _in_call(Security.CLEAR),
    "call-securing": _in_call(Security.NONE, 0),
    "call-digits": _in_call(Security.END_TO_END, 754, code="artist bandit", digits="1#42"),
    "call-lift": InCall(
        "Jürgen Größenwahn-Şahin", Direction.IN, 3, Security.END_TO_END, OPEN, code="k7xq", lifted=False
    ),
    "call-text": Texting(
        "Bob Baker",
        83,
        Security.END_TO_END,
        OPEN,
        ("Hallo Alice,", "are you there? The doctor said I should come on Tuesd"),
        "yes, I am he",
        typing=True,
    ),
    "call-text-clear": Texting(
        "Екатерина Щербакова", 4205, Security.CLEAR, PRIVATE, ("Добрый день! \ufffd ж",), "", notice=""
    ),
    "call-text-notice": Texting(
        "Bob Baker", 5, Security.PROVIDER, OPEN, ("Hello",), "Hello", notice=outputs.MUTED
    ),
    "call-trouble": _in_call(Security.END_TO_END, 83, code="k7xq", notice=outputs.NO_SOUND, digits="9"),
    "ended-busy": Ended("Bob Baker", EndReason.BUSY.value, 0, warnings.HANG_UP),
    "ended-after-call": Ended("Bob Baker", EndReason.PEER_HUNG_UP.value, 4205, warnings.HANG_UP),
    "ended-encryption": Ended(
        "Екатерина Щербакова", EndReason.NO_COMMON_ENCRYPTION.value, 0, warnings.CALL_CLEAR
    ),
    "ringing-clear": Ringing("Bob Baker", "bob@phone.test", OPEN, Trust.ASSERTED, clear=True),
    "call-not-compared": replace(
        _in_call(Security.END_TO_END, code="k7xq"), hint=phrase("Not compared: hold *"), privacy=OPEN
    ),
    "call-differed": _in_call(Security.PROVIDER, notice=warnings.WORDS[Doubt.DIFFERED].title),
    "code-zrtp": Code("k7xq", "artist bandit", warnings.CODE_KEYS),
    "code-dtls": Code("kmmm jidc jd9p czso 3d3q pmb8 gt8p ufe8", "", warnings.CODE_KEYS),
    "code-wide": Code("mmmm wwww mmmm wwww mmmm wwww mmmm wwww", "", warnings.CODE_KEYS),
    "code-none": Code(
        "", phrase("No code: {why}", why=warnings.LEVELS[Security.PROVIDER]), warnings.NO_CODE_KEYS
    ),
    "warning-less": Warning(
        warnings.WORDS[Doubt.LESS].title,
        phrase(
            "Before: {before}. Now: {now}. Nobody hears you yet.",
            before=warnings.LEVELS[Security.END_TO_END],
            now=warnings.LEVELS[Security.PROVIDER],
        ),
        warnings.GO_ON_KEYS,
    ),
    **{
        f"warning-{doubt.name.lower()}": Warning(words.title, words.text, warnings.GO_ON_KEYS)
        for doubt, words in warnings.WORDS.items()
        if words.text
    },
    "warning-bare": Warning(
        warnings.TITLE,
        joined((phrase("They answered without it, unlike before."), warnings.ANYBODY_COULD)),
        warnings.GO_ON_KEYS,
    ),
    "ended-keys-differ": Ended(
        "Bob Baker", EndReason.KEYS_DIFFER.value, 0, phrase("Somebody between? Call another way")
    ),
    "ended-no-keys": Ended("Bob Baker", EndReason.NO_KEYS.value, 0, phrase("Try again, or call another way")),
    "offer-provider": _offer(Security.PROVIDER),
    "offer-provider-before": _offer(Security.PROVIDER, before=True),
    "offer-clear": _offer(Security.CLEAR),
    "answer-clear": _answer("Bob Baker"),
    "answer-clear-long": _answer("Jürgen Größenwahn-Şahin", before=True),
    "watcher-asks": WatcherAsks("Carol", "carol@phone.test"),
    "watcher-asks-long": WatcherAsks(
        "w.mueller-luedenscheidt", "w.mueller-luedenscheidt@kanzlei.example.org"
    ),
    "menu": _menu(""),
    "menu-second-page": _menu("", 1),
    "menu-they-see": _menu("1"),
    "menu-they-see-nothing": _menu("1", switch=PRIVATE),
    "menu-watchers": _menu("2"),
    "menu-watchers-private": _menu("2", switch=UNREADABLE),
    "menu-contacts": _contacts(),
    "menu-contacts-trouble": _contacts(
        troubles=(
            "CardDAV dav.test: it cannot be reached (Connection refused); look at the network, or at url",
        )
    ),
    "menu-contacts-faults": _contacts(
        page=1, faults=("people.vcf: line 9: has no number and no sip: address",)
    ),
    "menu-with-contacts": _contacts(item="", page=1),
    "menu-stored": _menu("3", 1),
    "menu-erase": _menu("3", asked=True),
    "menu-risk": _menu("4", 2),
    "menu-remedy": _menu("4", 3),
    "menu-about": _menu("5"),
    "menu-calls": _menu("7"),
    "menu-updates": _menu("6"),
    "menu-updates-support": _menu("6", 2),
    "update-offer": _update(_NEWS),
    "update-offer-chosen": _update(_NEWS, digits="2"),
    "update-offer-security": _update(replace(_NEWS, offer=_HOLE)),
    "update-fetching": _update(replace(_NEWS, stage=Stage.FETCHING, percent=42)),
    "update-restarting": _update(replace(_NEWS, stage=Stage.RESTARTING, percent=100)),
    "update-changed": _update(_CHANGED),
    "update-undone": _update(_UNDONE),
    "update-known-flaw": _update(replace(_NEWS, offer=None, affected=(KnownFlaw("SV-1", "x"),))),
    "pages-wide": Pages(
        phrase_in("title", "Watchers"),
        ("W" * 21, "ЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩЩ", "数字", "@" * 21),
        10,
        10,
        "* 8▼ #×",
    ),
    "message": Message(phrase("Starting"), "Sottovoce 0.1.0"),
}
