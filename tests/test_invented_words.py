"""Telnyx may use a word tomorrow that nobody knows today. It is shown as it is, and no page breaks over it.

The words come in by the doors that Telnyx has: signed webhooks, and lists that a sync reads. Then every page, list,
filter and form is walked, the admin's, too.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

import webhooks.steps
from accounts.models import Team, User
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application
from faxes.models import Fax
from sync.services import sync_recent
from telnyx_sandbox.server import Server
from tests import builders
from tests.admin.pages import MODELS, form, listing
from tests.walking import NO_PAGES, walk
from tests.webhooks.telnyx import Telnyx, event
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db

APPLICATION = {
    "anchorsite_override": "Moon base, Luna",
    "webhook_timeout_secs": "soon",
    "active": "perhaps",
    "inbound": {"channel_limit": "plenty", "sip_subdomain_receive_settings": "from_martians", "mood": "calm"},
    "outbound": {"outbound_voice_profile_id": "profile-of-nobody", "channel_limit": -1},
    "tags": ["ordinary", 5, None, {"tag": "nested"}],
    "colour": {"of": ["the", {"sea": "teal"}]},
}
NUMBER = {"status": "haunted", "phone_number_type": "telepathic", "tags": "lonely"}
PROFILE = {"enabled": "maybe", "whitelisted_destinations": ["XX", 7, "Atlantis"], "traffic_type": "whispered"}
# On the pages of which parts of the portal each can be read.
WORDS = {
    "hibernating": "faxes",
    "velvet": "faxes",
    "moonquake": "faxes",
    "levitating": "faxes",
    "stardust": "faxes",
    "Moonlight": "sync",
    "Umbral desk": "sync and audit",
    "quantum": "faxes",
    "materialised": "faxes",
    "ghost": "faxes",
    "Moon base, Luna": "applications",
    "from_martians": "applications",
    "profile-of-nobody": "applications",
    "haunted": "applications",
    "fax.dreamt.of": "webhooks",
    "upside": "webhooks",
}
TIMES = {"created_at": "the day before yesterday", "updated_at": 12}
SENT = {"direction": "outbound", "from": builders.OURS, "to": "sip:robot@example.com", "connection_id": "nobody"}
CAME_IN = {"direction": "inbound", "from": "anonymous", "to": builders.OURS, "page_count": "many"}


# What lists say of faxes, of which no webhook tells.
LISTED: list[dict[str, Any]] = [
    {"status": "hibernating", "quality": "velvet", "from": "Moonlight", "page_count": "umpteen"},
    {"status": "failed", "failure_reason": "moonquake", "call_duration_secs": {"of": "the moon"}},
    {"direction": "sideways", "status": ["stardust"], "created_at": "when the moon was full"},
    {"status": "received", "colour": "stardust", "to": None, "connection_id": "stardust", "client_state": [7]},
]


def say_oddly(sandbox: Server, line: str) -> None:
    """In the list of faxes, in that of webhooks that were not delivered, and among the applications."""
    store = sandbox.sandbox.world.store
    for columns in LISTED:
        fax = store.fax(sandbox.sandbox.receive(to=line, ago=1200)["id"])
        assert fax is not None
        fax.shown |= columns
        store.save_fax(fax)
    sandbox.sandbox.world.deliver = lambda url, headers, body, timeout: 0
    sandbox.sandbox.receive(to=line, from_="Moonlight")
    sandbox.sandbox.advance(600)
    for told in store.all_deliveries():
        payload = told.event["payload"] | {"status": "levitating", "from": 12, "mood": ["stardust"]}
        event = told.event | {"id": str(uuid.uuid4()), "payload": payload | {"fax_id": str(uuid.uuid4())}}
        store.add_delivery(replace(told, id=str(uuid.uuid4()), event=event))
    known = store.objects("fax_application")[0]
    store.put_object("fax_application", "umbral", known | {"id": "umbral", "application_name": "Umbral desk"})


@pytest.fixture
def strange(sandbox: Server, settings: Settings, team: Team, alice: User) -> list[Fax]:
    """A house in which Telnyx has used words that nobody knows, wherever it may say something."""
    assert not sync_recent().error
    for application in FaxApplication.objects.all():
        assign_application(by=None, application=application, team=team)
    store = sandbox.sandbox.world.store
    say_oddly(sandbox, PhoneNumber.objects.latest("phone_number").phone_number)
    strange: dict[str, dict[str, Any]] = {
        "fax_application": APPLICATION,
        "phone_number": NUMBER,
        "outbound_voice_profile": PROFILE,
    }
    for kind, columns in strange.items():
        for known in store.objects(kind):
            store.put_object(kind, known["id"], known | columns)
    run = sync_recent()
    assert not run.error and run.counts["undelivered"] and run.counts["gaps"]
    assign_application(by=None, application=FaxApplication.objects.get(telnyx_id="umbral"), team=team)
    telnyx = Telnyx()
    settings.TELNYX_PUBLIC_KEY = telnyx.public_key
    mine = builders.accepted(team, status="sending", from_number=builders.OURS)
    for said in (
        event("fax.teleported", **SENT, fax_id=mine.telnyx_id, status="quantum.entangled"),
        event("fax.received", **CAME_IN, fax_id=str(uuid.uuid4()), status="materialised", quality="psychedelic"),
        event("fax.failed", **CAME_IN, fax_id=str(uuid.uuid4()), status="failed", failure_reason="ghost_in_the_line"),
        event("fax.dreamt.of", fax_id=str(uuid.uuid4()), direction="sideways", status=["a", {"b": 1}], **TIMES),
        event("weather.changed", degrees=21),
        event("", **SENT, status=None),
    ):
        assert telnyx.post(said).status_code == 200
    webhooks.steps.drain()
    Delivery.objects.filter(event_type="weather.changed").update(state="upside", outcome="Nobody knows.")
    return list(Fax.objects.all())


@pytest.fixture
def pages(strange: list[Fax], alice: User, root: User, logged_in: Callable[[User], Client]) -> dict[str, str]:
    """Every page that alice, who manages the team, and the administrator can reach."""
    faxes = [f"/faxes/{fax.pk}/" for fax in strange]
    starts = ["/", "/faxes/inbox/?show=all", "/faxes/sent/?show=all", *faxes]
    everything = re.compile(NO_PAGES)
    walks = [walk(logged_in(user), starts, most=300, skipped=everything) for user in (alice, root)]
    return walks[0] | walks[1]


def showing(pages: dict[str, str], word: str) -> set[str]:
    """The first part of the addresses of the pages that say this."""
    return {address.split("/")[1] for address, text in pages.items() if word in text}


def test_no_page_breaks_and_each_word_is_shown_as_it_is(pages: dict[str, str]) -> None:
    # Walking asks for the addresses of forms, too, which take a POST alone.
    broken = {address: text[:3] for address, text in pages.items() if text[0] in "45" and text[:3] != "405"}
    assert broken == {} and len(pages) > 30
    assert {word: parts for word, parts in WORDS.items() if not set(parts.split(" and ")) <= showing(pages, word)} == {}


def test_no_list_and_no_form_of_the_admin_breaks(
    strange: list[Fax], root: User, logged_in: Callable[[User], Client]
) -> None:
    client = logged_in(root)
    for model in MODELS:
        page = client.get(listing(model))
        assert page.status_code == 200, model
        choices = page.context["cl"].filter_specs
        for choice in (choice for spec in choices for choice in spec.choices(page.context["cl"])):
            narrowed = listing(model) + str(choice.get("query_string", ""))
            assert client.get(narrowed).status_code in (200, 302), narrowed
        for row in model._default_manager.all()[:10]:
            assert client.get(form(row)).status_code == 200, row


def test_strange_numbers_can_still_be_sent_from(strange: list[Fax], team: Team) -> None:
    """What is not known to be wrong is let try: Telnyx says no in its own words."""
    assert PhoneNumber.objects.sendable().filter(phone_number=builders.OURS).exists()
