"""The facts of a self-check: from a Telnyx that answers over HTTP, well or badly, and from our own tables."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team
from applications.models import FaxApplication, PhoneNumber
from faxes.models import Fax
from portal.selfcheck import facts
from portal.selfcheck.facts import Traffic, ask, gather, traffic_lately
from portal.selfcheck.running import BRIEFLY
from telnyx_sandbox.seeds import PROFILE_ID
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import change_at_telnyx, remove_at_telnyx
from tests.telnyx_api.scripted import closed_port

pytestmark = pytest.mark.django_db

KIND = "outbound_voice_profile"


def change_profile(sandbox: Server, **fields: Any) -> None:
    store = sandbox.sandbox.world.store
    store.put_object(KIND, PROFILE_ID, (store.object(KIND, PROFILE_ID) or {}) | fields)


def test_telnyx_is_asked_and_mirrored(sandbox: Server, front_desk: FaxApplication) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_timeout_secs=7)
    known = gather(front_desk, patience=BRIEFLY)
    assert known.application.webhook_timeout_secs == 7
    heard = known.heard
    assert (heard.trouble, heard.profile_trouble, heard.usable) == ("", "", [])
    assert heard.profile is not None and heard.profile.name == "Office"
    assert heard.clock_skew is not None and abs(heard.clock_skew) < 5
    assert (known.numbers, known.drift, known.told_at, known.refused) == ({"active": 2}, 0, None, None)
    assert known.public_key == sandbox.public_key
    asked = [request.path for request in sandbox.sandbox.requests][-2:]
    assert asked == [f"/v2/fax_applications/{front_desk.telnyx_id}", f"/v2/outbound_voice_profiles/{PROFILE_ID}"]


def test_what_telnyx_has_no_more_is_gone(sandbox: Server, front_desk: FaxApplication) -> None:
    remove_at_telnyx(sandbox, front_desk.telnyx_id)
    heard = ask(front_desk)
    front_desk.refresh_from_db()
    assert front_desk.gone_at is not None
    assert (heard.trouble, heard.profile) == ("", None) and heard.clock_skew is not None


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"action": "reset"}, "cannot be reached"),
        ({"action": "status", "status": 500}, "cannot be reached"),
        ({"action": "status", "status": 401}, "does not accept this portal's API key"),
        ({"action": "status", "status": 403}, "refused"),
        ({"action": "status", "status": 429}, "too much to do"),
        ({"action": "status", "status": 422}, "Telnyx refused the question: The server understood the request"),
        ({"action": "garbage"}, "nobody can read"),
        ({"action": "redirect"}, "nobody can read"),
        ({"action": "empty"}, "nobody can read"),
        ({"action": "truncate"}, "cannot be reached"),
    ],
)
def test_a_telnyx_that_does_not_answer_well_is_a_fact(
    sandbox: Server, front_desk: FaxApplication, fault: dict[str, Any], words: str
) -> None:
    sandbox.sandbox.faults.add(method="GET", path="/v2/fax_applications/*", times=None, **fault)
    heard = ask(front_desk, BRIEFLY)
    assert words in heard.trouble and heard.profile is None
    front_desk.refresh_from_db()
    assert front_desk.gone_at is None


def test_a_telnyx_that_is_not_there_is_a_fact(front_desk: FaxApplication, settings: Settings) -> None:
    settings.TELNYX_API_BASE = f"http://127.0.0.1:{closed_port()}/v2"
    heard = ask(front_desk, BRIEFLY)
    assert "cannot be reached" in heard.trouble and heard.clock_skew is None


@pytest.mark.parametrize(("name", "value"), [("TELNYX_API_KEY", ""), ("TELNYX_API_BASE", "nonsense")])
def test_settings_that_make_no_client_are_a_fact(
    front_desk: FaxApplication, settings: Settings, name: str, value: str
) -> None:
    setattr(settings, name, value)
    assert "no usable API key" in ask(front_desk).trouble


def test_an_application_without_an_id_cannot_be_asked_about(team: Team, sandbox: Server) -> None:
    application = builders.application(team, telnyx_id=None)
    known = gather(application)
    assert "no id yet" in known.heard.trouble and known.numbers == {}


def test_another_application_in_the_answer_is_nobody(sandbox: Server, front_desk: FaxApplication) -> None:
    other = FaxApplication.objects.get(application_name="Records")
    store = sandbox.sandbox.world.store
    found = store.object("fax_application", str(other.telnyx_id)) or {}
    store.put_object("fax_application", str(front_desk.telnyx_id), found | {"active": False})
    assert "nobody can read" in ask(front_desk).trouble
    other.refresh_from_db()
    assert other.active


def test_a_profile_that_cannot_be_asked_about_is_trouble_of_its_own(
    sandbox: Server, front_desk: FaxApplication
) -> None:
    sandbox.sandbox.faults.add(
        method="GET", path="/v2/outbound_voice_profiles*", action="status", status=401, times=None
    )
    heard = ask(front_desk)
    assert heard.trouble == "" and "API key" in heard.profile_trouble


def test_the_usable_profiles_are_asked_for_where_there_is_none(sandbox: Server, front_desk: FaxApplication) -> None:
    nobody = {"channel_limit": None, "outbound_voice_profile_id": "12345"}
    change_at_telnyx(sandbox, front_desk.telnyx_id, outbound=nobody)
    heard = ask(front_desk)
    assert heard.profile is None and [profile.id for profile in heard.usable] == [PROFILE_ID]
    change_profile(sandbox, enabled=False)
    assert ask(front_desk).usable == []


def test_words_that_nobody_knows_break_nothing(sandbox: Server, front_desk: FaxApplication) -> None:
    strange = {"active": "perhaps", "webhook_timeout_secs": "soon", "outbound": "gone fishing", "tags": 7}
    change_at_telnyx(sandbox, front_desk.telnyx_id, **strange)
    change_profile(sandbox, enabled="maybe", whitelisted_destinations=["XX", 7], name="a\x00b")
    known = gather(front_desk)
    assert known.application.active is None and known.heard.trouble == ""


# Of our own tables


@pytest.fixture
def desk(team: Team) -> FaxApplication:
    return builders.application(team)


def sent(desk: FaxApplication, to: str, **columns: Any) -> Fax:
    columns = {"status": "delivered", "created_at": timezone.now() - timedelta(days=1), **columns}
    return builders.accepted(desk.team, to_number=to, connection_id=desk.telnyx_id, **columns)


def traffic_of(desk: FaxApplication) -> Traffic:
    return facts._traffic(desk, traffic_lately())


def test_countries_are_those_we_sent_to_lately(desk: FaxApplication) -> None:
    for to in ("+13125550101", "+13125550102", "+442079460000", "+800123456789", "sip:x@y", ""):
        sent(desk, to)
    sent(desk, "+33123456789", created_at=timezone.now() - timedelta(days=91))
    sent(builders.application(desk.team), "+34911234567")
    builders.inbound(desk.team, connection_id=desk.telnyx_id, from_number="+4930123456")
    assert traffic_of(desk).countries == {"US", "GB"}


def test_what_others_send_through_it_is_not_for_its_managers(desk: FaxApplication, other_team: Team) -> None:
    """Administrators, who look after what belongs to no team, are told of all."""
    sent(desk, "+13125550101")
    now = timezone.now()
    theirs = builders.accepted(
        other_team,
        to_number="+442079460000",
        connection_id=desk.telnyx_id,
        failure_reason="outbound_profile_daily_spend_limit_exceeded",
        created_at=now - timedelta(hours=2),
    )
    assert (traffic_of(desk).countries, traffic_of(desk).spent_at) == ({"US"}, None)
    desk.team_id = None
    assert traffic_of(desk).countries == {"US", "GB"}
    assert traffic_of(desk).spent_at == traffic_of(desk).newest_at == theirs.created_at


def test_what_telnyx_refused_is_told_by_country_and_by_limit(desk: FaxApplication) -> None:
    now = timezone.now()
    refused = "destination_not_in_countries_whitelist"
    sent(desk, "+442079460000", status="failed", failure_reason=refused)
    spent = {"status": "failed", "failure_reason": "outbound_profile_daily_spend_limit_exceeded"}
    sent(desk, "+13125550101", created_at=now - timedelta(hours=30), **spent)
    assert (traffic_of(desk).refused, traffic_of(desk).spent_at) == ({"GB"}, None)
    for hours in (3, 2, 5):
        sent(desk, f"+1312555011{hours}", created_at=now - timedelta(hours=hours), **spent)
    assert traffic_of(desk).spent_at == now - timedelta(hours=2)


def test_the_newest_fax_is_one_that_events_had_time_to_tell_of(desk: FaxApplication) -> None:
    now = timezone.now()
    for minutes in (5, 59, 70, 200):
        builders.inbound(desk.team, connection_id=desk.telnyx_id, created_at=now - timedelta(minutes=minutes))
    assert traffic_of(desk).newest_at == now - timedelta(minutes=70)


def test_events_count_that_told_of_its_own_faxes(sandbox: Server, desk: FaxApplication, other_team: Team) -> None:
    """When others get faxes is not for its managers to know, and shows nothing of this application."""
    mine = builders.inbound(desk.team, connection_id=desk.telnyx_id)
    theirs = builders.inbound(other_team, connection_id=desk.telnyx_id)
    elsewhere = builders.inbound(other_team, connection_id=builders.application(other_team).telnyx_id)
    now = timezone.now()
    for fax in (theirs, elsewhere):
        builders.delivery(of=fax, received_at=now)
    assert (gather(desk).told_at, gather(desk).accepted_at) == (None, now)
    for minutes in (9, 3, 6):
        builders.delivery(of=mine, received_at=now - timedelta(minutes=minutes))
    assert gather(desk).told_at == now - timedelta(minutes=3)


def test_the_walk_goes_by_the_index_of_all_faxes_and_has_an_end(desk: FaxApplication) -> None:
    with CaptureQueriesContext(connection) as queries:
        traffic_lately()
    (query,) = queries.captured_queries
    assert "LIMIT 20000" in query["sql"]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = " ".join(row[-1] for row in cursor.fetchall())
        assert "fax_all" in plan and "TEMP B-TREE" not in plan, plan


def test_numbers_are_counted_by_their_status(desk: FaxApplication, sandbox: Server) -> None:
    for place, status in enumerate(["active", "active", "haunted", ""]):
        builders.number(desk.team, f"+1312555020{place}", connection_id=desk.telnyx_id, status=status)
    PhoneNumber.objects.filter(phone_number="+13125550201").update(gone_at=timezone.now())
    assert facts._numbers(desk) == {"active": 1, "haunted": 1, "": 1}
