"""Each line of the checklist of regulations is shown by something that is there."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from firmware.documents.stage import ROOT

PAGE = ROOT / "docs" / "regulations.md"
_TEST = re.compile(r"^(async )?def test_|^PLANTED|^    def test_", re.MULTILINE)


def lines(text: str) -> list[tuple[str, list[str]]]:
    """The rule and what shows it, for every row of the tables that have a column "shown by"."""
    found, shown_by = [], False
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            shown_by = False
        elif cells[-1] == "shown by":
            shown_by = True
        elif shown_by and not set(cells[0]) <= set("-"):
            found.append((f"{cells[0]}: {cells[1]}", re.findall(r"`([^`]+)`", cells[-1])))
    return found


def faults(text: str) -> list[str]:
    """Rows that nothing shows, or whose test or file is not there."""
    said = []
    for rule, named in lines(text):
        if not named:
            said.append(f"{rule}: nothing is named")
        for name in named:
            path = ROOT / name
            if not path.is_file():
                said.append(f"{rule}: there is no {name}")
            elif path.name.startswith("test_") and not _TEST.search(path.read_text()):
                said.append(f"{rule}: {name} has no test")
    return said


def test_each_line_names_a_test_or_file_that_is_there() -> None:
    text = PAGE.read_text()
    assert len(lines(text)) > 40
    assert faults(text) == []


@pytest.mark.parametrize("act", ["CRA", "EN 18031", "EN 303 645", "ePrivacy", "EAA", "GDPR"])
def test_each_act_has_lines(act: str) -> None:
    assert act in PAGE.read_text()


def test_a_line_that_nothing_shows_is_found() -> None:
    head = "| rule | what it asks | what | shown by |\n|---|---|---|---|\n"
    assert faults(head + "| X | y | z | a promise |\n") == ["X: y: nothing is named"]
    assert faults(head + "| X | y | z | `tests/test_no.py` |\n") == ["X: y: there is no tests/test_no.py"]
    assert faults(head + "| X | y | z | `tests/conftest.py`, `tests/unit/sip/test_uri.py` |\n") == []


def test_the_threat_model_goes_through_stride_at_each_boundary() -> None:
    """Six threats a boundary; a dash says that one does not arise, and no boundary has dashes alone."""
    text = (ROOT / "docs" / "threat-model.md").read_text()
    table = text.split("## STRIDE by boundary", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines() if row.startswith("|")
    ]
    assert [name[0] for name in rows[0][1:]] == list("stride")
    assert len(rows[2:]) >= 6
    for row in rows[2:]:
        assert len(row) == 7
        assert all(row)
        assert sum(cell != "–" for cell in row[1:]) >= 3, row[0]


def test_security_txt_is_one_after_rfc_9116() -> None:
    """Sections 2.3 and 2.5: Contact and Expires are there; addresses are URIs over TLS or of mail."""
    text = (ROOT / "docs" / "security.txt.example").read_text()
    fields = [line.split(": ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    names = [name for name, _ in fields]
    assert names.count("Expires") == 1
    assert "Contact" in names
    assert set(names) <= {"Contact", "Expires", "Preferred-Languages", "Canonical", "Policy", "Encryption"}
    for name, value in fields:
        if name in ("Contact", "Canonical", "Policy"):
            assert value.startswith(("https://", "mailto:")), name
        if name == "Expires":
            assert datetime.fromisoformat(value).tzinfo is not None
