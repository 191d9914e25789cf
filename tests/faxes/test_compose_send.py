"""Sending a sheet: once, to everybody on it, and exactly what the page showed."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import LogEntry, Membership
from faxes import drafts, services
from faxes.models import Batch, Document, Fax
from tests import builders, papers
from tests.sheets import NEW, Sheet, text_of
from tests.threads import at_once

ALREADY = "This fax has been sent already. Nothing was sent twice."


@pytest.fixture
def sheet(bob, team, logged_in) -> Sheet:
    return Sheet(logged_in(bob), builders.number(team))


def messages_of(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def test_a_fax_to_one_leads_to_its_page(sheet, bob, team):
    sheet.upload()
    answer = sheet.send("(312) 555-0142")
    fax = Fax.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/faxes/{fax.pk}/")
    assert (fax.from_number, fax.to_number) == ("+13125790015", "+13125550142")
    assert (fax.team, fax.created_by, fax.outbox, fax.options) == (team, bob, "preparing", {})
    assert str(fax.batch_id) == sheet.batch
    assert LogEntry.objects.filter(action="fax.send", object_id=str(fax.pk)).exists()


def test_a_fax_to_several_leads_to_the_sent_list(sheet):
    sheet.upload()
    answer = sheet.send("312 555 0142, 312 555 0143\n+44 20 7946 0018")
    assert answer["Location"] == "/faxes/sent/"
    assert messages_of(answer) == ["3 faxes are on their way."]
    assert {fax.to_number for fax in Fax.objects.all()} == {"+13125550142", "+13125550143", "+442079460018"}


def test_a_superuser_sends_as_the_numbers_team(root, team, logged_in):
    sheet = Sheet(logged_in(root), builders.number(team))
    sheet.upload()
    sheet.send()
    assert Fax.objects.get().team == team


def test_a_form_posted_twice_sends_once(sheet):
    sheet.upload()
    documents = sheet.documents
    first = sheet.send()
    again = sheet.send(documents=documents)
    assert Fax.objects.count() == 1
    assert again["Location"] == first["Location"]
    assert messages_of(again) == [ALREADY]


def test_a_changed_form_posted_again_sends_nothing_more(sheet):
    """The back button, another number, Send: the sheet has been used, and what it sent stands."""
    sheet.upload()
    first = sheet.send("312 555 0142")
    again = sheet.send("312 555 0199", documents=[])
    assert again["Location"] == first["Location"]
    assert [fax.to_number for fax in Fax.objects.all()] == ["+13125550142"]


def test_the_back_button_leads_to_what_was_sent(sheet):
    sheet.upload()
    sent = sheet.send()
    page = sheet.client.get(f"{NEW}?draft={sheet.batch}")
    assert page["Location"] == sent["Location"]
    assert messages_of(page) == [ALREADY]


def test_a_sent_sheet_takes_no_more_files(sheet):
    sheet.upload()
    documents = sheet.documents
    sheet.send()
    said = "This fax has been sent already. Start a new one."
    assert said in text_of(sheet.upload(("late.pdf", papers.text_pdf())))
    assert said in text_of(sheet.post(f"files/{documents[0]}/remove/"))
    assert said in text_of(sheet.post("order/", documents=documents))
    assert [document.name for document in Document.objects.filter(kind="upload")] == ["letter.pdf"]


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_send_once(bob, team, logged_in):
    number = builders.number(team)
    sheet = Sheet(logged_in(bob), number)
    sheet.upload()
    clicks = [Sheet(logged_in(bob), number, sheet.batch, sheet.documents) for _ in range(3)]
    led_to = [answer["Location"] for answer in at_once(*[click.send for click in clicks])]
    assert led_to == [f"/faxes/{Fax.objects.get().pk}/"] * 3


def test_a_file_that_the_page_did_not_show_is_not_sent(sheet, logged_in, bob):
    sheet.upload(("seen.pdf", papers.text_pdf()))
    Sheet(logged_in(bob), batch=sheet.batch).upload(("added in another window.pdf", papers.text_pdf()))
    answer = sheet.send()
    assert answer.status_code == 422
    assert "The files have changed in another window. Check them, then send." in text_of(answer)
    assert "added in another window.pdf" in text_of(answer)
    assert not Fax.objects.exists() and not Batch.objects.get().sent_at
    assert sheet.send().status_code == 302


def test_an_order_that_the_page_did_not_show_is_not_sent(sheet):
    sheet.upload(("a.pdf", papers.text_pdf()), ("b.pdf", papers.text_pdf()))
    assert sheet.send(documents=sheet.documents[::-1]).status_code == 422
    assert not Fax.objects.exists()


def test_a_file_chosen_but_not_seen_yet_is_shown_first(sheet):
    """Without a script, somebody chooses files and presses Send at once."""
    answer = sheet.post(upload=[letter()], recipients="312 555 0142")
    assert "Send 3 pages to +1 312 555 0142 from +1 312 579 0015." in text_of(answer)
    assert not Fax.objects.exists()
    assert sheet.send().status_code == 302


@pytest.mark.parametrize(
    ("recipients", "with_file", "said"),
    [
        ("", True, "Add at least one fax number to send to."),
        ("  ,;\n ", True, "Add at least one fax number to send to."),
        ("312 555 0142", False, "Add at least one file to send."),
        ("555-0142", True, "“555-0142” has too few or too many digits."),
        ("+1 312 579 0015", True, "+1 312 579 0015 is the number you send from. Remove it."),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_everything_is_kept(sheet, recipients, with_file, said):
    if with_file:
        sheet.upload(("kept.pdf", papers.text_pdf()))
    answer = sheet.send(recipients, quality="very_high", from_display_name="Front desk", monochrome="on")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'aria-invalid="true" autofocus' in " ".join(page.split())
    assert "kept.pdf" in page or not with_file
    assert 'value="Front desk"' in page and '<option value="very_high" selected' in " ".join(page.split())
    assert f'value="{sheet.batch}"' in page
    assert not Fax.objects.exists()


def test_a_spoilt_list_of_files_is_refused(sheet):
    sheet.upload()
    answer = sheet.send(documents=["no id"])
    assert answer.status_code == 422
    assert "The list of files cannot be read. Reload the page." in text_of(answer)


def test_a_number_of_others_cannot_be_sent_from(sheet, bob, other_team):
    theirs = builders.number(other_team, "+13125790099")
    Membership.objects.create(user=bob, team=other_team, role="viewer")
    sheet.upload()
    for number in (theirs.pk, uuid.uuid4(), "x", ""):
        answer = sheet.send(number=number)
        assert answer.status_code == 422
        assert "Choose the number to send from." in text_of(answer)
    assert not Fax.objects.exists()


def test_a_number_that_was_taken_away_meanwhile_is_not_sent_from(sheet):
    sheet.upload()
    sheet.number.connection_id = ""
    sheet.number.save()
    other = builders.number(sheet.number.team, "+13125790016")
    answer = sheet.send()
    assert "That number cannot send for you any more. Choose another one." in text_of(answer)
    assert sheet.send(number=other.pk).status_code == 302


def test_a_role_that_was_taken_away_meanwhile_ends_it(sheet, bob):
    sheet.upload()
    Membership.objects.filter(user=bob).update(role="viewer")
    assert sheet.send().status_code == 403
    assert not Fax.objects.exists()


def test_a_post_without_the_forms_token_is_refused(bob, team, logged_in):
    client = logged_in(bob)
    client.handler.enforce_csrf_checks = True
    assert client.post(NEW, {"batch": uuid.uuid4()}).status_code == 403


def test_a_file_that_arrives_while_the_sheet_is_sent_is_refused(bob, team, django_capture_on_commit_callbacks):
    """Never is it added behind the back of somebody who has just sent what the page showed."""
    number, batch_id = builders.number(team), uuid.uuid4()

    class SentMeanwhile(SimpleUploadedFile):
        def chunks(self, chunk_size=None):
            services.send(by=bob, batch_id=batch_id, number=number, recipients=["+13125550142"], options={})
            return super().chunks(chunk_size)

    shown = drafts.add_file(by=bob, batch_id=batch_id, upload=letter())
    with django_capture_on_commit_callbacks(execute=True):
        with pytest.raises(ValidationError, match="has been sent already"):
            drafts.add_file(by=bob, batch_id=batch_id, upload=SentMeanwhile("late.pdf", papers.text_pdf()))
    assert Batch.objects.get().documents.get() == shown
    assert Document.objects.count() == 1


def letter() -> SimpleUploadedFile:
    return SimpleUploadedFile("letter.pdf", papers.text_pdf())
