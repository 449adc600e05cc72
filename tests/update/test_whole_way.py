"""The whole way with the programs themselves: ``sotto-release``, a web server with TLS, RAUC, the updater."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.release import __main__ as tool
from firmware.updater.slots import rauc_bundle
from tests.rig.certs import Authority
from tests.update.test_program import BUSY, GOOD, WORKS, telephone

BOARD = "raspberry-pi-4"


class Server:
    """Static files over TLS; ``moved``: every address is answered with a redirect to there."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.moved = ""
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, dict(self.headers)))
                if outer.moved:
                    self.send_response(302)
                    self.send_header("Location", outer.moved + self.path)
                    self.end_headers()
                    return
                super().do_GET()

            def log_message(self, *args: Any) -> None:
                pass

        certificate = authority.issue("updates", dns=["localhost"], ips=["127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        handler = functools.partial(Handler, directory=str(folder))
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.url = f"https://localhost:{self._http.server_port}/"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A maker's folder with keys, and a telephone that runs 1.0.0 from slot a."""
    monkeypatch.chdir(tmp_path)
    Path("phrase").write_text("correct horse battery\n")
    Path("phrase").chmod(0o600)
    assert release("ceremony") == 0
    make("1.0.0")
    Path("slots").mkdir()
    rauc_bundle.unpack(Path("1.0.0.raucb"), Path("slots/a"), Path("public/bundle-keyring.pem"), BOARD)
    return tmp_path


@pytest.fixture
def server(place: Path) -> Iterator[Server]:
    authority = Authority.create(place / "ca")
    running = Server(place / "served", authority)
    Path("update.toml").write_text(f'url = "{running.url}"\nca_file = "{authority.pem}"\n')
    try:
        yield running
    finally:
        running.stop()


def release(*arguments: str) -> int:
    return tool.main(["--phrase-file", "phrase", *arguments])


def make(version: str) -> None:
    image = Path(f"{version}.img")
    image.write_bytes(version.encode() + os.urandom(200_000))
    made = release("bundle", f"{version}.raucb", "--board", BOARD, "--version", version, f"rootfs={image}")
    assert made == 0


def publish(version: str) -> None:
    make(version)
    Path("release.toml").write_text(
        f'version = "{version}"\nfloor = "1.0.0"\nsupported_until = 2031-12-31\n[notes]\nen = "New"\n'
    )
    assert release("publish", "release.toml", f"{BOARD}={version}.raucb") == 0


def updater(
    command: str, before: str = "", clock: str = "--clock-is-right"
) -> tuple[int, dict[str, Any], str]:
    """Run the updater's program; its exit status, what it said, and what it complained of. ``before``: Python
    that sets its limits to what a test can wait for.
    """
    code = (
        f"import sys\nimport firmware.updater.__main__ as main\n{before}\nsys.exit(main.main(sys.argv[1:]))"
    )
    words = ["--config", "update.toml", "--folder", "state", "--slots", "slots", "--trust", "public"]
    words += ["--board", BOARD, "--socket", "phone.sock", *([clock] if clock else [])]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    asked = [sys.executable, "-c", code, command, *words]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False, env=environment)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_a_release_reaches_a_telephone(place: Path, server: Server) -> None:
    publish("1.1.0")
    status, told, _ = updater("check")
    assert (status, told["result"]) == (0, "1.1.0 is there")
    status, told, shown = updater("install")
    assert (status, told["result"]) == (0, "restarting")
    assert "100 % written" in shown
    with telephone(place / "phone.sock", {"busy": BUSY | {"version": "1.1.0"}, "selftest": {"tests": GOOD}}):
        status, told, _ = updater("boot")
    assert (status, told["version"], told["last"]) == (0, "1.1.0", "updated to 1.1.0")
    assert (place / "slots/b/rootfs.img").read_bytes() == Path("1.1.0.img").read_bytes()
    assert updater("check")[1]["result"] == "1.1.0 is the newest version"


def test_a_release_that_cannot_telephone_goes_back(place: Path, server: Server) -> None:
    publish("1.1.0")
    updater("install")
    broken = {
        "busy": BUSY | {"version": "1.1.0"},
        "selftest": {"tests": [WORKS | {"ok": False}, *GOOD]},
    }
    with telephone(place / "phone.sock", broken):
        status, _, shown = updater("boot", "import firmware.updater.telephone as t; t.TIME_LIMIT = 2.0")
    assert status == 0
    assert "sound: works" in shown
    status, told, _ = updater("boot")
    assert (told["version"], told["phase"]) == ("1.0.0", "idle")
    assert "1.1.0 did not work (sound: works); 1.0.0 runs again" in told["last"]
    assert "was tried and did not work" in updater("check")[1]["result"]


def test_what_is_sent_tells_no_telephone_apart(place: Path, server: Server) -> None:
    publish("1.1.0")
    updater("check")
    for _, headers in server.asked:
        assert headers.keys() == {"Host", "User-Agent", "Accept-Encoding"}
        assert (headers["User-Agent"], headers["Accept-Encoding"]) == ("Sottovoce", "identity")


def squashfs(folder: Path, image: Path) -> None:
    """A root as images have it: packed, with the same times in every build."""
    options = ["-noappend", "-no-progress", "-quiet", "-comp", "zstd", "-b", "128K", "-all-root"]
    made = ["mksquashfs", str(folder), str(image), *options, "-all-time", "1", "-mkfs-time", "1"]
    subprocess.run(made, check=True, capture_output=True, timeout=60)


def test_one_changed_module_is_a_small_download(place: Path, server: Server) -> None:
    """Issue 7: at most 10 % of the bundle. The root is this project's own code, and 4 MB that stay."""
    shutil.copytree(Path(tool.__file__).parents[1], "root/firmware", ignore=shutil.ignore_patterns("*.pyc"))
    Path("root/library.so").write_bytes(os.urandom(4_000_000))
    boot = Path("boot.img")
    boot.write_bytes(os.urandom(1_000_000))
    for version in ("1.1.0", "1.2.0"):
        squashfs(Path("root"), Path("root.img"))
        images = ["root=root.img", f"boot={boot}"]
        assert release("bundle", f"{version}.raucb", "--board", BOARD, "--version", version, *images) == 0
        Path("release.toml").write_text(
            f'version = "{version}"\nfloor = "1.0.0"\nsupported_until = 2031-12-31\n[notes]\nen = "New"\n'
        )
        if version == "1.1.0":
            shutil.rmtree("slots/a")
            keyring = Path("public/bundle-keyring.pem")
            rauc_bundle.unpack(Path("1.1.0.raucb"), Path("slots/a"), keyring, BOARD)
        assert release("publish", "release.toml", f"{BOARD}={version}.raucb") == 0
        with Path("root/firmware/phone/machine/step.py").open("a") as module:
            module.write("\n\ndef more() -> str:\n    return 'one more function in one module'\n")
    server.asked.clear()
    assert updater("install")[1]["result"] == "restarting"
    assert Path("slots/b/root.img").read_bytes() == Path("root.img").read_bytes()
    asked = [path for path, _ in server.asked if BOARD in path]
    assert [path.rpartition(".")[2] for path in asked] == ["patch"]
    fetched = (place / "served" / asked[0].lstrip("/")).stat().st_size
    assert fetched < Path("1.2.0.raucb").stat().st_size / 10


def test_redirect_to_plain_http(place: Path, server: Server) -> None:
    publish("1.1.0")
    server.moved = "http://127.0.0.1:1"
    status, _, shown = updater("check")
    assert status == 1
    assert "does not have what it should" in shown


def test_redirect_to_another_server(place: Path, server: Server) -> None:
    publish("1.1.0")
    server.moved = server.url.rstrip("/") + "/x"
    assert updater("check")[0] == 1
    assert not [path for path, _ in server.asked if path.startswith("/x")]


def test_a_server_that_proves_nothing(place: Path, server: Server) -> None:
    publish("1.1.0")
    other = Authority.create(place / "other")
    Path("update.toml").write_text(f'url = "{server.url}"\nca_file = "{other.pem}"\n')
    status, _, shown = updater("check")
    assert status == 1
    assert "cannot be reached" in shown
    assert not server.asked


def test_no_clock(place: Path, server: Server) -> None:
    """Without the word that the clock is right, and nobody keeping it: nothing is asked."""
    publish("1.1.0")
    status, _, shown = updater("check", "main.synchronised = lambda: False", clock="")
    assert status == 1
    assert "the clock has not been set yet" in shown
    assert not server.asked


def test_a_wrong_configuration(place: Path) -> None:
    Path("update.toml").write_text('url = "http://x.test/"\n')
    status, _, shown = updater("status")
    assert status == 2
    assert "only https" in shown
