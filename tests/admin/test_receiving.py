"""Receiving in the admin: what numbers, applications and teams are told, stray faxes, documents."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from applications.services import change_receiving
from faxes.models import Document, Fax, Note, Tag
from tests import builders
from tests.admin.pages import NO_ROWS, act, form, listing, said, shown
from tests.filled import fields_of
from tests.log import deeds

SCRIPT = "<script>alert(1)</script>"
TEAM_FORM = {
    "memberships-TOTAL_FORMS": "0",
    "memberships-INITIAL_FORMS": "0",
    "deleting_role": "member",
    "phi_free_mail": "on",
}


def actions() -> list[str]:
    return list(deeds().values_list("action", flat=True))


def give(client: Client, *faxes: Fax, **data: str) -> list[str]:
    ticked = [str(fax.pk) for fax in faxes]
    data = {"action": "give", "give": "yes", "index": "0", **data}
    return said(client.post(listing(Fax), {**data, "_selected_action": ticked}, follow=True))


def test_the_action_asks_which_team(office: Client, team: Team) -> None:
    stray = builders.inbound(None, from_number=SCRIPT)
    response = office.post(listing(Fax), {"action": "give", "_selected_action": [str(stray.pk)], "index": "0"})
    assert response.status_code == 200
    assert 'name="team"' in response.text and str(stray.pk) in response.text and SCRIPT not in response.text
    assert Fax.objects.get().team is None and actions() == []


def test_many_stray_faxes_are_given_at_once(office: Client, team: Team) -> None:
    strays = [builders.inbound(None) for _ in range(3)]
    assert give(office, *strays, team=str(team.pk)) == ["Given to Front desk: 3."]
    assert set(Fax.objects.values_list("team", flat=True)) == {team.pk}
    assert actions() == ["fax.route"] * 3


def test_the_number_can_be_given_along(office: Client, team: Team) -> None:
    number = builders.number(None)
    give(office, builders.inbound(None), team=str(team.pk), owns_number="on")
    number.refresh_from_db()
    assert number.team == team
    assert actions() == ["fax.route", "number.assign"]


def test_what_belongs_to_a_team_stays_there_with_its_number(office: Client, team: Team, other_team: Team) -> None:
    number, fax = builders.number(team), builders.inbound(team)
    [told] = give(office, fax, team=str(other_team.pk), owns_number="on")
    assert "has been given to a team meanwhile" in told
    fax.refresh_from_db()
    number.refresh_from_db()
    assert (fax.team, number.team, actions()) == (team, team, [])


def test_a_number_that_belongs_to_a_team_by_now_stays(office: Client, team: Team, other_team: Team) -> None:
    number, fax = builders.number(other_team), builders.inbound(None)
    assert give(office, fax, team=str(team.pk), owns_number="on") == ["Given to Front desk: 1."]
    number.refresh_from_db()
    assert (number.team, actions()) == (other_team, ["fax.route"])


@pytest.mark.parametrize("chosen", ["", "nonsense", "\x00", str(uuid.UUID(int=7)), "x" * 1000, SCRIPT])
def test_a_team_that_is_none_is_asked_for_again(office: Client, team: Team, chosen: str) -> None:
    stray = builders.inbound(None)
    data = {"action": "give", "give": "yes", "index": "0", "team": chosen, "_selected_action": [str(stray.pk)]}
    response = office.post(listing(Fax), data)
    assert response.status_code == 200 and 'role="alert"' in response.text and SCRIPT not in response.text
    assert Fax.objects.get().team is None


def test_the_menu_counts_stray_faxes(office: Client, team: Team) -> None:
    for _ in range(2):
        builders.inbound(None)
    builders.inbound(team)
    [item] = [
        item
        for group in office.get("/admin/").context["sidebar_navigation"]
        for item in group["items"]
        if item["title"] == "Unrouted"
    ]
    assert str(item["badge_callback"]) == "2"
    assert len(shown(office, Fax, missing="team")) == 2


def test_only_administrators_come_in(alice: User, logged_in: Callable[[User], Client], team: Team) -> None:
    stray = builders.inbound(None)
    data = {"action": "give", "give": "yes", "team": str(team.pk), "_selected_action": str(stray.pk)}
    logged_in(alice).post(listing(Fax), data)
    assert Fax.objects.get().team is None


def test_a_team_is_told_how_long_to_keep(office: Client, team: Team) -> None:
    data = {"name": team.name, "keep_media_days": "30", "keep_records_days": "365", **TEAM_FORM}
    office.post(form(team), data)
    team.refresh_from_db()
    assert (team.keep_media_days, team.keep_records_days) == (30, 365)
    assert actions() == ["team.set_retention"]
    office.post(form(team), data)
    assert actions() == ["team.set_retention"]


def test_an_old_page_of_a_team_brings_nothing_back(office: Client, team: Team) -> None:
    page: Any = office.get(form(team))
    data = TEAM_FORM | fields_of(page, page.context["adminform"].form)
    Team.objects.update(name="Reception", keep_records_days=500, mail_domains="clinic.example")
    office.post(form(team), data | {"keep_media_days": "30"})
    team.refresh_from_db()
    assert (team.name, team.keep_media_days, team.keep_records_days) == ("Reception", 30, 500)
    assert team.mail_domains == "clinic.example" and actions() == ["team.set_retention"]


@pytest.mark.parametrize(("media", "records"), [("366", "365"), ("0", ""), ("-1", ""), ("x", ""), ("9" * 1000, "")])
def test_days_that_cannot_be_are_refused(office: Client, team: Team, media: str, records: str) -> None:
    data = {"name": team.name, "keep_media_days": media, "keep_records_days": records, **TEAM_FORM}
    response = office.post(form(team), data)
    assert response.status_code == 200 and response.context["adminform"].form.errors
    team.refresh_from_db()
    assert (team.keep_media_days, actions()) == (None, [])


def test_a_number_knows_who_looks_after_its_faxes(office: Client, team: Team, bob: User, vera: User) -> None:
    number = builders.number(team)
    people = {"default_assignee": str(bob.pk), "notify": [str(bob.pk), str(vera.pk)]}
    office.post(form(number), {"label": "Reception", **people})
    number.refresh_from_db()
    assert (number.default_assignee, set(number.notify.all()), number.label) == (bob, {bob, vera}, "Reception")
    assert actions() == ["number.set_receiving"]


def test_an_old_page_of_a_number_brings_nothing_back(office: Client, team: Team, bob: User, vera: User) -> None:
    number = builders.number(team, label="Lab")
    number.notify.add(bob)
    page: Any = office.get(form(number))
    data = fields_of(page, page.context["adminform"].form)
    change_receiving(by=None, number=number, changes={"label": "Front desk", "notify": [bob, vera]})
    office.post(form(number), data | {"default_assignee": str(bob.pk)})
    number.refresh_from_db()
    assert (number.label, number.default_assignee, set(number.notify.all())) == ("Front desk", bob, {bob, vera})


def test_strangers_are_not_offered_and_not_taken(office: Client, team: Team, charlie: User, vera: User) -> None:
    number = builders.number(team)
    for people in ({"default_assignee": str(charlie.pk)}, {"default_assignee": str(vera.pk)}, {"notify": charlie.pk}):
        response = office.post(form(number), {"label": "", **people})
        assert response.context["adminform"].form.errors
    number.refresh_from_db()
    assert (number.default_assignee, number.notify.count(), actions()) == (None, 0, [])


def test_people_of_the_team_before_stand_in_the_way_of_nothing(office: Client, other_team: Team, bob: User) -> None:
    number = builders.number(other_team, default_assignee=bob)
    office.post(form(number), {"label": "Lab", "default_assignee": str(bob.pk)})
    number.refresh_from_db()
    assert (number.label, number.default_assignee, actions()) == ("Lab", bob, ["number.set_receiving"])


def test_the_rhythm_and_the_silence_are_told_in_words(office: Client, team: Team) -> None:
    number = builders.number(team)
    text = office.get(form(number)).text
    assert "Not known: it is learned" in text and "too few are usual to tell" in text
    type(number).objects.update(usual=[0.5] * 24 + [0.0] * 144, quiet_since=timezone.now())
    assert "Mon 12.0, Tue 0.0" in office.get(form(number)).text
    assert shown(office, type(number), quiet="unknown") == [number]


def test_somebody_knows_about_the_silence(office: Client, team: Team) -> None:
    quiet = builders.number(team, quiet_since=timezone.now())
    lively = builders.number(team, "+13125790016")
    told = act(office, "know_about_silence", quiet, lively)
    assert sorted(told) == ["+13125790016: This number is not quiet.", "Known to be silent: 1."]
    quiet.refresh_from_db()
    assert quiet.quiet_dismissed_at is not None
    assert actions() == ["number.dismiss_quiet"]
    assert shown(office, type(quiet), quiet="unknown") == []


def test_deleting_at_telnyx_is_set_with_a_warning(office: Client, team: Team) -> None:
    application = builders.application(team)
    assert "See to backups first." in office.get(form(application)).text
    office.post(form(application), {"delete_once_archived": "on"})
    application.refresh_from_db()
    assert (application.delete_once_archived, application.team) == (True, team)
    assert actions() == ["application.set_deleting"]


def test_documents_are_found_by_their_hash_and_lead_to_their_faxes(office: Client, team: Team) -> None:
    document = builders.document()
    fax = builders.inbound(team, document=document)
    other = builders.document(b"%PDF-1.4 another")
    assert shown(office, Document, q=document.sha256) == [document]
    assert form(fax) in office.get(form(document)).text
    assert form(fax) not in office.get(form(other)).text


def test_the_state_of_files_is_told_and_filtered(office: Client) -> None:
    now = timezone.now()
    stored, unfinished, purged = (builders.document(f"%PDF-1.4 {n}".encode()) for n in range(3))
    Document.objects.filter(pk=unfinished.pk).update(stored_at=None)
    Document.objects.filter(pk=stored.pk).update(stored_at=now)
    Document.objects.filter(pk=purged.pk).update(stored_at=now, purged_at=now)
    for state, row in (("stored", stored), ("unfinished", unfinished), ("purged", purged)):
        assert shown(office, Document, stored=state) == [row]
    Document.objects.update(created_at=now - timedelta(days=31))
    assert shown(office, Document, stored="purged") == []


def test_notes_and_tags_are_read_and_not_written(office: Client, team: Team, bob: User) -> None:
    fax = builders.inbound(None, trashed_at=timezone.now(), assigned_to=bob)
    Note.objects.create(fax=fax, by=bob, text=SCRIPT)
    fax.tags.add(Tag.objects.create(team=team, name="urgent"))
    text = office.get(form(fax)).text
    assert "&lt;script&gt;" in text and SCRIPT not in text and "urgent" in text
    office.post(form(fax), {"team": "", **NO_ROWS, "notes-TOTAL_FORMS": "1", "notes-0-text": "x"})
    assert Note.objects.get().text == SCRIPT
    assert shown(office, Fax, triage="bin") == [fax] == shown(office, Fax)
    assert shown(office, Fax, triage="open") == []


@pytest.mark.parametrize(
    ("columns", "word"),
    [
        ({}, ""),
        ({"handled_at": timezone.now()}, "handled"),
        ({"handled_at": timezone.now(), "trashed_at": timezone.now()}, "in the bin"),
        ({"trashed_at": timezone.now(), "legal_hold": True}, "legal hold"),
    ],
)
def test_a_list_says_in_a_word_what_has_become_of_a_fax(
    office: Client, team: Team, columns: dict[str, Any], word: str
) -> None:
    builders.inbound(team, **columns)
    (cell,) = re.findall(r"<td[^>]*field-triage[^>]*>(.*?)</td>", office.get(listing(Fax)).text, re.DOTALL)
    assert re.sub(r"<[^>]*>|\s+", " ", cell).strip(" -") == word
