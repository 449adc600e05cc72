"""The documents agree with the programs: each command is parsed, each option, key and word looked up."""

from __future__ import annotations

import argparse
import functools
import importlib.util
import itertools
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from firmware.documents.stage import ROOT
from firmware.messages.source import template
from firmware.phone import cli
from firmware.phone.board import known_boards, load_board
from firmware.phone.config_option import Table, Tables, rows
from firmware.phone.config_read import read
from firmware.phone.config_types import Config
from firmware.phone.machine import emergency, functions, menu, services, starcodes
from firmware.phone.suggest import suggestion
from firmware.phone.values import KEYS
from firmware.release import __main__ as release
from tests.documents import said
from tests.documents.said import Said
from tests.golden.samples import SAMPLES

MAKEFILE = (ROOT / "Makefile").read_text()


# ---- commands

TARGETS = {name for line in re.findall(r"^([a-z][a-z -]*):", MAKEFILE, re.MULTILINE) for name in line.split()}
VARIABLES = set(re.findall(r"\$\(([A-Z]+)\)", MAKEFILE)) | set(
    re.findall(r"\$\((?:if|or) \$\(([A-Z]+)\)", MAKEFILE)
)


def make_faults(command: str) -> str:
    """ "" if ``make`` would know what ``command`` asks for."""
    for word in shlex.split(command)[1:]:
        name, sign, _ = word.partition("=")
        if sign and name not in VARIABLES:
            return f"the Makefile has no variable {name}"
        if not sign and word not in TARGETS:
            return f"the Makefile has no target {word}"
    return ""


class _Refused(Exception):
    pass


def parse_faults(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """ "" if ``parser`` takes ``words``; else its own complaint."""

    def refuse(self: argparse.ArgumentParser, message: str) -> None:
        del self
        raise _Refused(message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "error", refuse)
        try:
            parser.parse_args(list(words))
        except _Refused as fault:
            return str(fault)
        except SystemExit:
            return ""
    return ""


def written_out(command: str) -> list[list[str]]:
    """A command that names several, ``sotto call hold|mute``: each of them as words. Unfinished ones end
    where they end: what only names a command is told by ``names``."""
    words = [word for word in shlex.split(command.replace("…", "X")) if word != "&"]
    first = next((word for word in words if "|" in word), None)
    if first is None:
        return [words]
    return [[one if word == first else word for word in words] for one in first.split("|")]


def names(parser: argparse.ArgumentParser, words: Sequence[str]) -> bool:
    """Whether ``words`` only name a program or its command, options beside: ``sotto preview``."""
    actions = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not words:
        return True
    if not actions or words[0] not in actions[0].choices:
        return False
    options = {name for action in actions[0].choices[words[0]]._actions for name in action.option_strings}
    return (
        all(word in options for word in words[1:] if word.startswith("-"))
        and len([word for word in words[1:] if not word.startswith("-")]) == 0
    )


def parsed_faults(parser: argparse.ArgumentParser, command: str) -> list[str]:
    return [
        fault
        for words in written_out(command)
        if not names(parser, words[1:]) and (fault := parse_faults(parser, words[1:]))
    ]


def test_every_make_target_and_variable() -> None:
    asked = said.commands("make")
    assert len({line.text for line in asked}) > 25
    assert {line: fault for line in asked if (fault := make_faults(line.text))} == {}


def test_every_sotto_command_is_parsed() -> None:
    asked = said.commands("sotto")
    assert len({line.text for line in asked}) > 20
    assert {line: fault for line in asked if (fault := parsed_faults(cli.parser(), line.text))} == {}


def test_every_sotto_release_command_is_parsed() -> None:
    asked = said.commands("sotto-release")
    assert len({line.text for line in asked}) > 10
    assert {line: fault for line in asked if (fault := parsed_faults(release.parser(), line.text))} == {}


@functools.cache
def help_of(module: str) -> str:
    """What ``python -m module --help`` prints, with the help of its commands."""
    words = [sys.executable, "-m", module, "--help"]
    run = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, timeout=60, env=os.environ | {"COLUMNS": "200"}
    )
    return run.stdout + run.stderr


