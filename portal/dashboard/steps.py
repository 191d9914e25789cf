"""The three steps that lead a new team to its first fax: what is done, what is next, and who can help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse

from accounts import access
from accounts.models import Membership, Role, User
from applications.models import PhoneNumber
from contacts.numbers import format_number
from faxes.wording import GOOD
from portal.dashboard.movement import SHOWN, Moving

MOST_NUMBERS = 3
MOST_MANAGERS = 3
# Goes through in the sandbox.
ANSWERS = "+13125550142"


@dataclass(frozen=True)
class Way:
    """A link out of a step; the filled one is what most people want."""

    url: str
    words: str
    is_main: bool = False


@dataclass(frozen=True)
class Step:
    title: str
    text: str
    is_done: bool
    ways: Sequence[Way] = ()
    is_next: bool = False


def steps_of(user: User, moves: Moving, *, sandbox_url: str) -> list[Step]:
    """The steps, of which the first that is not done is the next. None once a fax has arrived at either end."""
    shown = len(moves.going) + len(moves.latest)
    if shown >= SHOWN or any(row.state.tone == GOOD for row, _ in moves.latest):
        return []
    numbers = list(PhoneNumber.objects.visible_to(user).sendable().order_by("phone_number")[:MOST_NUMBERS])
    may_send = access.holds_somewhere(user, at_least=Role.MEMBER)
    steps = [
        _connected(user, numbers),
        _first_fax(may_send, numbers, shown > 0, sandbox_url),
        _arrived(user),
    ]
    following = next(step for step in steps if not step.is_done)
    return [replace(step, is_next=step is following, ways=step.ways if step is following else ()) for step in steps]


def _connected(user: User, numbers: Iterable[PhoneNumber]) -> Step:
    named = [f"{format_number(one.phone_number)}{f' ({one.label})' if one.label else ''}" for one in numbers]
    if named:
        return Step("A number is connected", f"You send and receive over {', '.join(named)}.", is_done=True)
    title, applications = "Connect a number", Way(reverse("applications:list"), "Fax applications", is_main=True)
    if access.is_admin(user):
        text = "Give a fax application, or one of the account's numbers, to a team. The sync brings both from Telnyx."
        return Step(title, text, False, [applications, _numbers(), Way(reverse("portal:teams"), "Teams")])
    if access.holds_somewhere(user, at_least=Role.MANAGER):
        text = "Make a fax application, unless your team has one, and attach a number to it."
        text += " A number that your team lacks is given to it by your administrator."
        return Step(title, text, False, [applications, _numbers()])
    return Step(title, f"Nothing can be sent or received yet. Ask {_helpers(user)} to connect a number.", False)


def _numbers() -> Way:
    return Way(reverse("applications:numbers"), "Numbers")


def _first_fax(may_send: bool, numbers: Sequence[PhoneNumber], has_faxes: bool, sandbox_url: str) -> Step:
    ours = format_number(numbers[0].phone_number) if numbers else "your number"
    if has_faxes:
        return Step("A fax is under way", "Below you see how it stands.", is_done=bool(numbers))
    ways = [Way(reverse("faxes:new"), "New fax", is_main=True)] if may_send and numbers else []
    if sandbox_url:
        arriving = "let one arrive from the sandbox"
        text = f"Send a page to {format_number(ANSWERS)}, which answers in this sandbox, or {arriving}."
        ways.append(Way(sandbox_url, "Open the sandbox"))
    else:
        text = f"Send a page to a machine near you, or have somebody send one to {ours}."
    if not may_send:
        text = f"What comes in over {ours}, and what your colleagues send, is shown here from the first fax on."
    return Step("Send a fax, or let one arrive", text, False, ways)


def _arrived(user: User) -> Step:
    title, text = "See it arrive", "Every step of it is told here, until the other machine has confirmed each page."
    managed = access.team_ids(user, at_least=Role.MANAGER)
    if not managed:
        return Step(title, f"{text} Whoever is on the team sees the same.", False)
    slugs = [team.slug for team in access.teams(user) if team.pk in managed]
    page = reverse("portal:team", args=slugs) if len(slugs) == 1 else reverse("portal:teams")
    return Step(title, f"{text} Meanwhile, have your colleagues join.", False, [Way(page, "Invite colleagues")])


def _helpers(user: User) -> str:
    """“Alice Novak, who manages the team”: who can do what the user may not."""
    seats = Membership.objects.filter(team__in=access.teams(user), role=Role.MANAGER, user__is_active=True)
    names = list(dict.fromkeys(str(seat.user) for seat in seats.select_related("user").order_by("user__first_name")))
    if not names:
        return "your administrator"
    some = " or ".join(names[:MOST_MANAGERS])
    return f"{some}, who manage{'s' if len(names) == 1 else ''} the team,"
