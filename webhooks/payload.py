"""The body of a delivery, to be read: put in order, and as it came."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
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
    return Readable(pretty, bounded(legible("".join(_without_links(text, secret)))))


def _without_links(text: str, secret: Collection[str]) -> Iterator[str]:
    """The text of a JSON document in pieces, less what is secret, and less every link but where Telnyx calls us.

    Each string is judged where it stands: of a key that is written twice, only the last value is read.
    """
    end, last = 0, ""
    for match in STRING.finditer(text):
        between = text[end : match.start()]
        said = str(json.loads(match[0]))
        key = last if between.strip() == ":" else ""
        is_secret = said in secret or without_links(said, key) != said
        yield between
        yield f'"{LEFT_OUT}"' if is_secret else match[0]
        end, last = match.end(), said
    yield text[end:]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value
