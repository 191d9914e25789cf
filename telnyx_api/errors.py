"""What can go wrong between us and Telnyx.

    TelnyxError
    ├── NotSent               no whole request reached Telnyx                         retryable
    ├── NoAnswer              a whole request may have, no whole answer came (or 408)  outcome unknown
    ├── BadAnswer             a success we cannot read, or a redirect                  outcome unknown
    ├── ServerError           5xx                                                      outcome unknown
    └── Refused               any other 4xx: Telnyx said no and did nothing
        ├── Invalid           400, 422
        ├── Unauthorized      401
        ├── NoFunds           402, or code 20100 whatever the status
        ├── Forbidden         403
        ├── AccountInactive   code 20012 whatever the status
        ├── NotFound          404
        ├── Conflict          409
        └── RateLimited       429                                                      retryable

The tree is drawn from one question: could Telnyx have acted? Where it could, `outcome_known` is False, and a call that
changes something must not be made again before the outcome is known. A gateway may fail after Telnyx has accepted (5xx,
408), 303 is what a server answers after it has acted, and an unreadable 202 is still a 202. A conflict is an answer by
Telnyx itself that this request was not carried out.

Codes: https://developers.telnyx.com/development/api-fundamentals/api-errors
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from telnyx_api.reading import legible

LONGEST = 1000


@dataclass(frozen=True, kw_only=True)
class ErrorItem:
    """One entry of Telnyx's `errors` list. `pointer` leads into the body, `parameter` names one of the query's."""

    code: str | None = None
    title: str | None = None
    detail: str | None = None
    pointer: str | None = None
    parameter: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


class TelnyxError(Exception):
    """A call that did not succeed; `str()` is one line for the log and never holds the API key.

    `code`, `title` and `detail` are those of the first of `pointers`, the errors Telnyx listed. `retry_after` is in
    seconds from now. GET and DELETE may always be repeated, so on them a passing trouble is `retryable` whatever its
    class says.
    """

    retryable: bool = False
    outcome_known: bool = True

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        pointers: tuple[ErrorItem, ...] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        first = pointers[0] if pointers else ErrorItem()
        self.status = status
        self.code, self.title, self.detail = first.code, first.title, first.detail
        self.pointers = pointers
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        facts = {"status": self.status, "code": self.code, "request id": self.request_id}
        known = ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)
        sentence = f"{self.args[0]} ({known})" if known else str(self.args[0])
        # Much of it was written by the other side, which must not write lines of its own into our log.
        return " ".join(legible(sentence).split())[:LONGEST]


class NotSent(TelnyxError):
    """No whole request reached Telnyx: no connection, no TLS, or the deadline passed before the body had left."""

    retryable = True


class NoAnswer(TelnyxError):
    """The whole request may have arrived, but no whole answer came back."""

    outcome_known = False


class BadAnswer(TelnyxError):
    """Telnyx answered 2xx with a body that is not what its documentation says, or sent us elsewhere."""

    outcome_known = False


class ServerError(TelnyxError):
    """Telnyx, or a gateway before it, failed; it may have failed after accepting."""

    outcome_known = False


class Refused(TelnyxError):
    """Telnyx said no and did nothing."""


class Invalid(Refused):
    """The request is wrong; `pointers` say where."""


class Unauthorized(Refused):
    """The API key is not accepted."""


class NoFunds(Refused):
    """The account's balance does not allow this."""


class Forbidden(Refused):
    """The API key does not reach this."""


class AccountInactive(Refused):
    """The Telnyx account is not active."""


class NotFound(Refused):
    """Telnyx knows no such object."""


class Conflict(Refused):
    """The object is in a state, or in a use, that does not allow this."""


class RateLimited(Refused):
    """Too many requests; ask again after `retry_after` seconds, where Telnyx says so."""

    retryable = True
