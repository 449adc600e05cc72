"""The rules of the house, held by reading every import. Each rule is checked against a planted breach too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PHONE = ROOT / "firmware" / "phone"

ONE_IMPORTER = {
    "pjsua2": "firmware.phone.sip.pjsua",
    "dns": "firmware.phone.sip.finding.names",
    "RPi": "firmware.phone.gpio",
    "alsaaudio": "firmware.phone.audio.alsa",
    "luma": "firmware.phone.display.oled",
}
"""A hardware library -> the one module or package that may import it."""

PURE = (
    "machine",
    "privacy",
    "presence",
    "place",
    "store",
    "stored_form",
    "risks",
    "events",
    "commands",
    "values",
    "status",
    "selftest",
    "updates",
    "manifest",
    "sip.suites",
    "display.screens",
    "display.views",
    "display.words",
    "sip.uri",
    "sip.headers",
    "sip.identity",
    "sip.authority",
    "sip.passport",
    "sip.pidf_lo",
    "sip.preview",
    "sip.sdp",
    "sip.subscribe",
    "sip.reasons",
    "sip.backoff",
    "sip.finding.order",
    "sip.finding.server",
    "keypad.matrix",
    "switches.levels",
    "lights.patterns",
    "health.judge",
    "audio.tones",
    "audio.countries",
    "audio.national",
    "audio.melodies",
    "book.entries",
    "book.t9",
    "audio.volume",
    "pin",
    "personal",
    "spoken",
    "display.pages",
    "display.resting",
    "display.paging",
    "language.phrase",
    "language.catalogue",
    "display.qr",
    "setting_up.change",
    "setting_up.effects",
)
"""Modules of firmware.phone that decide and draw: they import no driver, no thread, no socket."""

IMPURE = {
    "socket", "threading", "subprocess", "asyncio", "queue", "select", "selectors", "time",
    *ONE_IMPORTER, "lgpio", "smbus2", "aiohttp",
}  # fmt: skip
DRIVERS = {
    "firmware.phone.app",
    "firmware.phone.loop",
    "firmware.phone.control",
    "firmware.phone.checking",
    "firmware.phone.voice.espeak",
    "firmware.phone.storage",
    "firmware.phone.vault",
    "firmware.phone.retained",
    "firmware.phone.sealed",
    "firmware.phone.book.puller",
    "firmware.phone.gpio",
    "firmware.phone.audio.alsa",
    "firmware.phone.display.oled",
    "firmware.phone.display.painter",
    "firmware.phone.keypad.gpio",
    "firmware.phone.switches.gpio",
    "firmware.phone.lights.gpio",
    "firmware.phone.health.kernel",
    "firmware.phone.lights.pwm",
    "firmware.phone.sip.pjsua",
}


def imports(source: str) -> set[str]:
    """Every module that ``source`` imports, at whatever depth, but not those for type checkers alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def foreign_importers(module: str, source: str) -> list[str]:
    """Hardware libraries that ``module`` imports though another module owns them."""
    return [
        library
        for library, owner in ONE_IMPORTER.items()
        if any(within(name, library) for name in imports(source)) and not within(module, owner)
    ]


def impurities(source: str) -> list[str]:
    """What a pure module may not import."""
    return sorted(
        name
        for name in imports(source)
        if name.split(".")[0] in IMPURE or any(within(name, driver) for driver in DRIVERS)
    )


