"""The health strip: short words on what works, honest where nothing is known yet, and no word about others."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes import gate
from notifications import outbox
from notifications.models import Mail
from sync.models import Gap, Heartbeat, SyncRun
from tests import builders
from tests.webhooks.telnyx import event
from webhooks.models import Delivery


@pytest.fixture
def home(logged_in: Callable[[User], Client]) -> Callable[[User], str]:
    return lambda user: logged_in(user).get("/").content.decode()


def strip(page: str) -> str:
    """The words of the strip, and of the bars that explain it."""
    markup = page[page.index('id="home-strip"') : page.index('<div class="wrap">')]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup.partition(">")[2])).split())


@pytest.fixture
def well(db: None) -> None:
    Heartbeat.beat("worker")
    Heartbeat.beat("telnyx", at=timezone.now() - timedelta(minutes=3))


def test_a_house_in_which_nothing_has_happened_yet_claims_nothing(
    home: Callable[[User], str], bob: User, root: User
) -> None:
    Heartbeat.beat("worker")
    assert strip(home(bob)) == "Telnyx has not answered yet not known yet"
    assert strip(home(root)) == "no webhook yet · no sync yet not known yet"


@pytest.mark.usefixtures("well")
def test_all_is_well(home: Callable[[User], str], bob: User, root: User) -> None:
    Delivery.objects.record(event("fax.queued", fax_id="1"))
    assert strip(home(bob)) == "Telnyx answered 3 minutes ago all well"
    assert strip(home(root)) == "last webhook less than a minute ago · last sync 3 minutes ago all well"
    assert '<a href="/webhooks/">last webhook</a>' in home(root) and '<a href="/webhooks/">' not in home(bob)


@pytest.mark.usefixtures("well")
def test_a_silent_worker_is_told_once_and_first(home: Callable[[User], str], bob: User) -> None:
    Heartbeat.beat("worker", at=timezone.now() - timedelta(minutes=4))
    Heartbeat.beat("telnyx", at=timezone.now() - timedelta(hours=4))
    seen = home(bob)
    assert seen.count("Faxes are standing still.") == 1
    assert "worker silent" in strip(seen) and "all well" not in strip(seen)
    # That nobody asks Telnyx meanwhile is no news.
    assert "cannot be reached" not in seen


@pytest.mark.usefixtures("well")
def test_a_silent_telnyx_is_told_with_what_it_means(home: Callable[[User], str], bob: User) -> None:
    Heartbeat.beat("telnyx", at=timezone.now() - timedelta(minutes=21))
    assert "Telnyx cannot be reached. Faxes may be late. None is lost" in strip(home(bob))
    assert "Telnyx answered 21 minutes ago Telnyx silent" in strip(home(bob))


@pytest.mark.usefixtures("well")
def test_a_sync_that_lacks_something_is_told_to_administrators(
    home: Callable[[User], str], bob: User, root: User
) -> None:
    SyncRun.objects.create(finished_at=timezone.now(), error="Faxes: Telnyx counts 7 and lists 6.")
    assert '<a class="pill pill-wait" href="/sync/">sync incomplete</a>' in home(root).replace("\n", "")
    assert "all well" in strip(home(bob))
    # That it lacks everything is told already.
    Heartbeat.beat("telnyx", at=timezone.now() - timedelta(hours=4))
    assert "Telnyx silent" in strip(home(root)) and "sync incomplete" not in strip(home(root))
    Heartbeat.beat("telnyx")
    SyncRun.objects.create(finished_at=timezone.now())
    assert "sync incomplete" not in strip(home(root))


@pytest.mark.usefixtures("well")
def test_paused_sending_is_told_once_with_its_reason(home: Callable[[User], str], bob: User) -> None:
    gate.shut("The account has no funds <b>.", wait=timedelta(minutes=1))
    seen = home(bob)
    assert seen.count("The account has no funds") == 1
    assert "sending paused Sending is paused. The account has no funds <b>." in strip(seen)


@pytest.mark.usefixtures("well")
def test_open_gaps_are_for_administrators(home: Callable[[User], str], bob: User, alice: User, root: User) -> None:
    run = SyncRun.objects.create(finished_at=timezone.now())
    Gap.objects.create(run=run, side=Gap.Side.HERE, what="fax", telnyx_id="1")
    Gap.objects.create(run=run, side=Gap.Side.HERE, what="fax", telnyx_id="2", settled_at=timezone.now())
    assert "1 gap open" in strip(home(root)) and "all well" not in strip(home(root))
    Gap.objects.create(run=run, side=Gap.Side.THERE, what="fax", telnyx_id="3")
    assert "2 gaps open" in strip(home(root))
    for user in (bob, alice):
        assert "gap" not in strip(home(user))


@pytest.mark.usefixtures("well")
def test_emails_that_have_long_waited_to_leave_are_for_administrators(
    home: Callable[[User], str], bob: User, alice: User, root: User
) -> None:
    outbox.put(key="sign-in:1", to="ann@example.com", subject="Sign in", text="https://x/secret")
    Mail.objects.update(tries=1)
    assert "all well" in strip(home(root))
    Mail.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert "1 e-mail waiting" in strip(home(root)) and "all well" not in strip(home(root))
    assert "/admin/notifications/mail/?state=waiting" in home(root)
    for user in (bob, alice):
        assert "all well" in strip(home(user))
    Mail.objects.update(state=Mail.State.FAILED)
    assert "all well" in strip(home(root))


@pytest.mark.usefixtures("well")
def test_what_failed_at_night_is_for_administrators(
    home: Callable[[User], str], bob: User, alice: User, root: User
) -> None:
    Heartbeat.beat("nightly failure")
    assert "Some of last night's work failed." in strip(home(root)) and "all well" not in strip(home(root))
    for user in (bob, alice):
        assert "all well" in strip(home(user))


@pytest.mark.usefixtures("well")
def test_when_others_get_webhooks_is_told_to_administrators_alone(
    home: Callable[[User], str], bob: User, alice: User
) -> None:
    before = [strip(home(user)) for user in (bob, alice)]
    assert before[1] == "Telnyx answered 3 minutes ago · webhooks all well"
    Delivery.objects.record(event("fax.queued", fax_id="1"))
    assert [strip(home(user)) for user in (bob, alice)] == before


@pytest.mark.usefixtures("well")
def test_a_quiet_line_is_told_once_and_can_be_known(
    logged_in: Callable[[User], Client], home: Callable[[User], str], bob: User, vera: User, charlie: User, team: Team
) -> None:
    line = builders.number(team, label="Referrals")
    PhoneNumber.objects.filter(pk=line.pk).update(quiet_since=timezone.now() - timedelta(hours=5))
    seen = home(bob)
    assert "1 quiet line" in strip(seen) and seen.count("has been silent since") == 1
    assert seen.count(f"/faxes/lines/{line.pk}/dismiss/") == 1
    assert "has been silent since" in home(vera) and "/dismiss/" not in home(vera)
    assert "silent" not in home(charlie)
    client = logged_in(bob)
    response = client.post(f"/faxes/lines/{line.pk}/dismiss/", {"next": "/"}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    seen = response.content.decode()
    assert "has been silent since" not in seen and "you are told again" in seen
    assert "all well" in strip(seen)


@pytest.mark.usefixtures("well")
def test_missing_pages_are_told_by_their_card_alone(home: Callable[[User], str], bob: User, team: Team) -> None:
    builders.inbound(team, status="received", media="missing")
    seen = home(bob)
    assert "Pages are missing." not in seen and seen.count("?show=missing") == 1
