"""JSON as people may read it, whoever wrote it: less the links that lead to pages without any log-in.

Pages are seen where that is on record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# Payloads have one or two thousand characters.
LONGEST = 100_000
CUT = "\n(cut here: what follows is left out)"
LEFT_OUT = "(a link to the pages, left out)"
LINK = re.compile(r"\s*[a-zA-Z][a-zA-Z0-9+.-]*://\S+\s*")
# Where Telnyx calls us is no secret, and often what somebody looks for.
OUR_DOOR = ("webhook", "delivered_to")


def without_links(value: Any, key: str = "") -> Any:
    """The same JSON, less what leads to pages: by the name of its key, or because it is a link and not one to us."""
    if isinstance(value, Mapping):
        return {LEFT_OUT if LINK.fullmatch(name) else name: without_links(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [without_links(inner, key) for inner in value]
    if any(word in key.lower() for word in OUR_DOOR):
        return value
    is_link = isinstance(value, str) and LINK.fullmatch(value)
    return LEFT_OUT if is_link or (value and "url" in key.lower()) else value


def as_text(value: Any) -> str:
    """Any JSON over several lines, as any page and any database can hold it. What is beyond all reading is cut off."""
    text, pieces = "", json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(without_links(value))
    for piece in pieces:
        text += piece
        if len(text) > LONGEST:
            break
    # Half a surrogate pair is JSON, and no text.
    return bounded(text.encode("utf-8", "replace").decode())


def bounded(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + CUT
