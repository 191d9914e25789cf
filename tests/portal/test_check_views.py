"""The self-check on the application's page: for its managers, with a script and without."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from applications.models import FaxApplication, PhoneNumber
from portal import selfcheck
from portal.selfcheck import Finding, State
from sync.models import SyncRun
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import calls, change_at_telnyx, remove_at_telnyx, truth
from tests.portal.test_selfcheck_facts import KIND
from tests.telnyx_api.scripted import closed_port

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
BrowserOf = Callable[[User], Client]


def address(name: str, application: FaxApplication) -> str:
    return reverse(name, args=[application.pk])


def page(browser: Client, application: FaxApplication) -> str:
    return browser.get(address("applications:detail", application)).content.decode()


@pytest.fixture
def switched_off(sandbox: Server, front_desk: FaxApplication) -> FaxApplication:
    change_at_telnyx(sandbox, front_desk.telnyx_id, active=False)
    return front_desk


@pytest.fixture
def manager(logged_in: BrowserOf, alice: User) -> Client:
    return logged_in(alice)


def test_the_page_shows_the_last_one_and_asks_nobody(
    sandbox: Server, front_desk: FaxApplication, manager: Client
) -> None:
    before = len(sandbox.sandbox.requests)
    assert "not checked yet" in page(manager, front_desk)
    selfcheck.check_application(application=front_desk)
    asked = len(sandbox.sandbox.requests)
    text = page(manager, front_desk)
    assert before < asked == len(sandbox.sandbox.requests)
    assert "There is no failover URL" in text and "needs you" in text
    assert re.search(r"\d+ lines\s+are fine", text)


def test_without_a_script_a_check_leads_back_to_the_page(
    sandbox: Server, switched_off: FaxApplication, manager: Client
) -> None:
    answer = manager.post(address("portal:check", switched_off))
    assert (answer.status_code, answer["Location"]) == (302, f"/applications/{switched_off.pk}/#check")
    assert "It is switched off" in page(manager, switched_off)


def test_a_script_gets_the_part_that_changed(sandbox: Server, front_desk: FaxApplication, manager: Client) -> None:
    text = manager.post(address("portal:check", front_desk), headers=HTMX).content.decode()
    assert text.lstrip().startswith("<section") and "<html" not in text
    assert "There is no failover URL" in text
    assert re.search(r'id="check-said" hx-swap-oob="innerHTML">\s*Checked: \d+ of \d+ lines need a look\.', text)


@pytest.mark.parametrize("gone", [False, True])
def test_a_page_that_shows_something_else_by_now_is_loaded_anew(
    sandbox: Server, switched_off: FaxApplication, manager: Client, gone: bool
) -> None:
    if gone:
        remove_at_telnyx(sandbox, switched_off.telnyx_id)
    answer = manager.post(address("portal:check", switched_off), headers=HTMX)
    assert (answer["HX-Refresh"], answer.content) == ("true", b"")
    assert ("Telnyx has no such application" if gone else "It is switched off") in page(manager, switched_off)


def test_a_page_that_checks_by_itself_is_not_loaded_anew_under_somebodys_hands(
    sandbox: Server, switched_off: FaxApplication, manager: Client
) -> None:
    answer = manager.get(f"{address('portal:check', switched_off)}?now", headers=HTMX)
    assert "HX-Refresh" not in answer
    text = answer.content.decode()
    assert "It is switched off" in text and f'<a href="/applications/{switched_off.pk}/">Load it anew</a>' in text
    assert "Load it anew" not in page(manager, switched_off)


@pytest.mark.parametrize(("old", "asked"), [(None, True), (timedelta(hours=2), True), (timedelta(minutes=2), False)])
def test_an_open_page_has_old_findings_looked_at_anew(
    sandbox: Server, front_desk: FaxApplication, manager: Client, old: timedelta | None, asked: bool
) -> None:
    FaxApplication.objects.update(checked_at=old and timezone.now() - old)
    assert ('hx-trigger="load"' in page(manager, front_desk)) == asked
    before = len(sandbox.sandbox.requests)
    text = manager.get(f"{address('portal:check', front_desk)}?now", headers=HTMX).content.decode()
    assert (len(sandbox.sandbox.requests) > before) == asked
    # Else it would ask for itself without end.
    assert 'hx-trigger="load"' not in text


def test_a_look_alone_checks_nothing(sandbox: Server, front_desk: FaxApplication, manager: Client) -> None:
    before = len(sandbox.sandbox.requests)
    assert manager.get(address("portal:check", front_desk), headers=HTMX).status_code == 200
    assert len(sandbox.sandbox.requests) == before


def test_one_click_mends_and_checks_again(sandbox: Server, switched_off: FaxApplication, manager: Client) -> None:
    selfcheck.check_application(application=switched_off)
    said = {"mend": "activate", "value": "True"}
    text = page(manager, switched_off)
    assert all(f'name="{name}" value="{value}"' in text for name, value in said.items())
    answer = manager.post(address("portal:mend", switched_off), said, headers=HTMX)
    # The rest of the page shows the field, too.
    assert answer["HX-Refresh"] == "true"
    text = page(manager, switched_off)
    assert "Done at Telnyx: “Switch this application on”." in text
    assert "It is active" in text and text.count("Switch this application on") == 1
    assert truth(sandbox, switched_off)["active"] is True


def test_a_mend_without_a_script_says_so_on_the_page(
    sandbox: Server, switched_off: FaxApplication, manager: Client
) -> None:
    selfcheck.check_application(application=switched_off)
    answer = manager.post(address("portal:mend", switched_off), {"mend": "activate", "value": "True"}, follow=True)
    assert answer.redirect_chain == [(f"/applications/{switched_off.pk}/#check", 302)]
    assert "Done at Telnyx: “Switch this application on”." in answer.content.decode()


@pytest.mark.parametrize("said", [{}, {"mend": "activate", "value": "False"}, {"mend": "x" * 5000, "value": "\x00"}])
def test_what_was_not_offered_is_not_done(
    sandbox: Server, switched_off: FaxApplication, manager: Client, said: dict[str, str]
) -> None:
    selfcheck.check_application(application=switched_off)
    answer = manager.post(address("portal:mend", switched_off), said, follow=True)
    assert "looks otherwise by now" in answer.content.decode()
    assert calls(sandbox, "PATCH") == 0


def test_a_mend_that_fails_says_why(sandbox: Server, switched_off: FaxApplication, manager: Client) -> None:
    selfcheck.check_application(application=switched_off)
    sandbox.sandbox.faults.add(method="PATCH", path="/v2/fax_applications/*", action="status", status=401)
    said = {"mend": "activate", "value": "True"}
    text = manager.post(address("portal:mend", switched_off), said, headers=HTMX).content.decode()
    assert "does not accept this portal&#x27;s API key. Nothing was changed." in text and "It is switched off" in text


def test_a_telnyx_that_is_away_is_told_and_no_error(
    switched_off: FaxApplication, manager: Client, settings: Settings
) -> None:
    selfcheck.check_application(application=switched_off)
    settings.TELNYX_API_BASE = f"http://127.0.0.1:{closed_port()}/v2"
    said = {"mend": "activate", "value": "True"}
    for name, form in (("portal:check", {}), ("portal:mend", said)):
        answer = manager.post(address(name, switched_off), form, headers=HTMX)
        assert (answer.status_code, "Telnyx could not be asked" in answer.content.decode()) == (200, True)


def test_what_telnyx_calls_itself_is_no_markup(sandbox: Server, front_desk: FaxApplication, manager: Client) -> None:
    change_at_telnyx(sandbox, front_desk.telnyx_id, webhook_event_url="https://x.example/<script>alert(1)</script>")
    manager.post(address("portal:check", front_desk))
    text = manager.get(address("portal:check", front_desk), headers=HTMX).content.decode()
    assert "<script>" not in text and "&lt;script&gt;" in text


@pytest.mark.parametrize("name", ["portal:check", "portal:mend"])
def test_who_may(
    front_desk: FaxApplication,
    logged_in: BrowserOf,
    client: Client,
    bob: User,
    vera: User,
    charlie: User,
    root: User,
    name: str,
) -> None:
    url = address(name, front_desk)
    answers = {user.username: logged_in(user).post(url).status_code for user in (bob, vera, charlie, root)}
    assert answers == {"bob": 403, "vera": 403, "charlie": 404, "root": 302}
    page_url = f"/applications/{front_desk.pk}/"
    assert client.post(url)["Location"] == f"/accounts/login/?next={page_url}"
    assert client.post(url, headers=HTMX)["HX-Refresh"] == "true"
    assert logged_in(root).post(url.replace(str(front_desk.pk), str(uuid.uuid4()))).status_code == 404
    assert logged_in(root).put(url).status_code == 405


def test_nobody_can_be_made_to_press(switched_off: FaxApplication, alice: User) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)
    for name in ("portal:check", "portal:mend"):
        assert careful.post(address(name, switched_off)).status_code == 403


def test_a_list_has_one_word_for_each() -> None:

    words: dict[State | None, str] = {}
    for state in (None, *State):
        states = [State.OK, state] if state else []
        findings = [Finding("code", each, "title", "why").as_json() for each in states]
        row = Context({"row": FaxApplication(findings=findings)})
        words[state] = Template("{% load selfcheck %}{% check_pill row %}").render(row).strip()
    assert words == {
        None: '<span class="pill pill-plain">not checked yet</span>',
        State.OK: '<span class="pill pill-good">all is well</span>',
        State.WARN: '<span class="pill pill-wait">careful</span>',
        State.BAD: '<span class="pill pill-bad">needs you</span>',
        State.UNKNOWN: '<span class="pill pill-unsure">not all is known</span>',
    }


def test_the_page_asks_the_database_little_more(
    front_desk: FaxApplication, manager: Client, django_assert_max_num_queries: Any
) -> None:
    selfcheck.check_application(application=front_desk)
    page(manager, front_desk)
    with django_assert_max_num_queries(14):
        page(manager, front_desk)


def test_what_no_click_mends_leads_to_where_it_can_be(
    sandbox: Server, front_desk: FaxApplication, manager: Client
) -> None:
    PhoneNumber.objects.all().delete()
    long_ago = timezone.now() - timedelta(days=1)
    SyncRun.objects.update(started_at=long_ago - timedelta(days=1))
    builders.inbound(front_desk.team, connection_id=front_desk.telnyx_id, created_at=long_ago)
    change_at_telnyx(sandbox, front_desk.telnyx_id, outbound={"channel_limit": None, "outbound_voice_profile_id": None})
    for name in ("One", "Another"):
        add_profile(sandbox, name)
    selfcheck.check_application(application=front_desk)
    links = dict(re.findall(r'btn-outline-secondary"\s+href="([^"]+)">([^<]+)<', page(manager, front_desk)))
    form = f"/applications/{front_desk.pk}/edit/"
    told = {
        f"{form}#id_webhook_event_failover_url": "Edit the failover URL",
        f"{form}#id_outbound_voice_profile_id": "Choose a profile",
        "/applications/numbers/": "Go to the numbers",
        "/webhooks/": "See the events",
    }
    assert told.items() <= links.items()
    text = manager.get(form).content.decode()
    for address in told:
        assert f'id="{address.partition("#")[2]}"' in text or "#" not in address


def add_profile(sandbox: Server, name: str) -> None:
    sandbox.sandbox.world.store.put_object(KIND, name, {"id": name, "name": name, "enabled": True})


def test_a_check_teaches_the_page_the_name_of_the_profile(front_desk: FaxApplication, manager: Client) -> None:
    assert "Office (" not in page(manager, front_desk)
    selfcheck.check_application(application=front_desk)
    assert f"Office ({front_desk.outbound_voice_profile_id})" in page(manager, front_desk)
