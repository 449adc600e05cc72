"""The page attacked: each of these is refused, and nothing of the configuration is told or changed."""

from __future__ import annotations

import json
import random
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.phone import cli
from firmware.phone import events as on
from firmware.phone.machine import setup
from firmware.phone.values import SwitchPosition
from firmware.setup import serving, web
from tests.setting_up.rig import LOCAL, PHONE_TOML, Setup

BEHIND = (
    ("GET", "/edit/account/1"),
    ("GET", "/edit/contact/0"),
    ("GET", "/edit/network/0"),
    ("POST", "/preview/account/1"),
    ("POST", "/preview/display/0"),
    ("POST", "/remove/account/1"),
    ("POST", "/remove/contact/1"),
    ("POST", "/confirm"),
    ("POST", "/close"),
    ("GET", "/done/" + "0" * 64),
)
SECRETS = ("alice", "phone.test", "Bob", "first-secret")


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    monkeypatch.setattr(web, "RATE", 1000.0)
    monkeypatch.setattr(web, "BURST", 1000)
    with Setup(tmp_path) as made:
        made.press_open()
        yield made
        assert made.config.read_text() == PHONE_TOML
        assert not made.proposal.exists()


def nothing_told(text: str) -> None:
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize(("method", "path"), BEHIND)
@pytest.mark.parametrize("cookie", ["", "x", "é", "A" * 43, "../../etc/passwd"])
def test_nothing_without_a_session(page: Setup, method: str, path: str, cookie: str) -> None:
    page.cookie = cookie.encode().decode("latin-1")
    answer = page.request(method, path, "" if method == "POST" else None)
    assert answer.status in (409, 400), answer.said
    nothing_told(answer.text)
    assert page.open


@pytest.mark.parametrize(("method", "path"), BEHIND)
def test_nothing_with_another_s_session(page: Setup, method: str, path: str) -> None:
    """Somebody is in, and somebody else is not."""
    page.enter()
    found = page.state.setup
    assert found is not None
    for cookie in ("", "x", "A" * 43, found.session, page.cookie[:-1], page.cookie + "x"):
        answer = page.request(
            method,
            path,
            "" if method == "POST" else None,
            headers={"Cookie": f"__Host-session={cookie}"},
            cookie=False,
        )
        assert answer.status == 409, answer.said
        nothing_told(answer.text)
    assert page.open


def test_the_start_shows_nothing_but_the_place_for_the_code(page: Setup) -> None:
    answer = page.get()
    nothing_told(answer.text)
    assert page.code not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_wrong_code_waits_and_the_fifth_closes_the_page(page: Setup) -> None:
    clock = page.loop.clock.monotonic()
    page.loop.clock.monotonic = lambda: clock  # type: ignore[method-assign]
    wrong = "00000000" if page.code != "00000000" else "11111111"
    for n in range(1, setup.MOST_WRONG):
        assert "not the code" in page.post("/code", {"code": wrong}).said
        at_once = page.post("/code", {"code": page.code})
        assert at_once.status == 403, "the right one too has to wait"
        assert f"Wait {2 ** (n - 1)} s" in at_once.said
        clock += 2.0**n
    answer = page.post("/code", {"code": wrong})
    assert "Too many wrong codes: the page is closed" in answer.said
    assert not page.open
    assert page.state.setup_said == setup.TOO_MANY
    assert page.program is not None
    page.program.join(5)
    assert not page.program.is_alive()


def test_ten_thousand_codes(page: Setup) -> None:
    """As fast as the socket takes them, below the page's own limits: the door itself is attacked."""
    tried, refused, right = 0, 0, page.code
    picker = random.Random(1)
    client = cli.Client(page.door.socket)
    for _ in range(10_000):
        code = f"{picker.randrange(10**8):08}"
        tried += 1
        refused += not client.ask("code", {"code": code if code != right else "x"}).get("ok")
    assert (tried, refused) == (10_000, 10_000)
    found = page.state.setup
    assert found is None or 0 < found.wrong < setup.MOST_WRONG
    assert page.post("/code", {"code": right}).status != 303 or found is not None


