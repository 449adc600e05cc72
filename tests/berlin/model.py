"""What a report is made of: rows, experiments, and how the verdict of a row follows from those of its
experiments.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.berlin.stage import Stage


class Verdict(enum.StrEnum):
    """What an experiment or a row comes to."""

    PASS = "pass"
    FAIL = "fail"
    NOT_YET = "not yet"


class NotYet(Exception):
    """A part that the experiment needs is not built; the text says which part and where it comes."""


@dataclass(frozen=True)
class Seen:
    """What an experiment observed."""

    good: bool
    text: str
    evidence: Sequence[Path] = ()


Work = Callable[["Stage"], Seen]


@dataclass(frozen=True)
class Experiment:
    """One thing to do and to look at."""

    row: str
    work: Work

    @property
    def name(self) -> str:
        """For the progress line and for the name of an evidence file."""
        return self.work.__name__.replace("_", " ")

    @property
    def done(self) -> str:
        """What is done, from the function's description."""
        return " ".join((self.work.__doc__ or self.name).split())


@dataclass(frozen=True)
class Result:
    """What came of one experiment."""

    name: str
    done: str
    observed: str
    verdict: Verdict
    evidence: tuple[str, ...] = ()
    """Paths relative to the report."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Row:
    """One recommendation."""

    id: str
    recommendation: str
    behaviour: str
    """What our phone does."""
    results: list[Result] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """Fail if any experiment fails; not yet if any part is missing, or if nothing was tried."""
        found = {result.verdict for result in self.results}
        if Verdict.FAIL in found:
            return Verdict.FAIL
        return Verdict.PASS if found == {Verdict.PASS} else Verdict.NOT_YET

    @property
    def missing(self) -> list[str]:
        """The parts that are not built."""
        return [result.observed for result in self.results if result.verdict is Verdict.NOT_YET]


REGISTRY: list[Experiment] = []


def experiment(row: str) -> Callable[[Work], Work]:
    """Enter a function as an experiment of a row; its docstring says what it does."""

    def enter(work: Work) -> Work:
        REGISTRY.append(Experiment(row, work))
        return work

    return enter
