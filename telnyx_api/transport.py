"""One exchange with Telnyx: time-outs, retries, bounds, and every failure as a TelnyxError."""

import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Timeout
from urllib3.exceptions import ConnectTimeoutError, DecodeError, HTTPError, NewConnectionError, SSLError

from telnyx_api.body import Body
from telnyx_api.errors import BadAnswer, NoAnswer, NotFound, NotSent, RateLimited, ServerError, TelnyxError
from telnyx_api.parameters import Query
from telnyx_api.reading import load
from telnyx_api.refusals import refusal

VERSION = "0.1.0"
# Calls that do no harm when made twice; every other call is made once.
REPEATABLE = ("GET", "DELETE")
PASSING = (NotSent, NoAnswer, ServerError, RateLimited)
# For calls without a body. A TLS error may also come after the handshake; reads and deletes are repeated either way.
BEFORE_SENDING = (NewConnectionError, ConnectTimeoutError, SSLError)
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
LARGEST_ANSWER = 20 * 1024 * 1024
PIECE = 64 * 1024
SCRUBBED = "[API key]"
# The number that the system gives an error.
ERRNO = re.compile(r"\[Errno -?\d+\] ")

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Transport:
    """Sends requests below `base_url` with the API key and gives back what Telnyx said. Threads may share it."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        connect_timeout: float,
        read_timeout: float,
        attempts: int,
        sleep: Callable[[float], None],
    ) -> None:
        # A line break would end the header, and a short word would be scrubbed from every sentence. Never echoed.
        if not re.fullmatch(r"[!-~]{8,}", api_key):
            raise ValueError("The Telnyx API key must be at least 8 visible characters without spaces or line breaks.")
        if api_key in base_url:
            raise ValueError("The API key does not belong into the base URL.")
        self.base_url = _checked(base_url)
        self.session = _Session(api_key)
        self._api_key = api_key
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._attempts, self._sleep = attempts, sleep
        self.clock_skew: float | None = None

    def ask(
        self, method: str, *path: str, query: Query | None = None, body: Body | None = None, data: type = dict
    ) -> dict[str, Any]:
        """The answer: a JSON object whose `data` is of the type given. Any TelnyxError."""
        return self._repeated(method, lambda _: self._document(self._open(method, path, query, body), body, data))

    def delete(self, *path: str) -> None:
        """Delete. A 404 is a success when an earlier try may have done it."""

        def once(attempt: int) -> None:
            try:
                self._open("DELETE", path).close()
            except NotFound:
                if attempt == 1:
                    raise

        self._repeated("DELETE", once)

    def download(self, *path: str) -> Iterator[bytes]:
        """The bytes behind `path`, piece by piece. NoAnswer when they break off; only the beginning is repeated."""
        with self._repeated("GET", lambda _: self._open("GET", path)) as response:
            yield from self._pieces(response)

    def _repeated(self, method: str, once: Callable[[int], T]) -> T:
        attempt = 1
        while True:
            try:
                return once(attempt)
            except PASSING as error:
                if method not in REPEATABLE:
                    raise
                error.retryable = True
                pause = _pause(attempt, error.retry_after)
                # A wait too long for us is the caller's: waiting less than Telnyx asks would only be refused again.
                if attempt >= self._attempts or pause > LONGEST_PAUSE:
                    raise
                logger.info("Try %d of %d failed, the next in %.1f s: %s", attempt, self._attempts, pause, error)
            self._sleep(pause)
            attempt += 1

    def _open(
        self, method: str, path: Sequence[str], query: Query | None = None, body: Body | None = None
    ) -> requests.Response:
        """A response with a 2xx status, its content still unread."""
        request = self._prepared(method, path, query, body)
        timeout = self._timeout(body)
        try:
            response = self.session.send(request, stream=True, timeout=timeout, allow_redirects=False)
        except (requests.RequestException, HTTPError) as error:
            failure = self._unanswered(error, body)
        else:
            self.clock_skew = _skew(response.headers.get("Date", ""))
            if 200 <= response.status_code < 300:
                return response
            failure = self._refused(response, body)
        # Raised out here so that the library's error, which holds the request and its headers, is not its context.
        raise failure

    def _prepared(
        self, method: str, path: Sequence[str], query: Query | None, body: Body | None
    ) -> requests.PreparedRequest:
        for part in path:
            # No encoding helps: dots climb and an empty id names the whole list.
            if part in ("", ".", ".."):
                raise ValueError(f"{part!r} is not the id or name of anything at Telnyx.")
        # Addresses end up in logs, ours and those on the way.
        if any(self._api_key in part for part in (*path, *(value for _, value in query or []))):
            raise ValueError("The API key was given where an id or a filter belongs.")
        url = "/".join([self.base_url, *(quote(part, safe="") for part in path)])
        headers = {"Content-Type": body.content_type} if body is not None else {}
        return self.session.prepare_request(requests.Request(method, url, headers=headers, params=query, data=body))

    def _timeout(self, body: Body | None) -> Any:
        left = None
        if body is not None and body.deadline is not None:
            left = body.deadline - time.monotonic()
            if left <= 0:
                raise NotSent("The deadline passed before the request was begun.")
        # The total shortens the wait for the answer by what connecting and sending have taken. requests takes such an
        # object, though its types do not say so.
        return Timeout(total=left, connect=self._connect_timeout, read=self._read_timeout)

    def _unanswered(self, error: Exception, body: Body | None) -> TelnyxError:
        if body is not None:
            may_have_arrived = body.handed_over
        else:
            may_have_arrived = not any(isinstance(layer, BEFORE_SENDING) for layer in _layers(error))
        if may_have_arrived:
            return NoAnswer(f"The request may have reached Telnyx, but no answer came back: {self._why(error)}")
        return NotSent(f"The request did not reach Telnyx: {self._why(error)}")

    def _refused(self, response: requests.Response, body: Body | None) -> TelnyxError:
        with response:
            try:
                # A careless server may echo the key.
                document = load(self._content(response, body).replace(self._api_key.encode(), SCRUBBED.encode()))
            # The status is an answer even where its explanation got lost.
            except (TelnyxError, ValueError):
                document = None
        headers = {name.lower(): self._scrubbed(value) for name, value in response.headers.items()}
        return refusal(response.status_code, headers, document)

    def _document(self, response: requests.Response, body: Body | None, data: type) -> dict[str, Any]:
        with response:
            content = self._content(response, body)
        try:
            document = load(content)
        except ValueError:
            document = None
        if isinstance(document, dict) and isinstance(document.get("data"), data):
            return document
        raise BadAnswer(
            "Telnyx answered with success, but not with the JSON its documentation promises.",
            status=response.status_code,
            request_id=self._scrubbed(response.headers.get("x-request-id", "")) or None,
        )

    def _content(self, response: requests.Response, body: Body | None) -> bytes:
        """The whole body of a JSON answer, within bounds of size and time."""
        until = time.monotonic() + self._read_timeout
        if body is not None and body.deadline is not None:
            until = min(until, body.deadline)
        content = bytearray()
        for piece in self._pieces(response):
            # An answer that comes in one piece counts even when late: it is what we want to know.
            if content and time.monotonic() > until:
                raise NoAnswer("The answer took too long to arrive.", status=response.status_code)
            content += piece
            if len(content) > LARGEST_ANSWER:
                raise BadAnswer("The answer is larger than 20 MB.", status=response.status_code)
        return bytes(content)

    def _pieces(self, response: requests.Response) -> Iterator[bytes]:
        try:
            # read1() returns what has arrived; iter_content() would wait for a full piece and keep us from the clock.
            while piece := response.raw.read1(PIECE, decode_content=True):
                yield piece
            return
        except DecodeError as error:
            failure: TelnyxError = BadAnswer(f"The answer cannot be decompressed: {self._why(error)}")
        except HTTPError as error:
            failure = NoAnswer(f"The answer broke off: {self._why(error)}")
        failure.status = response.status_code
        raise failure

    def _why(self, error: Exception) -> str:
        """What happened, in the words of the innermost error, which does not repeat the address; people read it."""
        return self._scrubbed(ERRNO.sub("", str(_layers(error)[-1])))

    def _scrubbed(self, text: str) -> str:
        return text.replace(self._api_key, SCRUBBED)


class _Session(requests.Session):
    """Ignores the environment's proxies and .netrc, and follows no redirect, whoever uses it."""

    def __init__(self, api_key: str) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["Authorization"] = f"Bearer {api_key}"
        self.headers["User-Agent"] = f"faxportal/{VERSION}"
        self.headers["Accept"] = "application/json, */*;q=0.1"
        self.mount("https://", _Adapter(max_retries=0))
        self.mount("http://", _Adapter(max_retries=0))

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _Adapter(HTTPAdapter):
    """Keeps connections for what may be repeated; everything else goes over a connection of its own.

    A server may close an idle connection at the very moment we write to it. That cannot be told from a lost answer, and
    a fax that was never sent would have to be treated as one that perhaps was.
    """

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if request.method in REPEATABLE:
            return super().send(request, *args, **kwargs)
        request.headers["Connection"] = "close"
        with closing(HTTPAdapter(max_retries=0)) as once:
            return once.send(request, *args, **kwargs)


def _checked(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in base_url:
        raise ValueError("The base URL must look like https://api.telnyx.com/v2, without a user, query or fragment.")
    # Raises InvalidURL, a ValueError, for what only the library finds wrong, such as a port of 99999.
    requests.Request("GET", base_url).prepare()
    return base_url.rstrip("/")


def _skew(date: str) -> float | None:
    """Seconds from the time the server wrote until now; None where it wrote none that can be read."""
    try:
        return time.time() - parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _pause(attempt: int, retry_after: float | None) -> float:
    """Seconds before the next try: exponential with full jitter, but never sooner than Telnyx asks."""
    return max(retry_after or 0.0, random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))))


def _layers(error: BaseException) -> list[BaseException]:
    """The error and those that the HTTP libraries wrapped in it, from the outside in."""
    wrapped = [item for item in (*error.args, getattr(error, "reason", None)) if isinstance(item, BaseException)]
    return [error, *_layers(wrapped[-1])] if wrapped else [error]
