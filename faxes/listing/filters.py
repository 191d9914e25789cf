"""What the address of a list asks for. Every value is looked up through the user."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal
from uuid import UUID

from django.db.models import TextChoices
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.datastructures import MultiValueDict

from accounts import access
from accounts.models import Team, User
from applications.models import FaxApplication, PhoneNumber
from faxes.listing.address import Address, found, query_of
from faxes.models import Fax, Tag
from faxes.states import Direction

NOBODY: Final = "nobody"
# What says where in a list somebody is, and not which list it is.
PLACE = ("before", "after", "open", "seen")


class Show(TextChoices):
    """Which faxes of a box. None but `BIN` shows what is in the bin. `STUCK` are lately sent faxes that failed or were
    refused, and which nobody has sent again or settled since: somebody has to look at them."""

    OPEN = "open", "To do"
    MINE = "mine", "Mine"
    UNREAD = "unread", "Unread"
    DONE = "done", "Handled"
    ALL = "all", "All"
    GOING = "going", "On their way"
    UNCERTAIN = "uncertain", "Uncertain"
    STUCK = "stuck", "Need somebody"
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


SENDING = (Show.GOING, Show.UNCERTAIN, Show.STUCK)
INBOX = Box(Direction.INBOUND, "to_number", [show for show in Show if show not in SENDING])
SENT = Box(Direction.OUTBOUND, "from_number", [Show.ALL, *SENDING, Show.FAILED, Show.BIN])


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
        if changes.get("before"):
            words.pop("after", None)
        if changes.get("after"):
            words.pop("before", None)
        return query_of(words, changes, place=PLACE)


class _Parser(Address):
    def __init__(self, get: QueryDict | MultiValueDict[str, str], user: User, box: Box) -> None:
        super().__init__(get)
        self.user, self.box = user, box
        self.teams = list(access.teams(user))

    def filters(self) -> Filters:
        since, until = self.days()
        after = self._fax("after")
        return Filters(
            user=self.user,
            box=self.box,
            teams=self.teams,
            show=self._show(),
            search=self._search(),
            team=self.team(self.teams),
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

    def _show(self) -> Show:
        word = self.word("show")
        known: dict[str, Show] = {show.value: show for show in self.box.shows}
        if not access.is_admin(self.user):
            known.pop(Show.UNROUTED, None)
        if word and word not in known:
            self.leave_out("show", f"There is nothing to show by the name of “{word}”, so “show” was left out.")
        return known.get(word, self.box.shows[0])

    def _search(self) -> str:
        return self.word("q")

    def _number(self) -> PhoneNumber | None:
        # A plus sign that was not encoded arrives as a space.
        number = self.word("number").lstrip("+ ")
        if not number:
            return None
        numbers = PhoneNumber.objects.visible_to(self.user).filter(phone_number__in=[number, f"+{number}"])
        return found(numbers.first())

    def _application(self) -> FaxApplication | None:
        word = self.word("application")
        return get_object_or_404(FaxApplication.objects.visible_to(self.user), pk=_uuid(word)) if word else None

    def _assignee(self) -> User | Literal["nobody"] | None:
        """The user, nobody, or somebody with whom they share a team."""
        word = self.word("assignee")
        if not word:
            return None
        if word == NOBODY:
            return NOBODY
        if word in ("me", str(self.user.pk)):
            return self.user
        if not (word.isascii() and word.isdigit()):
            raise Http404
        people = User.objects.filter(pk=int(word))
        return found(people.filter(memberships__team__in=self.teams).first())

    def _tags(self) -> list[Tag]:
        """A word is one tag per team: all of them that the user has."""
        word = self.word("tag")
        if not word:
            return []
        tags = Tag.objects.filter(team__in=self.teams)
        # Compared here: SQLite knows no “Ü” from “ü”.
        return found([tag for tag in tags if tag.name.casefold() == word.casefold()] or None)

    def _fax(self, key: str) -> Fax | None:
        word = self.word(key)
        if not word:
            return None
        return get_object_or_404(Fax.objects.visible_to(self.user).only("created_at", "trashed_at"), pk=_uuid(word))


def _uuid(word: str) -> UUID:
    try:
        return uuid.UUID(word)
    except ValueError as error:
        raise Http404 from error
