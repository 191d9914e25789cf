"""Misbehaviour on demand: what goes wrong with which request, and how often."""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from telnyx_sandbox.errors import Problem, Refusal
from telnyx_sandbox.messages import Response, refused

ACTIONS = (
    "status",
    "reset",
    "hang",
    "delay",
    "garbage",
    "truncate",
    "empty",
    "redirect",
    "half",
    "oversize",
    "drip",
    "words",
)

# More than Telnyx takes in or gives out: https://support.telnyx.com/en/articles/4967498-fax-api-error-list
TOO_LARGE = 60 * 1024 * 1024

DETAILS = {
    403: ("20100", "You do not have enough funds to perform this action."),
    422: ("10027", "The server understood the request but was unable to process it."),
    429: ("10011", "You have exceeded the maximum number of allowed requests."),
    401: ("10009", "Could not understand the provided credentials."),
    404: ("10005", "The requested resource or URL could not be found."),
    503: ("10037", "Service is unavailable."),
}


@dataclass(frozen=True)
class Fault:
    """One way to misbehave. `after` first does what was asked, so the caller cannot know that it was done.

    status    answers with that status and Telnyx's error body
    reset     breaks the connection without an answer
    hang      keeps silent for `seconds`, then breaks the connection
    delay     waits `seconds`, then does what was asked and answers as usual
    garbage   answers with a page of HTML under a good status
    truncate  announces the whole answer and breaks off in its middle
    empty     answers with a good status and no body
    redirect  answers 307 to somewhere else: to `headers["Location"]`
    half      answers with the first half as if that were all
    oversize  answers with `size` bytes more than there are
    drip      answers little by little, over `seconds`
    words     answers with words in the list where objects belong
    """

    action: str
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 60.0
    after: bool = False
    size: int = TOO_LARGE

    def spoil(self, answer: Response | None) -> Response:
        """The misbehaviour in place of `answer`, or of the answer that never came to be."""
        good = answer or Response(200, b'{"data": {}}', {"Content-Type": "application/json"})
        match self.action:
            case "reset":
                return Response(0, reset=True)
            case "hang":
                return Response(0, reset=True, hold=self.seconds)
            case "delay":
                return Response(good.status, good.body, good.headers, hold=self.seconds)
            case "garbage":
                return Response(good.status, b"<html><body>It works!</body></html>", {"Content-Type": "text/html"})
            case "truncate":
                return Response(good.status, good.body, good.headers, cut=len(good.body) // 2)
            case "half":
                return Response(good.status, good.body[: len(good.body) // 2], good.headers)
            case "oversize":
                return Response(good.status, good.body, good.headers, padding=self.size)
            case "drip":
                return Response(good.status, good.body, good.headers, drip=self.seconds)
            case "words":
                listed = {**json.loads(good.body), "data": ["It", "works!"]}
                return Response(good.status, json.dumps(listed).encode(), good.headers)
            case "empty":
                return Response(good.status)
            case "redirect":
                return Response(307, headers={"Location": "/v2/moved", **self.headers})
        return self._error()

    def _error(self) -> Response:
        code, detail = DETAILS.get(self.status, ("10007", "An unexpected error occured."))
        return refused(Refusal(self.status, Problem(code, detail), headers=self.headers))


@dataclass
class Planned:
    method: str
    path: str
    times: int | None
    fault: Fault
    skip: int = 0


class Faults:
    """The planned faults of a sandbox, used up in the order in which they were added."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planned: list[Planned] = []

    def add(
        self,
        *,
        method: str,
        path: str,
        action: str,
        times: int | None = 1,
        status: int = 500,
        headers: Mapping[str, str] | None = None,
        seconds: float = 60.0,
        after: bool = False,
        size: int = TOO_LARGE,
        skip: int = 0,
    ) -> None:
        """Plans a fault for the next `times` requests (None: for all) to `path`, in which * stands for anything. The
        first `skip` of them pass unharmed.

        Raises ValueError for an unknown action or a status outside of 200 to 599.
        """
        if action not in ACTIONS:
            raise ValueError(f"action must be one of {', '.join(ACTIONS)}, not {action!r}.")
        if not 200 <= status <= 599:
            raise ValueError(f"status must be from 200 to 599, not {status}.")
        self.plan(method, path, Fault(action, status, dict(headers or {}), seconds, after, size), times, skip)

    def plan(self, method: str, path: str, fault: Fault, times: int | None, skip: int = 0) -> None:
        with self._lock:
            self._planned.append(Planned(method, path, times, fault, skip))

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that is next for this request, counted as used."""
        with self._lock:
            for planned in self._planned:
                if planned.method == method and fnmatchcase(path, planned.path):
                    if planned.skip:
                        planned.skip -= 1
                        continue
                    if planned.times is not None:
                        planned.times -= 1
                    if planned.times == 0:
                        self._planned.remove(planned)
                    return planned.fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(planned) for planned in self._planned]
