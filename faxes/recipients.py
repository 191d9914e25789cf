"""The list under “To”: what was typed or pasted, entry by entry, and what each entry would dial."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError

from accounts.models import Team
from contacts.models import Correspondent
from contacts.numbers import format_number, parse_number

MOST = 100
LONGEST = 10_000
SEPARATORS = re.compile(r"[\r\n\t,;]+")


@dataclass(frozen=True)
class Recipient:
    """One entry: a number in E.164 that can be dialled, or what is wrong with it."""

    entry: str
    number: str = ""
    name: str = ""
    error: str = ""

    @property
    def line(self) -> str:
        """How the list spells the entry from now on: with its country, so that another sender cannot change it."""
        return format_number(self.number) if self.number else self.entry


@dataclass(frozen=True)
class Recipients:
    """The list, each number once, and the numbers that were in it more than once."""

    entries: tuple[Recipient, ...] = ()
    repeated: tuple[Recipient, ...] = ()

    @property
    def numbers(self) -> list[str]:
        return [entry.number for entry in self.entries if entry.number]

    @property
    def errors(self) -> list[str]:
        return [entry.error for entry in self.entries if entry.error]


def read_recipients(text: str, *, sender: str = "", team: Team | None = None) -> Recipients:
    """What the list says. Numbers without a country are read as the sender's; names are those the team gave.

    Raises ValidationError for a list that is too long to be meant. An entry that cannot be dialled carries its error.
    """
    if len(text) > LONGEST:
        raise ValidationError(f"This list is too long. A fax goes to at most {MOST} numbers at once: send it in parts.")
    read = [_read(entry, sender) for part in SEPARATORS.split(text) if (entry := " ".join(part.split()))]
    names = _names(team, [recipient.number for recipient in read if recipient.number])
    kept: dict[str, Recipient] = {}
    repeated: dict[str, Recipient] = {}
    for recipient in read:
        key = recipient.number or recipient.entry
        if key in kept:
            repeated[key] = kept[key]
        else:
            kept[key] = replace(recipient, name=names.get(recipient.number, ""))
    return Recipients(tuple(kept.values()), tuple(repeated.values()))


def _read(entry: str, sender: str) -> Recipient:
    try:
        number = parse_number(entry, near=sender)
    except ValidationError as error:
        return Recipient(entry, error=error.messages[0])
    if number == sender:
        return Recipient(entry, error=f"{format_number(number)} is the number you send from. Remove it.")
    return Recipient(entry, number)


def _names(team: Team | None, numbers: list[str]) -> dict[str, str]:
    if team is None:
        return {}
    known = Correspondent.objects.filter(team=team, number__in=numbers).exclude(name="")
    return dict(known.values_list("number", "name"))
