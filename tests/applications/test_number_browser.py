"""The pages of numbers and of drift in a real browser: for everybody to read, and by keys alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Membership, Role, Team, User
from applications.models import FaxApplication, PhoneNumber
from applications.services import refresh_application, refresh_number, update_application
from applications.written import note_written
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import change_at_telnyx
from tests.applications.test_browser import open_page
from tests.screens import troubles

__all__ = ["open_page"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST = "/applications/numbers/"


@pytest.fixture
def drifted(sandbox: Server, number: PhoneNumber, front_desk: FaxApplication, alice: User) -> PhoneNumber:
    """The number and its application were changed in Telnyx's own portal, after alice had written both."""
    ours = {"application_name": "Our desk", "webhook_timeout_secs": 9, "tags": ["a long word " * 9, "x" * 60]}
    row = update_application(by=alice, application=front_desk, changes=ours)
    change_at_telnyx(sandbox, row.telnyx_id, application_name="Their desk", webhook_timeout_secs=3, tags=[])
    assert refresh_application(application=row) and refresh_number(number=number)
    note_written(number, {"connection_id": "an-application-that-nobody-knows-and-that-has-a-long-id"}, alice)
    return number


def test_everybody_can_read_every_page(
    drifted: PhoneNumber,
    records: FaxApplication,
    team: Team,
    bob: User,
    open_page: Callable[..., Page],
) -> None:
    PhoneNumber.objects.filter(pk=drifted.pk).update(
        label="Laboratory results and all " * 3, quiet_since=timezone.now() - timedelta(days=1), default_assignee=bob
    )
    builders.inbound(team, to_number=drifted.phone_number)
    for place, columns in enumerate(({"status": "haunted-" * 7, "connection_id": "voice"}, {"connection_id": ""})):
        builders.number(team, f"+1312579010{place}", **columns)
    gone = builders.number(team, "+13125790199", gone_at=timezone.now())
    page = open_page(LIST)
    here, home = f"{LIST}{drifted.pk}/", page.url.partition("/applications/")[0]
    for path in [
        LIST,
        f"{LIST}?show=gone",
        f"{LIST}?q=nothing",
        here,
        f"{LIST}{gone.pk}/",
        f"{here}attach/?to={records.pk}",
        f"{here}attach/?to=",
        "/applications/drift/",
        "/applications/",
        f"/applications/{FaxApplication.objects.get(application_name='Their desk').pk}/",
    ]:
        page.goto(home + path)
        assert troubles(page) == [], page.url
    page.goto(home + here)
    page.locator("details.raw > summary").click()
    page.get_by_label("Label").evaluate(
        "field => { field.removeAttribute('maxlength'); field.value = 'x'.repeat(200) }"
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("at most 100 characters")).to_be_visible()
    assert troubles(page) == [], page.url


def test_by_keys_alone_a_number_is_found_named_and_attached(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, bob: User, open_page: Callable[..., Page]
) -> None:
    page = open_page(LIST)
    page.keyboard.press("/")
    expect(page.get_by_label("Number or label")).to_be_focused()
    page.keyboard.type("579 0015")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=579**")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{number.pk}/")
    page.get_by_label("Label").focus()
    page.keyboard.type("Lab")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Who looks after its faxes")).to_be_focused()
    page.keyboard.type("Bob")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is saved.")).to_be_visible()
    row = PhoneNumber.objects.get(pk=number.pk)
    assert (row.label, row.default_assignee, row.notify.count()) == ("Lab", bob, 1)
    page.get_by_label("Attach it to").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    # Nothing is chosen until somebody chooses: a list that shows another application looks like the answer.
    expect(page.get_by_label("Attach it to")).to_be_focused()
    page.keyboard.type("Rec")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Attach +1 312 579 0015 to Records?")).to_be_visible()
    page.get_by_role("button", name="Attach it").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Front desk can send from it.").first).to_be_visible()
    assert PhoneNumber.objects.get(pk=number.pk).connection_id == records.telnyx_id


def test_a_choice_of_the_list_is_a_question_at_once(
    number: PhoneNumber, other_team: Team, alice: User, open_page: Callable[..., Page]
) -> None:
    Membership.objects.create(user=alice, team=other_team, role=Role.MANAGER)
    builders.number(other_team, "+17735550101", connection_id="")
    page = open_page(LIST)
    expect(page.locator("[data-row]")).to_have_count(3)
    page.get_by_label("Team", exact=True).select_option("Records")
    page.wait_for_url("**/?team=records")
    expect(page.locator("[data-row]")).to_have_count(1)
    page.get_by_label("Which numbers").select_option("Not attached")
    page.wait_for_url("**show=unattached**")
    expect(page.locator("[data-row]")).to_have_text(["+1 773 555 0101"])


def test_both_sides_are_seen_and_each_button_settles_its_own(
    sandbox: Server, drifted: PhoneNumber, open_page: Callable[..., Page]
) -> None:
    page = open_page(f"{LIST}")
    page.get_by_role("link", name="1 application and 1 number").click()
    expect(page.get_by_text("Our desk", exact=True)).to_be_visible()
    page.get_by_role("button", name="Keep theirs: Webhook time-out").click()
    expect(page.get_by_text("Webhook time-out stays as Telnyx has it.")).to_be_visible()
    page.get_by_role("button", name="Restore all of ours").click()
    expect(page.get_by_text("Telnyx has it as we wrote it.")).to_be_visible()
    page.get_by_role("button", name="Keep theirs: Application").click()
    expect(page.get_by_role("heading", name="Telnyx shows what we wrote")).to_be_visible()
    assert FaxApplication.objects.filter(application_name="Our desk", webhook_timeout_secs=3).exists()
