"""The first reconciliation: what Telnyx lists is mirrored, what it lists no more is marked, what failed is said."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team
from applications.models import FaxApplication, PhoneNumber
from faxes.models import Fax
from sync.models import Heartbeat, SyncRun
from sync.services import sync_recent
from sync.steps import poll
from telnyx_api import Page
from telnyx_api import PhoneNumber as NumberPayload
from telnyx_api.listing import Listing
from telnyx_sandbox.server import Server
from tests import builders
from tests.telnyx_api.scripted import Reply, serving


def test_applications_and_numbers_are_mirrored(sandbox: Server, db: None) -> None:
    run = sync_recent()
    assert run.is_complete and (run.counts["applications"], run.counts["numbers"]) == (2, 4)
    application = FaxApplication.objects.get(application_name="Front desk")
    assert application.active and application.webhook_event_url.endswith("/webhooks/telnyx")
    assert PhoneNumber.objects.filter(connection_id=application.telnyx_id).count() == 2


def test_what_is_listed_no_more_is_marked_and_comes_back_as_it_was(sandbox: Server, team: Team) -> None:
    sync_recent()
    stray = builders.number(team, "+14155550177")
    sync_recent()
    stray.refresh_from_db()
    assert stray.gone_at is not None
    assert not PhoneNumber.objects.sendable().filter(pk=stray.pk).exists()


def test_a_listing_that_shows_less_than_it_counts_is_not_complete() -> None:
    def page(number: int) -> Page[NumberPayload]:
        return Page(data=(), page_number=1, page_size=250, total_pages=1, total_results=4)

    listing = Listing(page)
    assert list(listing) == [] and not listing.is_complete


@pytest.mark.parametrize(
    ("ids", "counted", "told"),
    [
        (["1"], 4, "Telnyx counts 4 and lists 1."),
        (["1"], 1, ""),
        (["1", "2"], 1, ""),
        (["1"], None, ""),
        ([], None, ""),
        (["1", None], 2, "Telnyx lists some without an id."),
    ],
)
def test_a_listing_says_what_it_lacks(ids: list[str | None], counted: int | None, told: str) -> None:
    data = tuple(NumberPayload({"id": each}) for each in ids)
    listing = Listing(
        lambda number: Page(data=data, page_number=1, page_size=250, total_pages=1, total_results=counted)
    )
    assert [list(listing), listing.shortage] == [list(data), told]


@pytest.mark.parametrize(("counted", "is_short"), [(4, True), (1, False), (None, False)])
def test_a_list_of_applications_or_numbers_that_lacks_some_is_told(
    sandbox: Server, team: Team, settings: Settings, counted: int | None, is_short: bool
) -> None:
    """As with faxes: the run says so, and marks nothing as gone."""
    meta = {"page_number": 1, "total_pages": 1, "total_results": counted}
    few = {"data": [{"id": "one", "application_name": "Desk", "phone_number": "+13125790015"}], "meta": meta}
    none = {"data": [], "meta": {"page_number": 1, "total_pages": 1, "total_results": 0}}
    known = builders.application()
    with serving(*(Reply(document=said) for said in (few, few, none, none, none))) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        run = sync_recent()
    told = "Telnyx counts 4 and lists 1" in run.error
    assert (told, "Applications: " in run.error, "Numbers: " in run.error) == (is_short, is_short, is_short)
    assert (run.counts["applications"], run.counts["numbers"]) == (1, 1)
    known.refresh_from_db()
    assert (known.gone_at is None) == (counted != 1)


def test_a_second_sync_changes_nothing_of_ours(line: PhoneNumber, team: Team) -> None:
    PhoneNumber.objects.filter(pk=line.pk).update(label="Fax machine")
    sync_recent()
    line.refresh_from_db()
    assert (line.team, line.label) == (team, "Fax machine")


def test_faxes_of_both_directions_are_found_without_any_webhook(sandbox: Server, line: PhoneNumber) -> None:
    sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS, pages=2)
    sandbox.sandbox.advance(60)
    sync_recent()
    fax = Fax.objects.get()
    assert (fax.direction, fax.status, fax.team, fax.media) == ("inbound", "received", line.team, "waiting")


@pytest.mark.parametrize(("told", "found"), [("inbound", 1), ("outbound", 0)])
def test_what_was_sent_is_never_taken_for_received(
    settings: Settings, line: PhoneNumber, told: str, found: int
) -> None:
    """Where the list of received faxes holds a sent one, nothing is known of those that tell no direction."""
    one = {"meta": {"total_pages": 1}}
    nameless = {"id": "fax-1", "to": line.phone_number, "status": "received"}
    received = {"data": [nameless, {"id": "fax-2", "direction": told, "status": "delivered"}]}
    # Applications, numbers, young faxes, older ones, received ones, and webhooks.
    nothing: list[dict[str, Any]] = [{"data": []}]
    pages = [*nothing * 3, {"data": [nameless]}, received, *nothing]
    with serving(*(Reply(document={**page, **one}) for page in pages)) as server:
        settings.TELNYX_API_BASE, settings.TELNYX_API_KEY = server.url, "KEY0123456789"
        assert sync_recent().error == ""
        assert [asked.path for asked in server.asked][2:] == ["/v2/faxes"] * 3 + ["/v2/webhook_deliveries"]
    assert Fax.objects.filter(telnyx_id="fax-1", direction="inbound").count() == found
    assert Fax.objects.filter(telnyx_id="fax-2", direction="inbound").count() == found


def test_a_partial_run_keeps_what_it_brought_and_exits_non_zero(sandbox: Server, db: None) -> None:
    sandbox.sandbox.faults.add(method="GET", path="/v2/faxes", action="status", status=401, times=None)
    with pytest.raises(CommandError, match="is incomplete"):
        call_command("sync_telnyx", stdout=StringIO())
    run = SyncRun.objects.get()
    assert run.error and not run.is_complete and PhoneNumber.objects.count() == 4


def test_a_complete_run_says_what_it_saw(sandbox: Server, db: None) -> None:
    out = StringIO()
    call_command("sync_telnyx", stdout=out)
    assert "4 numbers" in out.getvalue()
    assert Heartbeat.objects.filter(name="telnyx").exists()


def test_an_open_fax_is_asked_for_by_its_id(sandbox: Server, line: PhoneNumber, team: Team) -> None:
    carrier = sandbox.sandbox.receive(to=line.phone_number, from_=builders.THEIRS)
    fax = builders.inbound(team, telnyx_id=carrier["id"], status="receiving", poll_at=timezone.now())
    sandbox.sandbox.advance(60)
    assert poll.drain() == 1
    fax.refresh_from_db()
    assert (fax.status, fax.poll_at) == ("received", None)


def test_a_fax_that_telnyx_has_no_more_is_kept_and_marked(sandbox: Server, line: PhoneNumber, team: Team) -> None:
    fax = builders.accepted(team, status="sending", poll_at=timezone.now())
    poll.drain()
    fax.refresh_from_db()
    assert fax.gone_at is not None and (fax.line_held, fax.poll_at, fax.status) == (False, None, "sending")
    assert fax.events.filter(kind="gone").exists()


def test_a_carrier_that_does_not_answer_is_asked_again_later(sandbox: Server, line: PhoneNumber, team: Team) -> None:
    fax = builders.accepted(team, status="sending", poll_at=timezone.now())
    sandbox.sandbox.faults.add(method="GET", path="/v2/faxes/*", action="status", status=401, times=None)
    poll.drain()
    fax.refresh_from_db()
    assert fax.poll_at is not None and fax.poll_at > timezone.now() and fax.gone_at is None


@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        ({"status": 429, "headers": {"Retry-After": "60"}}, 1),
        ({"status": 429, "headers": {"Retry-After": "60"}, "skip": 1}, 2),
        ({"status": 422}, 3),
    ],
)
def test_a_carrier_that_asks_for_quiet_is_not_asked_about_every_fax(
    sandbox: Server, line: PhoneNumber, team: Team, fault: dict[str, Any], asked: int
) -> None:
    for _ in range(3):
        builders.accepted(team, to_number=f"+1415555{_:04}", status="sending", poll_at=timezone.now())
    sandbox.sandbox.faults.add(method="GET", path="/v2/faxes/*", action="status", times=None, **fault)
    assert poll.drain() == asked
    # The others come first when it is asked again.
    assert Fax.objects.filter(poll_at__lte=timezone.now()).count() == 3 - asked


def test_create_team_gives_it_applications_and_numbers(sandbox: Server, db: None) -> None:
    sync_recent()
    application = FaxApplication.objects.get(application_name="Records")
    number = PhoneNumber.objects.exclude(connection_id=application.telnyx_id).earliest("phone_number")
    arguments = ["--application", str(application.telnyx_id), "--number", number.phone_number]
    for _ in range(2):
        call_command("create_team", "Town hall", *arguments, stdout=StringIO())
    team = Team.objects.get(slug="town-hall")
    number.refresh_from_db()
    assert number.team == team
    inherited = PhoneNumber.objects.filter(connection_id=application.telnyx_id)
    assert {row.owner for row in inherited} == {team}
    assert LogEntry.objects.filter(action="team.create").count() == 1


@pytest.mark.parametrize("argument", [("--number", "+14155550100"), ("--application", "nothing")])
def test_create_team_names_what_it_does_not_know_and_creates_nothing(db: None, argument: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match=f"{argument[1].replace('+', '.')} is known"):
        call_command("create_team", "Town hall", *argument, stdout=StringIO())
    assert not Team.objects.exists()


def test_create_team_asks_for_a_name(db: None) -> None:
    with pytest.raises(CommandError, match="letter or digit"):
        call_command("create_team", " !! ", stdout=StringIO())
