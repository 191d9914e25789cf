"""Self-checks and a team's policies in the admin, by the same services as on the portal's pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import LogEntry, Team
from applications.models import FaxApplication, PhoneNumber
from faxes.forms import QUALITIES
from telnyx_sandbox.server import Server
from tests import builders
from tests.admin.pages import act, form, listing, said
from tests.filled import fields_of

pytestmark = pytest.mark.django_db
SCRIPT = "<script>alert(1)</script>"


def test_a_check_is_made_on_demand_and_its_lines_are_shown(
    office: Client, sandbox: Server, front_desk: FaxApplication
) -> None:
    page = office.get(form(front_desk)).text
    assert "Not checked yet." in page and f'href="/applications/{front_desk.pk}/#check"' in page
    assert "not checked yet" in office.get(listing(FaxApplication)).text
    assert act(office, "check_now", front_desk) == ["Checked: 1."]
    front_desk.refresh_from_db()
    assert front_desk.checked_at
    page = office.get(form(front_desk)).text
    assert "Not checked yet." not in page and "<strong>careful:</strong> There is no failover URL" in page
    assert "needs you" in office.get(listing(FaxApplication)).text


def test_what_is_gone_is_not_checked_and_that_is_said(
    office: Client, sandbox: Server, front_desk: FaxApplication
) -> None:
    gone = builders.application(None, gone_at=timezone.now())
    told = act(office, "check_now", front_desk, gone)
    assert told[0] == "Checked: 1." and told[1].startswith("Not checked: 1. Telnyx has them no more")
    gone.refresh_from_db()
    assert gone.checked_at is None


def test_what_another_version_kept_and_hostile_words_break_nothing(office: Client, team: Team) -> None:
    lines = [{"state": "bad", "title": SCRIPT, "why": SCRIPT}, 5, {"state": "new"}]
    row = builders.application(team, findings=lines, checked_at=timezone.now())
    page = office.get(form(row)).text
    assert "<strong>wrong:</strong> &lt;script&gt;" in page and SCRIPT not in page


def test_a_number_leads_to_where_it_is_attached(office: Client, line: PhoneNumber) -> None:
    page = office.get(form(line)).text
    assert f'href="/applications/numbers/{line.pk}/#attach"' in page
    assert 'id="attach"' in office.get(line.get_absolute_url()).text


def saved(office: Client, team: Team, **changes: Any) -> Any:
    """Fill in the form of the team as it stands, with changes, and save it."""
    page: Any = office.get(form(team))
    data: dict[str, Any] = fields_of(page, page.context["adminform"].form) | changes
    data |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    return office.post(form(team), {name: value for name, value in data.items() if value is not False}, follow=True)


def test_policies_are_set_by_their_service(office: Client, team: Team, line: PhoneNumber) -> None:
    assert saved(office, team).status_code == 200
    assert not LogEntry.objects.filter(action="team.set_policy").exists()
    quality = list(dict(QUALITIES))[-1]
    changes = {
        "deleting_role": "manager",
        "default_number": line.phone_number,
        "default_quality": quality,
        "phi_free_mail": False,
        "mail_domains": "@Clinic.example, lab.example",
    }
    saved(office, team, **changes)
    team.refresh_from_db()
    assert {name: getattr(team, name) for name in changes} == changes | {"mail_domains": "clinic.example\nlab.example"}
    entry = LogEntry.objects.get(action="team.set_policy")
    assert entry.chain == str(team.pk) and entry.data["after"]["deleting_role"] == "manager"
    assert set(entry.data["after"]) == set(changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mail_domains": "ann@clinic.example"}, "is no domain"),
        ({"deleting_role": "viewer"}, "not one of the available choices"),
        ({"default_number": builders.THEIRS}, "not one of the available choices"),
        ({"default_quality": "invented"}, "not one of the available choices"),
    ],
)
def test_what_the_teams_own_page_refuses_is_refused_here(
    office: Client, team: Team, changes: dict[str, str], told: str
) -> None:
    assert told in saved(office, team, **changes).text
    assert not LogEntry.objects.filter(action="team.set_policy").exists()


def test_what_is_set_stays_though_it_is_offered_no_more(office: Client, team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(default_number="+13125790099", default_quality="invented")
    assert "was changed successfully" in " ".join(said(saved(office, team)))
    team.refresh_from_db()
    assert (team.default_number, team.default_quality) == ("+13125790099", "invented")
