"""The page of one delivery: what it said, when, what came of it, and processing it once more."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from faxes.models import Fax
from tests import builders
from tests.webhooks.telnyx import Telnyx, body_of, recorded
from webhooks import services, steps
from webhooks.models import Delivery
from webhooks.wording import lag_of

MISCHIEF = "<script>alert(1)</script><b>bold</b>"


@pytest.fixture
def ours(alice: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(alice)


@pytest.fixture
def fax(team: Team) -> Fax:
    return builders.inbound(team)


def address(delivery: Delivery, deed: str = "") -> str:
    return f"/webhooks/{delivery.pk}/{deed}"


def page_of(client: Client, delivery: Delivery) -> str:
    response = client.get(address(delivery))
    assert response.status_code == 200
    return str(response.text)


def poll(client: Client, page: str) -> Any:
    found = html.unescape(re.findall(r'hx-get="(/webhooks/[^"]*)"', page)[0])
    return client.get(found, headers={"HX-Request": "true"})


def messages_of(client: Client, response: Any) -> list[str]:
    page = client.get(response["Location"]).text
    return re.findall(r'<p class="notice notice-\w+" role="status">(.*?)</p>', page)


# What it says


def test_the_page_tells_what_came_when_and_what_became_of_it(ours: Client, telnyx: Telnyx, team: Team) -> None:
    builders.number(team, "+12125550134")
    telnyx.post(recorded("inbound-fax.received"))
    steps.drain()
    delivery = Delivery.objects.get()
    page = page_of(ours, delivery)
    assert delivery.fax is not None
    for said in ("Applied", "signature accepted", f'href="/faxes/{delivery.fax.pk}/"', "from +1 303 555 0119"):
        assert said in page
    for said in (delivery.event_id, delivery.fax_telnyx_id, "Happened at Telnyx", "Arrived here", "Processed"):
        assert said in page
    assert "&quot;page_count&quot;: 3" in page


def test_links_to_pages_lead_nowhere_from_here(ours: Client, fax: Fax) -> None:
    link = "https://s3.example/secret.pdf?X-Amz-Signature=1"
    page = page_of(ours, builders.delivery(body_of({"payload": {"media_url": link}}), of=fax))
    assert "X-Amz" not in page and "a link to the pages, left out" in page


def test_what_is_hostile_in_it_is_text(ours: Client, fax: Fax) -> None:
    body = body_of({"event_type": MISCHIEF, "payload": {MISCHIEF: MISCHIEF}})
    delivery = builders.delivery(body, of=fax, event_type=MISCHIEF, event_id=MISCHIEF, outcome=MISCHIEF, state="failed")
    page = page_of(ours, delivery)
    assert "<script>alert" not in page and "<b>bold" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 6


@pytest.mark.parametrize("body", [b"", b"hello \xff", b"[" * 900 + b"]" * 900, b'"\\ud800"', b'"\x00"'])
def test_any_body_can_be_looked_at(ours: Client, fax: Fax, body: bytes) -> None:
    assert "As it came" in page_of(ours, builders.delivery(body, of=fax))


def test_words_and_times_that_nobody_knows_break_nothing(ours: Client, fax: Fax) -> None:
    odd = builders.delivery(of=fax, event_type="fax.teleported", state="upside", outcome="", occurred_at=None)
    page = page_of(ours, odd)
    assert "fax.teleported" in page and "Upside" in page and "not told" in page
    assert "An event without a type" in page_of(ours, builders.delivery(of=fax, event_type=""))


def test_a_clock_that_is_ahead_is_told_as_such(ours: Client, fax: Fax) -> None:
    now = timezone.now()
    early = builders.delivery(of=fax, received_at=now, occurred_at=now + timedelta(seconds=3))
    page = " ".join(page_of(ours, early).split())
    assert "arrived 3.0 s before it happened" in page


def test_all_that_was_told_of_the_fax_is_listed_in_its_order(ours: Client, fax: Fax) -> None:
    now = timezone.now()
    types = ["fax.receiving.started", "fax.media.processing.started", "fax.received"]
    told = [
        builders.delivery(of=fax, event_type=each, received_at=now + timedelta(seconds=number))
        for number, each in enumerate(types)
    ]
    builders.delivery(of=builders.inbound(fax.team), event_type="fax.other")
    page = page_of(ours, told[1])
    listed = page[page.index('id="events"') :]
    assert [listed.index(each) for each in types] == sorted(listed.index(each) for each in types)
    assert f'href="{address(told[0])}"' in listed and f'href="{address(told[1])}"' not in listed
    assert "fax.other" not in page


def test_the_rail_says_where_one_is_and_not_that_it_is_the_inbox(ours: Client, fax: Fax) -> None:
    page = page_of(ours, builders.delivery(of=fax))
    rail = page[page.index('class="rail"') : page.index("</nav>")]
    assert set(re.findall(r'href="([^"]*)"\s*aria-current', rail)) == {"/webhooks/"}


def test_it_costs_the_same_however_much_was_told(ours: Client, fax: Fax) -> None:
    delivery = builders.delivery(of=fax)
    with CaptureQueriesContext(connection) as one:
        page_of(ours, delivery)
    for _ in range(40):
        builders.delivery(of=fax)
    with CaptureQueriesContext(connection) as many:
        page_of(ours, delivery)
    assert len(many) == len(one) <= 15


# Who


@pytest.mark.parametrize("deed", ["", "again/"])
def test_strangers_find_nothing_and_who_only_looks_is_refused(
    logged_in: Any, bob: User, vera: User, charlie: User, root: User, fax: Fax, deed: str
) -> None:
    delivery, faxless = builders.delivery(of=fax), builders.delivery()
    ask = "post" if deed else "get"
    answers = {
        user.username: getattr(logged_in(user), ask)(address(delivery, deed)).status_code
        for user in (bob, vera, charlie, root)
    }
    fine = 302 if deed else 200
    assert answers == {"bob": 403, "vera": 403, "charlie": 404, "root": fine}
    assert getattr(logged_in(bob), ask)(address(faxless, deed)).status_code == 404
    assert getattr(logged_in(root), ask)(address(faxless, deed)).status_code == fine
    assert getattr(logged_in(root), ask)(f"/webhooks/{uuid.uuid4()}/{deed}").status_code == 404


def test_anonymous_people_are_led_to_the_log_in_and_back_to_the_page(client: Client, fax: Fax) -> None:
    delivery = builders.delivery(of=fax)
    for response in (client.get(address(delivery)), client.post(address(delivery, "again/"))):
        assert response["Location"] == f"/accounts/login/?next={address(delivery)}"


# Once more


def test_what_needs_a_person_says_what_they_can_do(ours: Client, fax: Fax) -> None:
    delivery = builders.delivery(of=fax, state="failed", outcome="This event could not be applied: no")
    assert "Once the cause is mended, process it again." in page_of(ours, delivery)
    assert "process it again" not in page_of(ours, builders.delivery(of=fax))


def test_it_is_processed_once_more_and_the_page_follows(ours: Client, telnyx: Telnyx, team: Team, wakes: Any) -> None:
    builders.number(team, "+12125550134")
    telnyx.post(recorded("inbound-fax.received"))
    steps.drain()
    delivery = Delivery.objects.get()
    Delivery.objects.update(state="failed", outcome="This event could not be applied: no", tries=8)
    wakes.clear()
    response = ours.post(address(delivery, "again/"))
    assert response["Location"] == address(delivery)
    assert messages_of(ours, response) == ["It is processed once more. Nothing that it tells is done twice."]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries, delivery.outcome) == ("pending", 0, "")
    page = page_of(ours, delivery)
    assert "Waiting" in page and "This page follows by itself" in page
    assert poll(ours, page).status_code == 204
    steps.drain()
    answer = poll(ours, page)
    assert answer.status_code == 200 and "Applied" in answer.text and "hx-get" not in answer.text


def test_what_was_applied_once_took_as_long_as_it_took_then(ours: Client, telnyx: Telnyx, team: Team) -> None:
    builders.number(team, "+12125550134")
    telnyx.post(recorded("inbound-fax.received"))
    steps.drain()
    first = Delivery.objects.get()
    ours.post(address(first, "again/"))
    lag = lag_of(Delivery.objects.get())
    assert lag.is_open and not lag.applied
    steps.drain()
    again = Delivery.objects.get()
    assert again.state == "done" and again.processed_at == first.processed_at


def test_it_is_on_record_with_the_team(alice: User, fax: Fax) -> None:
    delivery = builders.delivery(of=fax)
    services.process_again(by=alice, delivery=delivery)
    entry = LogEntry.objects.get(action="delivery.process_again")
    assert (entry.chain, entry.actor_name, entry.object_id) == (str(fax.team_id), "Alice", str(delivery.pk))


def test_what_is_in_hand_is_left_alone(ours: Client, fax: Fax) -> None:
    in_hand = timezone.now() + timedelta(minutes=1)
    delivery = builders.delivery(of=fax, state="pending", owner=uuid.uuid4(), leased_until=in_hand)
    assert messages_of(ours, ours.post(address(delivery, "again/"))) == ["This event is being processed right now."]


def test_the_service_asks_who_it_is_itself(bob: User, alice: User, charlie: User, fax: Fax) -> None:
    for user in (bob, charlie):
        with pytest.raises(PermissionDenied):
            services.process_again(by=user, delivery=builders.delivery(of=fax))
    with pytest.raises(PermissionDenied):
        services.process_again(by=alice, delivery=builders.delivery())


def test_what_was_deleted_meanwhile_is_told(alice: User, fax: Fax) -> None:
    delivery = builders.delivery(of=fax)
    Delivery.objects.all().delete()
    with pytest.raises(ValidationError, match="deleted meanwhile"):
        services.process_again(by=alice, delivery=delivery)


def test_a_get_changes_nothing(ours: Client, fax: Fax) -> None:
    assert ours.get(address(builders.delivery(of=fax), "again/")).status_code == 405
