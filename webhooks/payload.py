"""The body of a delivery, to be read: put in order, and as it came."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accounts.payload import LEFT_OUT, as_text, bounded, without_links
from telnyx_api.reading import legible, load

LINK = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://\S*")
# As JSON writes a string.
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Readable:
    """`pretty` is empty where the body is no JSON that can be put in order. Links to pages are left out of both."""

    pretty: str
    raw: str


def readable(body: bytes) -> Readable:
    try:
        value = load(body)
        pretty = as_text(value)
        secret = set(_strings(value)) - set(_strings(without_links(value)))
    except (ValueError, RecursionError):
        # Nothing to put in order, or nested more deeply than anybody reads.
        return Readable("", bounded(LINK.sub(LEFT_OUT, body.decode("utf-8", "replace"))))
    # As JSON is read, or a string here would not be known again as one of those.
    text = body.decode(json.detect_encoding(body), "surrogatepass")
    raw = STRING.sub(lambda said: f'"{LEFT_OUT}"' if json.loads(said[0]) in secret else said[0], text)
    return Readable(pretty, bounded(legible(raw)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value
