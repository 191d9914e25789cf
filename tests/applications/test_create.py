"""Making an application: the wish is kept first, and one wish is one application, whatever becomes of the answer."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from pytest_django import Settings

from accounts.models import LogEntry, Team, User
from applications import steps
from applications.models import FaxApplication, PendingApplication
from applications.services import assign_application, choose_application, create_application, settle_application
from applications.services.creating import LONGEST_POST
from sync.services import sync_recent
from telnyx_api import Invalid, RateLimited, Refused, TelnyxError, Unauthorized
from telnyx_sandbox.server import Server
from tests.applications.telnyx import add_at_telnyx, calls, change_at_telnyx, named, remove_at_telnyx
from tests.contract.recorder import Recorder
from tests.telnyx_api.scripted import Reply, serving
from tests.threads import at_once

State = PendingApplication.State

HOOK = "https://fax.example/webhooks/telnyx"
WANTED: dict[str, Any] = {
    "application_name": "Pharmacy",
    "webhook_event_url": HOOK,
    "webhook_event_failover_url": "",
    "webhook_timeout_secs": None,
    "active": True,
    "anchorsite_override": "Chicago, IL",
    "inbound_channel_limit": 2,
    "inbound_sip_subdomain": "",
    "inbound_sip_subdomain_receive_settings": "from_anyone",
    "outbound_channel_limit": None,
    "outbound_voice_profile_id": "2290457000000000001",
    "tags": ["new"],
    "fax_email_recipient": "never@sent.example",
}


def create(by: User, team: Team | None, token: uuid.UUID | None = None, **values: Any) -> PendingApplication:
    return create_application(by=by, token=token or uuid.uuid4(), team=team, values=WANTED | values)


def later(pending: PendingApplication, **ago: float) -> PendingApplication:
    """The wish, as if its call had ended so long ago, and its next look were due."""
    ended = timezone.now() - timedelta(**ago or {"minutes": 10})
    PendingApplication.objects.filter(pk=pending.pk).update(ends_at=ended, due_at=ended, leased_until=None)
    return PendingApplication.objects.get(pk=pending.pk)


def settled(pending: PendingApplication, **ago: float) -> PendingApplication:
    return settle_application(pending=later(pending, **ago))


def lose(sandbox: Server, *, after: bool, **fault: Any) -> None:
    """The next POST is answered by nothing that could be understood; `after` Telnyx has made what it asks for."""
    sandbox.sandbox.faults.add(method="POST", path="/v2/fax_applications", after=after, **fault or {"action": "reset"})


def test_an_application_is_made_mirrored_given_and_logged(
    recorder: Recorder, sandbox: Server, team: Team, alice: User
) -> None:
    pending = create(alice, team)
    [there] = named(sandbox, "Pharmacy")
    row = FaxApplication.objects.get()
    assert (pending.state, pending.telnyx_id, row.telnyx_id, row.team) == (State.MADE, there["id"], there["id"], team)
    assert (row.anchorsite_override, row.inbound_channel_limit, row.tags) == ("Chicago, IL", 2, ["new"])
    assert row.written["webhook_event_url"]["value"] == HOOK and row.written["tags"]["by"] == "Alice"
    assert "fax_email_recipient" not in row.written and row.fax_email_recipient == ""
    [entry] = LogEntry.objects.filter(action="application.create")
    assert (entry.actor_name, entry.chain, entry.object_id) == ("Alice", str(team.pk), str(row.pk))
    [post] = [asked for asked in recorder.asked if asked.method == "POST"]
    assert post.document == {
        "application_name": "Pharmacy",
        "webhook_event_url": HOOK,
        "active": True,
        "anchorsite_override": "Chicago, IL",
        "inbound": {"channel_limit": 2, "sip_subdomain_receive_settings": "from_anyone"},
        "outbound": {"outbound_voice_profile_id": "2290457000000000001"},
        "tags": ["new"],
    }


def test_what_is_ours_comes_along(sandbox: Server, team: Team, alice: User) -> None:
    create_application(by=alice, token=uuid.uuid4(), team=team, values=WANTED, delete_once_archived=True)
    assert FaxApplication.objects.get().delete_once_archived


def test_the_same_form_twice_is_one_application(sandbox: Server, team: Team, alice: User) -> None:
    token = uuid.uuid4()
    assert create(alice, team, token) == create(alice, team, token, application_name="Another")
    assert (calls(sandbox, "POST"), FaxApplication.objects.count()) == (1, 1)


def test_the_form_of_somebody_else_is_not_taken(sandbox: Server, team: Team, alice: User, root: User) -> None:
    token = uuid.uuid4()
    create(alice, team, token)
    with pytest.raises(ValidationError, match="used already"):
        create(root, team, token)


@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_application(sandbox: Server, team: Team, alice: User) -> None:
    token = uuid.uuid4()
    sandbox.sandbox.faults.add(method="POST", path="/v2/fax_applications", action="delay", seconds=0.3)
    wishes = at_once(*[lambda: create(alice, team, token)] * 3)
    assert {wish.pk for wish in wishes} == {token}
    assert (calls(sandbox, "POST"), len(named(sandbox, "Pharmacy"))) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_who_want_the_same_at_once_do_not_both_ask(sandbox: Server, team: Team, alice: User, root: User) -> None:
    sandbox.sandbox.faults.add(method="POST", path="/v2/fax_applications", action="delay", seconds=0.5)

    def ask(by: User) -> str:
        try:
            return create(by, team).state
        except ValidationError as error:
            return " ".join(error.messages)

    said = sorted(at_once(lambda: ask(alice), lambda: ask(root)), reverse=True)
    assert said[0] == State.MADE and "not known yet" in said[1]
    assert calls(sandbox, "POST") == 1


def test_managers_make_them_for_their_teams_only(
    sandbox: Server, team: Team, other_team: Team, alice: User, bob: User, root: User
) -> None:
    for by, to in ((alice, other_team), (alice, None), (bob, team)):
        with pytest.raises(PermissionDenied):
            create(by, to)
    assert calls(sandbox, "POST") == 0
    create(root, None)
    assert FaxApplication.objects.get().team is None


@pytest.mark.parametrize("column", ["application_name", "webhook_event_url"])
def test_what_telnyx_asks_for_is_asked_for(sandbox: Server, team: Team, alice: User, column: str) -> None:
    with pytest.raises(ValidationError) as refused:
        create_application(by=alice, token=uuid.uuid4(), team=team, values=WANTED | {column: ""})
    assert list(refused.value.message_dict) == [column]


def test_a_refusal_makes_nothing_and_may_be_mended(sandbox: Server, team: Team, alice: User) -> None:
    with pytest.raises(Invalid) as refused:
        create(alice, team, webhook_timeout_secs=31, inbound_channel_limit=0)
    assert [item.pointer for item in refused.value.pointers] == ["/webhook_timeout_secs", "/inbound/channel_limit"]
    assert PendingApplication.objects.get().state == State.REFUSED
    assert create(alice, team).state == State.MADE


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (401, Unauthorized), (404, Refused)])
def test_every_clear_no_ends_the_wish(
    sandbox: Server, team: Team, alice: User, status: int, error: type[TelnyxError]
) -> None:
    lose(sandbox, after=False, action="status", status=status)
    with pytest.raises(error):
        create(alice, team)
    assert PendingApplication.objects.get().state == State.REFUSED
    assert steps.drain() == 0


def test_nothing_is_wished_where_telnyx_cannot_list(
    sandbox: Server, settings: Settings, team: Team, alice: User
) -> None:
    sandbox.sandbox.faults.add(method="GET", path="/v2/fax_applications", action="status", status=500, times=2)
    with pytest.raises(TelnyxError):
        create(alice, team)
    settings.TELNYX_API_KEY = ""
    with pytest.raises(ValueError, match="API key"):
        create(alice, team)
    assert (calls(sandbox, "POST"), PendingApplication.objects.count()) == (0, 0)


# What happens to the POST. Each with Telnyx having made the application, and without.
LOST: list[dict[str, Any]] = [
    {"action": "reset"},
    {"action": "hang", "seconds": 0.2},
    {"action": "status", "status": 500},
    {"action": "status", "status": 503},
    {"action": "status", "status": 408},
    {"action": "garbage"},
    {"action": "truncate"},
    {"action": "empty"},
    {"action": "redirect"},
]


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: f"{fault['action']} {fault.get('status', '')}")
@pytest.mark.parametrize("after", [True, False], ids=["made", "not made"])
def test_a_lost_answer_is_found_again_or_given_up_and_never_asked_twice(
    sandbox: Server, team: Team, alice: User, fault: dict[str, Any], after: bool
) -> None:
    lose(sandbox, after=after, **fault)
    pending = create(alice, team)
    assert (pending.state, pending.is_open, bool(pending.evidence["why"])) == (State.UNSETTLED, True, True)
    with pytest.raises(ValidationError, match="not known yet"):
        create(alice, team)
    pending = settled(pending)
    assert calls(sandbox, "POST") == 1
    if after:
        row = FaxApplication.objects.get()
        assert (pending.state, row.team, row.application_name) == (State.MADE, team, "Pharmacy")
        assert LogEntry.objects.get(action="application.create").data["settled"] == "found"
    else:
        assert pending.state == State.NOT_MADE
        assert create(alice, team).state == State.MADE
    assert len(named(sandbox, "Pharmacy")) == 1


def test_the_worker_looks_by_itself(sandbox: Server, team: Team, alice: User) -> None:
    lose(sandbox, after=True)
    pending = create(alice, team)
    assert steps.drain() == 1
    pending.refresh_from_db()
    assert (pending.state, steps.drain()) == (State.MADE, 0)


def test_absence_proves_nothing_too_soon(sandbox: Server, settings: Settings, team: Team, alice: User) -> None:
    settings.UNCERTAIN_SETTLE_SECONDS = 120
    lose(sandbox, after=False)
    pending = settled(create(alice, team), seconds=119)
    assert (pending.state, pending.tries, pending.due_at is not None) == (State.UNSETTLED, 1, True)
    assert settled(pending, seconds=121).state == State.NOT_MADE


def test_a_call_that_may_be_under_way_is_not_looked_for(sandbox: Server, team: Team, alice: User) -> None:
    pending = create(alice, team)
    ends_at = timezone.now() + LONGEST_POST
    PendingApplication.objects.update(state=State.ASKING, telnyx_id="", ends_at=ends_at, due_at=timezone.now())
    assert steps.drain() == 0
    assert settle_application(pending=pending).state == State.ASKING


@pytest.mark.parametrize("fault", [{"action": "status", "status": 500}, {"action": "garbage"}, {"action": "half"}])
def test_a_listing_that_fails_proves_nothing(sandbox: Server, team: Team, alice: User, fault: dict[str, Any]) -> None:
    lose(sandbox, after=False)
    pending = create(alice, team)
    sandbox.sandbox.faults.add(method="GET", path="/v2/fax_applications", times=2, **fault)
    pending = settled(pending)
    assert pending.state == State.UNSETTLED and pending.evidence["trouble"]
    sandbox.sandbox.faults.clear()
    assert settled(pending).state == State.NOT_MADE


def test_one_that_turns_up_late_is_taken_instead_of_making_a_second(sandbox: Server, team: Team, alice: User) -> None:
    lose(sandbox, after=True)
    pending = create(alice, team)
    [there] = named(sandbox, "Pharmacy")
    remove_at_telnyx(sandbox, there["id"])
    assert settled(pending).state == State.NOT_MADE
    add_at_telnyx(sandbox, there["id"], **there)
    assert create(alice, team) == pending
    row = FaxApplication.objects.get()
    assert (row.telnyx_id, row.team, calls(sandbox, "POST")) == (there["id"], team, 1)


@pytest.mark.parametrize("why", ["long ago", "somebody has it"])
def test_one_of_the_same_name_that_is_surely_not_it_hinders_nobody(
    sandbox: Server, team: Team, other_team: Team, alice: User, why: str
) -> None:
    lose(sandbox, after=False)
    pending = settled(create(alice, team))
    add_at_telnyx(sandbox, "77", application_name="Pharmacy", webhook_event_url=HOOK)
    if why == "long ago":
        PendingApplication.objects.update(started_at=timezone.now() - timedelta(days=2))
    else:
        assert not sync_recent().error
        assign_application(by=None, application=FaxApplication.objects.get(telnyx_id="77"), team=other_team)
    made = create(alice, team)
    assert (made != pending, made.state, made.telnyx_id != "77") == (True, State.MADE, True)


def test_an_older_one_of_the_same_name_is_not_taken_for_it(sandbox: Server, team: Team, alice: User) -> None:
    add_at_telnyx(sandbox, "77", application_name="Pharmacy", webhook_event_url=HOOK)
    lose(sandbox, after=False)
    assert settled(create(alice, team)).state == State.NOT_MADE
    assert not FaxApplication.objects.filter(team=team).exists()


def test_one_that_another_wish_became_is_not_taken_for_it(sandbox: Server, team: Team, alice: User) -> None:
    lose(sandbox, after=False)
    pending = create(alice, team)
    known = list(pending.known)
    PendingApplication.objects.filter(pk=pending.pk).update(state=State.NOT_MADE)
    assert create(alice, team).state == State.MADE
    PendingApplication.objects.filter(pk=pending.pk).update(state=State.UNSETTLED, known=known)
    assert settled(pending).state == State.NOT_MADE


def test_a_sync_that_mirrors_it_first_changes_nothing(
    sandbox: Server, team: Team, other_team: Team, alice: User
) -> None:
    lose(sandbox, after=True)
    pending = create(alice, team)
    assert not sync_recent().error
    row = FaxApplication.objects.get(application_name="Pharmacy")
    assert row.team is None
    assert settled(pending).state == State.MADE
    row.refresh_from_db()
    assert row.team == team


def test_one_that_somebody_gave_to_a_team_meanwhile_stays_there(
    sandbox: Server, team: Team, other_team: Team, alice: User
) -> None:
    lose(sandbox, after=True)
    pending = create(alice, team)
    assert not sync_recent().error
    row = FaxApplication.objects.get(application_name="Pharmacy")
    assign_application(by=None, application=row, team=other_team)
    PendingApplication.objects.update(fields=pending.fields | {"delete_once_archived": True})
    assert settled(pending).state == State.MADE
    row.refresh_from_db()
    assert (row.team, row.delete_once_archived, row.written) == (other_team, False, {})
    assert LogEntry.objects.get(action="application.create").chain == str(team.pk)


@pytest.fixture
def two(sandbox: Server, team: Team, alice: User) -> PendingApplication:
    """A wish of which nobody can tell which of two new applications it became."""
    lose(sandbox, after=True)
    pending = create(alice, team)
    add_at_telnyx(sandbox, "78", application_name="Pharmacy", webhook_event_url=HOOK)
    return settled(pending)


def test_between_several_a_person_chooses(sandbox: Server, two: PendingApplication, alice: User, bob: User) -> None:
    assert two.state == State.UNSETTLED
    assert {candidate["id"] for candidate in two.evidence["candidates"]} > {"78"}
    with pytest.raises(PermissionDenied):
        choose_application(by=bob, pending=two, telnyx_id="78")
    with pytest.raises(ValidationError, match="none of those"):
        choose_application(by=alice, pending=two, telnyx_id="79")
    assert choose_application(by=alice, pending=two, telnyx_id="78").telnyx_id == "78"
    assert LogEntry.objects.get(action="application.create").data["settled"] == "chosen"
    with pytest.raises(ValidationError, match="none of those"):
        choose_application(by=alice, pending=PendingApplication.objects.get(), telnyx_id="78")


def test_a_person_says_that_it_is_none_of_them(
    sandbox: Server, two: PendingApplication, team: Team, alice: User
) -> None:
    PendingApplication.objects.update(evidence=two.evidence | {"late": False})
    with pytest.raises(ValidationError, match="later"):
        choose_application(by=alice, pending=two, telnyx_id=None)
    PendingApplication.objects.update(evidence=two.evidence)
    assert choose_application(by=alice, pending=two, telnyx_id=None).state == State.NOT_MADE
    assert not FaxApplication.objects.exists()


def test_what_a_person_said_it_is_not_is_not_taken_for_it_later(
    sandbox: Server, two: PendingApplication, team: Team, alice: User
) -> None:
    rejected = {candidate["id"] for candidate in two.evidence["candidates"]}
    choose_application(by=alice, pending=two, telnyx_id=None)
    remove_at_telnyx(sandbox, "78")
    again = create(alice, team)
    assert (again.state, again == two, again.telnyx_id in rejected, calls(sandbox, "POST")) == (
        State.MADE,
        False,
        False,
        2,
    )


def test_a_chosen_one_that_is_gone_by_then_is_not_taken(sandbox: Server, two: PendingApplication, alice: User) -> None:
    remove_at_telnyx(sandbox, "78")
    with pytest.raises(ValidationError, match="no more"):
        choose_application(by=alice, pending=two, telnyx_id="78")


def test_what_another_team_has_by_now_cannot_be_chosen(
    sandbox: Server, two: PendingApplication, other_team: Team, alice: User
) -> None:
    assert not sync_recent().error
    taken = FaxApplication.objects.get(telnyx_id="78")
    assign_application(by=None, application=taken, team=other_team)
    with pytest.raises(ValidationError, match="none of those"):
        choose_application(by=alice, pending=two, telnyx_id="78")
    taken.refresh_from_db()
    assert (taken.team, taken.written) == (other_team, {})


@pytest.mark.parametrize("telnyx_id", ["x" * 300, "\x00"])
def test_an_id_that_no_column_holds_breaks_no_look(
    sandbox: Server, settings: Settings, team: Team, alice: User, telnyx_id: str
) -> None:
    """Else it stopped the worker's looks for all others, too."""
    lose(sandbox, after=False)
    pending = create(alice, team)
    listed = {"id": telnyx_id, "application_name": "Pharmacy", "webhook_event_url": HOOK}
    with serving(Reply(document={"data": [listed], "meta": {"total_results": 1, "total_pages": 1}})) as telnyx:
        settings.TELNYX_API_BASE = telnyx.url
        pending = settled(pending)
    assert (pending.state, pending.evidence["candidates"]) == (State.UNSETTLED, [])


