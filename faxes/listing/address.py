"""What the address of any list says: each word checked once, and what makes no sense told instead of refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TypeVar

from django.http import Http404, QueryDict
from django.utils.datastructures import MultiValueDict

from accounts.models import Team
from faxes.typed import one_line
from telnyx_api.reading import YEARS

Thing = TypeVar("Thing")

LONGEST = 100


class Address:
    """One pass over an address. What made sense is gathered in `words`, what did not in `problems`."""

    def __init__(self, get: QueryDict | MultiValueDict[str, str]) -> None:
        self.get = get
        self.words: dict[str, str] = {}
        self.problems: list[str] = []

    def word(self, key: str) -> str:
        """The value as far as it can be text, with single spaces. It counts as making sense until it is taken out."""
        word = one_line(one_line(str(self.get.get(key) or ""))[:LONGEST])
        if word:
            self.words[key] = word
        return word

    def leave_out(self, key: str, sentence: str) -> None:
        self.problems.append(sentence)
        del self.words[key]

    def days(self) -> tuple[date | None, date | None]:
        """From which day on, and until which."""
        since, until = self._day("since"), self._day("until")
        if since and until and since > until:
            self.leave_out("until", f"“Until” ({until}) is before “since” ({since}), so it was left out.")
            until = None
        return since, until

    def team(self, teams: Sequence[Team]) -> Team | None:
        """One of these teams. Raises Http404 for any other."""
        slug = self.word("team")
        return found(next((team for team in teams if team.slug == slug), None)) if slug else None

    def _day(self, key: str) -> date | None:
        word = self.word(key)
        try:
            day = date.fromisoformat(word) if word else None
        except ValueError:
            self.leave_out(key, f"“{word}” is no day, so “{key}” was left out. Write it as 2026-01-31.")
            return None
        if day and day.year not in YEARS:
            self.leave_out(key, f"“{word}” is not from 2000 to 2099, so “{key}” was left out. Choose a day within.")
            return None
        return day


def found(thing: Thing | None) -> Thing:
    """The thing. Raises Http404 where there is none."""
    if thing is None:
        raise Http404
    return thing


def query_of(words: Mapping[str, str], changes: Mapping[str, str], *, place: Collection[str]) -> str:
    """The query string of these words with changes; an empty value takes its word out.

    `place` names what says where in a list somebody is, and not which list it is: another wish begins on the first page
    again.
    """
    kept = {key: value for key, value in words.items() if key not in place or all(key in place for key in changes)}
    query = QueryDict(mutable=True)
    query.update({key: value for key, value in (kept | dict(changes)).items() if value})
    return query.urlencode()
