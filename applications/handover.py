"""What a person should know before an application or a number goes to another team, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.text import get_text_list

from accounts import access
from accounts.models import Role, Team, User
from applications.models import FaxApplication, PhoneNumber
from contacts.numbers import format_number

MOST_NAMED = 8


def what_follows(application: FaxApplication, heir: Team | None) -> list[str]:
    """What an application takes with it, and what stays where it is."""
    before = application.team
    numbers = list(PhoneNumber.objects.attached_to(application).select_related("team", "default_assignee"))
    following = [number for number in numbers if number.team is None]
    staying = [number for number in numbers if number.team is not None]
    said = [_whose_faxes(before, heir)]
    if not following:
        said.append("No number goes with it.")
    else:
        has = "has no team of its own, and goes" if len(following) == 1 else "have no team of their own, and go"
        said.append(f"{_count(following)} {has} with it: {_named(following)}.")
    if staying:
        has = "has a team of its own, and stays" if len(staying) == 1 else "have teams of their own, and stay"
        said.append(f"{_count(staying)} {has} there: {_named(staying)}.")
    where = f"with {before}" if before else "without a team"
    said.append(f"Every fax that is here, or on its way, stays {where}.")
    said.append("At Telnyx nothing changes: its webhook URL and all its other fields stay as they are.")
    return said + whom_it_concerns(before, heir, following)


def whom_it_concerns(before: Team | None, after: Team | None, numbers: Sequence[PhoneNumber]) -> list[str]:
    """Who will see faxes to the numbers and who will not any more, and which defaults lose their meaning."""
    if before == after:
        return []
    said = [_who_sees(after)]
    gone = access.people(before, at_least=Role.VIEWER) if before else User.objects.none()
    if after:
        gone = gone.exclude(pk__in=access.people(after, at_least=Role.VIEWER).values("pk"))
    if leaving := gone.count():
        said.append(f"{_people(leaving)} of {before} {'sees' if leaving == 1 else 'see'} no new ones any more.")
    for number in numbers:
        said += _defaults(number, before, after)
    return said


def _whose_faxes(before: Team | None, heir: Team | None) -> str:
    now = f"come in for {heir}" if heir else "come in without a team"
    so_far = f" So far they come in for {before}." if before else ""
    return f"Faxes through it {now}, unless their number has a team of its own.{so_far}"


def _who_sees(team: Team | None) -> str:
    if team is None:
        return "Only administrators see its faxes."
    people = access.people(team, at_least=Role.VIEWER).count()
    managers = [str(user) for user in access.people(team, at_least=Role.MANAGER).order_by("first_name", "username")]
    who = f"Managed by {_listed(managers)}." if managers else "Nobody but administrators manages it."
    return f"{_people(people)} of {team} {'sees' if people == 1 else 'see'} its faxes. {who}"


def _defaults(number: PhoneNumber, before: Team | None, after: Team | None) -> list[str]:
    said, shown = [], format_number(number.phone_number)
    assignee = number.default_assignee
    if assignee and not (after and access.belongs(assignee, after, at_least=Role.MEMBER)):
        said.append(
            f"{assignee} looks after faxes to {shown}, and cannot any more: new ones are for whoever comes first."
        )
    told = [user for user in number.notify.all() if not (after and access.belongs(user, after, at_least=Role.VIEWER))]
    if told:
        said.append(f"Of new faxes to {shown}, not told any more: {_listed([str(user) for user in told])}.")
    if before and before.default_number == number.phone_number:
        said.append(f"New faxes of {before} begin with {shown}, and will begin with another of its numbers.")
    return said


def _named(numbers: Sequence[PhoneNumber]) -> str:
    return _listed([format_number(one.phone_number) + (f" ({one.team})" if one.team else "") for one in numbers])


def _listed(names: list[str]) -> str:
    """The first of them by name, and how many more there are."""
    more = len(names) - MOST_NAMED
    return get_text_list(names if more < 1 else [*names[:MOST_NAMED], f"{more} more"], "and")


def _count(numbers: Sequence[PhoneNumber]) -> str:
    return f"{len(numbers)} number{'' if len(numbers) == 1 else 's'}"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count or 'No'} people"