def test_words_that_no_database_takes_break_no_look(sandbox: Server, team: Team, alice: User) -> None:
    lose(sandbox, after=False)
    pending = create(alice, team)
    add_at_telnyx(sandbox, "81", application_name="Phar\x00macy", webhook_event_url=None)
    add_at_telnyx(sandbox, "82", application_name=None, webhook_event_url=HOOK, created_at="\x00")
    pending = settled(pending)
    assert [each["id"] for each in pending.evidence["candidates"]] == ["82"]


@pytest.mark.parametrize(
    "left_out",
    [
        {"application_name": None},
        {"webhook_event_url": None},
        {"created_at": "2020-01-01T00:00:00Z"},
        {"webhook_event_url": f"{HOOK}?account=1"},
    ],
)
def test_what_may_be_it_without_saying_so_is_left_to_a_person(
    sandbox: Server, team: Team, alice: User, left_out: dict[str, Any]
) -> None:
    lose(sandbox, after=True)
    pending = create(alice, team)
    [there] = named(sandbox, "Pharmacy")
    change_at_telnyx(sandbox, there["id"], **left_out)
    pending = settled(pending)
    assert (pending.state, [each["id"] for each in pending.evidence["candidates"]]) == (State.UNSETTLED, [there["id"]])


def test_a_candidate_of_another_team_is_shown_to_nobody_else(
    sandbox: Server, team: Team, other_team: Team, alice: User
) -> None:
    lose(sandbox, after=False)
    pending = create(alice, team)
    add_at_telnyx(sandbox, "80", application_name=None, webhook_event_url=HOOK)
    assert [each["id"] for each in settled(pending).evidence["candidates"]] == ["80"]
    assert not sync_recent().error
    assign_application(by=None, application=FaxApplication.objects.get(telnyx_id="80"), team=other_team)
    assert settled(pending).state == State.NOT_MADE