def test_many_requests_are_slowed_down(page: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    from firmware.setup.guard import Bucket

    bucket = Bucket(10.0, 40)
    passed = sum(bucket.allows(n / 1000) for n in range(10_000))
    assert 40 <= passed <= 40 + 10 * 10 + 1


def test_the_code_counts_once(page: Setup) -> None:
    right = page.code
    page.enter()
    first, page.cookie = page.cookie, ""
    answer = page.post("/code", {"code": right})
    assert answer.status == 403
    assert "Somebody is in already" in answer.said
    page.cookie = first
    assert page.get().said.startswith("What do you want")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Origin": "http://127.0.0.1:{port}"},
        {"Origin": "https://127.0.0.1"},
        {"Host": "evil.example"},
        {"Host": "evil.example:{port}"},
        {"Host": "localhost:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": None},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/preview/display/0", "/confirm", "/close", "/code"])
def test_a_foreign_page_is_refused(page: Setup, headers: dict[str, str | None], path: str) -> None:
    page.enter()
    told = {key: value and value.format(port=page.port) for key, value in headers.items()}
    answer = page.post(path, {"brightness": "10", "code": "1"}, headers=told)
    assert answer.status in (400, 403), answer.said
    nothing_told(answer.text)
    assert page.open


def test_a_camera_may_lead_to_the_start_and_nowhere_else(page: Setup) -> None:
    """Browsers call that cross-site, and send no session with it (SameSite=Strict)."""
    led = {"Sec-Fetch-Site": "cross-site"}
    answer = page.get(headers=led, cookie=False)
    assert answer.status == 200
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    page.enter()
    for path in ("/edit/account/1", "/edit/contact/0", "/style.css", "/done/" + "0" * 64):
        answer = page.get(path, headers=led)
        assert answer.status == 403
        nothing_told(answer.text)


def test_a_rebound_name_is_told_nothing(page: Setup) -> None:
    page.enter()
    answer = page.get(headers={"Host": f"evil.example:{page.port}"})
    assert answer.status == 403
    nothing_told(answer.text)


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd", "/style.css/../../phone.toml", "/%2e%2e/%2e%2e/etc/passwd", "//etc/x", "/..",
        "/style.css%00", "/edit/account/../../x", "/edit/sip/0", "/edit/privacy/0", "/edit/account/-1",
        "/edit/account/9", "/edit/account/999999999999999999", "/preview/media/0", "/done/x", "/phone.toml",
    ],
)  # fmt: skip
def test_there_are_no_other_paths(page: Setup, path: str) -> None:
    page.enter()
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        answer = page.request(method, path, "", headers={"Origin": f"https://{LOCAL}:{page.port}"})
        assert answer.status in (400, 403, 404, 405, 415), (method, answer.status)
        assert "root:" not in answer.text
        nothing_told(answer.text)


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("account", {"transport": "udp"}),
        ("account", {"preferred_identity": "true"}),
        ("account", {"password_file": "/etc/shadow"}),
        ("account", {"identity_key": "/etc/shadow"}),
        ("display", {"allow_clear": "true"}),
        ("phone", {"lock": "false"}),
        ("phone", {"forward_always": "0900"}),
    ],
)
def test_what_protects_cannot_be_changed(page: Setup, table: str, fields: dict[str, str]) -> None:
    page.enter()
    answer = page.post(f"/preview/{table}/{1 if table == 'account' else 0}", fields)
    assert answer.status == 409
    assert "cannot be changed here" in answer.said


def test_an_oversized_body_is_refused(page: Setup) -> None:
    page.enter()
    assert page.post("/preview/display/0", {"brightness": "1" * web.BODY_OCTETS}).status == 413
    assert page.post("/preview/display/0", {"brightness": "1" * 5000}).status == 409
    files = {"Content-Type": "multipart/form-data; boundary=x"}
    body = '--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n1\r\n--x--\r\n'
    assert page.request("POST", "/preview/display/0", body, headers=files).status == 415
    twice = page.request("POST", "/preview/display/0", "brightness=1&brightness=2")
    assert twice.status == 400


def connected(page: Setup) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection((LOCAL, page.port), 10))


def ends(link: ssl.SSLSocket, within: float) -> bytes:
    link.settimeout(within)
    found = b""
    try:
        while more := link.recv(4096):
            found += more
    except (ConnectionError, ssl.SSLError):
        pass
    return found


def test_a_slow_body_and_a_slow_head_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "BODY_S", 0.5)
    monkeypatch.setattr(serving, "LIFE_S", 1.5)
    with Setup(tmp_path) as page:
        page.press_open()
        host = f"Host: {LOCAL}:{page.port}\r\nOrigin: https://{LOCAL}:{page.port}\r\n"
        form = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ncode="
        with connected(page) as body, connected(page) as head:
            body.sendall(f"POST /code HTTP/1.1\r\n{host}{form}".encode())
            head.sendall(b"GET / HTTP/1.1\r\nHost: ")
            begun = time.monotonic()
            assert b" 408 " in ends(body, 5)
            assert ends(head, 5) == b""
            assert time.monotonic() - begun < 4
        assert page.get().status == 200


def test_a_crowd_is_let_in_again_when_it_has_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "LIFE_S", 1.0)
    monkeypatch.setattr(serving, "MOST", 4)
    with Setup(tmp_path) as page:
        page.press_open()
        crowd = [connected(page) for _ in range(4)]
        with pytest.raises((ConnectionError, ssl.SSLError, OSError)):
            page.get()
        time.sleep(1.2)
        assert page.get().status == 200
        for link in crowd:
            link.close()


