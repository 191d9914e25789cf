"""Entries as a table for a spreadsheet, row by row."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from accounts.audit.wording import sentence_of
from accounts.models import LogEntry

HEADINGS = (
    "time (UTC)",
    "team",
    "person",
    "what happened",
    "action",
    "object",
    "address",
    "browser",
    "data",
    "person id",
    "object type",
    "object id",
    "chain",
    "number",
    "hash",
)
# What a spreadsheet takes for a formula, also in the width of Chinese characters:
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA, BLANK = tuple("=+-@＝＋－＠"), tuple("\t\r\n")
# What a spreadsheet may end a cell at, whatever we end it with: that is a matter of the reader's country.
SEPARATOR = re.compile(r"([;,|\t\r\n])")


class _Line:
    """What csv writes to: it keeps the last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def lines(entries: Iterable[LogEntry], teams: Mapping[str, str]) -> Iterator[str]:
    """The table in CSV, a line at a time, with the names of teams by their chains. Nothing in it is a formula."""
    line = _Line()
    writer = csv.writer(line, quoting=csv.QUOTE_ALL)
    for row in _rows(entries, teams):
        writer.writerow([harmless(cell) for cell in row])
        yield line.text


def harmless(cell: str) -> str:
    """The cell, in which no part that could become one of its own is a formula."""
    parts = [f"'{part}" if part.lstrip().startswith(FORMULA) else part for part in SEPARATOR.split(cell)]
    whole = "".join(parts)
    return f"'{whole}" if cell.lstrip(" ").startswith(BLANK) else whole


def _rows(entries: Iterable[LogEntry], teams: Mapping[str, str]) -> Iterator[Iterable[str]]:
    yield HEADINGS
    for entry in entries:
        yield (
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            teams.get(entry.chain, entry.chain),
            entry.actor_name,
            str(sentence_of(entry)),
            entry.action,
            entry.object_name,
            entry.address,
            entry.agent,
            json.dumps(entry.data, ensure_ascii=False),
            entry.actor_id,
            entry.object_type,
            entry.object_id,
            entry.chain,
            str(entry.sequence),
            entry.hash,
        )