def modules(folder: Path) -> list[tuple[str, Path]]:
    return [
        (".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path)
        for path in sorted(folder.rglob("*.py"))
    ]


@pytest.mark.parametrize(("module", "path"), modules(ROOT / "firmware"), ids=lambda value: str(value)[-50:])
def test_a_hardware_library_has_one_importer(module: str, path: Path) -> None:
    assert foreign_importers(module, path.read_text()) == []


def test_the_pure_core_imports_no_driver() -> None:
    pure = [
        (module, path)
        for module, path in modules(PHONE)
        if any(within(module, f"firmware.phone.{name}") for name in PURE)
    ]
    assert len(pure) > len(PURE), "a name in PURE matches nothing"
    assert {module: found for module, path in pure if (found := impurities(path.read_text()))} == {}


def test_only_the_composition_root_knows_concrete_drivers() -> None:
    allowed = DRIVERS | {"firmware.phone.__main__", "firmware.phone.requests", "firmware.phone.watch"}
    named = {
        module: [
            name
            for name in imports(path.read_text())
            if any(within(name, driver) for driver in DRIVERS) and not name.startswith("firmware.phone.loop")
        ]
        for module, path in modules(PHONE)
        if not any(within(module, name) for name in allowed)
    }
    named = {
        module: [
            name
            for name in names
            if not (name.startswith("firmware.phone.gpio") and module.endswith(".gpio"))
        ]
        for module, names in named.items()
    }
    assert {module: names for module, names in named.items() if names} == {}


WRITERS = {
    "cli": "a picture of the screen, where the user says",
    "storage": "makes the state directory",
    "vault": "the files in it",
    "sealed": "one more of them",
    "__main__": "the folder of the control socket",
    "control": "the control socket",
    "restarts": "the note beside it that a run is not over",
    "door": "the empty file that wakes the updater",
    "period": "the folder of a guest period, removed with it",
    "setting_up.period": "files in memory that begin and end the set-up page, and what it hands over",
    "typed": "removes what was typed at the first start once phone.toml holds it",
    "setting_up.passwords": "the password of an account, typed on the set-up page",
    "sip.pjsua.selfcall": "a folder for one call to itself, removed after it",
    "sip.pjsua.throwaway": "the certificate in it",
    "lights.pwm": "the outputs of a PWM chip, files of the kernel",
}
"""Modules of firmware.phone that may write to the file system, and what."""

_WRITING = {
    "write_text", "write_bytes", "touch", "mkdir", "makedirs", "pwrite", "rename", "replace", "symlink_to",
    "hardlink_to", "unlink", "remove", "rmdir", "truncate", "ftruncate", "mkstemp", "mkdtemp",
    "NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory",
}  # fmt: skip
_ON_TEXT_TOO = {"replace", "remove"}
"""Methods of strings and lists have these names as well: they count when they are called on os or shutil."""


def writes(source: str) -> list[str]:
    """Calls that change the file system, and files opened in another mode than reading."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        owner = getattr(getattr(node.func, "value", None), "id", "")
        if name in _WRITING and (name not in _ON_TEXT_TOO or owner in ("os", "shutil")):
            found.append(name)
        modes = [ast.unparse(given) for given in [*node.args, *(k.value for k in node.keywords)]]
        if name == "open" and any(
            (mode[:1] in "'\"" and set(mode[1:-1]) <= set("rwaxbt+") and set(mode) & set("wax+"))
            or "O_WRONLY" in mode or "O_RDWR" in mode
            for mode in modes
        ):  # fmt: skip
            found.append("open")
    return found


def test_only_the_store_writes_to_files() -> None:
    others = {
        module: found
        for module, path in modules(PHONE)
        if module.removeprefix("firmware.phone.") not in WRITERS and (found := writes(path.read_text()))
    }
    assert others == {}
    assert writes((PHONE / "vault.py").read_text())


def test_the_updater_never_imports_the_sip_engine() -> None:
    for module, path in modules(ROOT / "firmware"):
        if within(module, "firmware.updater"):
            assert not any(within(name, "firmware.phone.sip") for name in imports(path.read_text())), module


def test_the_rules_can_go_red() -> None:
    assert foreign_importers("firmware.phone.machine.step", "import pjsua2") == ["pjsua2"]
    assert foreign_importers("firmware.phone.keypad.gpio", "from RPi import GPIO") == ["RPi"]
    assert impurities("def f():\n    from firmware.phone.audio.alsa import AlsaAudio\n")
    assert impurities("import threading")
    assert writes("open('calls', 'a').write(number)") == ["open"]
    assert writes("path.open(mode='wb')") == ["open"]
    assert writes("os.open(path, os.O_RDWR | os.O_CREAT)") == ["open"]
    assert writes("os.replace(new, old)\nPath(x).write_text(y)") == ["replace", "write_text"]
    assert writes("text.replace('a', 'b')\nopen(path, 'rb')") == []
    assert not impurities("import dataclasses")
