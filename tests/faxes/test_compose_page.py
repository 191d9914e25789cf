"""Opening the compose page: who may, what it offers, and which sheet it shows."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from faxes.models import Batch
from tests import builders
from tests.papers import text_pdf
from tests.sheets import NEW, Sheet, text_of

ADDRESSES = ["", "sentence/", "files/", f"files/{uuid.UUID(int=7)}/remove/", "order/"]


def options(answer) -> list[str]:
    select = re.search(r'<select id="id_number".*?</select>', answer.content.decode(), re.S)
    return re.findall(r"<option[^>]*>([^<]+)</option>", select[0]) if select else []


def test_the_page_opens_with_an_empty_sheet_of_its_own(bob, team, logged_in):
    builders.number(team, label="Front desk")
    first, second = logged_in(bob).get(NEW), logged_in(bob).get(NEW)
    assert first.status_code == 200
    assert "Add a file and a recipient to send." in text_of(first)
    batches = [re.findall(r'name="batch" value="([^"]+)"', page.content.decode()) for page in (first, second)]
    assert len(batches[0]) == 1 and batches[0] != batches[1]
    assert not Batch.objects.exists()


def test_the_page_is_kept_by_no_shared_browser(bob, team, logged_in):
    builders.number(team)
    assert "no-store" in logged_in(bob).get(NEW)["Cache-Control"]


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_viewer_is_refused_everywhere(path, vera, team, logged_in):
    builders.number(team)
    client = logged_in(vera)
    assert client.get(NEW).status_code == 403
    assert client.post(NEW + path, {"batch": uuid.uuid4()}).status_code == 403


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_stranger_logs_in_and_comes_back_to_the_sheet(path, client, db):
    batch = uuid.uuid4()
    answer = client.post(NEW + path, {"batch": batch})
    assert answer.status_code == 302
    assert answer["Location"] == f"/accounts/login/?next=/faxes/new/%3Fdraft%3D{batch}"
    assert client.get(NEW)["Location"] == "/accounts/login/?next=/faxes/new/"


@pytest.mark.parametrize("path", ADDRESSES[1:])
def test_only_posts_change_a_sheet(path, bob, team, logged_in):
    builders.number(team)
    assert logged_in(bob).get(NEW + path).status_code == 405


@pytest.mark.parametrize("path", ADDRESSES)
def test_nobody_touches_somebody_elses_sheet(path, alice, bob, team, logged_in):
    number = builders.number(team)
    alices = Sheet(logged_in(alice), number)
    alices.upload(("for alice only.pdf", text_pdf()))
    bobs = Sheet(logged_in(bob), number, batch=alices.batch, documents=alices.documents)
    assert bobs.client.get(f"{NEW}?draft={alices.batch}").status_code == 404
    answer = bobs.upload() if path == "files/" else bobs.post(path, recipients="312 555 0142")
    assert "for alice only" not in answer.content.decode()
    assert answer.status_code == (200 if path == "sentence/" else 403)
    assert Batch.objects.get().documents.count() == 1 and not Batch.objects.get().sent_at


@pytest.mark.parametrize("draft", ["", "x", "../../etc/passwd", "0" * 5000])
def test_a_draft_that_cannot_be_one_is_not_found(draft, bob, team, logged_in):
    builders.number(team)
    client = logged_in(bob)
    assert client.get(NEW, {"draft": draft}).status_code == 404
    assert client.post(NEW, {"batch": draft}).status_code == 404


def test_a_draft_brings_its_files_back(bob, team, logged_in):
    sheet = Sheet(logged_in(bob), builders.number(team))
    sheet.upload(("referral.pdf", text_pdf()))
    page = sheet.client.get(f"{NEW}?draft={sheet.batch}")
    assert "referral.pdf" in text_of(page)
    assert sheet.batch in page.content.decode()


def test_numbers_are_shown_with_their_label_or_their_team(bob, team, logged_in):
    builders.number(team, "+13125790015", label="Records")
    inherits = builders.application(team)
    builders.number(None, "+13125790016", connection_id=inherits.telnyx_id)
    assert options(logged_in(bob).get(NEW)) == ["+1 312 579 0015 · Records", "+1 312 579 0016 · Front desk"]


def test_only_numbers_one_may_send_from_are_offered(bob, vera, team, other_team, root, logged_in):
    builders.number(team, "+13125790015")
    builders.number(other_team, "+13125790016")
    builders.number(None, "+13125790017")
    builders.number(team, "+13125790018", connection_id="")
    Membership.objects.create(user=bob, team=other_team, role="viewer")
    assert options(logged_in(bob).get(NEW)) == ["+1 312 579 0015 · Front desk"]
    assert len(options(logged_in(root).get(NEW))) == 2


def test_the_number_used_last_is_chosen(bob, alice, team, logged_in):
    builders.number(team, "+13125790015")
    builders.number(team, "+13125790016")
    assert "selected>+1 312 579 0015" in logged_in(bob).get(NEW).content.decode()
    builders.outbound(team, from_number="+13125790016", created_by=bob)
    builders.outbound(team, from_number="+13125790015", created_by=alice)
    assert "selected>+1 312 579 0016" in logged_in(bob).get(NEW).content.decode()


def test_without_a_number_the_page_teaches_what_to_do(bob, root, team, logged_in):
    asked = logged_in(bob).get(NEW)
    assert asked.status_code == 200
    assert "There is no number to send from yet" in text_of(asked)
    assert "Ask your manager or your administrator" in text_of(asked)
    assert "Send fax" not in text_of(asked)
    assert "/admin/applications/phonenumber/" in logged_in(root).get(NEW).content.decode()


def test_the_limit_of_this_house_is_said_where_telnyx_cannot_fetch(bob, team, settings, logged_in):
    builders.number(team)
    assert "20 MB together" in text_of(logged_in(bob).get(NEW))
    settings.PUBLIC_URL = "https://fax.example.com"
    assert "20 MB together" not in text_of(logged_in(bob).get(NEW))


def test_a_page_costs_the_same_however_many_numbers_there_are(bob, team, logged_in):
    application = builders.application(team)
    client = logged_in(bob)
    counts = []
    for index in range(12):
        builders.number(None, f"+1312579{index:04}", connection_id=application.telnyx_id)
        with CaptureQueriesContext(connection) as queries:
            client.get(NEW)
        counts.append(len(queries))
    assert counts[0] == counts[-1]
