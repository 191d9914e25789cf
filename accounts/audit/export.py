"""Entries as a table for a spreadsheet, row by row."""

from __future__ import annotations

import csv
import json
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
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


class _Line:
    """What csv writes to: it keeps the last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def lines(entries: Iterable[LogEntry], teams: Mapping[str, str]) -> Iterator[str]:
    """The table in CSV, a line at a time, with the names of teams by their chains. Nothing in it is a formula."""
    line = _Line()
    writer = csv.writer(line)
    for row in _rows(entries, teams):
        writer.writerow([harmless(cell) for cell in row])
        yield line.text


def harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


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