ELSEWHERE = {"pytest", "serve.py"}
"""Python programs that are not ours: the test runner, and one that a page itself writes."""


def module_faults(command: str) -> str:
    """ "" if the module is there and its help knows every long option that is named."""
    words = [word for word in shlex.split(command.replace("…", "X")) if word != "&"]
    module, rest = (words[2], words[3:]) if words[1] == "-m" else (words[1], words[2:])
    if module in ELSEWHERE:
        return "".join(
            f"no file {word} " for word in rest if word.startswith("tests/") and not (ROOT / word).exists()
        )
    if importlib.util.find_spec(module) is None:
        return f"there is no module {module}"
    text = help_of(module)
    ours = rest[: rest.index("--")] if "--" in rest else rest
    for word in ours:
        option = word.partition("=")[0]
        if option.startswith("--") and option not in text:
            return f"{module} has no option {option}"
        if word.startswith("tests/") and not (ROOT / word).exists():
            return f"there is no {word}"
    board = dict(itertools.pairwise(ours)).get("--board", "")
    if board and board not in ("NAME", "FILE") and board not in known_boards():
        return f"there is no board {board}"
    return ""


def test_every_python_program_and_its_options() -> None:
    asked = said.commands("python")
    assert len({line.text for line in asked}) > 12
    assert {line: fault for line in asked if (fault := module_faults(line.text))} == {}


# ---- options of phone.toml


def tables(cls: type = Config, at: str = "") -> Iterator[tuple[str, set[str]]]:
    """Every table by its dotted name, with its keys; those of passwords in files too."""
    keys = set()
    for row in rows(cls):
        kind = row.option.kind
        if isinstance(kind, Table | Tables):
            yield from tables(kind.cls, f"{at}.{row.key}" if at else row.key)
        keys |= {row.key, f"{row.key}_file"} if type(kind).__name__ == "Password" else {row.key}
    yield at, keys


OPTIONS = dict(tables())
UPDATE = {"url", "mode", "hours", "whole", "ca_file"}
"""The options of update.toml that are named with a dot or a sign of equality."""
NOT_OPTIONS = re.compile(
    r"\.(toml|test|example|md|py|sh|txt|json|xml|service|org|so|c|h|cpp|key|pem|sock)\b|[/ ()]"
)


def option_faults(span: str) -> str:
    """ "" unless ``span`` names an option of phone.toml, ``privacy.watcher``, that is not there."""
    inside = re.fullmatch(r"\[{1,2}([a-z_.]+)\]{1,2}", span)
    if inside:
        board = {
            "gpio",
            "pwm",
            "lights",
            "display",
            "audio",
            "health",
            "keypad",
            "switches",
            "notes",
            "Service",
        }
        return "" if inside[1] in OPTIONS or inside[1] in board else f"there is no table {inside[1]}"
    name = span.partition(" = ")[0]
    if NOT_OPTIONS.search(name):
        return ""
    table, dot, key = name.rpartition(".")
    if not dot or not table or table.partition(".")[0] not in OPTIONS:
        return ""
    if table not in OPTIONS:
        return f"there is no table {table}"
    return "" if key in OPTIONS[table] else f"[{table}] has no option {key}"


def test_every_option_of_phone_toml() -> None:
    looked = [line for line in said.spans() if re.match(r"\[?[a-z_]+(\.[a-z_]+)+|\[\[?[a-z]", line.text)]
    assert len({line.text for line in looked if line.text.partition(".")[0] in OPTIONS}) > 20
    assert {line: fault for line in said.spans() if (fault := option_faults(line.text))} == {}


ABSENT = re.compile(r"is not there|cannot be read|no such file", re.IGNORECASE)
"""What is wrong with a file that an example names and nobody has."""


def toml_faults(text: str) -> list[str]:
    """What the reader of phone.toml finds wrong with a piece of one; the account's missing parts are not."""
    document: dict[str, Any] = tomllib.loads(text)
    _, faults = read(document, ROOT / "docs", ROOT / "docs" / "phone.toml")
    return [fault for fault in faults if "is missing" not in fault and not ABSENT.search(fault)]


