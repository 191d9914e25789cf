"""The pages of numbers: found, named, attached, given away, and only by who manages them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Membership, Role, Team, User
from applications.mirror import apply_number
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application, assign_number, attach_number, refresh_numbers
from applications.written import note_written
from faxes.states import Outbox
from telnyx_api import PhoneNumber as NumberPayload
from telnyx_sandbox.server import Server
from tests import builders
from tests.applications.telnyx import while_telnyx_thinks
from tests.telnyx_api.scripted import Reply, serving

pytestmark = pytest.mark.django_db

LoggedIn = Callable[[User], Client]
LIST = "/applications/numbers/"


def page_of(number: PhoneNumber, part: str = "") -> str:
    return f"{LIST}{number.pk}/{part}"


def text(client: Client, address: str, data: Any = None) -> str:
    """What a page says, without its tags' line breaks; a form is posted, and led on."""
    response = client.get(address) if data is None else client.post(address, data, follow=True)
    assert response.status_code == 200, (address, response.status_code)
    return " ".join(response.content.decode().split())


def shown(page: str) -> list[str]:
    """The numbers in a list, as their links say them."""
    return [part.split("<")[0].strip() for part in page.split(" data-row>")[1:]]


@pytest.fixture
def lines(team: Team, other_team: Team) -> dict[str, PhoneNumber]:
    """A number of each kind."""
    desk, foreign = builders.application(team, application_name="Desk line"), builders.application(other_team)
    nobodys = builders.application(None, application_name="Stray line")
    return {
        "own": builders.number(
            team, "+13125790011", label="Front desk", status="active", connection_id=foreign.telnyx_id
        ),
        "inherited": builders.number(None, "+13125790012", status="haunted", connection_id=str(desk.telnyx_id)),
        "detached": builders.number(team, "+13125790013", connection_id=""),
        "elsewhere": builders.number(team, "+13125790014", connection_id="voice-77"),
        "gone": builders.number(team, "+13125790015", gone_at=timezone.now(), connection_id=""),
        "theirs": builders.number(other_team, "+17735550101", connection_id=str(foreign.telnyx_id)),
        "nobody's": builders.number(None, "+17735550102", connection_id=str(nobodys.telnyx_id)),
    }


def test_a_manager_sees_the_numbers_of_their_teams(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User, charlie: User, root: User
) -> None:
    mine = ["+1 312 579 0011", "+1 312 579 0012", "+1 312 579 0013", "+1 312 579 0014"]
    page = text(logged_in(alice), LIST)
    assert shown(page) == mine
    assert "an application of another team" in page and "Desk line" in page and "Stray" not in page
    assert "Front desk, by its application" in page and "haunted" in page
    assert "not attached" in page and "no fax application that we know" in page
    assert "1 more number</a> is gone at Telnyx" in page
    assert shown(text(logged_in(charlie), LIST)) == ["+1 773 555 0101"]
    assert shown(text(logged_in(root), LIST)) == [*mine, "+1 773 555 0101", "+1 773 555 0102"]


