"""Where the experiments take place: what is made once, the days they look at, and the folder of the
evidence.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.berlin.model import NotYet
from tests.berlin.plants import Plant
from tests.rig.certs import Authority
from tests.rig.identity import Identity
from tests.rig.lab import Kit, Lab
from tests.rig.peer_secrets import key_logger
from tests.rig.phone import ROOT, Answer
from tests.rig.speech import Talker

T = TypeVar("T")

LATER = re.compile("later version")
"""How the daemon refuses a command that is not built."""


@dataclass
class Stage:
    """One run of the report. Scenes are played when the first experiment asks for them, and only once."""

    out: Path
    """The report's folder; evidence goes beneath it."""
    work: Path
    """What servers and phones write while they run."""
    plant: Plant | None = None
    """A leak to plant in every phone, so that the report is seen to find it."""
    brief: bool = False
    """Only the calls, and short ones: for seeing that a planted leak is found."""
    _played: dict[Callable[[Stage], Any], Any] = field(default_factory=dict)
    _kit: Kit | None = None

    @property
    def kit(self) -> Kit:
        """Certificates, voices and the key logger."""
        if self._kit is None:
            folder = self.folder("kit")
            authority = Authority.create(folder / "ca")
            near, far = Talker(folder, "near"), Talker(folder, "far")
            self._kit = Kit(authority, authority.registrar(), near, far, key_logger(folder))
        return self._kit

    def lab(self, name: str) -> Lab:
        """A lab with a folder of its own, to be entered."""
        return Lab(self.folder(name), self.kit)

    def folder(self, name: str) -> Path:
        """A folder for what is not evidence."""
        made = self.work / name
        made.mkdir(parents=True, exist_ok=True)
        return made

    def evidence(self, scene: str, name: str) -> Path:
        """Where a file of evidence is to be written."""
        file = self.out / "evidence" / scene / name
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def relative(self, file: Path) -> str:
        """A file's name as the report says it."""
        return os.path.relpath(file, self.out)

    def played(self, scene: Callable[[Stage], T]) -> T:
        """What a scene observed. A scene that broke off breaks off each experiment that needs it, alike."""
        if scene not in self._played:
            try:
                self._played[scene] = scene(self)
            except Exception as error:  # noqa: BLE001 - kept for every experiment that asks for this scene
                self._played[scene] = error
        found = self._played[scene]
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]

    def phone(self, who: Identity, folder: Path) -> dict[str, Any]:
        """Arguments of ``Lab.phone`` for this person, with the leak that is to be planted."""
        options = who.phone(folder)
        if self.plant is not None:
            planted = self.plant.environment(who, folder)
            library = planted.pop("LD_PRELOAD", "")
            options["env"] |= planted
            options["env"]["LD_PRELOAD"] = ":".join(filter(None, [library, options["env"]["LD_PRELOAD"]]))
            options["module"] = self.plant.module
        return options

    def has(self, part: str) -> bool:
        """Whether a part of the source is there at all, by its file name: for what no command tells of."""
        return (ROOT / part).exists()


def built(answer: Answer, part: str, where: str) -> Any:
    """The JSON of a ``sotto`` command.

    Raises:
        NotYet: the phone says that the command comes with a later version; ``where`` says with which issue.
        AssertionError: it was refused for another reason.
    """
    if answer.exit == 1 and LATER.search(answer.text):
        raise NotYet(f"{part} is not built; it comes with {where}.")
    if answer.exit != 0:
        raise AssertionError(f"{part} was refused: {answer.text.strip()}")
    return answer.data


def python(*words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one of the project's modules."""
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=seconds, cwd=ROOT, check=False
    )


def files_under(folder: Path) -> dict[str, bytes]:
    """Name within ``folder`` -> octets of every file in it."""
    found = {}
    for file in sorted(folder.rglob("*")):
        with suppress(OSError):
            if file.is_file():
                found[str(file.relative_to(folder))] = file.read_bytes()
    return found
