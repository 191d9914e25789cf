"""The numbers that somebody manages, as their list shows them: filtered, and each with what it is attached to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.http import urlencode

from accounts import access
from accounts.access import AnyUser
from accounts.models import Role, Team
from applications.drift import Difference, drift_of, names_for
from applications.models import FaxApplication, PhoneNumber, PhoneNumberQuerySet
from applications.outlook import Outlook
from applications.rhythm import HOURS_OF_WEEK
from telnyx_api.reading import legible

# Words of Telnyx's for a number that works, is on its way, or has ended; others show as they are, without a tone.
# https://developers.telnyx.com/api-reference/phone-number-configurations/list-phone-numbers
TONES = {
    "active": "good",
    "purchase-pending": "wait",
    "port-pending": "wait",
    "port-out-pending": "wait",
    "provision-pending": "wait",
    "emergency-only": "wait",
    "purchase-failed": "bad",
    "port-failed": "bad",
    "ported-out": "bad",
    "deleted": "bad",
}
SHOWS = {
    "": "All numbers",
    "quiet": "Quiet lines",
    "unattached": "Not attached",
    "nobody": "Without a team",
    "gone": "Gone at Telnyx",
}


@dataclass(frozen=True)
class Line:
    """A number on a page, with what it is attached to and what that means. `name` is that of its application, where
    the person may see it, and `opens` whether its page is theirs."""

    number: PhoneNumber
    outlook: Outlook
    name: str
    opens: bool
    differences: Sequence[Difference]

    @property
    def application(self) -> FaxApplication | None:
        """None where it is attached to nothing, or to what is no fax application that we know."""
        return self.outlook.application

    @property
    def team(self) -> Team | None:
        return self.outlook.team

    @property
    def inherits(self) -> bool:
        """Is its team the application's, and not its own?"""
        return self.number.team_id is None and self.team is not None

    @property
    def usual_in_a_week(self) -> int:
        """How many faxes usually come in; 0 where that is not known."""
        return round(sum(self.number.usual)) if len(self.number.usual) == HOURS_OF_WEEK else 0

    @property
    def tone(self) -> str:
        return TONES.get(self.number.status, "plain")


@dataclass(frozen=True)
class Filters:
    """What a list of numbers is narrowed to; empty where it is not. Words that fit nothing find nothing."""

    search: str = ""
    team: str = ""
    application: str = ""
    status: str = ""
    show: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        said = {name: legible(query.get(name, ""))[:255].strip() for name in ("team", "application", "status", "show")}
        return cls(search=legible(query.get("q", ""))[:100].strip(), **said)

    @property
    def query(self) -> str:
        """As the address of a page says it, without what is not asked."""
        said = {"q": self.search, **{name: getattr(self, name) for name in ("team", "application", "status", "show")}}
        return urlencode({name: value for name, value in said.items() if value})

    def narrow(self, numbers: PhoneNumberQuerySet) -> PhoneNumberQuerySet:
        found = numbers.filter(gone_at__isnull=self.show != "gone")
        if self.search:
            found = found.filter(_matches(self.search))
        if self.team:
            theirs = FaxApplication.objects.filter(team__slug=self.team, telnyx_id__isnull=False)
            inherited = Q(team=None, connection_id__in=theirs.values("telnyx_id"))
            found = found.filter(Q(team__slug=self.team) | inherited)
        if self.application:
            found = found.filter(connection_id=self.application)
        if self.status:
            found = found.filter(status=self.status)
        return _showing(found, self.show)


def managed(user: AnyUser) -> PhoneNumberQuerySet:
    """The numbers of the teams that the user manages, their own and those that their applications bring."""
    return PhoneNumber.objects.visible_to(user, at_least=Role.MANAGER)


def lines_of(user: AnyUser, numbers: QuerySet[PhoneNumber]) -> list[Line]:
    """A page of numbers, with what each of them shows: a few questions, however many they are."""
    page = list(numbers.select_related("team", "default_assignee").prefetch_related("notify"))
    applications = applications_of(page)
    names = names_for(user)
    return [_line(user, number, applications.get(number.connection_id), names) for number in page]


def line_of(user: AnyUser, number: PhoneNumber) -> Line:
    """One number, as its own page shows it."""
    return _line(user, number, number.application, names_for(user))


def applications_of(numbers: Iterable[PhoneNumber]) -> dict[str, FaxApplication]:
    """The applications that numbers are attached to, by Telnyx's ids."""
    ids = {number.connection_id for number in numbers if number.connection_id}
    rows = FaxApplication.objects.filter(telnyx_id__in=ids).select_related("team").defer("raw", "findings")
    return {str(row.telnyx_id): row for row in rows}


def _line(user: AnyUser, number: PhoneNumber, application: FaxApplication | None, names: Mapping[str, str]) -> Line:
    name = names.get(number.connection_id, "") if application else ""
    opens = application is not None and access.may(user, application.team, at_least=Role.MANAGER)
    return Line(number, Outlook(number.team, application), name, opens, drift_of(number, names))


def _matches(term: str) -> Q:
    """A label; or a number, by some of its digits as people write them."""
    found = Q(label__icontains=term)
    digits = "".join(filter(str.isdecimal, term))
    is_number = digits and not any(map(str.isalpha, term))
    return found | Q(phone_number__contains=digits) if is_number else found


def _showing(numbers: PhoneNumberQuerySet, show: str) -> PhoneNumberQuerySet:
    known = FaxApplication.objects.filter(telnyx_id__isnull=False)
    match show:
        case "quiet":
            return numbers.filter(quiet_since__isnull=False)
        case "unattached":
            return numbers.exclude(connection_id__in=known.values("telnyx_id"))
        case "nobody":
            return numbers.filter(team=None).exclude(
                connection_id__in=known.filter(team__isnull=False).values("telnyx_id")
            )
        case "" | "gone":
            return numbers
    return numbers.none()
