"""Which known vulnerabilities an image has: its bill of materials held against Debian's security tracker, and
what was found out about each (VEX: statements of OpenVEX 0.2.0, which are data of this repository).

The tracker's data is a file that is given: ``https://security-tracker.debian.org/tracker/data/json``.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from debian.debian_support import Version

from firmware.phone.errors import UpdateError
from firmware.release.parts import Kind, Part
from firmware.release.supply import RELEASE

SOURCE_RELEASE = "sid"
"""Whence the native module's source comes (``firmware.native``)."""

NO_EFFECT = "unimportant"
"""Debian's word for what is not exploitable in its package, or no vulnerability at all."""

_CONTEXT = "https://openvex.dev/ns/"
_STATUSES = {"not_affected", "affected", "fixed", "under_investigation"}
_JUSTIFICATIONS = {
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
}


class State(enum.Enum):
    """What Debian says of the version that is in the image."""

    FIX_THERE = "a fix is there: build the image anew"
    OPEN = "open, no fix in Debian yet"
    UNDETERMINED = "nobody knows yet whether it is affected"


@dataclass(frozen=True)
class Statement:
    """One finding of ours: ``vulnerability`` in the source package ``package``."""

    vulnerability: str
    package: str
    status: str
    why: str


@dataclass(frozen=True)
class Finding:
    """``package``: the source package. ``statement``: what was found out about it, None: nothing yet."""

    vulnerability: str
    package: str
    version: str
    state: State
    fixed: str
    urgency: str
    statement: Statement | None

    @property
    def settled(self) -> bool:
        """Whether nobody has to do anything: without effect by Debian's word, or by ours."""
        if self.statement is not None:
            return self.statement.status in ("not_affected", "fixed")
        return self.urgency == NO_EFFECT

    def told(self) -> str:
        said = f"{self.vulnerability} {self.package} {self.version}: {self.state.value}"
        if self.fixed:
            said += f" (in {self.fixed})"
        if self.statement is not None:
            return f"{said}; {self.statement.status}: {self.statement.why}"
        return f"{said}; without effect, says Debian" if self.urgency == NO_EFFECT else said


def find(
    parts: Iterable[Part], tracker: Mapping[str, Any], statements: Sequence[Statement], release: str = RELEASE
) -> list[Finding]:
    """Every vulnerability that the versions in ``parts`` have or may have, in a fixed order.

    Raises UpdateError when the data does not know ``release``, or is not the tracker's.
    """
    known = {(s.vulnerability, s.package): s for s in statements}
    found: dict[tuple[str, str, str], Finding] = {}
    try:
        if not any(release in v["releases"] for package in tracker.values() for v in package.values()):
            raise UpdateError(f"the tracker's data has nothing about {release}; is it the whole file?")
        for part in parts:
            where = release if part.kind is Kind.DEBIAN else SOURCE_RELEASE
            for name, said in tracker.get(part.source, {}).items():
                judged = _judged(part.source_version, said["releases"].get(where))
                if judged is not None:
                    key = name, part.source, part.source_version
                    found[key] = Finding(*key, *judged, known.get((name, part.source)))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UpdateError(f"this is not the data of Debian's security tracker ({error!r})") from error
    return [found[key] for key in sorted(found)]


def _judged(version: str, said: Mapping[str, str] | None) -> tuple[State, str, str] | None:
    """State, version with the fix, and urgency; None: ``version`` is not affected."""
    if said is None:
        return None
    urgency = said.get("urgency", "")
    match said["status"]:
        case "resolved":
            fixed = said["fixed_version"]
            affected = fixed != "0" and Version(version) < Version(fixed)
            return (State.FIX_THERE, fixed, urgency) if affected else None
        case "open":
            return State.OPEN, "", urgency
        case "undetermined":
            return State.UNDETERMINED, "", urgency
    raise ValueError(f"status {said['status']!r}")


def read_tracker(octets: bytes) -> dict[str, Any]:
    """Raises UpdateError."""
    try:
        value = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise UpdateError(f"the tracker's data is not readable ({str(error)[:60]})") from error
    if not isinstance(value, dict) or not value:
        raise UpdateError("the tracker's data is empty, or something else")
    return value


def read_statements(octets: bytes) -> list[Statement]:
    """The statements of an OpenVEX document about Debian source packages in our image.

    Raises UpdateError: a statement that cannot be read, or that gives no reason, explains nothing.
    """
    try:
        value = json.loads(octets)
        if not str(value["@context"]).startswith(_CONTEXT):
            raise ValueError("no OpenVEX document")
        return [one for item in value["statements"] for one in _statements(item)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UpdateError(f"the VEX statements are not readable ({error!r})") from error


def _statements(item: Mapping[str, Any]) -> list[Statement]:
    name, status = str(item["vulnerability"]["name"]), item["status"]
    if status not in _STATUSES:
        raise ValueError(f"{name}: status {status!r}")
    if status == "not_affected" and item.get("justification") not in _JUSTIFICATIONS:
        raise ValueError(f"{name}: not_affected without a justification")
    if status == "affected" and not item.get("action_statement"):
        raise ValueError(f"{name}: affected without a word on what to do")
    why = item.get("impact_statement") or item.get("action_statement") or item.get("justification") or status
    found = []
    for product in item["products"]:
        for part in product["subcomponents"]:
            kind, _, package = str(part["@id"]).rpartition("/")
            if kind != "pkg:deb/debian" or not package:
                raise ValueError(f"{name}: {part['@id']!r} is no Debian source package")
            found.append(Statement(name, package.partition("?")[0].partition("@")[0], status, str(why)))
    return found


def report(findings: Sequence[Finding]) -> str:
    """For people: what is left to do first."""
    todo = [f for f in findings if not f.settled]
    rest = [f for f in findings if f.settled]
    lines = [f"{len(todo)} known vulnerabilities need somebody; {len(rest)} are settled"]
    lines += [f"  {finding.told()}" for finding in todo]
    lines += [f"  settled: {finding.told()}" for finding in rest]
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> bytes:
    items = [
        {
            "vulnerability": f.vulnerability,
            "package": f.package,
            "version": f.version,
            "state": f.state.name.lower(),
            "fixed": f.fixed or None,
            "urgency": f.urgency or None,
            "vex": f.statement.status if f.statement else None,
            "settled": f.settled,
        }
        for f in findings
    ]
    return (json.dumps({"findings": items}, indent=1) + "\n").encode()
