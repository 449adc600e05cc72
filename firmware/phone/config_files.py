"""The kinds of value of phone.toml that are secrets or files."""

from __future__ import annotations

import hmac
import io
import os
import shlex
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from firmware.phone.config_kinds import Wrong, found, one_line, shown

MASK = "***"
_LONGEST_FILE = 4 * 1024 * 1024
_FIRST_LINE = 33
"""Octets by which a key is told from other files: as far as they go there is nothing secret in one."""

_NOBODY_TYPES = (
    "{} asks for a passphrase, which nobody can type here; "
    "write the key without one: openssl pkey -in OLD -out NEW"
)


class Secret:
    """Text that shows itself to nobody who does not ask by :meth:`reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(Secret)

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored")


@dataclass(frozen=True)
class PemFile:
    """A file in PEM form that holds a ``label``; only its owner and group may read a ``private`` one.

    ``check`` raises ``ValueError`` in plain words for a content that cannot be used.
    """

    label: str
    private: bool = False
    check: Callable[[bytes], None] | None = None

    @property
    def words(self) -> str:
        return "file name (PEM)"

    def read(self, raw: object, folder: Path) -> Path:
        path = folder / one_line(raw, longest=1024, empty=False)
        content = read_file(path, self.private)
        if f"{self.label}-----".encode() not in content:
            raise Wrong(f"{shown(path.name)} holds no {self.label.lower()} in PEM form; name the right file")
        if self.private and b"ENCRYPTED" in content:
            raise Wrong(_NOBODY_TYPES.format(shown(path.name)))
        if self.check is not None:
            try:
                self.check(content)
            except ValueError as error:
                raise Wrong(f"{shown(path.name)} {error}") from None
        return path


@dataclass(frozen=True)
class Files:
    """A list of files that can be read now."""

    most: int = 10

    @property
    def words(self) -> str:
        return "list of file names"

    def read(self, raw: object, folder: Path) -> tuple[Path, ...]:
        if not isinstance(raw, list):
            raise Wrong(f'is {found(raw)}; write a list of names such as ["…"]')
        if len(raw) > self.most:
            raise Wrong(f"has more than {self.most} entries; remove some")
        paths = tuple(folder / one_line(name, longest=1024, empty=False) for name in raw)
        for path in paths:
            _start(path)
        if len(set(paths)) < len(paths):
            raise Wrong("names one file twice; remove one")
        return paths


@dataclass(frozen=True)
class KeyFile:
    """A private key that only its owner may touch. All that is read here is the first line, that is enough
    to tell a key from another file: the key itself is read where it can be wiped again."""

    words: str = "file name (PEM)"

    def read(self, raw: object, folder: Path) -> Path:
        path = folder / one_line(raw, longest=1024, empty=False)
        start, mode = _start(path)
        if b"PRIVATE KEY-" not in start:
            raise Wrong(
                f"{shown(path.name)} does not begin with a private key in PEM form; name the right file, or "
                "write the key alone: openssl pkey -in OLD -out NEW"
            )
        if b"ENCRYPTED" in start:
            raise Wrong(_NOBODY_TYPES.format(shown(path.name)))
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Wrong(
                f"{shown(path.name)} is open to others than its owner; "
                f"run: chmod 600 {shlex.quote(str(path))}"
            )
        return path


@dataclass(frozen=True)
class Password:
    """A password in the file itself, or in a file of its own that the key with ``_file`` behind it names."""

    words: str = "text"

    def read(self, raw: object, folder: Path) -> Secret:
        return self._checked(raw)

    def read_from_file(self, raw: object, folder: Path) -> Secret:
        path = folder / one_line(raw, longest=1024, empty=False)
        try:
            text = read_file(path, private=True).decode()
        except UnicodeDecodeError:
            raise Wrong(f"{shown(path.name)} is not UTF-8 text; write the password into it") from None
        line = text.removesuffix("\n").removesuffix("\r")
        if not line or "\n" in line:
            raise Wrong(f"{shown(path.name)} must hold one line, the password, and nothing else")
        return self._checked(line)

    def _checked(self, raw: object) -> Secret:
        text = one_line(raw, longest=256, empty=False)
        if text == MASK:
            raise Wrong(f'"{MASK}" only stands for a hidden password; write the password itself')
        return Secret(text)


def read_file(path: Path, private: bool) -> bytes:
    """What the file holds. Raises ``Wrong`` if it cannot be read or, when ``private``, others may read it."""
    name = shown(str(path), longest=2000)
    content, mode = _start(path, _LONGEST_FILE + 1)
    if len(content) > _LONGEST_FILE:
        raise Wrong(f"{name} is not an ordinary file of moderate size; name the right one")
    if private and mode & (stat.S_IROTH | stat.S_IWOTH):
        raise Wrong(f"{name} is open to every user of this machine; run: chmod 600 {shlex.quote(str(path))}")
    return content


def _start(path: Path, longest: int = _FIRST_LINE) -> tuple[bytes, int]:
    """The first octets of an ordinary file, and its mode. Raises ``Wrong`` if it cannot be read."""
    name = shown(str(path), longest=2000)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb", buffering=0) as file:
            mode = os.fstat(descriptor).st_mode
            content = _read(file, longest) if stat.S_ISREG(mode) else None
    except PermissionError:
        raise Wrong(f"{name} may not be read; give the phone's user the right to") from None
    except OSError as error:
        raise Wrong(f"{name} cannot be read: {error.strerror}; name a file that is there") from None
    if content is None:
        raise Wrong(f"{name} is not an ordinary file of moderate size; name the right one")
    return content, mode


def _read(file: io.RawIOBase, longest: int) -> bytes:
    content = b""
    while len(content) < longest and (more := file.read(longest - len(content))):
        content += more
    return content
