"""What administrators do for others: try once more, give a stray fax to a team, ask Telnyx about one fax."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from applications.models import PhoneNumber
from contacts.models import Correspondent
from faxes import services
from faxes.models import Fax
from faxes.reading import unread_count
from faxes.states import Media, Outbox
from telnyx_api import NoAnswer
from telnyx_sandbox.server import Server
from tests import builders
from tests.builders import OURS, THEIRS


@pytest.fixture
def number(team: Team) -> PhoneNumber:
    return builders.number(team)


FAILED = [{"outbox": Outbox.REJECTED}, {"outbox": Outbox.ACCEPTED, "status": "failed"}]


@pytest.mark.parametrize("columns", FAILED)
def test_a_failed_fax_is_retried_once_however_often_it_is_asked_for(
    number: PhoneNumber, root: User, team: Team, columns: dict[str, str]
) -> None:
    fax = builders.outbound(team, **columns)
    services.retry(by=root, fax=fax)
    with pytest.raises(ValidationError, match="sent again already"):
        services.retry(by=root, fax=fax)
    assert Fax.objects.get(retry_of=fax).attempt == 2


def test_a_retry_that_was_delivered_is_the_end_of_it(number: PhoneNumber, root: User, team: Team) -> None:
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    services.retry(by=root, fax=fax)
    Fax.objects.filter(retry_of=fax).update(outbox=Outbox.ACCEPTED, status="delivered")
    for one in Fax.objects.all():
        with pytest.raises(ValidationError):
            services.retry(by=root, fax=one)
    assert Fax.objects.count() == 2


def test_a_retry_that_failed_too_can_be_retried(number: PhoneNumber, root: User, team: Team) -> None:
    fax = builders.outbound(team, outbox=Outbox.REJECTED)
    services.retry(by=root, fax=fax)
    second = Fax.objects.get(retry_of=fax)
    Fax.objects.filter(pk=second.pk).update(outbox=Outbox.REJECTED)
    second.refresh_from_db()
    services.retry(by=root, fax=second)
    assert list(Fax.objects.filter(retry_of=fax).order_by("attempt").values_list("attempt", flat=True)) == [2, 3]


@pytest.mark.parametrize(
    "columns",
    [
        {"outbox": Outbox.ACCEPTED, "status": "delivered"},
        {"outbox": Outbox.ACCEPTED, "status": "sending"},
        {"outbox": Outbox.ACCEPTED, "status": "failed", "cancel": Fax.Cancel.ACCEPTED},
        {"outbox": Outbox.UNCERTAIN},
        {"outbox": Outbox.CANCELLED},
    ],
)
def test_only_what_failed_is_retried(number: PhoneNumber, root: User, team: Team, columns: dict[str, str]) -> None:
    fax = builders.outbound(team, **columns)
    with pytest.raises(ValidationError, match="has not failed"):
        services.retry(by=root, fax=fax)
    assert Fax.objects.count() == 1


def test_a_failed_fax_without_pages_cannot_be_retried(number: PhoneNumber, root: User, team: Team) -> None:
    fax = builders.outbound(team, outbox="", status="failed")
    with pytest.raises(ValidationError, match="pages of this fax are not here"):
        services.retry(by=root, fax=fax)


@pytest.mark.parametrize("media", [Media.WAITING, Media.MISSING])
def test_pages_that_are_not_here_are_asked_for_again(bob: User, team: Team, media: str) -> None:
    fax = builders.inbound(team, media=media, status="received", tries=7)
    services.retry(by=bob, fax=fax)
    fax.refresh_from_db()
    assert (fax.media, fax.tries) == (Media.WAITING, 0)
    assert fax.due_at is not None
    assert fax.events.get().kind == "media_wanted"
    assert LogEntry.objects.get().action == "fax.fetch_again"


@pytest.mark.parametrize("media", ["", Media.ARCHIVED])
def test_pages_that_are_here_or_nowhere_are_not_asked_for(bob: User, team: Team, media: str) -> None:
    fax = builders.inbound(team, media=media, status="received")
    with pytest.raises(ValidationError, match="nothing to fetch"):
        services.retry(by=bob, fax=fax)


def test_a_viewer_asks_for_no_pages(vera: User, team: Team) -> None:
    fax = builders.inbound(team, media=Media.MISSING, status="received")
    with pytest.raises(PermissionDenied):
        services.fetch_again(by=vera, fax=fax)


def test_a_stray_fax_is_given_to_a_team_for_good(root: User, team: Team, other_team: Team) -> None:
    fax = builders.inbound(None)
    services.route_fax(by=root, fax=fax, team=team)
    fax.refresh_from_db()
    assert (fax.team, fax.correspondent) == (team, Correspondent.objects.get(team=team, number=THEIRS))
    assert LogEntry.objects.get().chain == str(team.pk)
    assert fax.events.get().data == {"team": team.name}
    with pytest.raises(ValidationError, match="given to a team meanwhile"):
        services.route_fax(by=root, fax=fax, team=other_team)


def test_a_fax_that_was_given_to_a_team_is_unread_there(bob: User, root: User, team: Team) -> None:
    fax = builders.inbound(None, heard_at=timezone.now() - timedelta(days=3))
    assert unread_count(bob) == 0
    services.route_fax(by=root, fax=fax, team=team)
    assert unread_count(bob) == 1


def test_only_an_administrator_routes(alice: User, team: Team) -> None:
    with pytest.raises(PermissionDenied):
        services.route_fax(by=alice, fax=builders.inbound(None), team=team)


def test_a_refreshed_fax_is_as_telnyx_says(sandbox: Server, line: PhoneNumber, team: Team) -> None:
    carrier = sandbox.sandbox.receive(to=line.phone_number, from_=THEIRS)
    sandbox.sandbox.advance(60)
    fax = builders.inbound(team, telnyx_id=carrier["id"], to_number=line.phone_number, status="receiving")
    assert services.refresh(fax=fax) is True
    fax.refresh_from_db()
    assert fax.status == "received"


def test_a_fax_that_telnyx_has_no_more_is_marked(sandbox: Server, team: Team) -> None:
    fax = builders.inbound(team, telnyx_id=str(uuid.uuid4()))
    assert services.refresh(fax=fax) is False
    fax.refresh_from_db()
    assert fax.gone_at is not None


def test_an_unreachable_telnyx_marks_nothing(sandbox: Server, team: Team) -> None:
    fax = builders.inbound(team, to_number=OURS)
    sandbox.sandbox.faults.add(method="GET", path="/v2/faxes/*", action="reset", times=None)
    with pytest.raises(NoAnswer):
        services.refresh(fax=fax)
    fax.refresh_from_db()
    assert fax.gone_at is None