@pytest.mark.parametrize("name", ["bob", "vera"])
def test_who_manages_nothing_is_refused(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, name: str, request: pytest.FixtureRequest
) -> None:
    client = logged_in(request.getfixturevalue(name))
    assert client.get(LIST).status_code == client.get(page_of(lines["own"])).status_code == 403
    assert client.get(page_of(lines["theirs"])).status_code == 404
    assert "Numbers</a>" not in client.get("/faxes/inbox/").content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=0012", ["inherited"]),
        ("q=579-0012", ["inherited"]),
        ("q=+1 (312) 579 0013", ["detached"]),
        ("q=front", ["own"]),
        ("q=room 2", []),
        ("q=%00", ["own", "inherited", "detached", "elsewhere"]),
        ("q=" + "9" * 500, []),
        ("q=٣١٢", []),
        ("team=front-desk", ["own", "inherited", "detached", "elsewhere"]),
        ("team=records", []),
        ("team=%00", ["own", "inherited", "detached", "elsewhere"]),
        ("status=haunted", ["inherited"]),
        ("status=unheard-of", []),
        ("application=voice-77", ["elsewhere"]),
        ("show=unattached", ["detached", "elsewhere"]),
        ("show=gone", ["gone"]),
        ("show=quiet", []),
        ("show=nobody", []),
        ("show=whatever", []),
        ("page=99", ["own", "inherited", "detached", "elsewhere"]),
        ("page=x", ["own", "inherited", "detached", "elsewhere"]),
    ],
)
def test_the_list_is_narrowed(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User, query: str, found: list[str]
) -> None:
    page = text(logged_in(alice), f"{LIST}?{query.replace('+', '%2B').replace(' ', '%20')}")
    assert [number[-4:] for number in shown(page)] == [str(lines[name])[-4:] for name in found]


def test_an_administrator_finds_what_belongs_to_nobody(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, root: User
) -> None:
    page = text(logged_in(root), f"{LIST}?show=nobody")
    assert shown(page) == ["+1 773 555 0102"]
    assert "no team: only administrators see its faxes" in page


def test_a_quiet_line_is_found_and_known_about(lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User) -> None:
    PhoneNumber.objects.filter(pk=lines["own"].pk).update(quiet_since=timezone.now() - timedelta(hours=9))
    client = logged_in(alice)
    assert shown(text(client, f"{LIST}?show=quiet")) == ["+1 312 579 0011"]
    page = text(client, page_of(lines["own"]))
    assert "Nothing has come in since" in page and "Somebody knows" not in page
    address = reverse("faxes:dismiss_quiet", args=[lines["own"].pk])
    assert address in page
    page = text(client, address, {"next": page_of(lines["own"])})
    assert "Somebody knows about it" in page


def test_the_last_faxes_are_told_of_who_may_see_them(
    lines: dict[str, PhoneNumber], team: Team, other_team: Team, logged_in: LoggedIn, alice: User
) -> None:
    own = lines["own"]
    received = builders.inbound(team, to_number=own.phone_number)
    sent = builders.outbound(team, from_number=own.phone_number, outbox=Outbox.ACCEPTED)
    stranger = builders.inbound(other_team, to_number=lines["detached"].phone_number)
    client = logged_in(alice)
    page = text(client, LIST)
    assert page.count("no fax yet") == 3 and page.count("· sent") == 1
    page = text(client, page_of(own))
    assert f"/faxes/{received.pk}/" in page and f"/faxes/{sent.pk}/" in page
    assert str(stranger.pk) not in text(client, page_of(lines["detached"]))


def test_a_long_list_has_pages_and_asks_no_more_for_more_numbers(
    lines: dict[str, PhoneNumber], team: Team, logged_in: LoggedIn, alice: User, bob: User
) -> None:
    client = logged_in(alice)
    asked = []
    for count in (2, 120):
        more = [builders.number(team, f"+1415555{count:03}{place:03}", connection_id="") for place in range(count)]
        for number in more[:20]:
            number.notify.add(bob)
            builders.inbound(team, to_number=number.phone_number)
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            page = text(client, LIST)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 24
    assert len(shown(page)) == 50 and "1 to 50 of 126" in page and "?page=2" in page
    page = text(client, f"{LIST}?show=unattached&page=3")
    assert "show=unattached&amp;page=2" in page and len(shown(page)) == 24


@pytest.mark.django_db(transaction=True)
def test_what_somebody_mirrored_after_its_page_was_listed_is_not_taken_for_gone(
    sandbox: Server, front_desk: FaxApplication
) -> None:
    lost = builders.number(None, "+14155550100")
    new = {"id": "new", "phone_number": "+14155550101"}
    while_telnyx_thinks(
        sandbox,
        "GET",
        "/v2/phone_numbers",
        refresh_numbers,
        lambda: apply_number(NumberPayload(new)),
        after=True,
    )
    gone = PhoneNumber.objects.filter(gone_at__isnull=False)
    assert [number.pk for number in gone] == [lost.pk] and PhoneNumber.objects.filter(telnyx_id="new").exists()


