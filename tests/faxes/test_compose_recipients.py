"""The list under “To”, as it is typed, pasted and read."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from contacts.models import Correspondent
from faxes.models import Fax
from faxes.recipients import read_recipients
from tests import builders
from tests.sheets import Sheet, text_of

OURS = "+13125790015"
SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def sheet(bob, team, logged_in) -> Sheet:
    return Sheet(logged_in(bob), builders.number(team))


@pytest.mark.parametrize(
    "pasted",
    [
        "312 555 0142\n312 555 0143\n",
        "312 555 0142\r\n312 555 0143",
        "312 555 0142, 312 555 0143",
        "312 555 0142;312 555 0143;",
        "312 555 0142\t312 555 0143",
        " ,; 312  555 0142 ,,\n\n; 312 555 0143 ",
    ],
)
def test_a_list_is_read_however_it_is_separated(pasted, db):
    assert read_recipients(pasted, sender=OURS).numbers == ["+13125550142", "+13125550143"]


def test_a_number_without_country_is_read_as_the_senders(db):
    assert read_recipients("020 7946 0018", sender="+442079460000").numbers == ["+442079460018"]


def test_a_number_that_was_read_stays_the_same_under_another_sender(db):
    [read] = read_recipients("020 7946 0018", sender="+442079460000").entries
    assert read.line == "+44 20 7946 0018"
    assert read_recipients(read.line, sender=OURS).numbers == ["+442079460018"]


def test_a_number_listed_twice_gets_one_fax_and_a_word(sheet):
    answer = sheet.post("sentence/", recipients="312 555 0142, +1 (312) 555-0142, 312.555.0142, 312 555 0143")
    assert text_of(answer).count("+1 312 555 0142 was listed more than once. It gets one fax.") == 1
    assert "to 2 recipients from" not in text_of(answer)
    sheet.upload()
    sheet.send("312 555 0142, +1 (312) 555-0142")
    assert [fax.to_number for fax in Fax.objects.all()] == ["+13125550142"]


def test_every_wrong_entry_is_named_and_the_others_are_kept(sheet):
    sheet.upload()
    answer = sheet.post("sentence/", recipients="312 555 0142, Lakeview, 555 0143, 312 555 0144 x9")
    said = text_of(answer)
    assert "“Lakeview” is not a fax number." in said
    assert "“555 0143” has too few or too many digits." in said
    assert "“312 555 0144 x9” has an extension." in said
    assert "Mend or remove 3 recipients to send." in said
    assert "+1 312 555 0142" in said
    assert sheet.send("312 555 0142, Lakeview").status_code == 422
    assert not Fax.objects.exists()


def test_names_the_team_knows_are_shown(sheet, team, other_team):
    Correspondent.objects.create(team=team, number="+13125550142", name="Dr. Okafor")
    Correspondent.objects.create(team=other_team, number="+13125550143", name="Patient of others")
    sheet.upload()
    one = text_of(sheet.post("sentence/", recipients="312 555 0142"))
    assert "Send 3 pages to Dr. Okafor, +1 312 555 0142 from +1 312 579 0015." in one
    two = text_of(sheet.post("sentence/", recipients="312 555 0142, 312 555 0143"))
    assert "Send 3 pages to 2 recipients from +1 312 579 0015." in two
    assert "Patient of others" not in two


def test_a_hundred_at_once_and_no_more(sheet):
    sheet.upload()
    numbers = [f"+1312555{index:04}" for index in range(101)]
    answer = sheet.send("\n".join(numbers))
    assert answer.status_code == 422
    assert "A fax goes to at most 100 numbers at once, and these are 101. Send it in parts." in text_of(answer)
    assert numbers[100][-4:] in answer.content.decode()
    assert not Fax.objects.exists()
    assert sheet.send("\n".join(numbers[:100])).status_code == 302
    assert Fax.objects.count() == 100


def test_a_list_too_long_to_be_meant_is_not_read_and_stays(sheet):
    with pytest.raises(ValidationError, match="This list is too long"):
        read_recipients("1," * 6000)
    answer = sheet.send("9" * 10_001)
    assert "This list is too long. A fax goes to at most 100 numbers at once" in text_of(answer)
    assert "9" * 10_001 in answer.content.decode()


def test_an_entry_is_only_text(sheet):
    page = sheet.post("sentence/", recipients='"><script>alert(1)</script>').content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_the_script_gets_chips_notes_and_sentence(sheet):
    answer = sheet.post("sentence/", headers=SCRIPT, recipients="312 555 0142\nLakeview")
    page = answer.content.decode()
    assert "<html" not in page
    assert 'data-line="+1 312 555 0142"' in page and 'data-line="Lakeview"' in page
    assert "Add a file to send." in text_of(answer)


def test_nothing_filled_in_yet_is_no_error(sheet):
    answer = sheet.post("sentence/")
    assert answer.status_code == 200
    assert "Add a file and a recipient to send." in text_of(answer)
    assert "aria-invalid" not in answer.content.decode()


def test_the_sentence_of_somebody_elses_sheet_tells_nothing(sheet, alice, team, logged_in):
    sheet.upload()
    spy = Sheet(logged_in(alice), sheet.number, batch=sheet.batch)
    assert "Add a file to send." in text_of(spy.post("sentence/", recipients="312 555 0142"))
