"""Stray faxes and memberships are given in the admin by the services, which remember it; numbers and applications on
their pages in the portal, which ask first."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import LogEntry, Membership, Role, Team, User
from contacts.models import Correspondent
from faxes.models import Fax
from tests import builders
from tests.admin.pages import NO_ROWS, form, listing, said
from tests.log import deeds

ADD_TEAM = "/admin/accounts/team/add/"


def actions() -> list[str]:
    return list(deeds().values_list("action", flat=True))


def test_nothing_is_moved_without_a_question(office: Client, team: Team, other_team: Team) -> None:
    rows = builders.number(team), builders.application(team)
    for row in rows:
        page = office.get(form(row)).text
        assert 'name="team"' not in page and f'href="{row.get_absolute_url()}#ours"' in page
        office.post(form(row), {"team": str(other_team.pk), "application_name": "Mine", "phone_number": "+14155550100"})
        before = type(row).objects.get(pk=row.pk)
        assert (before.team, str(before)) == (team, str(row))
    assert actions() == []


def test_a_number_gets_a_label(office: Client, team: Team) -> None:
    number = builders.number(team)
    office.post(form(number), {"label": "Reception"})
    number.refresh_from_db()
    assert (number.label, number.team) == ("Reception", team)
    assert actions() == ["number.set_receiving"]


def test_saving_without_a_change_is_no_event(office: Client, team: Team) -> None:
    number, application = builders.number(team), builders.application(team)
    office.post(form(number), {"label": ""})
    office.post(form(application), {})
    assert actions() == []


def test_what_telnyx_said_meanwhile_survives_an_old_form(office: Client, team: Team) -> None:
    number = builders.number(team)
    page = office.get(form(number)).context["adminform"].form.initial
    type(number).objects.filter(pk=number.pk).update(status="ported-out")
    office.post(form(number), {**{key: value or "" for key, value in page.items()}, "label": "Lab", "notify": []})
    number.refresh_from_db()
    assert (number.status, number.label) == ("ported-out", "Lab")


def test_a_stray_fax_is_given_to_a_team(office: Client, root: User, team: Team) -> None:
    fax = builders.inbound(None, status="received")
    response = office.post(form(fax), {"team": str(team.pk), "status": "failed", **NO_ROWS}, follow=True)
    assert response.status_code == 200
    fax.refresh_from_db()
    assert (fax.team, fax.status) == (team, "received")
    assert fax.correspondent == Correspondent.objects.get(team=team, number=builders.THEIRS)
    assert (fax.events.get().kind, fax.events.get().by) == ("routed", root)
    assert actions() == ["fax.route"]
    assert 'name="team"' not in office.get(form(fax)).text


def test_a_stray_fax_saved_without_a_team_stays_one(office: Client) -> None:
    fax = builders.inbound(None)
    office.post(form(fax), {"team": "", **NO_ROWS})
    assert Fax.objects.get().team is None
    assert actions() == []


def members(team: Team, *rows: dict[str, Any], initial: int = 0) -> dict[str, str]:
    """The form of a team with these rows of members."""
    data = {"memberships-TOTAL_FORMS": str(len(rows)), "memberships-INITIAL_FORMS": str(initial)}
    data |= {"name": team.name, "deleting_role": "member", "phi_free_mail": "on"}
    for place, row in enumerate(rows):
        data |= {f"memberships-{place}-{column}": str(value) for column, value in row.items()}
    return data


def test_a_new_team_gets_an_address_and_members(office: Client, root: User) -> None:
    rows = members(Team(name=" Billing  office "), {"user": root.pk, "role": "viewer"})
    office.post(ADD_TEAM, rows)
    team = Team.objects.get()
    assert (team.name, team.slug) == ("Billing office", "billing-office")
    assert Membership.objects.get().role == Role.VIEWER
    assert actions() == ["team.create", "member.set"]
    assert set(deeds().values_list("chain", flat=True)) == {str(team.pk)}


@pytest.mark.parametrize("name", ["Front desk", "Front  desk", "front-desk", "!!!", ""])
def test_a_team_that_cannot_be_is_refused_in_words(office: Client, team: Team, name: str) -> None:
    response = office.post(ADD_TEAM, members(Team(name=name)), follow=True)
    assert Team.objects.get() == team
    assert [message.level_tag for message in response.context["messages"]] in ([], ["error"])
    assert said(response) or response.context["adminform"].form.errors


def test_a_team_is_renamed_and_keeps_its_address(office: Client, team: Team) -> None:
    office.post(form(team), members(Team(name="Reception")))
    team.refresh_from_db()
    assert (team.name, team.slug) == ("Reception", "front-desk")
    assert LogEntry.objects.get(action="team.rename").data == {"before": "Front desk", "after": "Reception"}


def test_a_team_cannot_take_anothers_name(office: Client, team: Team, other_team: Team) -> None:
    response = office.post(form(team), members(Team(name="Records")), follow=True)
    assert "already exists" in response.text
    Team.objects.filter(pk=other_team.pk).update(name="Old records")
    response = office.post(form(team), members(Team(name="Old  records")), follow=True)
    assert said(response) == ["There is a team called “Old records” already."]
    team.refresh_from_db()
    assert team.name == "Front desk"


def test_a_member_gets_another_role_or_leaves(office: Client, team: Team, bob: User, vera: User) -> None:
    roles = Membership.objects.filter(team=team)
    rows = [
        {"id": roles.get(user=bob).pk, "user": bob.pk, "role": "manager"},
        {"id": roles.get(user=vera).pk, "user": vera.pk, "role": "viewer", "DELETE": "on"},
    ]
    office.post(form(team), members(team, *rows, initial=2))
    assert [(membership.user, membership.role) for membership in roles] == [(bob, Role.MANAGER)]
    logged = {entry.action: entry.data for entry in LogEntry.objects.filter(action__startswith="member.")}
    assert logged == {
        "member.set": {"user": "Bob", "before": "member", "after": "manager"},
        "member.remove": {"user": "Vera", "before": "viewer"},
    }


def test_a_membership_never_becomes_another_persons(office: Client, team: Team, bob: User, charlie: User) -> None:
    membership = Membership.objects.get(team=team, user=bob)
    row = {"id": membership.pk, "user": charlie.pk, "role": "manager"}
    office.post(form(team), members(team, row, initial=1))
    assert [(one.user, one.role) for one in Membership.objects.filter(team=team)] == [(bob, Role.MANAGER)]


def test_the_person_is_chosen_by_typing(office: Client, bob: User) -> None:
    query = {"app_label": "accounts", "model_name": "membership", "field_name": "user", "term": "bo"}
    found = office.get("/admin/autocomplete/", query).json()["results"]
    assert found == [{"id": str(bob.pk), "text": "Bob"}]


def test_a_list_of_numbers_does_not_save(office: Client, team: Team) -> None:
    number = builders.number(None)
    rows = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-id": str(number.pk), "_save": "Save"}
    office.post(listing(type(number)), rows | {"form-0-team": str(team.pk)})
    number.refresh_from_db()
    assert number.team is None