def of_another_file(text: str) -> bool:
    """Whether no table in it is one of phone.toml, nor nearly one: a release, a notice, a board."""
    known = {row.key for row in rows(Config)}
    tables = tomllib.loads(text)
    return not any(name in known or suggestion(name, known) for name in tables)


def test_every_piece_of_phone_toml() -> None:
    pieces = [piece for piece in said.blocks("toml") if not of_another_file(piece.text)]
    assert len(pieces) >= 2
    assert not of_another_file("[[contacts]]")
    assert {piece: faults for piece in pieces if (faults := toml_faults(piece.text))} == {}


def test_the_example_of_phone_toml_is_right_with_its_remarks_taken_in() -> None:
    example = (ROOT / "docs" / "phone.toml.example").read_text()
    assert toml_faults(example) == []
    for part in example.split("\n\n"):
        taken_in = re.sub(r"^# (?=[a-z_]+ = |\[)", "", part, flags=re.MULTILINE)
        assert toml_faults(taken_in) == [], part


# ---- keys

CODE = re.compile(r"[*#][0-9*#]{1,}(number#?)?")


def code_faults(span: str) -> str:
    """ "" unless ``span`` is a code that is dialled and the telephone would take it for a number."""
    if not CODE.fullmatch(span):
        return ""
    if set(span) == {"*", "#"} or span in KEYS:
        return ""
    digits = span.replace("number", "030901820")
    unfinished = re.fullmatch(r"\*(21|61|67)\*", digits)  # the beginning of one, as a table names them
    if unfinished or services._CODE.fullmatch(digits) or digits in starcodes.EVERYWHERE:
        return ""
    return "no rule of dialling knows this code"


def test_every_code_is_one_of_the_dialling_rules() -> None:
    codes = {line.text for line in said.spans() if CODE.fullmatch(line.text)}
    assert len(codes) >= 10
    assert {line: fault for line in said.spans() if (fault := code_faults(line.text))} == {}


def test_the_keys_of_functions_are_those_of_the_manual() -> None:
    """Each key that the source of the functions answers to stands in the manual, and no other."""
    manual = (ROOT / "docs" / "manual.md").read_text()
    rest = re.search(r"\*\*At rest\*\* hold `0`, then (.*)", manual)
    assert rest is not None
    source = Path(services.__file__).read_text()
    assert set(re.findall(r"`(\d)`", rest[1])) == set(re.findall(r'found\["(\d)"\]', source))


def keys_in_table(page: str, heading: str) -> set[str]:
    """The first column of the table that follows ``heading``."""
    after = (ROOT / page).read_text().split(heading, 1)[1]
    table = after[after.index("|---") :].split("\n\n", 1)[0]
    return {key for row in table.splitlines()[1:] for key in re.findall(r"`([^`]+)`", row.split("|")[1])}


def test_the_keys_in_a_call_are_those_of_the_manual() -> None:
    source = Path(functions.__file__).read_text()
    known = set(re.findall(r'found\["(\d)"\]', source)) | {functions.BACK}
    assert keys_in_table("docs/manual.md", "**In a call**") == known


def test_the_keys_of_the_menu_are_those_of_the_manual() -> None:
    named = {
        name: value
        for name, value in vars(menu).items()
        if isinstance(value, str) and re.fullmatch(r"[\d*]", value)
    }
    source = Path(menu.__file__).read_text()
    known = set(re.findall(r'(?:items\[|^ +)"(\d)"(?:\]|: Item)', source, re.MULTILINE))
    known |= {value for name, value in named.items() if name.isupper() and value.isdigit()} | {"*"}
    assert keys_in_table("docs/manual.md", "## The menu") == known


def test_emergency_numbers_of_the_documents() -> None:
    for page, text in said.documents().items():
        for number in re.findall(r"\b(112|911|110)\b(?=,| and)", text):
            assert any(emergency.is_emergency(country, number) for country in ("DE", "US")), (page, number)