def test_an_empty_list_teaches(team: Team, logged_in: LoggedIn, alice: User, root: User) -> None:
    assert "Ask an administrator to give it one" in text(logged_in(alice), LIST)
    assert "Buy one in the Telnyx portal" in text(logged_in(root), LIST)
    assert "No line is quiet" in text(logged_in(alice), f"{LIST}?show=quiet")


def test_all_numbers_are_asked_for(sandbox: Server, team: Team, logged_in: LoggedIn, alice: User, root: User) -> None:
    bygone = builders.number(team, "+13125790099")
    page = text(logged_in(alice), f"{LIST}refresh/", {})
    assert "Telnyx was asked just now." in page and "The account has" not in page
    assert PhoneNumber.objects.filter(gone_at=None).count() == 4
    assert "The account has 4 numbers" in text(logged_in(root), f"{LIST}refresh/", {})
    assert PhoneNumber.objects.get(pk=bygone.pk).gone_at is not None
    sandbox.sandbox.faults.add(method="GET", path="/v2/phone_numbers", action="status", status=401)
    assert "does not accept this portal&#x27;s API key" in text(logged_in(root), f"{LIST}refresh/", {})


def test_a_broken_list_marks_nothing_gone(sandbox: Server, team: Team, logged_in: LoggedIn, alice: User) -> None:
    bygone = builders.number(team, "+13125790099")
    sandbox.sandbox.faults.add(method="GET", path="/v2/phone_numbers", action="garbage", times=None)
    assert "gave no answer that could be read" in text(logged_in(alice), f"{LIST}refresh/", {})
    assert PhoneNumber.objects.get(pk=bygone.pk).gone_at is None


def test_a_list_that_lacks_some_is_no_success(
    sandbox: Server, settings: Settings, team: Team, logged_in: LoggedIn, alice: User
) -> None:
    known = builders.number(team)
    meta = {"page_number": 1, "total_pages": 1, "total_results": 3}
    listed = {"data": [{"id": "one", "phone_number": "+13125790099"}], "meta": meta}
    with serving(Reply(document=listed)) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        page = text(logged_in(alice), f"{LIST}refresh/", {})
    assert "no answer that could be read" in page and "Telnyx was asked just now" not in page
    known.refresh_from_db()
    assert known.gone_at is None and PhoneNumber.objects.filter(telnyx_id="one").exists()


def test_one_number_is_asked_for(sandbox: Server, number: PhoneNumber, logged_in: LoggedIn, alice: User) -> None:
    client = logged_in(alice)
    assert "Telnyx was asked just now" in text(client, page_of(number, "refresh/"), {})
    sandbox.sandbox.world.store.remove_object("phone_number", str(number.telnyx_id))
    page = text(client, page_of(number, "refresh/"), {})
    assert 'notice-warning" role="status">Telnyx has this number no more' in page and "gone at Telnyx" in page
    assert "Attach…" not in page


