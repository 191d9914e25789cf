"""What was deleted here for good does not come back, whatever Telnyx says of it; and nothing else is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import webhooks.steps
from accounts.models import Team
from faxes.mirror import Report, Verdict, apply_remote
from faxes.models import Fax, FaxEvent, Tombstone
from faxes.states import Media, Outbox
from faxes.steps import purge
from sync.models import Gap, SyncRun
from sync.steps import forget
from sync.wording import name_of
from tests import builders
from tests.webhooks.telnyx import event
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

IN_BIN = timedelta(days=31)


def trashed(team: Team) -> Fax:
    at = timezone.now() - IN_BIN
    return builders.inbound(team, status="received", media=Media.ARCHIVED, heard_at=at, trashed_at=at)


def sent(team: Team) -> Fax:
    at = timezone.now() - IN_BIN
    ended = builders.outbound(team, outbox=Outbox.ACCEPTED, status="delivered", telnyx_id="counts", due_at=None)
    Fax.objects.filter(pk=ended.pk).update(heard_at=at, trashed_at=at)
    return ended


def test_webhooks_and_sync_do_not_bring_a_purged_fax_back(team: Team) -> None:
    fax = trashed(team)
    builders.attempt(sent(team), "accepted", telnyx_id="of-an-attempt")
    purge.drain()
    assert set(Tombstone.objects.values_list("pk", flat=True)) == {fax.telnyx_id, "counts", "of-an-attempt"}
    for source in (FaxEvent.Source.SYNC, FaxEvent.Source.WEBHOOK):
        payload = {"direction": "inbound", "from": builders.THEIRS, "to": builders.OURS, "status": "received"}
        report = Report(str(fax.telnyx_id), payload, timezone.now(), source)
        assert apply_remote(report) == (Verdict.DELETED, None)
    assert not Fax.objects.exists()


def test_the_ledger_forgets_what_it_was_told_of_a_purged_fax(team: Team) -> None:
    for telnyx_id in ("gone", "here"):
        Delivery.objects.record(event("fax.received", fax_id=telnyx_id, to=builders.OURS))
    webhooks.steps.drain()
    Fax.objects.filter(telnyx_id="gone").update(team=team, trashed_at=timezone.now() - IN_BIN, media="")
    Fax.objects.update(heard_at=timezone.now() - IN_BIN)
    purge.drain()
    assert webhooks.steps.forget_deleted() == 1
    assert [delivery.fax_telnyx_id for delivery in Delivery.objects.all()] == ["here"]
    # Telnyx says it once more.
    Delivery.objects.record(event("fax.received", fax_id="gone", to=builders.OURS))
    webhooks.steps.drain()
    assert not Fax.objects.filter(telnyx_id="gone").exists()
    assert webhooks.steps.forget_deleted() == 1


def test_gaps_forget_the_numbers_of_a_purged_fax(team: Team) -> None:
    fax, kept = trashed(team), builders.inbound(team)
    run, data = SyncRun.objects.create(finished_at=timezone.now()), {"from": builders.THEIRS, "direction": "inbound"}
    for one in (fax, kept):
        Gap.objects.create(run=run, fax=one, telnyx_id=str(one.telnyx_id), side="here", what="fax", data=data)
    purge.drain()
    assert forget.drain() == 1 and forget.drain() == 0
    assert {gap.telnyx_id: gap.data for gap in Gap.objects.all()} == {fax.telnyx_id: {}, kept.telnyx_id: data}
    # It still counts, and is named by what Telnyx calls it.
    assert name_of(Gap.objects.get(fax=None)) == fax.telnyx_id


def test_a_second_fax_of_a_purged_one_keeps_its_life_and_its_ledger(team: Team) -> None:
    token = builders.attempt(sent(team), "not_sent").token
    said = {"from": builders.OURS, "to": builders.THEIRS, "status": "sending", "media_name": token}
    apply_remote(Report("second", {"direction": "outbound", **said}, timezone.now(), FaxEvent.Source.WEBHOOK))
    Delivery.objects.record(event("fax.delivered", fax_id="second", direction="outbound", to=builders.THEIRS))
    webhooks.steps.drain()
    purge.drain()
    assert [one.telnyx_id for one in Fax.objects.all()] == ["second"]
    assert [tombstone.pk for tombstone in Tombstone.objects.all()] == ["counts"]
    assert webhooks.steps.forget_deleted() == 0


def test_what_was_noted_of_it_on_another_send_goes_too(team: Team) -> None:
    fax, other = trashed(team), builders.inbound(team)
    attempt = builders.uncertain(team).attempts.get()
    seen = {str(each.telnyx_id): {"from": each.from_number} for each in (fax, other)}
    attempt.evidence |= {"candidates": seen}
    attempt.save()
    purge.drain()
    attempt.refresh_from_db()
    assert list(attempt.evidence["candidates"]) == [other.telnyx_id] and attempt.evidence["why"] == "no answer"
