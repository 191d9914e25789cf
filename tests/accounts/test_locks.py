"""Changes to a team beside each other: nobody waits for whoever waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import audit, invitations
from accounts.models import LogHead, Role, Team, User
from accounts.services import rename_team, set_member, set_policy, set_retention
from applications.models import PhoneNumber
from applications.services import assign_application, assign_number
from notifications.services import set_mailbox
from tests import builders
from tests.accounts.provider import Provider
from tests.accounts.sign_on import sign_on
from tests.processes import wait_for
from tests.threads import somebody_waits

CHANGES: dict[str, Callable[[User, Team], object]] = {
    "retention": lambda by, team: set_retention(by=by, team=team, keep_media_days=9, keep_records_days=99),
    "policy": lambda by, team: set_policy(by=by, team=team, phi_free_mail=False),
    "name": lambda by, team: rename_team(by=by, team=team, name="Reception"),
    "invitation": lambda by, team: invitations.invite(by=by, team=team, email="new@clinic.example", role="member"),
    "mailbox": lambda by, team: set_mailbox(by=by, team=team, address="box@clinic.example", received=True),
    "member": lambda by, team: set_member(by=by, team=team, user=by, role=Role.VIEWER),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has one writer at a time.")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_team_changes_while_it_is_given_a_number(
    team: Team, alice: User, change: Callable[[User, Team], object]
) -> None:
    """The new owner of a number is looked up at COMMIT, when the log is held already."""
    number, errors = builders.number(), []

    def act() -> None:
        try:
            change(alice, team)
        except DatabaseError as error:
            errors.append(error)
        finally:
            connections.close_all()

    beside = threading.Thread(target=act)
    with transaction.atomic():
        assign_number(by=None, number=number, team=team)
        beside.start()
        wait_for(somebody_waits, what="the change to wait for the log")
    beside.join()
    assert errors == [] and PhoneNumber.objects.get().team == team


def heads_locked(queries: CaptureQueriesContext) -> list[str]:
    """The chains to which entries were added, in order."""
    written = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "accounts_loghead"')]
    return [
        chain for sql in written for chain in LogHead.objects.values_list("chain", flat=True) if f"'{chain}'" in sql
    ]


def in_order(chains: list[str]) -> bool:
    return len(set(chains)) > 1 and chains == sorted(chains)


def test_who_makes_an_account_by_an_invitation_goes_by_the_order_of_chains(team: Team, alice: User) -> None:
    invitation, _ = invitations.invite(by=alice, team=team, email="new@clinic.example", role="member")
    with CaptureQueriesContext(connection) as queries:
        invitations.accept_as_new(invitation=invitation, name="Dana Reyes", password="nine green bottles")
    assert in_order(heads_locked(queries))


@pytest.mark.parametrize("turned", [False, True])
def test_who_gets_an_account_and_seats_by_groups_goes_by_it_too(
    client: Client, db: None, turned: bool, provider: Provider
) -> None:
    slugs = ["records", "front-desk"] if turned else ["front-desk", "records"]
    for number, slug in enumerate(slugs, start=1):
        Team.objects.create(pk=f"00000000-0000-0000-0000-00000000000{number}", name=slug, slug=slug)
    provider.claims["groups"] = ["fax-desk", "CN=Audit,DC=example"]
    with CaptureQueriesContext(connection) as queries:
        sign_on(client)
    chains = heads_locked(queries)
    # The log-in is a transaction of its own.
    assert len(chains) == 4 and in_order(chains[:3]) and chains[2] == audit.HOUSE


@pytest.mark.django_db(transaction=True)
def test_the_command_gives_one_thing_in_one_transaction(team: Team, other_team: Team) -> None:
    """Whose applications were before is not in the order of chains."""
    there = sorted([team, other_team], key=lambda one: str(one.pk), reverse=True)
    given = [builders.application() for _ in there]
    for application, owner in zip(given, there, strict=True):
        assign_application(by=None, application=application, team=owner)
    arguments = [f"--application={application.telnyx_id}" for application in given]
    with CaptureQueriesContext(connection) as queries:
        call_command("create_team", "Town hall", *arguments, verbosity=0)
    said = [query["sql"].split()[0] for query in queries]
    assert said.count("BEGIN") == said.count("COMMIT") == 3
