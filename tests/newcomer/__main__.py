"""``python -m tests.newcomer``: the path of somebody who has just found this folder, in a clean Debian.

A root of Debian 12 with make and nothing else, this folder in it, README's command, the page opened by a
real browser, a call by mouse, a call by keyboard, its label read; then a phone.toml with one mistake, mended
from the message alone. Each step is timed. Needs root (a mount namespace), and the archives of this machine.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from firmware.documents.stage import ROOT
from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.documents.first_mistake import MISTAKES, walk
from tests.newcomer.clean import Clean, ready
from tests.rig import ports

README_COMMAND = "make run"
SETUP_S = 1500
"""The first start builds pjsua2 where the cache has no wheel."""
STEP_MS = 15_000
PRINTED = re.compile(r"Two phones are ready: (http://127\.0\.0\.1:\d+/)")


class Times:
    """How long each step took, printed as it ends."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self.total = 0.0

    def step(self, name: str) -> None:
        now = time.monotonic()
        print(f"newcomer: {now - self._begun:6.1f} s  {name}", flush=True)
        self.total += now - self._begun
        self._begun = now


def words(page: Page, phone: str) -> str:
    return page.locator(f"#{phone} canvas").get_attribute("aria-label") or ""


def until(page: Page, phone: str, said: str) -> None:
    expect(page.locator(f"#{phone} canvas")).to_have_attribute(
        "aria-label", re.compile(said), timeout=STEP_MS
    )


def by_mouse(page: Page) -> None:
    page.get_by_label("Lift Alice's handset").click()
    for key in "2#":
        page.locator(f"#alice [data-key='{key}']").click()
    until(page, "bob", "Incoming call")
    page.get_by_label("Lift Bob's handset").click()
    label_read(page)
    page.get_by_label("Put down Bob's handset").click()
    until(page, "alice", "They hung up")
    page.get_by_label("Put down Alice's handset").click()
    until(page, "alice", "Direct calls only")


def by_keyboard(page: Page) -> None:
    page.locator("#volume").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.type("2#")
    until(page, "bob", "Incoming call")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    label_read(page)
    page.keyboard.press("Space")
    until(page, "alice", "They hung up")


def label_read(page: Page) -> None:
    """What README says one sees: the same code on both, end to end, and nobody's name."""
    codes = []
    for phone in ("alice", "bob"):
        until(page, phone, r"Code: \w+.*End to end")
        found = re.search(r"Code: (\w+)", words(page, phone))
        codes.append(found[1] if found else "")
    assert codes[0] == codes[1], codes
    assert "Anonymous" in words(page, "bob")


def calls(address: str, picture: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page.set_default_timeout(STEP_MS)
        page.goto(address)
        until(page, "alice", "Direct calls only")
        by_mouse(page)
        by_keyboard(page)
        page.screenshot(path=picture, full_page=True)
        browser.close()


def first_mistake(clean: Clean) -> list[str]:
    """In the clean root, with README's own commands."""
    inside = "/sottovoce"
    example = (ROOT / "docs" / "phone.toml.example").read_text()
    file = clean.root / "sottovoce" / "phone.toml"

    def check() -> tuple[int, str]:
        command = ".venv/bin/python -m firmware.phone --config phone.toml --board simulator --check"
        run = clean.run(f"cd {inside} && {command}", 60)
        return run.returncode, run.stdout

    right = "password"
    return walk(file, example, MISTAKES[right], right, check)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.newcomer", description=__doc__)
    parser.add_argument(
        "--root", type=Path, metavar="FOLDER", help="keep the root here, and use one that is there"
    )
    parser.add_argument("--only-setup", action="store_true", help="make the root and set up, no call")
    given = parser.parse_args(argv)
    if os.geteuid() != 0:
        print("newcomer: this needs root: a clean Debian is made and entered", file=sys.stderr)
        return 2
    assert f"\n{README_COMMAND} " in (ROOT / "README.md").read_text(), "README's command is another one now"
    out = ROOT / "build" / "newcomer"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    times = Times()
    with ready(given.root) as clean:
        times.step("a clean Debian with this folder in it")
        if given.only_setup:
            print(clean.run("cd /sottovoce && make setup", SETUP_S).stdout)
            times.step("make setup")
            return 0
        port = ports.one()
        process = clean.start(f"cd /sottovoce && exec {README_COMMAND} PORT={port}", out / "make-run.log")
        try:
            address = clean.wait_for(process, out / "make-run.log", PRINTED, SETUP_S)
            times.step(f"{README_COMMAND}, until the page is there")
            calls(address, out / "page.png")
            times.step("a call by mouse and a call by keyboard, their labels read")
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=30)
            assert "Stopped." in (out / "make-run.log").read_text()
            times.step("Ctrl-C")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        for line in first_mistake(clean):
            print(f"newcomer:           it said: {shlex.quote(line.strip())}")
        times.step("a mistake in phone.toml, mended from the message")
    print(f"newcomer: {times.total:6.1f} s  together; picture: build/newcomer/page.png")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (subprocess.TimeoutExpired, RuntimeError) as error:
        print(f"newcomer: {error}", file=sys.stderr)
        sys.exit(1)