def test_a_number_gets_a_name_and_people(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User, bob: User, vera: User, charlie: User
) -> None:
    client = logged_in(alice)
    page = text(client, page_of(lines["own"]))
    assert all(f">{name}" in page for name in ("Alice", "Bob"))
    assert "Vera" in page and "Charlie" not in page
    form = {"label": "  Lab   results ", "default_assignee": bob.pk, "notify": [alice.pk, vera.pk]}
    page = text(client, page_of(lines["own"]), form)
    assert "is saved" in page and "Lab results" in page
    row = PhoneNumber.objects.get(pk=lines["own"].pk)
    assert (row.label, row.default_assignee, {*row.notify.all()}) == ("Lab results", bob, {alice, vera})
    assert LogEntry.objects.get(action="number.set_receiving").actor_name == "Alice"
    assert "Bob looks after it" in text(client, LIST) and "2 are told" in text(client, LIST)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"label": "x" * 101}, "at most 100 characters"),
        ({"label": "a\x00b"}, "Null characters are not allowed"),
        ({"default_assignee": "charlie"}, "Choose a member of the number&#x27;s team"),
        ({"default_assignee": "vera"}, "Choose a member of the number&#x27;s team"),
        ({"default_assignee": "' OR 1=1"}, "Choose a member of the number&#x27;s team"),
        ({"default_assignee": "9" * 40}, "Choose a member of the number&#x27;s team"),
        ({"notify": ["charlie"]}, "Choose people of the number&#x27;s team"),
        ({"notify": ["\x00"]}, "Null characters are not allowed"),
    ],
)
def test_what_cannot_be_saved_is_told_at_the_field(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User, charlie: User, vera: User, form: Any, said: str
) -> None:
    people = {"charlie": charlie.pk, "vera": vera.pk}
    sent = {
        name: [people.get(one, one) for one in value] if isinstance(value, list) else people.get(value, value)
        for name, value in form.items()
    }
    page = text(logged_in(alice), page_of(lines["own"]), sent)
    assert said in page
    assert not LogEntry.objects.filter(action="number.set_receiving").exists()


def test_a_field_that_nobody_touched_overwrites_nothing(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User, bob: User
) -> None:
    """Both had the page open: one changed the label, the other chose who looks after it."""
    shown = {"initial-label": "Front desk", "initial-default_assignee": "", "label": "Front desk"}
    text(logged_in(alice), page_of(lines["own"]), shown | {"label": "Lab"})
    text(logged_in(alice), page_of(lines["own"]), shown | {"default_assignee": bob.pk})
    row = PhoneNumber.objects.get(pk=lines["own"].pk)
    assert (row.label, row.default_assignee) == ("Lab", bob)


def test_who_left_the_team_is_named_and_can_be_taken_off(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User, bob: User
) -> None:
    lines["own"].notify.add(bob)
    PhoneNumber.objects.filter(pk=lines["own"].pk).update(default_assignee=bob)
    Membership.objects.filter(user=bob).delete()
    client = logged_in(alice)
    page = text(client, page_of(lines["own"]))
    assert "Bob (cannot act for this team)" in page and "Bob (not of this team)" in page
    was = {"initial-default_assignee": bob.pk, "initial-notify": [bob.pk], "label": "Lab"}
    kept = was | {"default_assignee": bob.pk, "notify": [bob.pk, alice.pk]}
    assert "is saved" in text(client, page_of(lines["own"]), kept)
    row = PhoneNumber.objects.get(pk=lines["own"].pk)
    assert (row.label, row.default_assignee, {*row.notify.all()}) == ("Lab", bob, {alice, bob})
    assert "is saved" in text(client, page_of(lines["own"]), was)
    row.refresh_from_db()
    assert (row.label, row.default_assignee, list(row.notify.all())) == ("Lab", None, [])


def test_who_left_the_team_and_was_taken_off_does_not_come_back(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User, bob: User
) -> None:
    PhoneNumber.objects.filter(pk=lines["own"].pk).update(default_assignee=bob)
    Membership.objects.filter(user=bob).delete()
    PhoneNumber.objects.filter(pk=lines["own"].pk).update(default_assignee=None)
    old = {"initial-default_assignee": "", "default_assignee": bob.pk, "label": "Lab"}
    assert "Choose a member of the number&#x27;s team" in text(logged_in(alice), page_of(lines["own"]), old)


