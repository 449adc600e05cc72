"""A clock that is behind: no lock-out, and no certificate that has expired is taken for a good one.

The phone knows of itself that it is twelve days later than its clock says.
"""

from __future__ import annotations

import pytest

from tests.rig.certs import DOMAIN, days
from tests.rig.lab import Lab

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("begins", "ends", "wanted"),
    [(10, 90, "registered"), (-20, 5, "failed"), (-20, 90, "registered")],
    ids=["valid only by the floor", "expired by the floor", "valid by both"],
)
def test_certificates_are_judged_by_the_floor(lab: Lab, begins: int, ends: int, wanted: str) -> None:
    certificate = lab.kit.authority.issue(
        f"floor{begins + 50}{ends}",
        dns=[DOMAIN],
        ips=["127.0.0.1"],
        not_before=days(begins),
        not_after=days(ends),
    )
    registrar = lab.registrar(certificate=certificate)
    phone = lab.phone(
        registrar=registrar, proxy=registrar.uri, module="tests.rig.faulty", env={"RIG_FAULT": "behind"}
    )
    told = phone.wait_registration(wanted)
    assert bool(told["registration_reason"]) is (wanted == "failed")
    assert "the clock is behind" in phone.process.output()
    if wanted == "failed":
        assert registrar.requests("REGISTER") == [], "no octet left"


def test_without_a_floor_the_clock_alone_counts(lab: Lab) -> None:
    """The same certificate, of which the clock says that it is not valid yet."""
    certificate = lab.kit.authority.issue(
        "early", dns=[DOMAIN], ips=["127.0.0.1"], not_before=days(10), not_after=days(90)
    )
    registrar = lab.registrar(certificate=certificate)
    phone = lab.phone(registrar=registrar, proxy=registrar.uri)
    assert phone.wait_registration("failed")["registration_reason"]
