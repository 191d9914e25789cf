"""Sending again is asked for by several people on several pages, and of numbers that have moved to other teams."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Membership, Role, Team, User
from applications.models import PhoneNumber
from applications.services import assign_number
from faxes.models import Fax
from faxes.services import send_again
from faxes.states import Outbox
from tests import builders
from tests.threads import at_once


@pytest.fixture
def number(team: Team) -> PhoneNumber:
    return builders.number(team)


def asked(by: User, fax: Fax) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            send_again(by=by, fax=fax, batch_id=uuid.uuid4())
        except ValidationError:
            return False
        return True

    return ask


@pytest.mark.django_db(transaction=True)
def test_people_on_the_pages_of_several_tries_make_one_more(
    number: PhoneNumber, team: Team, alice: User, bob: User
) -> None:
    first = builders.outbound(team, outbox=Outbox.REJECTED)
    tries = [first, *[builders.outbound(team, outbox=Outbox.REJECTED, retry_of=first) for _ in range(3)]]
    done = at_once(*[asked(by, fax) for fax in tries for by in (alice, bob)])
    assert done.count(True) == 1
    assert Fax.objects.filter(outbox=Outbox.READY).count() == 1


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.MEMBER])
def test_a_number_that_went_to_another_team_sends_for_that_team_alone(
    number: PhoneNumber, team: Team, other_team: Team, bob: User, role: Role | None
) -> None:
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    assign_number(by=None, number=number, team=other_team)
    if role:
        Membership.objects.create(user=bob, team=other_team, role=role)
    with pytest.raises(ValidationError, match="cannot send"):
        send_again(by=bob, fax=fax, batch_id=uuid.uuid4())
    assert Fax.objects.count() == 1