def test_it_is_asked_before_a_number_is_attached(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, other_team: Team, logged_in: LoggedIn, alice: User
) -> None:
    assign_application(by=None, application=records, team=other_team)
    Membership.objects.create(user=alice, team=other_team, role=Role.MANAGER)
    client = logged_in(alice)
    page = text(client, page_of(number))
    assert "Records · Records" in page and "Front desk · Front desk" not in page
    page = text(client, page_of(number, f"attach/?to={records.pk}"))
    assert "Attach +1 312 579 0015 to Records?" in page
    for sentence in (
        "come in for Records. So far they come in for Front desk.",
        "stays with Front desk",
        "can send from it",
    ):
        assert sentence in page
    assert PhoneNumber.objects.get(pk=number.pk).connection_id == number.connection_id
    page = text(client, page_of(number, "attach/"), {"to": records.pk, "seen": number.connection_id})
    assert "+1 312 579 0015: Faxes to it come in for Records. Records can send from it." in page
    assert PhoneNumber.objects.get(pk=number.pk).connection_id == records.telnyx_id


def test_asking_for_where_it_is_changes_nothing(
    sandbox: Server, number: PhoneNumber, front_desk: FaxApplication, logged_in: LoggedIn, alice: User
) -> None:
    page = text(logged_in(alice), page_of(number, "attach/"), {"to": front_desk.pk, "seen": number.connection_id})
    assert "is so already" in page
    assert [one.method for one in sandbox.sandbox.requests].count("PATCH") == 0


@pytest.mark.parametrize("wanted", ["foreign", "no-uuid", "\x00", "00000000-0000-0000-0000-000000000000"])
def test_only_what_is_offered_can_be_chosen(
    number: PhoneNumber, records: FaxApplication, other_team: Team, logged_in: LoggedIn, alice: User, wanted: str
) -> None:
    assign_application(by=None, application=records, team=other_team)
    wanted = str(records.pk) if wanted == "foreign" else wanted
    client = logged_in(alice)
    for part in ("attach/", "team/"):
        for data in ({"to": wanted, "seen": number.connection_id}, None):
            address = page_of(number, part)
            response = client.post(address, data) if data else client.get(address, {"to": wanted})
            assert (response.status_code, response["Location"]) == (302, page_of(number))
    assert "notice-error" in text(client, page_of(number)) or "notice-danger" in text(
        client, page_of(number, "refresh/"), {}
    )
    assert PhoneNumber.objects.get(pk=number.pk).connection_id == number.connection_id


def test_a_number_is_taken_off_after_a_question(
    sandbox: Server, number: PhoneNumber, team: Team, logged_in: LoggedIn, alice: User
) -> None:
    client = logged_in(alice)
    page = text(client, page_of(number, "attach/"), {"to": "", "seen": number.connection_id})
    assert "team of its own first" in page
    assign_number(by=None, number=number, team=team)
    page = text(client, page_of(number, "attach/?to="))
    assert "Take +1 312 579 0015 off its application?" in page and "No faxes come in" in page
    page = text(client, page_of(number, "attach/"), {"to": "", "seen": number.connection_id})
    assert "No faxes come in. Nothing can be sent from it: it is attached to no fax application." in page


def test_what_it_leaves_at_telnyx_is_told(
    lines: dict[str, PhoneNumber], team: Team, logged_in: LoggedIn, alice: User
) -> None:
    desk = FaxApplication.objects.get(application_name="Desk line")
    page = text(logged_in(alice), page_of(lines["elsewhere"], f"attach/?to={desk.pk}"))
    assert "it leaves voice-77, which is no fax application that we know" in page


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"action": "status", "status": 422}, "unable to process it"),
        ({"action": "status", "status": 429}, "too much to do"),
        ({"action": "status", "status": 401}, "API key"),
        ({"action": "reset"}, "does not show the change"),
        ({"action": "status", "status": 503}, "does not show the change"),
    ],
)
def test_what_telnyx_says_is_told_at_the_question(
    sandbox: Server,
    number: PhoneNumber,
    records: FaxApplication,
    logged_in: LoggedIn,
    alice: User,
    fault: Any,
    said: str,
) -> None:
    sandbox.sandbox.faults.add(method="PATCH", path="*", **fault)
    page = text(logged_in(alice), page_of(number, "attach/"), {"to": records.pk, "seen": number.connection_id})
    assert said in page and "Attach it" in page
    assert PhoneNumber.objects.get(pk=number.pk).connection_id == number.connection_id


