"""Tolerant readers for JSON that Telnyx wrote: what is missing or of the wrong type reads as None, never as an error.

No schema of the fax API marks a field as required, so any of them can be missing:
https://github.com/team-telnyx/openapi
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

# What the usual integer column of a database holds.
LARGEST = 2**31 - 1
# No fax lies beyond. Such times are blanks of somebody's tables, like the year 1 or 9999, and cannot even be told in
# every zone.
YEARS = range(2000, 2100)


def load(body: bytes) -> Any:
    """The JSON document in `body`. ValueError for anything else, however deep, long or broken."""
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON.")


def text(raw: Mapping[str, Any], key: str) -> str | None:
    """A string; a number counts as its digits, because ids come both ways."""
    value = raw.get(key)
    if value is None or isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def legible(text: str) -> str:
    """The text without what no database and no log takes: NUL, and halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def texts(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The strings of a list; a lone string counts as a list of one."""
    value = raw.get(key)
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str))


def whole(raw: Mapping[str, Any], key: str) -> int | None:
    """A whole number from 0 to 2,147,483,647, written as a number or as digits."""
    value = text(raw, key)
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 10:
        return None
    return int(value) if int(value) <= LARGEST else None


def flag(raw: Mapping[str, Any], key: str) -> bool | None:
    value = raw.get(key)
    return value if isinstance(value, bool) else None


def moment(raw: Mapping[str, Any], key: str) -> datetime | None:
    """An aware time in UTC of these YEARS. Older documentation writes times without a zone; they are UTC too."""
    value = raw.get(key)
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
        when = when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return when if when.year in YEARS else None


def mapping(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under `key`; an empty one where there is none."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def mappings(raw: Mapping[str, Any], key: str) -> tuple[Mapping[str, Any], ...]:
    """The objects of the list under `key`."""
    value = raw.get(key)
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
