"""The list of fax applications."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import Count
from django.db.models.fields.json import KT
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import access
from accounts.guards import for_people
from accounts.models import Role, User
from applications.drift import drift_in_words
from applications.fields import tags_of
from applications.models import FaxApplication, PendingApplication, PhoneNumber
from applications.number_forms import managed_teams
from telnyx_api.reading import moment

ON_A_PAGE = 50
LONGEST_SEARCH = 100
SHOWN = {"": "All at Telnyx", "active": "Active", "inactive": "Not active", "gone": "Gone at Telnyx"}
SORTS = {
    "": "By name",
    "team": "By team",
    "numbers": "Most numbers first",
    "reported": "Changed last first",
    "created": "Newest first",
    "oldest": "Oldest first",
    "active": "Active first",
}
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    application: FaxApplication
    numbers: int

    @property
    def tags(self) -> list[str]:
        return tags_of(self.application.tags)

    @property
    def created_at(self) -> datetime | None:
        """As Telnyx says; the list has taken it out of the payload, which it does not load."""
        return moment(vars(self.application), "said_created_at")


# What is not known comes last, whichever way.
LATE = datetime.max.replace(tzinfo=UTC)
ORDER: Mapping[str, Callable[[Row], Any]] = {
    "team": lambda row: str(row.application.team or "").casefold(),
    "numbers": lambda row: -row.numbers,
    "reported": lambda row: -(row.application.remote_at or LONG_AGO).timestamp(),
    "created": lambda row: -(row.created_at or LONG_AGO).timestamp(),
    "oldest": lambda row: row.created_at or LATE,
    "active": lambda row: [True, False, None].index(row.application.active),
}


@dataclass(frozen=True)
class Filters:
    """What an address asks of the list. What it should not say counts as not said."""

    search: str
    show: str
    sort: str
    team: str

    @classmethod
    def of(cls, query: QueryDict) -> Self:
        show, sort = query.get("show", ""), query.get("sort", "")
        return cls(
            search=query.get("q", "").replace("\x00", "")[:LONGEST_SEARCH].strip(),
            show=show if show in SHOWN else "",
            sort=sort if sort in SORTS else "",
            team=query.get("team", "").replace("\x00", ""),
        )

    @property
    def query(self) -> str:
        said = {"q": self.search, "show": self.show, "sort": self.sort, "team": self.team}
        return urlencode({name: value for name, value in said.items() if value})

    @property
    def narrow(self) -> bool:
        return bool(self.search or self.show or self.team)

    def passes(self, application: FaxApplication) -> bool:
        if (application.gone_at is not None) != (self.show == "gone"):
            return False
        if self.show in ("active", "inactive") and bool(application.active) != (self.show == "active"):
            return False
        if self.team and (application.team is None or application.team.slug != self.team):
            return False
        ids = [application.telnyx_id or "", application.outbound_voice_profile_id]
        said = " ".join([application.application_name, *ids, *tags_of(application.tags)])
        return all(word in said.casefold() for word in self.search.casefold().split())


@require_safe
@for_people
def applications(request: HttpRequest, user: User) -> HttpResponse:
    access.require_somewhere(user, at_least=Role.MANAGER)
    filters = Filters.of(request.GET)
    mine = FaxApplication.objects.visible_to(user, at_least=Role.MANAGER).annotate(
        said_created_at=KT("raw__created_at")
    )
    # An account has some hundreds at most. Searched here, because databases do not agree on capitals beyond A to Z.
    found = [one for one in mine.select_related("team").defer("raw", "written") if filters.passes(one)]
    page = Paginator(_rows(found, filters.sort), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "filters": filters,
        "about_team": access.team_at(user, filters.team),
        "shows": SHOWN,
        "sorts": SORTS,
        "teams": managed_teams(user),
        "drift": drift_in_words(user),
        "gone": mine.filter(gone_at__isnull=False).count(),
        "pending": PendingApplication.objects.visible_to(user, at_least=Role.MANAGER).open().select_related("by"),
    }
    return render(request, "applications/application_list.html", context)


def _rows(applications: list[FaxApplication], sort: str) -> list[Row]:
    # Numbers of other teams count, too, and are not named.
    attached = PhoneNumber.objects.filter(gone_at=None).exclude(connection_id="").values("connection_id")
    counts = dict(attached.annotate(count=Count("pk")).values_list("connection_id", "count"))
    rows = [Row(application, counts.get(application.telnyx_id or "", 0)) for application in applications]
    rows.sort(key=lambda row: row.application.application_name.casefold())
    return sorted(rows, key=ORDER[sort]) if sort else rows