def test_an_answer_lost_for_good_is_told_honestly(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, logged_in: LoggedIn, alice: User
) -> None:
    sandbox.sandbox.faults.add(method="PATCH", path="*", action="reset")
    sandbox.sandbox.faults.add(method="GET", path="*", action="delay", seconds=0)
    sandbox.sandbox.faults.add(method="GET", path="*", action="redirect", times=None)
    page = text(logged_in(alice), page_of(number, "attach/"), {"to": records.pk, "seen": number.connection_id})
    assert "may have arrived or not" in page


def test_an_old_page_decides_nothing(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, team: Team, logged_in: LoggedIn, alice: User
) -> None:
    client = logged_in(alice)
    attach_number(by=alice, number=number, application=records)
    front_desk = FaxApplication.objects.get(application_name="Front desk")
    page = text(client, page_of(number, "attach/"), {"to": front_desk.pk, "seen": number.connection_id})
    assert "elsewhere meanwhile" in page
    # It asks about the number as it is now, so that the next press is about what was seen.
    seen = page.split('name="seen" value="')[1].split('"')[0]
    assert seen == records.telnyx_id
    assert "Attached to" in text(client, page_of(number, "attach/"), {"to": front_desk.pk, "seen": seen})
    assert PhoneNumber.objects.get(pk=number.pk).connection_id == front_desk.telnyx_id
    page = text(client, page_of(number, "team/"), {"to": team.pk, "seen": "another team"})
    assert "to another team meanwhile" in page
    assert PhoneNumber.objects.get(pk=number.pk).team is None


def test_a_number_is_given_to_another_team_after_a_question(
    lines: dict[str, PhoneNumber], team: Team, other_team: Team, logged_in: LoggedIn, alice: User
) -> None:
    own, client = lines["own"], logged_in(alice)
    assert 'id="give-to"' not in text(client, page_of(own))
    Membership.objects.create(user=alice, team=other_team, role=Role.MANAGER)
    assert "Records</option>" in text(client, page_of(own))
    page = text(client, page_of(own, f"team/?to={other_team.pk}"))
    assert "Give +1 312 579 0011 to Records?" in page
    assert "come in for Records. So far they come in for Front desk." in page
    assert "What arrived before stays with Front desk." in page
    page = text(client, page_of(own, "team/"), {"to": other_team.pk, "seen": team.pk})
    assert "It belongs to Records, whatever it is attached to." in page
    row = PhoneNumber.objects.get(pk=own.pk)
    assert row.team == other_team
    page = text(client, page_of(own, "team/?to="))
    assert "Leave +1 312 579 0011 to its application&#x27;s team?" in page
    page = text(client, page_of(own, "team/"), {"to": "", "seen": other_team.pk})
    assert "belongs to Records by its application" in page


def test_a_manager_gives_nothing_to_a_team_that_is_not_theirs(
    lines: dict[str, PhoneNumber], team: Team, other_team: Team, logged_in: LoggedIn, alice: User
) -> None:
    Membership.objects.create(user=alice, team=other_team, role=Role.MEMBER)
    client = logged_in(alice)
    for wanted in (other_team.pk, ""):
        client.post(page_of(lines["own"], "team/"), {"to": wanted, "seen": team.pk})
        client.post(page_of(lines["detached"], "team/"), {"to": wanted, "seen": team.pk})
    assert PhoneNumber.objects.filter(team=team, pk__in=[lines["own"].pk, lines["detached"].pk]).count() == 2


