"""Anything at all, sent to every route: the page answers, in words, and the telephone stays as it is.

The routes are those of the application itself, so that a new one is tried too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.phone.setting_up.change import EDITABLE
from firmware.phone.values import SwitchPosition
from firmware.setup import web
from firmware.setup.telephone import Telephone
from tests.setting_up.rig import LOCAL, PHONE_TOML, Setup

ROUTES = sorted(
    (route.method, str(route.resource.get_info().get("formatter") or route.resource.get_info()["path"]))
    for route in web.application(LOCAL, 1, Telephone(Path("/nowhere")), lambda: None).router.routes()
    if route.resource is not None
)
NICE = st.sampled_from(["account", "contact", "network", "display", "phone", "0", "1", "2", "0" * 64])
WORDS = st.one_of(NICE, st.text(max_size=20))
KEYS = st.one_of(
    st.sampled_from(sorted({key for keys in EDITABLE.values() for key in keys})), st.text(max_size=9)
)
VALUES = st.one_of(
    st.sampled_from(
        ["", "true", "-1", "1e9", "sip:a@b.test", "a\r\nb", "[x]\n", '"', "\x00", "***", "9" * 99]
    ),
    st.text(max_size=60),
)
BODIES = st.one_of(
    st.dictionaries(KEYS, VALUES, max_size=6).map(
        lambda fields: urlencode(fields, errors="replace").encode()
    ),
    st.binary(max_size=80),
)
TYPES = st.sampled_from(
    ["application/x-www-form-urlencoded"] * 6
    + ["application/x-www-form-urlencoded; charset=utf-16",
       "application/x-www-form-urlencoded; charset=nonsense",
       "multipart/form-data; boundary=x", "application/json", "text/plain", "x"]
)  # fmt: skip
METHODS = st.sampled_from(
    ["GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"]
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    patch = pytest.MonkeyPatch()
    patch.setattr(web, "RATE", 1e6)
    patch.setattr(web, "BURST", 10**6)
    with Setup(tmp_path_factory.mktemp("setup")) as made:
        made.press_open()
        made.enter()
        yield made
        assert made.crashes == []
        assert made.config.read_text() == PHONE_TOML
    patch.undo()


def filled(path: str, words: list[str]) -> str:
    """The path with something in its places."""
    left = iter(words)
    return re.sub(r"\{\w+\}", lambda _: quote(next(left, "0"), safe="", errors="replace"), path)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    route=st.sampled_from([path for _, path in ROUTES]),
    words=st.lists(WORDS, max_size=2),
    method=METHODS,
    body=BODIES,
    sort=TYPES,
    inside=st.booleans(),
)
def test_any_request(
    page: Setup, route: str, words: list[str], method: str, body: bytes, sort: str, inside: bool
) -> None:
    path = filled(route, words)
    if path in ("/confirm", "/close") and inside and method == "POST":
        inside = False  # these two would do what they are for
    headers: dict[str, Any] = {"Content-Type": sort, "Origin": f"https://{LOCAL}:{page.port}"}
    if method == "HEAD":
        body = b""
    answer = page.request(method, path, body, headers=headers, cookie=inside)
    assert answer.status < 500, (method, path, body, answer.text)
    assert "Traceback" not in answer.text
    if not inside:
        assert "phone.test" not in answer.text
    if answer.status != 303 and method != "HEAD" and answer.headers.get_content_type() == "text/html":
        assert "<main>" in answer.text
    assert page.config.read_text() == PHONE_TOML
    assert not page.proposal.exists()
    found = page.state
    assert found.switch is SwitchPosition.UNREADABLE
    assert found.calls == ()
    assert found.setup is not None
    assert found.setup.session


def test_every_route_is_there() -> None:
    assert {path for _, path in ROUTES} == {
        "/", "/style.css", "/code", "/edit/{table}/{number}", "/preview/{table}/{number}",
        "/remove/{table}/{number}", "/confirm", "/done/{version}", "/close",
    }  # fmt: skip
