"""Fetch a file by the link that Telnyx gave for it, and let that link do no harm.

A link leads only where it may (`faxes.outward`), to the one answer it names (no redirect), into a bounded file within a
bounded time. While it lives it is a secret: nothing here logs or repeats it.
https://developers.telnyx.com/docs/programmable-fax/receive-a-fax-via-api
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import BinaryIO

import requests
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError

from documents import MAX_BYTES
from faxes.outward import Outward

# In seconds, for the whole body.
DEADLINE = 180.0
PIECE = 64 * 1024
# These refusals speak of the moment, not of the link.
PASSING = (408, 425, 429)


class FetchError(Exception):
    """The file was not fetched whole: `reason` is a word for programs, `str()` a sentence for people, and `link_dead`
    says that only a new link can help."""

    def __init__(self, reason: str, sentence: str, *, link_dead: bool = False) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.link_dead = link_dead


def fetch(url: str, to: BinaryIO, *, max_bytes: int = MAX_BYTES, deadline: float = DEADLINE) -> int:
    """Write what is behind `url` to an open file; how many bytes that were. `deadline` is in seconds from now.

    Raises FetchError when it could not be had whole, and OSError when the file could not be written.
    """
    until = time.monotonic() + deadline
    size = 0
    with Outward(deadline) as session, closing(_open(session, url)) as response:
        _check_time(until, deadline)
        _check_size(response.raw.length_remaining or 0, max_bytes)
        for piece in _pieces(response):
            size += len(piece)
            _check_size(size, max_bytes)
            _check_time(until, deadline)
            to.write(piece)
    to.flush()
    if not size:
        raise FetchError("empty", "The file behind the link is empty.")
    return size


def _open(session: requests.Session, url: str) -> requests.Response:
    """The answer to a GET, its body still unread. Raises FetchError unless it is a 200."""
    try:
        response = session.get(url, stream=True)
    except InvalidIPAddress:
        raise FetchError("private_address", "The link leads to a private address, so it was not followed.") from None
    except requests.exceptions.InvalidHeader as error:
        # The answer's, and a ValueError, too: a body of two lengths, such as smugglers send.
        raise _silent(error) from None
    except ValueError:
        # requests' own errors about addresses are ValueErrors, too.
        raise FetchError("bad_link", "The link is not an address on the web.", link_dead=True) from None
    except (requests.RequestException, HTTPError) as error:
        raise _silent(error) from None
    if response.status_code != 200:
        response.close()
        raise _refused(response.status_code)
    return response


def _silent(error: Exception) -> FetchError:
    return FetchError("unreachable", f"The file's server did not answer ({_kind(error)}).")


def _refused(status: int) -> FetchError:
    if 300 <= status < 400:
        return FetchError("redirect", f"The link leads on to somewhere else ({status}), so it was not followed.")
    if 400 <= status < 500 and status not in PASSING:
        return FetchError("link_dead", f"The link has expired or is wrong ({status}).", link_dead=True)
    return FetchError("server", f"The file's server failed ({status}).")


def _check_time(until: float, deadline: float) -> None:
    if time.monotonic() > until:
        raise FetchError("slow", f"The file did not arrive within {deadline:.0f} seconds.")


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise FetchError("too_large", f"The file is larger than {max_bytes // 1_000_000} MB, the most we fetch.")


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives, because waiting for full pieces would keep us from the clock. One that ends before its
    announced length raises FetchError."""
    try:
        while piece := response.raw.read1(PIECE, decode_content=False):
            yield piece
    except HTTPError as error:
        raise FetchError("broke_off", f"The file stopped half-way ({_kind(error)}).") from None


def _kind(error: Exception) -> str:
    """The class alone: the text of such errors repeats the link."""
    return type(error).__name__
