"""The report as files: report.json for programs, report.html for a wall."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.berlin import page
from tests.berlin.model import Row
from tests.berlin.stage import python


def write(found: list[Row], out: Path, planted: str = "") -> None:
    """Write both files into ``out``. ``planted``: the name of a leak that was planted."""
    generated = datetime.now(UTC).replace(microsecond=0)
    content = as_json(found, generated.isoformat(), version(), planted)
    (out / "report.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    (out / "report.html").write_text(page.html(found, generated, version(), planted))


def as_json(found: list[Row], generated: str, version: str, planted: str = "") -> dict[str, Any]:
    """The whole report as JSON's own values."""
    return {
        "generated": generated,
        "version": version,
        **({"planted": planted} if planted else {}),
        "rows": [
            {
                "id": row.id,
                "recommendation": row.recommendation,
                "what the phone does": row.behaviour,
                "verdict": row.verdict.value,
                "missing": row.missing,
                "experiments": [
                    {
                        "name": result.name,
                        "what was done": result.done,
                        "what was observed": result.observed,
                        "verdict": result.verdict.value,
                        "evidence": list(result.evidence),
                        "seconds": round(result.seconds, 1),
                    }
                    for result in row.results
                ],
            }
            for row in found
        ],
    }


def version() -> str:
    """The firmware's own version."""
    done = python("-c", "from firmware.phone.version import VERSION; print(VERSION)")
    return done.stdout.strip()
