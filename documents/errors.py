"""Refusals: a code for the program and one plain sentence for the person at the desk."""

from __future__ import annotations

import math
import unicodedata
from typing import Literal

Code = Literal["empty", "unsupported", "encrypted", "broken", "too_large", "too_many_pages", "bomb"]

SENTENCES: dict[str, tuple[Code, str]] = {
    "empty": ("empty", "{file} is empty. Look whether it was saved completely, and add it again."),
    "unsupported": ("unsupported", "{file} is not a PDF, TIFF, JPEG or PNG file. Save it as a PDF and add that."),
    "portfolio": ("unsupported", "{file} is a PDF with other files packed into it. Add those files one by one."),
    "live_form": ("unsupported", "{file} is a form that only Adobe Reader shows. Print it to a new PDF and add that."),
    "encrypted": ("encrypted", "{file} is protected with a password. Save it without a password and add it again."),
    "broken": ("broken", "{file} is damaged and cannot be read in full. Save or scan it again and add the new file."),
    "too_large": (
        "too_large",
        "{file} comes to {size} MB, and a fax takes at most {limit} MB. Scan it in black and white or split it.",
    ),
    "too_many_pages": (
        "too_many_pages",
        "{file} has more than {limit} pages, the most a fax takes. Split it into several faxes.",
    ),
    "bomb": ("bomb", "{file} unpacks to far more than fits on fax pages. Print it to a new PDF and add that."),
}
LONGEST_NAME = 60


class DocumentError(ValueError):
    """A document that cannot be faxed. `code` tells the kind of trouble; str() names the file and the remedy."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class PageOutOfRange(IndexError):
    """The document has no page of that number."""


def refusal(reason: str, name: str, **details: object) -> DocumentError:
    """The error for a reason of SENTENCES and a file as its owner calls it."""
    code, sentence = SENTENCES[reason]
    return DocumentError(code, sentence.format(file=quoted(name), **details))


def too_large(name: str, size: int, limit: int) -> DocumentError:
    # Rounded up, or a file a few bytes over the limit would be refused for having exactly what is allowed.
    return refusal("too_large", name, size=math.ceil(size / 100_000) / 10, limit=f"{limit / 1_000_000:g}")


def quoted(name: str) -> str:
    """The name as a person gave it, in quotes, without what could disturb the sentence around it.

    Control characters go, and with them the marks that turn the reading direction and make “exe.pdf” of “fdp.exe”.
    A long name loses its middle: people know it by its beginning and its ending.
    """
    visible = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in name)
    visible = " ".join(visible.split())
    if len(visible) > LONGEST_NAME:
        visible = f"{visible[: LONGEST_NAME - 20].rstrip()}…{visible[-19:].lstrip()}"
    return f"“{visible}”" if visible else "This file"
