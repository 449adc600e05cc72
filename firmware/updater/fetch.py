"""HTTPS with hard limits: no redirect, no proxy, no name or version of ours, bounded in size and time."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import urllib3
from tuf.api import exceptions as tuf_errors
from tuf.ngclient.fetcher import FetcherInterface

from firmware.phone.errors import Unreachable, Untrusted
from firmware.updater import disk

CHUNK = 64 * 1024
SILENCE = 20.0
"""Seconds without a single octet after which the server is given up."""

METADATA_TIME = 60.0
"""Seconds for one file of metadata, however steadily it drips."""

SLOWEST = 2 * 1024
"""Octets a second, over a minute, below which the fetching of a bundle is given up (and resumed later)."""

USER_AGENT = "Sottovoce"
"""The same for all telephones: neither version nor board is told."""

OK, PARTIAL, NO_RANGE = 200, 206, 416


class Source(Protocol):
    """Where octets come from."""

    def open(self, url: str, start: int) -> tuple[int, Iterator[bytes]]:
        """The status, 200 (from the first octet) or 206 (from ``start``), and the octets.

        Raises TUF's DownloadError and its kinds.
        """
        ...


class HttpsSource:
    """``ca_file``: whom to trust, None: the system's list."""

    def __init__(self, ca_file: Path | None = None) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=2,
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(ca_file) if ca_file else None,
            ssl_minimum_version=_TLS_1_2,
            retries=False,
            timeout=urllib3.Timeout(connect=SILENCE, read=SILENCE),
        )

    def open(self, url: str, start: int) -> tuple[int, Iterator[bytes]]:
        if urlsplit(url).scheme != "https":
            raise tuf_errors.DownloadError("only https is used")
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            answer = self._pool.request(
                "GET", url, headers=headers, preload_content=False, decode_content=False, redirect=False
            )
        except urllib3.exceptions.TimeoutError as error:
            raise tuf_errors.SlowRetrievalError("the server does not answer") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise tuf_errors.DownloadError(f"the server cannot be reached: {_plain(error)}") from error
        status = int(answer.status)
        if status not in (OK, PARTIAL):
            answer.close()
            raise tuf_errors.DownloadHTTPError(f"the server answered {status}", status)
        if status == PARTIAL and not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            answer.close()
            raise tuf_errors.DownloadError("the server sent another part than was asked for")
        return status, _chunks(answer)


_TLS_1_2 = 0x0303


def _plain(error: BaseException) -> str:
    reason = str(getattr(error, "reason", None) or error)
    return reason.rpartition(": ")[2][:120]


def _chunks(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    try:
        yield from answer.stream(CHUNK, decode_content=False)
    except urllib3.exceptions.TimeoutError as error:
        raise tuf_errors.SlowRetrievalError("the server stopped sending") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise tuf_errors.DownloadError(f"the server broke off: {_plain(error)}") from error
    finally:
        answer.close()


class MetadataFetcher(FetcherInterface):
    """What TUF's client fetches with: a file has METADATA_TIME, its size TUF limits itself."""

    def __init__(self, source: Source, seconds: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._seconds = seconds

    def _fetch(self, url: str) -> Iterator[bytes]:
        status, chunks = self._source.open(url, 0)
        if status != OK:
            raise tuf_errors.DownloadError(f"the server answered {status} to a plain question")
        return self._in_time(chunks)

    def _in_time(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        until = self._seconds() + METADATA_TIME
        for chunk in chunks:
            if self._seconds() > until:
                raise tuf_errors.SlowRetrievalError("the server is too slow")
            yield chunk


def download(
    source: Source,
    url: str,
    path: Path,
    length: int,
    sha256: str,
    progress: Callable[[int, int], None] = lambda have, length: None,
    seconds: Callable[[], float] = time.monotonic,
) -> None:
    """Fetch ``url`` to ``path``, going on where an earlier try broke off (``path`` with ``.part``).

    ``path`` is there afterwards, whole and with this hash, or not at all. Raises Unreachable when it may work
    later (what came is kept), Untrusted when it was not what it must be (nothing is kept), OSError.
    """
    if path.exists() and _is(path, length, sha256):
        return
    part = path.with_name(path.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    if have > length:
        part.unlink()
        have = 0
    if have < length:
        try:
            _fill(source, url, part, have, length, progress, seconds)
        except tuf_errors.DownloadLengthMismatchError:
            part.unlink(missing_ok=True)
            raise Untrusted("the server sends more than the release says; nothing of it is kept") from None
        except tuf_errors.DownloadError as error:
            raise Unreachable(f"{error}; the rest is fetched later") from error
    if not _is(part, length, sha256):
        part.unlink()
        raise Untrusted("what the server sent is not the release; it was thrown away")
    os.replace(part, path)
    disk.sync_folder(path.parent)


def _fill(
    source: Source,
    url: str,
    part: Path,
    have: int,
    length: int,
    progress: Callable[[int, int], None],
    seconds: Callable[[], float],
) -> None:
    status, chunks = source.open(url, have)
    if status == OK:
        have = 0
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "r+b", closefd=True) as file:
        file.truncate(have)
        file.seek(have)
        since, came = seconds(), 0
        for chunk in chunks:
            if have + len(chunk) > length:
                raise tuf_errors.DownloadLengthMismatchError("too long")
            file.write(chunk)
            have, came = have + len(chunk), came + len(chunk)
            progress(have, length)
            if seconds() - since > METADATA_TIME:
                if came < SLOWEST * METADATA_TIME:
                    raise tuf_errors.SlowRetrievalError("the server is too slow")
                since, came = seconds(), 0
        file.flush()
        os.fsync(file.fileno())
    if have < length:
        raise tuf_errors.DownloadError("the server broke off")


def _is(path: Path, length: int, sha256: str) -> bool:
    if path.stat().st_size != length:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
