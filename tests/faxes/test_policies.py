"""What is set for lines, applications and teams: only what makes sense is taken, and each change is on record."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from accounts.services import set_retention
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application, assign_number, dismiss_quiet, set_deleting, set_receiving
from tests import builders

pytestmark = pytest.mark.django_db


def entry(action: str) -> LogEntry:
    return LogEntry.objects.get(action=action)


# Numbers


def test_two_who_give_a_number_away_at_once_leave_the_true_story(team: Team, other_team: Team, root: User) -> None:
    number, application = builders.number(None), builders.application()
    seen_before = PhoneNumber.objects.get(pk=number.pk), FaxApplication.objects.get(pk=application.pk)
    assign_number(by=root, number=number, team=team)
    assign_application(by=root, application=application, team=team)
    assign_number(by=root, number=seen_before[0], team=other_team)
    assign_application(by=root, application=seen_before[1], team=other_team)
    for action in ("number.assign", "application.assign"):
        told = LogEntry.objects.filter(action=action, chain=str(team.pk)).order_by("sequence")
        assert [entry.data["after"] for entry in told] == ["Front desk", "Records"]


def test_a_number_remembers_who_looks_after_its_faxes(team: Team, alice: User, bob: User, vera: User) -> None:
    number = builders.number(team)
    set_receiving(by=alice, number=number, label="  Front   desk ", default_assignee=bob, notify=[vera, bob, vera])
    number.refresh_from_db()
    assert (number.label, number.default_assignee) == ("Front desk", bob)
    assert set(number.notify.all()) == {bob, vera}
    said = entry("number.set_receiving")
    assert said.data == {
        "before": {"label": "", "assignee": "", "notify": []},
        "after": {"label": "Front desk", "assignee": "Bob", "notify": ["Bob", "Vera"]},
    }
    assert (said.actor_name, said.chain) == ("Alice", str(team.pk))


def test_setting_the_same_again_is_no_change(team: Team, alice: User, bob: User) -> None:
    number = builders.number(team)
    for _ in range(2):
        set_receiving(by=alice, number=number, label="Desk", default_assignee=bob, notify=[bob])
    assert LogEntry.objects.count() == 1


def test_only_people_of_the_team_look_after_faxes_or_are_told(
    team: Team, alice: User, bob: User, vera: User, charlie: User, root: User
) -> None:
    number = builders.number(team)
    # Who may only look cannot act, and an administrator is not on the team by that alone.
    for stranger in (vera, charlie, root):
        with pytest.raises(ValidationError) as error:
            set_receiving(by=root, number=number, label="Desk", default_assignee=stranger, notify=[])
        assert list(error.value.message_dict) == ["default_assignee"]
    with pytest.raises(ValidationError, match="Charlie"):
        set_receiving(by=root, number=number, label="Desk", default_assignee=bob, notify=[vera, charlie])
    bob.is_active = False
    bob.save()
    with pytest.raises(ValidationError):
        set_receiving(by=root, number=number, label="Desk", default_assignee=bob, notify=[])
    number.refresh_from_db()
    assert (number.label, number.default_assignee) == ("", None)
    assert not LogEntry.objects.exists()


def test_a_number_without_a_team_has_nobody(bob: User) -> None:
    with pytest.raises(ValidationError):
        set_receiving(by=None, number=builders.number(None), label="", default_assignee=bob, notify=[])


def test_a_number_takes_people_of_its_applications_team(team: Team, bob: User) -> None:
    number = builders.number(None, connection_id=builders.application(team).telnyx_id)
    set_receiving(by=None, number=number, label="", default_assignee=bob, notify=[])
    assert entry("number.set_receiving").chain == str(team.pk)


def test_a_label_has_its_length(team: Team) -> None:
    with pytest.raises(ValidationError, match="100 characters"):
        set_receiving(by=None, number=builders.number(team), label="x" * 101, default_assignee=None, notify=[])


def test_only_members_say_that_they_know_of_a_silence(team: Team, bob: User, vera: User, charlie: User) -> None:
    number = builders.number(team, quiet_since=timezone.now())
    for person in (vera, charlie):
        with pytest.raises(PermissionDenied):
            dismiss_quiet(by=person, number=number)
    dismiss_quiet(by=bob, number=number)
    number.refresh_from_db()
    assert number.quiet_dismissed_at
    assert entry("number.dismiss_quiet").actor_name == "Bob"


def test_there_is_nothing_to_know_of_a_line_that_is_not_quiet(team: Team, bob: User) -> None:
    number = builders.number(team)
    dismiss_quiet(by=bob, number=number)
    number.refresh_from_db()
    assert number.quiet_dismissed_at is None and not LogEntry.objects.exists()


# Applications


def test_deleting_at_telnyx_is_switched_on_and_off(team: Team, alice: User) -> None:
    application = builders.application(team)
    for wanted in (True, True, False):
        set_deleting(by=alice, application=application, delete_once_archived=wanted)
        application.refresh_from_db()
        assert application.delete_once_archived is wanted
    changes = LogEntry.objects.filter(action="application.set_deleting").order_by("sequence")
    assert [change.data["after"] for change in changes] == [True, False]


# Teams


def test_a_team_says_how_long_it_keeps_what(team: Team, alice: User) -> None:
    set_retention(by=alice, team=team, keep_media_days=90, keep_records_days=None)
    set_retention(by=alice, team=team, keep_media_days=90, keep_records_days=None)
    team.refresh_from_db()
    assert (team.keep_media_days, team.keep_records_days) == (90, None)
    assert entry("team.set_retention").data == {
        "before": {"keep_media_days": None, "keep_records_days": None},
        "after": {"keep_media_days": 90, "keep_records_days": None},
    }


@pytest.mark.parametrize(
    ("media", "records", "field"),
    [
        (0, None, "keep_media_days"),
        (None, 0, "keep_records_days"),
        (-1, 5, "keep_media_days"),
        (31, 30, "keep_media_days"),
    ],
)
def test_days_that_make_no_sense_are_refused(team: Team, media: int | None, records: int | None, field: str) -> None:
    with pytest.raises(ValidationError) as error:
        set_retention(by=None, team=team, keep_media_days=media, keep_records_days=records)
    assert list(error.value.message_dict) == [field]
    team.refresh_from_db()
    assert (team.keep_media_days, team.keep_records_days) == (None, None)
