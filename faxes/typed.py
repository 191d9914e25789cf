"""What people type, as it is kept and looked for: by one rule, so that what was kept under a name is found by it."""

from __future__ import annotations

import unicodedata

from telnyx_api.reading import legible

# Characters that turn the direction of reading, and of what stands after them.
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def lines(text: str) -> str:
    """Without what cannot be stored or is never seen; empty where nothing can be seen."""
    text = legible(text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(c for c in text if c in "\n\t" or not (unicodedata.category(c) == "Cc" or c in TURNING)).strip()
    return text if any(c.isprintable() and not c.isspace() for c in text) else ""


def one_line(text: str) -> str:
    """The same with single spaces. What joins letters and pictures stays, though it is not seen itself."""
    return " ".join(lines(text).split())
