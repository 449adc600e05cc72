"""What is known of the connection to the server, and of the certificates that contacts know us by."""

from __future__ import annotations

import pytest

from firmware.phone import events as on
from firmware.phone.machine.rules import Rules
from firmware.phone.machine.state import State
from firmware.phone.machine.step import step
from firmware.phone.status import status
from firmware.phone.store import inventory
from firmware.phone.values import Registration, RegistrationState, Signalling

HYBRID = Signalling("TLSv1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768")
REGISTERED = on.RegistrationChanged(Registration(RegistrationState.REGISTERED))
FAILED = on.RegistrationChanged(Registration(RegistrationState.FAILED, "why"))


def after(*events: on.Event) -> State:
    state = State()
    for event in events:
        state, _ = step(Rules(), state, event, 0.0)
    return state


def told(state: State) -> object:
    return status(state, 0.0, "simulator", {})["signalling"]


def test_the_status_tells_what_was_agreed() -> None:
    assert told(after(on.ServerAgreed(HYBRID), REGISTERED)) == {
        "tls": "TLSv1.3",
        "suite": "TLS_AES_256_GCM_SHA384",
        "group": "X25519MLKEM768",
        "post_quantum": True,
    }


@pytest.mark.parametrize(
    ("group", "hybrid"), [("X25519", False), ("0x11ec", False), ("SecP256r1MLKEM768", True)]
)
def test_which_groups_are_hybrid(group: str, hybrid: bool) -> None:
    found = told(after(on.ServerAgreed(Signalling("TLSv1.3", "x", group)), REGISTERED))
    assert isinstance(found, dict)
    assert found["post_quantum"] is hybrid


def test_nothing_is_told_of_a_connection_that_is_gone_or_never_was() -> None:
    assert told(after(REGISTERED)) is None, "over UDP nothing was agreed"
    assert told(after(on.ServerAgreed(HYBRID))) is None
    assert told(after(on.ServerAgreed(HYBRID), REGISTERED, FAILED)) is None


def test_certificates_are_counted() -> None:
    rows = inventory(Rules(), after(on.CertificatesKept(3)))
    (row,) = (row for row in rows if row["item"] == "certificates for contacts")
    assert (row["number"], row["wiped"]) == (3, True)