def test_who_gives_their_number_away_is_led_to_the_list(
    lines: dict[str, PhoneNumber], team: Team, other_team: Team, logged_in: LoggedIn, root: User, alice: User
) -> None:
    page = text(logged_in(root), page_of(lines["own"], "team/"), {"to": other_team.pk, "seen": team.pk})
    assert "It belongs to Records" in page
    assert logged_in(alice).get(page_of(lines["own"])).status_code == 404


def test_what_differs_is_shown_on_the_page_and_settled_there(
    sandbox: Server, number: PhoneNumber, records: FaxApplication, logged_in: LoggedIn, alice: User
) -> None:
    PhoneNumber.objects.filter(pk=number.pk).update(raw={"connection_id": number.connection_id})
    note_written(number, {"connection_id": records.telnyx_id}, alice)
    client = logged_in(alice)
    assert "differs at Telnyx" in text(client, LIST)
    page = text(client, page_of(number))
    assert "ours, written by Alice" in page and ">Records<" in page and ">Front desk<" in page
    seal = page.split('name="seal" value="')[1].split('"')[0]
    page = text(client, page_of(number, "drift/restore/"), {"seal": seal})
    assert "Telnyx has it as we wrote it" in page and "ours, written" not in page
    assert PhoneNumber.objects.get(pk=number.pk).connection_id == records.telnyx_id


def test_all_that_differs_is_in_one_list(
    lines: dict[str, PhoneNumber], logged_in: LoggedIn, alice: User, charlie: User
) -> None:
    for name in ("own", "theirs"):
        PhoneNumber.objects.filter(pk=lines[name].pk).update(raw={"connection_id": "x"})
        note_written(lines[name], {"connection_id": "11"}, None)
    client = logged_in(alice)
    assert "1 number</a>. Keep theirs" in text(client, LIST)
    page = text(client, "/applications/drift/")
    assert "+1 312 579 0011" in page and "+1 773 555 0101" not in page
    seal = page.split('name="seal" value="')[1].split('"')[0]
    page = text(client, page_of(lines["own"], "drift/keep/"), {"seal": seal, "back": "list"})
    assert "Application stays as Telnyx has it" in page and "Telnyx shows what we wrote" in page
    page = text(client, page_of(lines["own"], "drift/keep/"), {"seal": seal, "back": "//evil.example"})
    assert "Look at both again" in page and "evil" not in page
    assert "+1 773 555 0101" in text(logged_in(charlie), "/applications/drift/")


def test_where_telnyx_puts_it_is_not_told_of_another_team(
    settings: Settings,
    number: PhoneNumber,
    records: FaxApplication,
    other_team: Team,
    logged_in: LoggedIn,
    alice: User,
) -> None:
    """Telnyx took the change, and shows the number attached to what alice does not see."""
    secret = builders.application(other_team, application_name="Secret line")
    now = {"id": number.telnyx_id, "connection_id": number.connection_id}
    answers = (now, now | {"connection_id": secret.telnyx_id})
    with serving(*(Reply(document={"data": said}) for said in answers)) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        page = text(logged_in(alice), page_of(number, "attach/"), {"to": records.pk, "seen": number.connection_id})
    assert "yet shows +1 312 579 0015 attached to something else" in page and "Secret" not in page


def test_what_an_application_of_another_team_is_called_is_not_in_telnyxs_words(
    lines: dict[str, PhoneNumber], other_team: Team, logged_in: LoggedIn, alice: User, root: User
) -> None:
    theirs = FaxApplication.objects.filter(telnyx_id=lines["own"].connection_id)
    theirs.update(application_name="Secret line")
    PhoneNumber.objects.update(raw={"connection_name": "Secret line", "tags": ["mine"]})
    page = text(logged_in(alice), page_of(lines["own"]))
    assert "an application of another team" in page and "mine" in page and "Secret" not in page
    assert "Secret line" in text(logged_in(root), page_of(lines["own"]))
    assert "connection_name" in text(logged_in(alice), page_of(lines["inherited"]))
