"""What the address of a list asks for. Every value is looked up through the user."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeVar
from uuid import UUID

from django.db.models import TextChoices
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.datastructures import MultiValueDict

from accounts import access
from accounts.models import Team, User
from applications.models import FaxApplication, PhoneNumber
from faxes.models import Fax, Tag
from faxes.states import Direction
from faxes.typed import one_line

Thing = TypeVar("Thing")

NOBODY: Final = "nobody"
LONGEST = 100
# What says where in a list somebody is, and not which list it is.
PLACE = ("before", "after", "open", "seen")


class Show(TextChoices):
    """Which faxes of a box. None but `BIN` shows what is in the bin."""

    OPEN = "open", "To do"
    MINE = "mine", "Mine"
    UNREAD = "unread", "Unread"
    DONE = "done", "Handled"
    ALL = "all", "All"
    FAILED = "failed", "Failed"
    MISSING = "missing", "Pages missing"
    UNROUTED = "unrouted", "Unrouted"
    BIN = "bin", "Bin"


@dataclass(frozen=True)
class Box:
    """What tells the two lists apart. The first word of `shows` is what an address without one means."""

    direction: Direction
    our_number: Literal["from_number", "to_number"]
    shows: Sequence[Show]


INBOX = Box(Direction.INBOUND, "to_number", list(Show))
SENT = Box(Direction.OUTBOUND, "from_number", [Show.ALL, Show.FAILED, Show.BIN])


@dataclass(frozen=True)
class Filters:
    """A checked wish. `teams` are all the teams of the user; `problems` says what made no sense and was left out."""

    user: User
    box: Box
    teams: Sequence[Team]
    show: Show
    search: str = ""
    team: Team | None = None
    number: PhoneNumber | None = None
    application: FaxApplication | None = None
    assignee: User | Literal["nobody"] | None = None
    tags: Sequence[Tag] = ()
    since: date | None = None
    until: date | None = None
    before: Fax | None = None
    after: Fax | None = None
    problems: Sequence[str] = ()
    # The address's words that made sense, as they were.
    words: Mapping[str, str] = field(default_factory=dict)
    # What was found out about them, for whoever asks next while one page is made.
    answers: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, get: QueryDict | MultiValueDict[str, str], user: User, box: Box = INBOX) -> Filters:
        """Raises Http404 for a team, number, application, person, tag or fax that the user does not have."""
        return _Parser(get, user, box).filters()

    @property
    def shows(self) -> list[Show]:
        """What this user may choose from."""
        return [show for show in self.box.shows if show is not Show.UNROUTED or access.is_admin(self.user)]

    @property
    def narrow(self) -> bool:
        """Is anything asked for beyond what the bare address of the list shows?"""
        return bool(self.words)

    @property
    def tag(self) -> str:
        return self.words.get("tag", "")

    def query(self, **changes: str) -> str:
        """The query string of these filters with changes; an empty value takes its word out.

        Another wish begins on the first page again, and with no fax open.
        """
        words = dict(self.words)
        if any(key not in PLACE for key in changes):
            words = {key: value for key, value in words.items() if key not in PLACE}
        if changes.get("before"):
            words.pop("after", None)
        if changes.get("after"):
            words.pop("before", None)
        query = QueryDict(mutable=True)
        query.update({key: value for key, value in (words | changes).items() if value})
        return query.urlencode()


class _Parser:
    """One pass over an address. What made sense is gathered in `words`, what did not in `problems`."""

    def __init__(self, get: QueryDict | MultiValueDict[str, str], user: User, box: Box) -> None:
        self.get, self.user, self.box = get, user, box
        self.teams = list(access.teams(user))
        self.words: dict[str, str] = {}
        self.problems: list[str] = []

    def filters(self) -> Filters:
        since, until = self._day("since"), self._day("until")
        if since and until and since > until:
            self.problems.append(f"“Until” ({until}) is before “since” ({since}), so it was left out.")
            self.words.pop("until")
            until = None
        after = self._fax("after")
        return Filters(
            user=self.user,
            box=self.box,
            teams=self.teams,
            show=self._show(),
            search=self._search(),
            team=self._team(),
            number=self._number(),
            application=self._application(),
            assignee=self._assignee(),
            tags=self._tags(),
            since=since,
            until=until,
            before=None if after else self._fax("before"),
            after=after,
            words=self.words,
            problems=self.problems,
        )

    def _word(self, key: str) -> str:
        """The value as far as it can be text, with single spaces. It counts as making sense until it is taken out."""
        word = one_line(one_line(str(self.get.get(key) or ""))[:LONGEST])
        if word:
            self.words[key] = word
        return word

    def _left_out(self, key: str, sentence: str) -> None:
        self.problems.append(sentence)
        del self.words[key]

    def _show(self) -> Show:
        word = self._word("show")
        known: dict[str, Show] = {show.value: show for show in self.box.shows}
        if not access.is_admin(self.user):
            known.pop(Show.UNROUTED, None)
        if word and word not in known:
            self._left_out("show", f"There is nothing to show by the name of “{word}”, so “show” was left out.")
        return known.get(word, self.box.shows[0])

    def _search(self) -> str:
        return self._word("q")

    def _day(self, key: str) -> date | None:
        word = self._word(key)
        try:
            return date.fromisoformat(word) if word else None
        except ValueError:
            self._left_out(key, f"“{word}” is no day, so “{key}” was left out. Write it as 2026-01-31.")
            return None

    def _team(self) -> Team | None:
        slug = self._word("team")
        return _found(next((team for team in self.teams if team.slug == slug), None)) if slug else None

    def _number(self) -> PhoneNumber | None:
        # A plus sign that was not encoded arrives as a space.
        number = self._word("number").lstrip("+ ")
        if not number:
            return None
        found = PhoneNumber.objects.visible_to(self.user).filter(phone_number__in=[number, f"+{number}"]).first()
        return _found(found)

    def _application(self) -> FaxApplication | None:
        word = self._word("application")
        return get_object_or_404(FaxApplication.objects.visible_to(self.user), pk=_uuid(word)) if word else None

    def _assignee(self) -> User | Literal["nobody"] | None:
        """The user, nobody, or somebody with whom they share a team."""
        word = self._word("assignee")
        if not word:
            return None
        if word == NOBODY:
            return NOBODY
        if word in ("me", str(self.user.pk)):
            return self.user
        if not (word.isascii() and word.isdigit()):
            raise Http404
        people = User.objects.filter(pk=int(word))
        return _found(people.filter(memberships__team__in=self.teams).first())

    def _tags(self) -> list[Tag]:
        """A word is one tag per team: all of them that the user has."""
        word = self._word("tag")
        if not word:
            return []
        tags = Tag.objects.filter(team__in=self.teams)
        # Compared here: SQLite knows no “Ü” from “ü”.
        return _found([tag for tag in tags if tag.name.casefold() == word.casefold()] or None)

    def _fax(self, key: str) -> Fax | None:
        word = self._word(key)
        if not word:
            return None
        return get_object_or_404(Fax.objects.visible_to(self.user).only("created_at", "trashed_at"), pk=_uuid(word))


def _found(thing: Thing | None) -> Thing:
    if thing is None:
        raise Http404
    return thing


def _uuid(word: str) -> UUID:
    try:
        return uuid.UUID(word)
    except ValueError as error:
        raise Http404 from error
