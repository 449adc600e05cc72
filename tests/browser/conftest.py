"""One browser for all tests of the page, and the simulator as a process on a free port."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.rig import ports
from tests.rig.processes import Process

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STEP_MS = 8000
"""The longest that any single thing on the page may take."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while Playwright runs, no other test in this process could use asyncio."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def port() -> int:
    return ports.one()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page; the test fails when it asks anybody but 127.0.0.1 or when a script of it fails."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(STEP_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    page.on("request", lambda asked: None if "//127.0.0.1:" in asked.url else faults.append(asked.url))
    yield page
    context.close()
    assert faults == []


def simulator(tmp_path: Path, module: str, *argv: str) -> Process:
    return Process("simulator", [sys.executable, "-m", module, *argv], tmp_path / "log", cwd=ROOT, grace=15)


@pytest.fixture
def standin(tmp_path: Path, port: int) -> Iterator[Process]:
    """The simulator with the stand-in for the daemon: the page alone is under test."""
    with simulator(tmp_path, "tests.browser.simulate", str(port)) as process:
        process.wait_for("Two phones are ready", 20)
        yield process


@pytest.fixture
def daemons(tmp_path: Path, port: int) -> Iterator[Process]:
    """The simulator as ``make run`` starts it, with the real daemons."""
    with simulator(tmp_path, "firmware.simulator", "--port", str(port)) as process:
        process.wait_for("Two phones are ready", 60)
        yield process
