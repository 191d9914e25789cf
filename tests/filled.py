"""A form as a browser has it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.forms import BaseForm


def fields_of(page: Any, form: BaseForm) -> dict[str, str]:
    """What a browser would send of the form's fields from the page as it is, with what the page has shown in them."""
    parser = _Parser()
    parser.feed(page.content.decode())
    return {name: value for name, value in parser.fields.items() if name.removeprefix("initial-") in form.fields}


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.select = self.area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name = said.get("name", "")
        match tag:
            case "input" if said.get("type") != "checkbox" or "checked" in said:
                self.fields[name] = said.get("value", "on" if said.get("type") == "checkbox" else "")
            case "select":
                self.select = name
                self.fields[name] = ""
            case "option" if "selected" in said:
                self.fields[self.select] = said["value"]
            case "textarea":
                self.area = name
                self.fields[name] = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            # A browser drops the first line's end.
            self.fields[self.area] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