def test_old_tls_and_no_tls(page: Setup) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection((LOCAL, page.port), 10) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain)
    with socket.create_connection((LOCAL, page.port), 10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        plain.settimeout(5)
        try:
            assert b"HTTP" not in plain.recv(100)
        except ConnectionError:
            pass


def test_expired(page: Setup) -> None:
    """After fifteen minutes nobody is in, and nothing listens."""
    page.enter()
    found = page.state.setup
    assert found is not None
    assert 0 < found.until - page.loop.clock.monotonic() <= setup.PERIOD
    port, now = page.port, page.loop.clock.monotonic
    page.loop.clock.monotonic = lambda: now() + setup.PERIOD  # type: ignore[method-assign]
    page.loop.post(on.Tick())
    page.wait(lambda: not page.open)
    assert page.program is not None
    page.program.join(5)
    assert not page.program.is_alive()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOCAL, port), 5)
    page.restart()
    assert not page.open


def test_the_answers_tell_browsers_what_is_allowed(page: Setup) -> None:
    answers = [
        page.get(),
        page.get("/nowhere"),
        page.get(headers={"Host": "x"}),
        page.post("/code", {"code": "1"}),
    ]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self'")
        assert "script" not in policy
        assert "<script" not in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "http://" not in answer.text


def test_the_cookie_is_for_this_page_alone(page: Setup) -> None:
    answer = page.post("/code", {"code": page.code})
    (cookie,) = answer.headers.get_all("Set-Cookie") or []
    assert cookie.startswith("__Host-session=")
    for word in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert "xpires" not in cookie
    assert page.state.setup is not None
    assert page.state.setup.session not in cookie


def test_what_is_typed_is_text(page: Setup) -> None:
    page.enter()
    evil = {"name": '"><script>alert(1)</script>', "uri": "sip:bob@phone.test"}
    for path in ("/preview/contact/0", "/preview/contact/1"):
        answer = page.post(path, evil)
        assert "<script" not in answer.text
    lines = page.post("/preview/account/1", {"numbers": "</textarea><script>alert(1)</script>"})
    assert lines.status == 422
    assert "<script" not in lines.text
    wrong = page.post("/preview/contact/0", {"name": "<b>x</b>", "uri": "<i>"})
    assert wrong.status == 422
    assert "<b>" not in wrong.text
    assert "<i>" not in wrong.text
    answer = page.post(
        "/preview/contact/0", {"name": 'A"\n[media]\nallow_clear = true\n#', "uri": "sip:a@b.test"}
    )
    assert answer.status == 422, "a line break is no part of a name"


@pytest.mark.parametrize(
    "command",
    ["status", "dial", "answer", "hangup", "call", "sim", "screen", "inventory", "place", "watch", "update",
     "contacts", "tell", "busy", "selftest", "", "x" * 1000],
)  # fmt: skip
def test_the_page_s_program_can_ask_the_telephone_for_nothing_else(page: Setup, command: str) -> None:
    """No call, no sound, no switch: whatever becomes of the program."""
    page.enter()
    args: dict[str, Any] = {
        "session": page.cookie,
        "target": "sip:bob@phone.test",
        "what": "privacy",
        "position": "open",
    }
    before = page.state
    answer = cli.Client(page.door.socket).ask(command, args)
    assert answer == {
        "ok": False,
        "error": "the page may ask: hello, ready, code, read, preview, apply, close",
    }
    assert page.state.switch is before.switch is SwitchPosition.UNREADABLE
    assert page.state.calls == ()


def test_the_door_tells_no_password_and_no_code(page: Setup) -> None:
    code = page.code
    client = cli.Client(page.door.socket)
    hello = json.dumps(client.ask("hello", {}))
    assert code not in hello
    page.enter()
    told = json.dumps(client.ask("read", {"session": page.cookie}))
    assert "first-secret" not in told
    assert '"Bob"' in told


def test_what_was_not_shown_is_not_done(page: Setup) -> None:
    page.enter()
    for guess in ("", "x", "é", "A" * 22):
        assert page.post("/confirm", {"confirm": guess}).status == 409
    first = page.post("/preview/display/0", {"brightness": "10"}).confirm
    second = page.post("/preview/display/0", {"brightness": "20"}).confirm
    assert first != second
    assert page.post("/confirm", {"confirm": first}).status == 409
    assert page.post("/confirm", {"confirm": second}).status == 409, "one guess wrong, and it is shown anew"


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(page: Setup) -> None:
    page.enter()
    confirm = page.post("/preview/display/0", {"brightness": "10"}).confirm
    page.config.write_text(PHONE_TOML + "# by hand\n")
    answer = page.post("/confirm", {"confirm": confirm})
    assert answer.status == 409
    assert "changed meanwhile" in answer.said
    page.config.write_text(PHONE_TOML)
