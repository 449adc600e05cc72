"""``python -m tests.fuzz.guided READER FOLDER SECONDS``: one reader against atheris, libFuzzer for Python.

A process of its own for each: libFuzzer ends the process that it runs in.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["firmware", "email", "json"]):
    from tests.fuzz.readers import READERS

LONGEST_INPUT = 8192


def main() -> None:
    name, folder, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    reader = READERS[name]
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(reader.seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    words = folder / f"{name}.dict"
    words.write_text("".join(map(_quoted, reader.pieces)))
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT}", "-timeout=20", "-rss_limit_mb=1024"]
    options += [
        f"-dict={words}",
        f"-artifact_prefix={folder}/{name}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], reader.read)
    atheris.Fuzz()


def _quoted(piece: str) -> str:
    """An entry of libFuzzer's dictionary."""
    octets = piece.encode("utf-8", "surrogateescape")[:60]
    return '"' + "".join(f"\\x{octet:02x}" for octet in octets) + '"\n'


if __name__ == "__main__":
    main()
