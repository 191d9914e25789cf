"""Several people at the same faxes at the same moment."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections, transaction

from accounts.models import Membership, Role, Team, User
from faxes import triage
from faxes.models import Fax, Tag
from tests import builders
from tests.threads import at_once


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["assign", "handle", "tag", "note", "trash", "hold", "rotate"])
def test_two_people_press_the_same_key(key: str, team: Team, alice: User, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role=Role.MANAGER)
    faxes = [builders.inbound(team, document=builders.document()) for _ in range(5)]

    def press(by: User, chosen: list[Fax]) -> object:
        match key:
            case "assign":
                return triage.assign(by=by, faxes=chosen, to=alice)
            case "tag":
                return triage.tag(by=by, faxes=chosen, name="Urgent" if by == bob else "urgent")
            case "note":
                return triage.note(by=bob, fax=faxes[0], text="Called back.")
            case "rotate":
                return triage.rotate(by=by, fax=faxes[0], page=1, degrees=90)
            case _:
                return getattr(triage, key)(by=by, faxes=chosen)

    at_once(lambda: press(alice, faxes), lambda: press(bob, faxes[::-1]), lambda: press(bob, faxes))
    told = [fax.events.count() for fax in faxes]
    assert told == ([1, 0, 0, 0, 0] if key in ("note", "rotate") else [1] * 5)


@pytest.mark.django_db(transaction=True)
def test_a_tag_is_made_once(team: Team, alice: User, bob: User) -> None:
    faxes = [builders.inbound(team) for _ in range(4)]
    at_once(*[lambda fax=fax: triage.tag(by=bob, faxes=[fax], name="new") for fax in faxes])
    assert Tag.objects.get().faxes.count() == 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time.")
def test_a_tag_for_two_teams_is_made_while_somebody_makes_it_for_them_one_by_one(bob: User) -> None:
    # A set of these two begins with the second.
    teams = [Team.objects.create(pk=UUID(int=number), name=str(number), slug=str(number)) for number in (7, 8)]
    Membership.objects.bulk_create([Membership(user=bob, team=team) for team in teams])
    faxes = [builders.inbound(team) for team in teams]
    begun, errors = threading.Event(), []

    def tag() -> None:
        begun.wait()
        try:
            triage.tag(by=bob, faxes=faxes, name="new")
        except DatabaseError as error:
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=tag)
    thread.start()
    with transaction.atomic():
        Tag.objects.create(team=teams[0], name="new")
        begun.set()
        thread.join(timeout=0.3)
        Tag.objects.create(team=teams[1], name="new")
    thread.join()
    assert errors == [] and [fax.tags.count() for fax in faxes] == [1, 1]
