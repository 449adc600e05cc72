"""Carries out the experiments, one row after the other, and never leaves one without a verdict."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from tests.berlin import rows as table
from tests.berlin.experiments import EXPERIMENTS
from tests.berlin.model import Experiment, NotYet, Result, Row, Verdict
from tests.berlin.stage import Stage

Tell = Callable[[str], None]


def run(stage: Stage, only: Sequence[str] = (), tell: Tell = print) -> list[Row]:
    """All rows, or those named in ``only``, with what came of their experiments.

    ``tell`` gets a line for each experiment. A row without an experiment is not left out: it reads "not yet".
    """
    found = table.rows()
    for name in only or found:
        for experiment in EXPERIMENTS:
            if experiment.row == name:
                result = carry_out(experiment, stage)
                found[name].results.append(result)
                tell(f"{name:>4}  {result.verdict:<7}  {experiment.name} ({result.seconds:.1f} s)")
        if not found[name].results:
            found[name].results.append(
                Result("nothing to try", "Nothing.", "There is no experiment yet.", Verdict.NOT_YET)
            )
    return [row for name, row in found.items() if not only or name in only]


def carry_out(experiment: Experiment, stage: Stage) -> Result:
    """One experiment; what it could not do for another reason than a missing part is a failure."""
    began = time.monotonic()
    made = Result(experiment.name, experiment.done, "", Verdict.FAIL)
    try:
        seen = experiment.work(stage)
        verdict = Verdict.PASS if seen.good else Verdict.FAIL
        evidence = tuple(stage.relative(file) for file in seen.evidence)
        made = replace(made, observed=seen.text, verdict=verdict, evidence=evidence)
    except NotYet as missing:
        made = replace(made, observed=str(missing), verdict=Verdict.NOT_YET)
    except Exception as error:  # noqa: BLE001 - a broken experiment must be seen in the report
        file = stage.evidence(experiment.row, f"{experiment.work.__name__}-error.txt")
        file.write_text("".join(traceback.format_exception(error)))
        first = str(error).strip().splitlines() or [type(error).__name__]
        text = f"The experiment could not be carried out to its end: {first[0]}"
        made = replace(made, observed=text, evidence=(stage.relative(file),))
    return replace(made, seconds=time.monotonic() - began)
