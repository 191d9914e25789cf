from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Team, User
from applications.models import PhoneNumber
from faxes import timeline
from faxes.models import Fax, FaxEvent
from faxes.states import Outbox
from tests import builders
from tests.log import deeds

ACTIONS = ["cancel", "again", "not-sent", "is-it", "fetch-again"]


@pytest.fixture
def number(team: Team) -> PhoneNumber:
    return builders.number(team)


def page_of(client: Client, fax: Fax) -> str:
    response = client.get(f"/faxes/{fax.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def act(client: Client, fax: Fax, action: str, **data: Any) -> Any:
    return client.post(f"/faxes/{fax.pk}/{action}/", data)


def message_of(client: Client, response: Any) -> str:
    page = client.get(response["Location"]).content.decode()
    found = re.search(r'<p class="notice notice-\w+" role="status">(.*?)</p>', page)
    return found[1] if found else ""


def queries_of(client: Client, fax: Fax) -> int:
    with CaptureQueriesContext(connection) as queries:
        page_of(client, fax)
    return len(queries)


def poll_of(page: str) -> str:
    found = re.search(r'hx-get="([^"]*)" hx-trigger="every 2s"', page)
    return found[1].replace("&amp;", "&") if found else ""


def poll(client: Client, page: str) -> Any:
    return client.get(poll_of(page), headers={"HX-Request": "true"})


def delivered(team: Team, **columns: Any) -> Fax:
    return builders.outbound(team, outbox=Outbox.ACCEPTED, status="delivered", **columns)


def with_candidate(team: Team) -> tuple[Fax, str]:
    fax, telnyx_id = builders.uncertain(team), str(uuid.uuid4())
    attempt = fax.attempts.get()
    said = {"from": builders.OURS, "to": builders.THEIRS, "created_at": "2026-11-20T22:20:00Z", "page_count": 2}
    attempt.evidence["candidates"] = {telnyx_id: said}
    attempt.save()
    return fax, telnyx_id


# Who sees what


def test_the_page_tells_how_the_fax_stands_and_what_happened(logged_in: Any, bob: User, team: Team) -> None:
    fax = builders.outbound(team, outbox=Outbox.ACCEPTED, status="failed", failure_reason="user_busy")
    timeline.note(fax, "queued", source=FaxEvent.Source.PERSON, by=bob)
    timeline.note(fax, "status:failed", failure_reason="user_busy")
    page = page_of(logged_in(bob), fax)
    for said in ("The other line was busy.", "Where: their side.", "Queued by Bob", "Failed: line was busy"):
        assert said in page


def test_the_page_shows_each_page_with_its_place_kept(logged_in: Any, bob: User, team: Team) -> None:
    fax = delivered(team, document=builders.document(pages=3))
    page = page_of(logged_in(bob), fax)
    for number in (1, 2, 3):
        assert f'src="/faxes/{fax.pk}/pages/{number}.png?w=1200"' in page
    # The first is wanted at once.
    assert page.count('loading="lazy"') == 2
    assert page.count('width="850"') == page.count('height="1100"') == 3
    assert "/pages/4.png" not in page


def test_the_page_gives_the_facts(logged_in: Any, bob: User, team: Team) -> None:
    application = builders.application(team)
    options = {"quality": "very_high", "monochrome": True, "preview_format": "pdf"}
    fax = delivered(
        team, options=options, connection_id=application.telnyx_id, call_duration_secs=75, telnyx_id="telnyx-1"
    )
    page = page_of(logged_in(bob), fax)
    assert fax.document is not None
    for fact in ("very high", "Black and white", "preview_format", "Front desk", "1 min 15 s", "telnyx-1"):
        assert fact in page
    assert fax.document.sha256 in page


def test_telnyxs_own_words_leave_out_its_links_to_the_pages(logged_in: Any, bob: User, team: Team) -> None:
    links = {"stored_media_url": "https://s3/1", "media_url": ["https://s3/2"], "extra": {"preview": "https://s3/3"}}
    raw = {"id": "x", "internal_failure_reason": "odd", **links}
    page = page_of(logged_in(bob), delivered(team, raw=raw))
    assert "internal_failure_reason" in page
    assert "https://s3" not in page


def test_the_story_is_told_in_the_order_in_which_it_happened(logged_in: Any, bob: User, team: Team) -> None:
    fax = delivered(team)
    timeline.note(fax, "status:delivered", at=fax.created_at.replace(year=2030))
    timeline.note(fax, "status:sending", at=fax.created_at.replace(year=2029))
    page = page_of(logged_in(bob), fax)
    assert page.index("The other machine answered") < page.rindex("Delivered</span>")


def test_a_long_story_asks_no_more_of_the_database(logged_in: Any, bob: User, team: Team) -> None:
    client, fax = logged_in(bob), delivered(team)
    timeline.note(fax, "queued", source=FaxEvent.Source.PERSON, by=bob)
    queries_of(client, fax)
    few = queries_of(client, fax)
    for status in ("queued", "sending", "delivered"):
        timeline.note(fax, f"status:{status}")
    assert queries_of(client, fax) == few <= 20


@pytest.mark.parametrize("path", ["", "status/"])
def test_a_stranger_finds_no_fax(logged_in: Any, charlie: User, team: Team, path: str) -> None:
    assert logged_in(charlie).get(f"/faxes/{delivered(team).pk}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "status/"])
def test_anonymous_people_go_to_the_log_in(client: Client, team: Team, path: str) -> None:
    url = f"/faxes/{delivered(team).pk}/{path}"
    assert client.get(url)["Location"] == f"/accounts/login/?next={url}"


@pytest.mark.parametrize("path", ["", "status/"])
def test_a_fax_that_does_not_exist_is_not_found(logged_in: Any, bob: User, path: str) -> None:
    client = logged_in(bob)
    assert client.get(f"/faxes/{uuid.uuid4()}/{path}").status_code == 404
    assert client.get(f"/faxes/not-an-id/{path}").status_code == 404


def test_an_unrouted_fax_is_for_administrators(logged_in: Any, bob: User, root: User) -> None:
    fax = builders.inbound(None, status="received", media="archived", document=builders.document())
    assert logged_in(bob).get(f"/faxes/{fax.pk}/").status_code == 404
    assert "Not given to a team yet" in page_of(logged_in(root), fax)


@pytest.mark.parametrize("make", [builders.accepted, builders.uncertain, delivered])
def test_who_may_only_look_sees_no_button(logged_in: Any, vera: User, team: Team, make: Any) -> None:
    page = page_of(logged_in(vera), make(team))
    main = page[page.index("<main") : page.index("</main")]
    assert 'method="post"' not in main and 'type="submit"' not in main
    assert "Download PDF" in main


@pytest.mark.parametrize("action", ACTIONS)
def test_actions_are_for_those_who_may(
    client: Client, logged_in: Any, vera: User, charlie: User, team: Team, action: str
) -> None:
    fax = builders.accepted(team)
    assert act(logged_in(vera), fax, action).status_code == 403
    assert act(logged_in(charlie), fax, action).status_code == 404
    # Back to the fax afterwards: the address of an action shows nothing.
    assert act(client, fax, action)["Location"] == f"/accounts/login/?next=/faxes/{fax.pk}/"
    assert not deeds().exists()


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_a_post(logged_in: Any, bob: User, team: Team, action: str) -> None:
    assert logged_in(bob).get(f"/faxes/{builders.accepted(team).pk}/{action}/").status_code == 405


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_needs_the_forms_token(bob: User, team: Team, action: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert act(client, builders.accepted(team), action).status_code == 403


# What may be done


def test_a_fax_under_way_can_be_cancelled_and_not_sent_again(logged_in: Any, bob: User, team: Team) -> None:
    client, fax = logged_in(bob), builders.accepted(team, status="sending")
    page = page_of(client, fax)
    assert 'id="cancel"' in page and 'id="again"' not in page
    assert act(client, fax, "cancel")["Location"] == f"/faxes/{fax.pk}/"
    fax.refresh_from_db()
    assert fax.cancel == Fax.Cancel.REQUESTED
    assert 'id="cancel"' not in page_of(client, fax)


def test_a_cancel_that_comes_too_late_is_explained(logged_in: Any, bob: User, team: Team) -> None:
    client, fax = logged_in(bob), delivered(team)
    assert message_of(client, act(client, fax, "cancel")) == (
        "This fax has already ended, so there is nothing to cancel."
    )


def test_an_ended_fax_is_sent_again_once_however_often_the_button_is_pressed(
    logged_in: Any, bob: User, number: PhoneNumber, team: Team
) -> None:
    client, fax = logged_in(bob), delivered(team)
    found = re.search(r'name="batch" value="([^"]+)"', page_of(client, fax))
    assert found
    first, second = (act(client, fax, "again", batch=found[1])["Location"] for _ in range(2))
    again = Fax.objects.exclude(pk=fax.pk).get()
    assert first == second == f"/faxes/{again.pk}/"
    assert again.retry_of == fax


def test_tries_lead_to_each_other(logged_in: Any, bob: User, team: Team) -> None:
    first = builders.outbound(team, outbox=Outbox.ACCEPTED, status="failed", failure_reason="user_busy")
    second = delivered(team, retry_of=first, attempt=2)
    client = logged_in(bob)
    page = page_of(client, second)
    assert f'<a href="/faxes/{first.pk}/">Try 1</a>' in page and "line was busy" in page
    assert f'<a href="/faxes/{second.pk}/">Try 2</a>' in page_of(client, first)


@pytest.mark.parametrize("batch", ["", "nonsense"])
def test_sending_again_without_its_token_sends_nothing(
    logged_in: Any, bob: User, number: PhoneNumber, team: Team, batch: str
) -> None:
    client, fax = logged_in(bob), delivered(team)
    assert "once more" in message_of(client, act(client, fax, "again", batch=batch))
    assert Fax.objects.count() == 1


def test_an_open_fax_is_not_sent_again(logged_in: Any, bob: User, number: PhoneNumber, team: Team) -> None:
    client, fax = logged_in(bob), builders.uncertain(team)
    assert "has not ended" in message_of(client, act(client, fax, "again", batch=uuid.uuid4()))
    assert Fax.objects.count() == 1


def test_a_person_can_say_that_an_uncertain_fax_was_not_sent(logged_in: Any, bob: User, team: Team) -> None:
    client, fax = logged_in(bob), builders.uncertain(team)
    assert "has been seen at Telnyx so far" in page_of(client, fax)
    act(client, fax, "not-sent")
    fax.refresh_from_db()
    assert fax.outbox == Outbox.REJECTED
    assert "Bob made sure that Telnyx does not have this fax." in page_of(client, fax)


def test_a_person_can_say_which_fax_at_telnyx_it_is(logged_in: Any, bob: User, team: Team) -> None:
    fax, telnyx_id = with_candidate(team)
    client = logged_in(bob)
    page = page_of(client, fax)
    assert telnyx_id in page and 'datetime="2026-11-20T22:20:00.000+00:00"' in page and "This is it" in page
    act(client, fax, "is-it", telnyx_id=telnyx_id)
    fax.refresh_from_db()
    assert (fax.outbox, fax.telnyx_id) == (Outbox.ACCEPTED, telnyx_id)


@pytest.mark.parametrize("telnyx_id", ["", "somebody-elses"])
def test_only_a_candidate_can_be_it(logged_in: Any, bob: User, team: Team, telnyx_id: str) -> None:
    fax, _ = with_candidate(team)
    client = logged_in(bob)
    assert "Choose one of the list" in message_of(client, act(client, fax, "is-it", telnyx_id=telnyx_id))
    fax.refresh_from_db()
    assert fax.outbox == Outbox.UNCERTAIN


@pytest.mark.parametrize("said", [{}, {"from": 5, "to": None, "created_at": "yesterday", "page_count": "many"}])
def test_a_candidate_of_which_little_is_known_is_shown_all_the_same(
    logged_in: Any, bob: User, team: Team, said: dict[str, Any]
) -> None:
    fax, telnyx_id = with_candidate(team)
    attempt = fax.attempts.get()
    attempt.evidence["candidates"] = {telnyx_id: said}
    attempt.save()
    assert "not said" in page_of(logged_in(bob), fax)


def test_missing_pages_can_be_asked_for_at_once(logged_in: Any, bob: User, team: Team) -> None:
    problem = {"detail": "The link has expired or is wrong (403)."}
    fax = builders.inbound(team, status="received", media="missing", problem=problem)
    client = logged_in(bob)
    assert "Try now" in page_of(client, fax)
    act(client, fax, "fetch-again")
    fax.refresh_from_db()
    assert fax.media == "waiting"


# What changes by itself


def test_the_page_follows_a_fax_until_its_end(logged_in: Any, bob: User, team: Team) -> None:
    client, fax = logged_in(bob), builders.accepted(team, status="sending")
    page = page_of(client, fax)
    assert poll(client, page).status_code == 204
    Fax.objects.filter(pk=fax.pk).update(status="delivered")
    timeline.note(fax, "status:delivered")
    news = poll(client, page).content.decode()
    assert "The other machine confirmed every page." in news
    assert re.search(r'id="fax-head"\s+hx-swap-oob="true"', news) and 'id="again"' in news
    assert '<p id="fax-said" hx-swap-oob="innerHTML">delivered.' in news
    assert "<html" not in news
    # Nobody loses their place: the pages have not changed. And nothing is left to follow.
    assert 'id="fax-pages"' not in news
    assert poll_of(news) == ""


def test_pages_appear_as_soon_as_they_are_here(logged_in: Any, bob: User, team: Team) -> None:
    client, fax = logged_in(bob), builders.outbound(team, outbox="preparing")
    page = page_of(client, fax)
    assert "The pages are being put together" in page
    Fax.objects.filter(pk=fax.pk).update(outbox="ready", document=builders.document(pages=2))
    news = poll(client, page).content.decode()
    assert 'id="fax-pages"' in news and "/pages/2.png" in news


def test_the_page_of_an_ended_fax_does_not_ask(logged_in: Any, bob: User, team: Team) -> None:
    assert poll_of(page_of(logged_in(bob), delivered(team))) == ""


def test_a_received_fax_is_followed_until_its_pages_are_here(logged_in: Any, bob: User, team: Team) -> None:
    fax = builders.inbound(team, status="received", media="waiting")
    client = logged_in(bob)
    page = page_of(client, fax)
    assert "The pages are on their way here" in page
    Fax.objects.filter(pk=fax.pk).update(media="archived", document=builders.document())
    news = poll(client, page).content.decode()
    assert "/pages/1.png" in news and poll_of(news) == ""


def test_a_poll_after_the_log_out_reloads_the_page(client: Client, team: Team) -> None:
    fax = builders.accepted(team)
    response = client.get(f"/faxes/{fax.pk}/status/", headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"


def test_a_fax_sent_from_elsewhere_says_so(logged_in: Any, bob: User, team: Team) -> None:
    fax = builders.outbound(team, outbox="", status="delivered", telnyx_id="x")
    page = page_of(logged_in(bob), fax)
    assert "Sent from somewhere else" in page
    assert 'id="again"' not in page and "Download" not in page


def test_a_received_tiff_is_offered_as_what_it_is(logged_in: Any, bob: User, team: Team) -> None:
    document = builders.document()
    document.content_type = "image/tiff"
    document.save()
    fax = builders.inbound(team, status="received", media="archived", document=document)
    assert re.search(r"Download\s+TIFF", page_of(logged_in(bob), fax))
