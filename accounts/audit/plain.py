"""What may stand in an entry: short, storable, and such that the database gives back just what was hashed."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

MOST_TEXT = 2000
MOST_ITEMS = 200
MOST_DATA = 20_000
# Not seen themselves, they turn the direction of what stands after them.
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def storable(text: str, most: int = MOST_TEXT) -> str:
    """The text without NUL and halves of surrogate pairs, which no database takes, and cut where it is too long."""
    text = text[: most + 1].replace("\x00", "").encode("utf-8", "replace").decode()
    return text if len(text) <= most else f"{text[: most - 1]}…"


def one_line(text: str, most: int) -> str:
    """A name as it can be read anywhere: on one line, without controls, and cut where it is too long."""
    words = " ".join(text[: 2 * most].split())
    return storable("".join(c for c in words if unicodedata.category(c) != "Cc" and c not in TURNING), most)


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data as JSON that survives a database. What is too much is left out, and said so."""
    said = _plain(json.loads(json.dumps(dict(data), cls=DjangoJSONEncoder)))
    length = len(json.dumps(said))
    return said if length <= MOST_DATA else {"left_out": f"{length} characters"}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if _comes_back(value) else repr(value)
    if isinstance(value, dict):
        some = {storable(key): _plain(inner) for key, inner in list(value.items())[:MOST_ITEMS]}
        return some if len(value) <= MOST_ITEMS else some | {"…": f"{len(value) - MOST_ITEMS} more"}
    if isinstance(value, list):
        some_items = [_plain(inner) for inner in value[:MOST_ITEMS]]
        return some_items if len(value) <= MOST_ITEMS else [*some_items, f"… {len(value) - MOST_ITEMS} more"]
    return value


def _comes_back(number: float) -> bool:
    """PostgreSQL keeps numbers as decimals: 1e+16 would come back as a whole number, -0.0 as 0.0, NaN not at all."""
    return not set(repr(number)) & set("einfa") and repr(number) != "-0.0"
