"""From an answer that is no success to the right error."""

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from telnyx_api import reading
from telnyx_api.errors import (
    LONGEST,
    AccountInactive,
    BadAnswer,
    Conflict,
    ErrorItem,
    Forbidden,
    Invalid,
    NoAnswer,
    NoFunds,
    NotFound,
    RateLimited,
    Refused,
    ServerError,
    TelnyxError,
    Unauthorized,
)

# Codes that say more than the status: https://developers.telnyx.com/development/api-fundamentals/api-errors
BY_CODE: Mapping[str, type[TelnyxError]] = {"10008": NoAnswer, "20012": AccountInactive, "20100": NoFunds}
BY_STATUS: Mapping[int, type[TelnyxError]] = {
    400: Invalid,
    401: Unauthorized,
    402: NoFunds,
    403: Forbidden,
    404: NotFound,
    408: NoAnswer,
    409: Conflict,
    422: Invalid,
    429: RateLimited,
}
# Above this a rate limit header is a point in time (seconds since 1970), not a wait.
EPOCH = 1_000_000_000
DAY = 86_400.0


def refusal(status: int, headers: Mapping[str, str], document: Any) -> TelnyxError:
    """The error for an answer whose `status` is not 2xx; `document` is its JSON body or None."""
    pointers = error_items(document)
    error = _error_type(status, pointers)
    return error(
        _sentence(error, status, pointers),
        status=status,
        pointers=pointers,
        request_id=headers.get("x-request-id"),
        retry_after=retry_after(headers, now=time.time()),
    )


def _error_type(status: int, pointers: tuple[ErrorItem, ...]) -> type[TelnyxError]:
    if not 400 <= status < 600:
        return BadAnswer
    for item in pointers:
        if item.code is not None and item.code in BY_CODE:
            return BY_CODE[item.code]
    return ServerError if status >= 500 else BY_STATUS.get(status, Refused)


def _sentence(error: type[TelnyxError], status: int, pointers: tuple[ErrorItem, ...]) -> str:
    if error is BadAnswer:
        return "Telnyx answered with neither success nor error; redirects are never followed, so check the base URL."
    first = pointers[0] if pointers else ErrorItem()
    why = first.detail or first.title or _phrase(status)
    return f"Telnyx refused the request: {why}" if issubclass(error, Refused) else f"Telnyx failed: {why}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no reason given"


def error_items(document: Any) -> tuple[ErrorItem, ...]:
    """Telnyx's `errors` list; empty when there is none, as behind a gateway that answers in HTML."""
    if not isinstance(document, dict):
        return ()
    return tuple(_error_item(raw) for raw in reading.mappings(document, "errors"))


def _error_item(raw: Mapping[str, Any]) -> ErrorItem:
    source = reading.mapping(raw, "source")
    return ErrorItem(
        code=_said(raw, "code"),
        title=_said(raw, "title"),
        detail=_said(raw, "detail"),
        pointer=_said(source, "pointer"),
        parameter=_said(source, "parameter"),
        meta=reading.mapping(raw, "meta"),
    )


def _said(raw: Mapping[str, Any], key: str) -> str | None:
    """A text that is going to be kept: a refusal that could not be written down would never end its fax."""
    text = reading.text(raw, key)
    return None if text is None else reading.legible(text)[:LONGEST]


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds to wait, between 0 and a day, or None where Telnyx does not say. Header names in lower case.

    Telnyx documents `x-ratelimit-reset` in seconds; gateways send `Retry-After` in seconds or as a date.
    https://developers.telnyx.com/development/api-fundamentals/reliability/rate-limiting
    """
    for name in ("retry-after", "x-ratelimit-reset"):
        wait = _wait(headers.get(name, ""), now)
        if wait is not None:
            return min(max(wait, 0.0), DAY)
    return None


def _wait(value: str, now: float) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return _wait_until(value, now)
    if not math.isfinite(number):
        return None
    return number - now if number > EPOCH else number


def _wait_until(date: str, now: float) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() - now
    except (ValueError, OverflowError):
        return None
