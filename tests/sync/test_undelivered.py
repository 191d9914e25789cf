"""Events that Telnyx could not deliver are read in its list of those: they add what no list of faxes tells."""

from __future__ import annotations

import io
import time
from datetime import datetime
from urllib.parse import parse_qs

import pytest
from django.utils import timezone

from applications.models import PhoneNumber
from applications.telnyx import client
from faxes.models import Fax, FaxEvent, Tombstone
from sync.models import SyncRun
from sync.services import sync_recent
from sync.undelivered import OVERLAP
from telnyx_sandbox.server import Server
from tests import builders
from tests.papers import text_pdf


@pytest.fixture
def deaf(sandbox: Server, line: PhoneNumber) -> Server:
    """A sandbox whose webhooks nobody takes, and whose faxes tell no page counts."""
    sandbox.sandbox.world.deliver = lambda url, headers, body, timeout: 0
    sandbox.sandbox.options.page_count_on_fax = False
    return sandbox


def asked(sandbox: Server) -> list[str]:
    return [one.query for one in sandbox.sandbox.requests if one.path == "/v2/webhook_deliveries"]


def read_until() -> datetime:
    """How far runs have got until now."""
    return max(datetime.fromisoformat(run.cursor["undelivered_until"]) for run in SyncRun.objects.all())


def test_page_counts_and_durations_and_the_whole_story_are_found(deaf: Server, line: PhoneNumber) -> None:
    deaf.sandbox.receive(to=line.phone_number, from_=builders.THEIRS, pages=3)
    deaf.sandbox.advance(120)
    run = sync_recent()
    fax = Fax.objects.get()
    assert run.is_complete and run.counts["undelivered"] == 3
    assert (fax.status, fax.page_count, fax.call_duration_secs) == ("received", 3, 88)
    events = list(fax.events.filter(kind__startswith="status:").order_by("occurred_at"))
    assert [event.kind for event in events] == ["status:receiving", "status:media.processing", "status:received"]
    assert {event.source for event in events} == {FaxEvent.Source.SYNC}


def test_what_an_earlier_run_has_read_is_made_up_for_already(deaf: Server, line: PhoneNumber) -> None:
    deaf.sandbox.receive(to=line.phone_number, from_=builders.THEIRS, pages=3)
    deaf.sandbox.advance(120)
    assert [sync_recent().counts.get("undelivered", 0) for _ in range(2)] == [3, 0]
    assert len(asked(deaf)) == 2


def test_each_run_reads_what_failed_since_the_last(deaf: Server, line: PhoneNumber) -> None:
    sync_recent()
    sync_recent()
    until = [datetime.fromisoformat(run.cursor["undelivered_until"]) for run in SyncRun.objects.order_by("started_at")]
    # Telnyx's clock is known to the second, so that it may seem to go back between two runs.
    told = [max(until[:runs]) for runs in (1, 2)]
    since = [f"{moment - OVERLAP:%Y-%m-%dT%H:%M:%S.%fZ}" for moment in told]
    assert [parse_qs(query)["filter[finished_at][gte]"] for query in asked(deaf)] == [[moment] for moment in since]


def test_what_failed_while_the_list_could_not_be_read_is_read_however_many_runs_that_took(
    deaf: Server, line: PhoneNumber
) -> None:
    sync_recent()
    since = read_until() - OVERLAP
    for _ in range(30):
        SyncRun.objects.create(finished_at=timezone.now(), error="Undelivered webhooks: Telnyx does not answer.")
    sync_recent()
    assert parse_qs(asked(deaf)[-1])["filter[finished_at][gte]"] == [f"{since:%Y-%m-%dT%H:%M:%S.%fZ}"]


def test_an_outbound_fax_that_no_list_shows_is_fetched_by_its_id(deaf: Server, line: PhoneNumber) -> None:
    fax_id = send_from_elsewhere(deaf, line)
    deaf.sandbox.options.listing_lag = 10**6
    run = sync_recent()
    fax = Fax.objects.get()
    assert run.is_complete and (fax.telnyx_id, fax.status, fax.page_count) == (fax_id, "delivered", 1)


def test_events_of_faxes_that_are_gone_bring_nothing_back(deaf: Server, line: PhoneNumber) -> None:
    """One was deleted here, the other there."""
    here, there = send_from_elsewhere(deaf, line), send_from_elsewhere(deaf, line)
    Tombstone.objects.create(telnyx_id=here)
    deaf.sandbox.world.store.remove_fax(there)
    deaf.sandbox.options.listing_lag = 10**6
    run = sync_recent()
    assert run.is_complete and not Fax.objects.exists()


def test_other_products_have_webhooks_of_their_own(deaf: Server, line: PhoneNumber) -> None:
    sync_recent()
    (query,) = (parse_qs(query) for query in asked(deaf))
    assert query["filter[event_type]"][0].startswith("fax.queued,fax.media.processed,")


@pytest.mark.parametrize("path", ["/v2/webhook_deliveries", "/v2/faxes/*"])
def test_a_refused_list_holds_up_no_other_part(deaf: Server, line: PhoneNumber, path: str) -> None:
    fax_id = send_from_elsewhere(deaf, line)
    deaf.sandbox.options.listing_lag = 10**6
    deaf.sandbox.faults.add(method="GET", path=path, action="status", status=403, times=None)
    run = sync_recent()
    assert run.error.startswith("Undelivered webhooks: ") and not run.is_complete
    deaf.sandbox.faults.clear()
    assert sync_recent().is_complete and Fax.objects.get().telnyx_id == fax_id


def test_the_first_fill_reads_none(sandbox: Server, db: None) -> None:
    sync_recent()
    assert not asked(sandbox)
    assert "undelivered_until" in SyncRun.objects.get().cursor


def send_from_elsewhere(sandbox: Server, line: PhoneNumber) -> str:
    """Somebody else sends from our number, by Telnyx's own API."""
    with client() as telnyx:
        media = telnyx.upload_media(
            file=io.BytesIO(text_pdf(pages=1)), filename="a.pdf", media_name=f"other-{time.monotonic_ns()}"
        )
        fax = telnyx.send_fax(
            connection_id=line.connection_id, to="+14155550100", from_=line.phone_number, media_name=media.media_name
        )
    sandbox.sandbox.advance(120)
    return str(fax.id)
