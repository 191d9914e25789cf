"""Checks of request fields that collect every problem, so that one answer names them all, as Telnyx's errors[] does."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from telnyx_sandbox.errors import Problem, Refusal

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# Half of a pair, which JSON can spell and nothing can encode.
SURROGATE = re.compile("[\ud800-\udfff]")
SIP_URI = re.compile(r"sips?:[^\s@]+@[^\s@]+")

JSON_TYPES = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object"}


def is_web_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and len(value) <= 2000
    except ValueError:
        return False


def is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


class Fields:
    """The values of one body or of an object inside it; `done()` raises Refusal 422 when anything was wrong.

    A JSON null counts as not given, except where a field is read with `nullable`.
    """

    def __init__(
        self, values: Mapping[str, Any], *, as_text: bool = False, parent: "Fields | None" = None, at: str = ""
    ):
        self.values = values
        self.as_text = as_text
        self.at = at
        self.problems: list[Problem] = parent.problems if parent else []

    def complain(self, name: str, code: str, detail: str) -> None:
        """Notes what is wrong with a field. The first complaint about it is the one that counts."""
        problem = Problem(code, detail, pointer=f"{self.at}/{name}")
        if problem.pointer not in (each.pointer for each in self.problems):
            self.problems.append(problem)

    def done(self) -> None:
        if self.problems:
            raise Refusal(422, *self.problems)

    def given(self, name: str) -> bool:
        return self.values.get(name) is not None

    def _read(self, name: str, kind: type, default: Any, required: bool = False) -> Any:
        value = self.values.get(name)
        if value is None:
            if required:
                self.complain(name, "10004", f"The {name} parameter is required.")
            return default
        # bool is a kind of int in Python, but not in JSON.
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.complain(name, "10026", f"The {name} parameter must be of type {JSON_TYPES[kind]}.")
            return default
        return value

    def text(self, name: str, default: str = "", *, required: bool = False, longest: int = 2000) -> str:
        value = str(self._read(name, str, default, required))
        if SURROGATE.search(value):
            self.complain(name, "10026", f"The {name} parameter is not valid Unicode.")
            return default
        if len(value) > longest or (required and self.given(name) and not value.strip()):
            self.complain(name, "10025", f"The {name} parameter must be between 1 and {longest} characters long.")
        return value

    def matching(
        self,
        name: str,
        test: Callable[[str], Any],
        code: str,
        detail: str,
        *,
        default: str = "",
        required: bool = False,
    ) -> str:
        """Text that passes `test`; an empty text passes only where it is not required."""
        value = self.text(name, default, required=required)
        if value and not test(value):
            self.complain(name, code, detail)
        return value

    def url(self, name: str, default: str = "", *, required: bool = False) -> str:
        detail = f"The {name} parameter must be an http or https URL of at most 2000 characters."
        return self.matching(name, is_web_url, "10003", detail, default=default, required=required)

    def choice(self, name: str, options: Sequence[str], default: str) -> str:
        value = str(self._read(name, str, default))
        if value not in options:
            self.complain(name, "10032", f"The {name} parameter must be one of {', '.join(options)}.")
        return value

    def flag(self, name: str, default: bool) -> bool:
        if self.as_text and self.values.get(name) in ("true", "false"):
            return bool(self.values[name] == "true")
        return bool(self._read(name, bool, default))

    def whole(self, name: str, low: int, high: int, default: int | None, *, nullable: bool = False) -> int | None:
        if nullable and name in self.values and self.values[name] is None:
            return None
        value = self._read(name, int, default) if not self.as_text else self._whole_from_text(name, default)
        if value is not None and not low <= value <= high:
            self.complain(name, "10033", f"The {name} parameter must be from {low} to {high}.")
        return value if value is None else int(value)

    def number(self, name: str, low: float, high: float, default: float) -> float:
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.complain(name, "10033", f"The {name} parameter must be a number from {low} to {high}.")
            return default
        return float(value)

    def _whole_from_text(self, name: str, default: int | None) -> int | None:
        text = self.text(name)
        if not text:
            return default
        if not re.fullmatch(r"[0-9]{1,18}", text):
            self.complain(name, "10026", f"The {name} parameter must be a whole number.")
            return default
        return int(text)

    def words(self, name: str, default: Sequence[str]) -> list[str]:
        value = self._read(name, list, list(default))
        if not all(isinstance(item, str) for item in value):
            self.complain(name, "10026", f"The {name} parameter must be a list of strings.")
        return list(value)

    def part(self, name: str) -> "Fields":
        return Fields(self._read(name, dict, {}), parent=self, at=f"{self.at}/{name}")