# ---- files, boards, words of the display

FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {
    "build"
}


WRITTEN_LATER = {"firmware/phone/language/da.po", "tests/golden/languages/da.png"}
"""What a command on the same page writes: the beginning of a new language."""


def file_faults(span: str) -> str:
    """ "" unless ``span`` names a file of the repository that is not there."""
    name = span.rstrip("/").partition("::")[0]
    if "/" not in span or name.split("/")[0] not in FOLDERS or re.search(r"[ ()=]|://", name):
        return ""
    if re.search(r"\b(BOARD|NAME)\b", name):
        name = re.sub(r"\b(BOARD|NAME)\b", "*", name)
    if name in WRITTEN_LATER or name.startswith("build/"):
        return ""
    return "" if any(ROOT.glob(name)) else "there is no such file"


def test_every_file_that_is_named() -> None:
    looked = [line for line in said.spans() if "/" in line.text and line.text.split("/")[0] in FOLDERS]
    assert len({line.text for line in looked}) > 60
    assert {line: fault for line in looked if (fault := file_faults(line.text))} == {}


def test_every_board_that_is_named_is_there() -> None:
    named = {
        match
        for text in said.documents().values()
        for match in re.findall(r"make [a-z-]+ BOARD=([a-z0-9-]+)", text)
    }
    images = {path.parent.name for path in (ROOT / "board").glob("*/image.toml")}
    assert named
    assert named <= images
    for name in known_boards():
        load_board(name)


@functools.cache
def phrases() -> frozenset[str]:
    """All that the display can say, in English: one line of it, or one phrase of the source."""
    from firmware.phone.display import views

    shown = {line for screen in SAMPLES.values() for line in views.lines(screen)}
    for message in template():
        shown |= set(message.id) if isinstance(message.id, tuple) else {str(message.id)}
    return frozenset(shown)


def word_faults(words: str) -> str:
    """ "" if the display can say ``words``, whole or as the beginning of a line."""
    if any(phrase == words or (phrase.startswith(words) and len(words) > 3) for phrase in phrases()):
        return ""
    return "the display never says so"


def test_every_word_of_the_display() -> None:
    assert len(said.shown()) > 15
    assert {line: fault for line in said.shown() if (fault := word_faults(line.text))} == {}


# ---- each rule goes red

PLANTED = [
    (make_faults, "make coffee"),
    (make_faults, "make soak HOUR=8"),
    (lambda text: parsed_faults(cli.parser(), text), "sotto statuss"),
    (lambda text: parsed_faults(cli.parser(), text), "sotto update postpone --weeks 7"),
    (lambda text: parsed_faults(cli.parser(), text), "sotto call hold|resume|swop"),
    (lambda text: parsed_faults(release.parser(), text), "sotto-release publish --fast"),
    (module_faults, "python -m firmware.telephone"),
    (module_faults, "python -m firmware.phone --configuration phone.toml"),
    (module_faults, "python -m firmware.phone --board raspberry-pi-9 --check"),
    (option_faults, "privacy.history_days"),
    (option_faults, "[[privacy.watchers]]"),
    (option_faults, 'media.encrypt = "provider"'),
    (toml_faults, '[privacy]\nanonymous_callers = "louder"'),
    (code_faults, "*99#"),
    (code_faults, "*22*number#"),
    (file_faults, "tests/unit/test_nothing.py"),
    (file_faults, "board/NAME/bord.toml"),
    (word_faults, "Provider is listening"),
]


@pytest.mark.parametrize(("rule", "planted"), PLANTED, ids=[planted for _, planted in PLANTED])
def test_the_rules_can_go_red(rule: Any, planted: str) -> None:
    assert rule(planted)


def test_a_planted_page_is_read() -> None:
    """The finder itself: commands in sentences and blocks, without their prefix and remarks."""
    assert Said("README.md", "make run") in said.commands("make")
    assert any(line.text.startswith("python -m firmware.phone --config") for line in said.commands("python"))
