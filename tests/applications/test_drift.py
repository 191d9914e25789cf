"""What differs between Telnyx and what we last wrote there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.access import asked_once
from accounts.models import Team, User
from applications.drift import Difference, drift_in_words, drift_of, drifted
from applications.fields import LABELS
from applications.mirror import APPLICATION_KEYS, apply_application, apply_number
from applications.models import FaxApplication, PhoneNumber
from applications.written import note_written
from telnyx_api import FaxApplication as ApplicationPayload
from telnyx_api import PhoneNumber as NumberPayload
from tests import builders

CountQueries = Callable[..., Any]

SAID: dict[str, Any] = {
    "application_name": "Front desk",
    "active": True,
    "anchorsite_override": "Latency",
    "webhook_event_url": "https://ours.example/webhooks/telnyx",
    "webhook_event_failover_url": "https://ours.example/failover",
    "webhook_timeout_secs": 25,
    "inbound": {"channel_limit": 5, "sip_subdomain": "desk", "sip_subdomain_receive_settings": "from_anyone"},
    "outbound": {"channel_limit": 9, "outbound_voice_profile_id": "77"},
    "tags": ["desk", "first floor"],
}
WRITTEN: dict[str, Any] = {
    "application_name": "Front desk",
    "active": True,
    "anchorsite_override": "Latency",
    "webhook_event_url": "https://ours.example/webhooks/telnyx",
    "webhook_event_failover_url": "https://ours.example/failover",
    "webhook_timeout_secs": 25,
    "inbound_channel_limit": 5,
    "inbound_sip_subdomain": "desk",
    "inbound_sip_subdomain_receive_settings": "from_anyone",
    "outbound_channel_limit": 9,
    "outbound_voice_profile_id": "77",
    "tags": ["desk", "first floor"],
}


def theirs(row: FaxApplication, **said: Any) -> FaxApplication:
    """The application after Telnyx has said so."""
    applied = apply_application(ApplicationPayload({"id": row.telnyx_id, **said}))
    assert applied is not None
    return applied


def attached(row: PhoneNumber, **said: Any) -> PhoneNumber:
    applied = apply_number(NumberPayload({"id": row.telnyx_id, **said}))
    assert applied is not None
    return applied


@pytest.fixture
def application(team: Team, alice: User) -> FaxApplication:
    """Of the team, and at Telnyx just as alice wrote it."""
    row = theirs(builders.application(team), **SAID)
    note_written(row, WRITTEN, alice)
    return row


def columns(found: list[Difference]) -> list[str]:
    return [difference.column for difference in found]


@pytest.mark.parametrize("said", [25, "25", 25.0])
def test_a_number_is_one_however_it_is_written(application: FaxApplication, said: object) -> None:
    row = theirs(application, webhook_timeout_secs=said, inbound={"channel_limit": str(5)})
    assert (row.webhook_timeout_secs, row.inbound_channel_limit, drift_of(row)) == (25, 5, [])


@pytest.mark.parametrize("said", ["x", "-", "2.5", 2.5, "", [], {}, True, "\u0663", "9" * 11, 2**31, "25 s"])
def test_what_is_no_number_is_none(application: FaxApplication, said: object) -> None:
    assert theirs(application, webhook_timeout_secs=said).webhook_timeout_secs is None


def test_what_is_as_we_wrote_it_has_no_drift(application: FaxApplication) -> None:
    assert drift_of(application) == []


def test_every_mirrored_field_has_a_name_for_people() -> None:
    assert LABELS.keys() >= {*APPLICATION_KEYS.values(), "connection_id"}


@pytest.mark.parametrize(
    ("said", "column", "ours", "theirs_now"),
    [
        ({"application_name": "Desk"}, "application_name", "Front desk", "Desk"),
        ({"active": False}, "active", "yes", "no"),
        ({"active": None}, "active", "yes", ""),
        (
            {"anchorsite_override": "Mars, Olympus"},
            "anchorsite_override",
            "The nearest one, as Telnyx measures it",
            "Mars, Olympus",
        ),
        (
            {"webhook_event_url": "https://x.example"},
            "webhook_event_url",
            SAID["webhook_event_url"],
            "https://x.example",
        ),
        ({"webhook_event_failover_url": None}, "webhook_event_failover_url", "https://ours.example/failover", ""),
        ({"webhook_timeout_secs": 3}, "webhook_timeout_secs", "25 seconds", "3 seconds"),
        ({"webhook_timeout_secs": None}, "webhook_timeout_secs", "25 seconds", ""),
        ({"inbound": {"channel_limit": 6}}, "inbound_channel_limit", "5", "6"),
        ({"inbound": {"sip_subdomain": "x"}}, "inbound_sip_subdomain", "desk", "x"),
        (
            {"inbound": {"sip_subdomain_receive_settings": "from_mars"}},
            "inbound_sip_subdomain_receive_settings",
            "Anyone on the internet",
            "from_mars",
        ),
        ({"outbound": {"channel_limit": 1}}, "outbound_channel_limit", "9", "1"),
        ({"outbound": {"outbound_voice_profile_id": ""}}, "outbound_voice_profile_id", "77", ""),
        ({"tags": ["desk"]}, "tags", "desk, first floor", "desk"),
        ({"tags": [{"new": "shape"}]}, "tags", "desk, first floor", "{'new': 'shape'}"),
    ],
)
def test_each_field_drifts_on_its_own(
    application: FaxApplication, said: dict[str, Any], column: str, ours: str, theirs_now: str
) -> None:
    [found] = drift_of(theirs(application, **said))
    assert (found.column, found.ours_in_words, found.theirs_in_words) == (column, ours, theirs_now)
    assert (found.label, found.written.by) == (LABELS[column], "Alice")
    assert found.written.at is not None


def test_several_fields_come_in_the_order_of_the_page(application: FaxApplication) -> None:
    found = drift_of(theirs(application, tags=[], active=False, application_name="Desk"))
    assert columns(found) == ["application_name", "active", "tags"]


def test_tags_in_another_order_are_the_same(application: FaxApplication) -> None:
    assert drift_of(theirs(application, tags=["first floor", "desk"])) == []


def test_what_we_never_wrote_cannot_drift(team: Team) -> None:
    assert drift_of(theirs(builders.application(team), **SAID)) == []


def test_what_telnyx_does_not_show_cannot_drift(team: Team) -> None:
    row = theirs(builders.application(team), application_name="Front desk")
    note_written(row, WRITTEN | {"fax_email_recipient": "desk@ours.example"}, None)
    assert drift_of(row) == []


def test_fields_that_we_do_not_know_are_no_drift(application: FaxApplication) -> None:
    row = theirs(application, fax_quality="telepathic", inbound={**SAID["inbound"], "codec": "g722"})
    assert drift_of(row) == []


def test_what_is_gone_has_no_drift(application: FaxApplication) -> None:
    row = theirs(application, application_name="Desk")
    row.gone_at = timezone.now()
    assert drift_of(row) == []


def test_a_number_drifts_with_its_application(team: Team, alice: User) -> None:
    row = attached(builders.number(team), connection_id="11", status="active")
    note_written(row, {"connection_id": "11"}, alice)
    assert drift_of(row) == []
    [found] = drift_of(attached(row, connection_id="12"), {"11": "Front desk", "12": "Records"})
    assert (found.label, found.ours_in_words, found.theirs_in_words) == ("Application", "Front desk", "Records")


def test_an_application_without_a_name_goes_by_its_id(team: Team) -> None:
    row = attached(builders.number(team), connection_id="12")
    note_written(row, {"connection_id": "11"}, None)
    [found] = drift_of(row, {"99": "Records"})
    assert (found.ours_in_words, found.theirs_in_words) == ("another application (11)", "another application (12)")


def test_a_number_taken_off_its_application_drifts(team: Team) -> None:
    row = attached(builders.number(team), connection_id=None)
    note_written(row, {"connection_id": "11"}, None)
    assert [found.theirs_in_words for found in drift_of(row)] == [""]


def test_the_seal_changes_with_either_side(application: FaxApplication, bob: User) -> None:
    [first] = drift_of(theirs(application, application_name="Desk"))
    [other] = drift_of(theirs(application, application_name="Reception"))
    row = FaxApplication.objects.get()
    [same] = drift_of(row)
    note_written(row, {"application_name": "Our desk"}, bob)
    [ours] = drift_of(row)
    assert same.seal == other.seal
    assert len({first.seal, other.seal, ours.seal}) == 3


def test_a_manager_is_told_of_what_they_manage(
    application: FaxApplication, team: Team, other_team: Team, alice: User, bob: User, charlie: User, root: User
) -> None:
    theirs(application, application_name="Desk")
    foreign = attached(builders.number(other_team, connection_id="11"), connection_id="12")
    nobodys = attached(builders.number(None, connection_id="11"), connection_id="12")
    inherited = builders.number(None, connection_id=application.telnyx_id)
    attached(inherited, connection_id=application.telnyx_id)
    for row in (foreign, nobodys, inherited):
        note_written(row, {"connection_id": "11"}, None)
    builders.number(team)
    assert [each.row for each in drifted(alice)] == [application, inherited]
    assert [each.row for each in drifted(charlie)] == [foreign]
    assert {each.row.pk for each in drifted(root)} == {application.pk, foreign.pk, nobodys.pk, inherited.pk}
    # Who is on the team without managing it mends nothing, and is not told.
    assert (drift_in_words(alice), drift_in_words(bob)) == ("1 application and 1 number", "")
    assert (drift_in_words(charlie), drift_in_words(root)) == ("1 number", "1 application and 3 numbers")


def test_what_is_gone_is_not_counted(application: FaxApplication, root: User) -> None:
    theirs(application, application_name="Desk")
    FaxApplication.objects.update(gone_at=timezone.now())
    assert drift_in_words(root) == ""


@pytest.mark.parametrize("numbers", [1, 300])
def test_counting_asks_no_more_however_many_there_are(
    numbers: int, application: FaxApplication, team: Team, alice: User, django_assert_num_queries: CountQueries
) -> None:
    PhoneNumber.objects.bulk_create(
        PhoneNumber(
            telnyx_id=f"n{place}",
            phone_number=f"+1312579{place:04}",
            team=team,
            connection_id="12",
            raw={"connection_id": "12"},
            written={"connection_id": {"value": "11" if place % 100 == 0 else "12"}},
        )
        for place in range(numbers)
    )
    with asked_once(), django_assert_num_queries(3):
        assert drift_in_words(alice) == ("1 number" if numbers == 1 else "3 numbers")