@pytest.mark.parametrize("kept", ["https://fax.example.com/hook", "https://fax.example.com:443/hook"])
def test_telnyx_may_spell_an_address_in_its_own_way(sandbox: Server, team: Team, alice: User, kept: str) -> None:
    """Else it was taken for never made, and made a second time."""
    lose(sandbox, after=True)
    pending = create(alice, team, webhook_event_url="https://Fax.Example.com/hook")
    [there] = named(sandbox, "Pharmacy")
    change_at_telnyx(sandbox, there["id"], webhook_event_url=kept)
    assert settled(pending).state == State.MADE


def test_the_same_in_another_spelling_is_in_doubt_as_well(sandbox: Server, team: Team, alice: User) -> None:
    lose(sandbox, after=False)
    pending = create(alice, team, webhook_event_url="https://fax.example.com/hook")
    with pytest.raises(ValidationError, match="not known yet"):
        create(alice, team, webhook_event_url="https://FAX.example.com:443/hook")
    assert calls(sandbox, "POST") == 1
    assert settled(pending).state == State.NOT_MADE
    # Once it is taken for not made, one that turns up late is still it.
    add_at_telnyx(sandbox, "99", application_name="Pharmacy", webhook_event_url="https://fax.example.com/hook")
    change_at_telnyx(sandbox, "99", created_at=timezone.now().isoformat())
    assert create(alice, team, webhook_event_url="https://Fax.example.com/hook").telnyx_id == "99"
    assert calls(sandbox, "POST") == 1


def test_two_of_one_name_are_told_apart_by_their_addresses(sandbox: Server, team: Team, alice: User) -> None:
    urls = [HOOK, f"{HOOK}/two"]
    wishes = []
    for url in urls:
        lose(sandbox, after=True)
        wishes.append(create(alice, team, webhook_event_url=url))
        # Neither is known to the other: both were under way at once.
        PendingApplication.objects.update(known=[])
    there = {each["webhook_event_url"]: each["id"] for each in named(sandbox, "Pharmacy")}
    assert [settled(wish).telnyx_id for wish in wishes] == [there[url] for url in urls]


def test_telnyx_may_change_the_spaces_and_capitals_of_a_name(sandbox: Server, team: Team, alice: User) -> None:
    lose(sandbox, after=True)
    pending = create(alice, team, application_name="Night  pharmacy")
    [there] = named(sandbox, "Night  pharmacy")
    change_at_telnyx(sandbox, there["id"], application_name="NIGHT pharmacy ", created_at=None)
    assert settled(pending).state == State.MADE
