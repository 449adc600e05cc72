"""An account that names a profile registers and calls: kamailio stands where the provider would."""

from __future__ import annotations

import pytest

from tests.rig.lab import Lab

pytestmark = pytest.mark.live


def test_an_account_by_a_profile_registers_and_calls_end_to_end(lab: Lab) -> None:
    home = lab.registrar()
    lab.baresip("bob", answer="auto")
    phone = lab.phone(account_extra='provider = "asterisk"\n')
    home.wait_registered("alice")
    phone.hook("up")
    phone.keys("102#")
    assert phone.wait_call("active")["security"].startswith("end-to-end")
    assert "Asterisk filled in privacy" in phone.process.output()
