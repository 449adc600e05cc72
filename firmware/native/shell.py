"""What all steps of the build share: one way to fail, to speak, and to run a program."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

RECIPE = Path(__file__).resolve().parent


class NativeError(Exception):
    """The build cannot go on. The message is one line: what is wrong and what to do."""


def say(text: str) -> None:
    """Print one line of progress."""
    print(f"native: {text}", flush=True)


def start(
    command: Sequence[str | Path], log: Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program; its output goes to the end of the log."""
    with log.open("a") as out:
        out.write(f"\n$ {' '.join(map(str, command))}\n")
        out.flush()
        return subprocess.Popen(
            list(command), cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
        )


def finish(process: subprocess.Popen[bytes], what: str, log: Path) -> None:
    """Wait for a program that start() began.

    Raises:
        NativeError: It failed.
    """
    if process.wait() != 0:
        raise NativeError(f"{what} failed: the reason is at the end of {log}")


def run(
    command: Sequence[str | Path], what: str, log: Path, cwd: Path, env: Mapping[str, str] | None = None
) -> None:
    """Run a program; its output goes to the log.

    Raises:
        NativeError: It failed.
    """
    finish(start(command, log, cwd, env), what, log)


def output(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it printed.

    Raises:
        NativeError: It failed, or is not there.
    """
    try:
        done = subprocess.run(list(command), capture_output=True, text=True, env=env, check=False)
    except OSError as error:
        raise NativeError(f"cannot run {command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise NativeError(f"{command[0]} failed: {last}")
    return done.stdout
