"""The pages of the sync: how it stands, what runs, what was missing on either side, and which sends were uncertain."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import LogEntry, Team, User
from faxes.models import Attempt, Fax
from faxes.states import Media, Outbox
from sync.models import Gap, SyncRun
from sync.services import request_run, sync_recent
from telnyx_sandbox.server import Server
from tests import builders

PAGE = "/sync/"
MISCHIEF = "<script>alert(1)</script>"


@pytest.fixture
def office(root: User, logged_in: Callable[[User], Client]) -> Client:
    return logged_in(root)


def ago(**span: float) -> Any:
    return timezone.now() - timedelta(**span)


def ended(**columns: Any) -> SyncRun:
    columns = {"started_at": ago(minutes=2), "finished_at": ago(minutes=1), "window_start": ago(days=2)} | columns
    return SyncRun.objects.create(**columns)


def gap(run: SyncRun, fax: Fax | None = None, **columns: Any) -> Gap:
    telnyx_id = fax.telnyx_id if fax else str(uuid.uuid4())
    columns = {"side": "here", "what": "fax", "telnyx_id": telnyx_id, "outcome": "created"} | columns
    return Gap.objects.create(run=run, fax=fax, **columns)


def words_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page[page.index("<main") :])).split())


def text_of(client: Client, address: str = PAGE, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return words_of(response.text)


def part_of(page: str, part: str) -> str:
    """The address that the poll of a part of the page asks."""
    found = re.search(rf'id="{part}".*?hx-get="([^"]*)"', page, re.DOTALL)
    assert found
    address = html.unescape(found[1])
    return address if address.startswith("/") else PAGE + address


def poll(client: Client, address: str) -> Any:
    return client.get(address, headers={"HX-Request": "true"})


# How it stands


def test_before_the_first_run_it_says_what_a_sync_is(office: Client) -> None:
    text = text_of(office)
    assert "Nothing has been compared yet" in text and "every five minutes" in text
    assert "Nothing was missing here so far." in text and "Telnyx has not lost anything so far." in text


def test_after_a_complete_run_without_gaps_we_agree(office: Client, sandbox: Server) -> None:
    assert not sync_recent().error
    text = text_of(office)
    assert "We and Telnyx agree" in text and "Last compared" in text and "complete" in text


def test_a_run_over_everything_says_so(office: Client) -> None:
    ended(kind="full", window_start=None)
    assert "everything there is" in text_of(office)


def test_an_incomplete_run_says_why_and_what_comes_next(office: Client) -> None:
    ended(started_at=ago(hours=1), finished_at=ago(hours=1))
    run = ended(error=f"Numbers: Telnyx failed.\nFaxes: {MISCHIEF}")
    page = office.get(PAGE).text
    assert "The last run is incomplete" in page and "Faxes: &lt;script&gt;" in page and MISCHIEF not in page
    assert "within five minutes" in page and "Last compared" in page
    # Each part in a line of its own, in the list of runs, too.
    assert page.count("Telnyx failed.<br>Faxes:") == 2
    assert "The run after it looks for the rest." in text_of(office, f"{PAGE}runs/{run.pk}/")


def test_a_complete_run_says_how_much_it_saw_and_how_fast(office: Client) -> None:
    now = timezone.now()
    run = ended(started_at=now, finished_at=now, counts={"faxes": 1204, "gaps": 1})
    assert "Complete 1,204 faxes compared in less than a second." in text_of(office, f"{PAGE}runs/{run.pk}/")


def test_a_trouble_that_is_over_is_not_told_any_more(office: Client) -> None:
    ended(started_at=ago(hours=1), error="Telnyx was away.")
    ended()
    assert "We and Telnyx agree" in text_of(office)


def test_open_gaps_are_counted_there_and_in_the_rail(office: Client, team: Team) -> None:
    run = ended()
    for number in range(3):
        gap(run, builders.inbound(team), settled_at=timezone.now() if number else None)
    page = office.get(PAGE).text
    assert (
        "1 gap is open Something of these faxes is still missing" in words_of(page) and 'href="?show=open">See' in page
    )
    assert re.search(r'class="count">\s*1\s*<', page)
    gap(run)
    assert "2 gaps are open" in text_of(office)


# What runs


@pytest.mark.parametrize(
    ("minutes_ago", "said"),
    [
        ({"due_at": 1}, "It waits for the worker to take it up."),
        ({"due_at": 9, "leased_until": 5}, "It waits for the worker to take it up."),
        ({"due_at": -5}, "Telnyx asked to slow down."),
    ],
)
def test_a_run_that_nobody_works_says_why(office: Client, minutes_ago: dict[str, int], said: str) -> None:
    SyncRun.objects.create(kind="full", **{column: ago(minutes=count) for column, count in minutes_ago.items()})
    assert said in text_of(office)


def test_a_run_in_hand_shows_how_far_it_is_and_the_page_follows(office: Client, root: User) -> None:
    run = SyncRun.objects.create(
        kind="full",
        by=root,
        leased_until=ago(minutes=-2),
        cursor={"done": ["applications", "numbers"], "expected": 100_000},
        counts={"faxes": 41_250},
    )
    page = office.get(PAGE).text
    assert "under way" in page and "asked for by root" in words_of(page)
    assert "Done with applications and numbers. 41,250 of about 100,000 faxes compared." in words_of(page)
    assert 'value="41"' in page and 'hx-trigger="every 2s"' in page
    address = part_of(page, "sync-now")
    assert poll(office, address).status_code == 204
    SyncRun.objects.filter(pk=run.pk).update(counts={"faxes": 50_000})
    answer = poll(office, address)
    assert answer.status_code == 200 and 'value="50"' in answer.text and "<html" not in answer.text
    SyncRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    assert "We and Telnyx agree" in poll(office, address).text


def test_a_run_that_waits_is_not_said_to_have_begun(office: Client, root: User) -> None:
    run = SyncRun.objects.create(kind="full", by=root)
    text = text_of(office)
    assert (
        "Everything : waiting It waits for the worker" in text and "begun" not in text and ", asked for by root" in text
    )
    SyncRun.objects.filter(pk=run.pk).update(leased_until=ago(minutes=-1), cursor={"tries": 1})
    assert "It has just begun." in text_of(office)
    SyncRun.objects.filter(pk=run.pk).update(counts={"faxes": 1})
    assert " 1 fax compared so far." in text_of(office)


@pytest.mark.parametrize("cursor", [{}, {"expected": "many"}, {"done": ["dreams"]}, {"expected": 0}, {"expected": 5}])
@pytest.mark.parametrize("counts", [{}, {"faxes": "some"}, {"faxes": 9}, {"faxes": None}])
def test_no_progress_breaks_the_page(office: Client, cursor: Any, counts: Any) -> None:
    SyncRun.objects.create(cursor=cursor, counts=counts, leased_until=ago(minutes=-1))
    assert "under way" in text_of(office)


def test_what_is_found_appears_without_a_reload(office: Client, team: Team) -> None:
    run = ended()
    address = part_of(office.get(PAGE).text, "sync-found")
    assert poll(office, address).status_code == 204
    gap(run, builders.inbound(team))
    answer = poll(office, address)
    assert answer.status_code == 200 and "It was added here." in answer.text and "<html" not in answer.text


# Asking for one


@pytest.mark.parametrize(("kind", "said"), [("recent", "last days"), ("full", "from the first fax on")])
def test_a_run_is_asked_for_once(office: Client, kind: str, said: str, wakes: list[Any]) -> None:
    response = office.post(f"{PAGE}start/", {"kind": kind})
    assert response["Location"] == PAGE and said in text_of(office)
    assert SyncRun.objects.get().kind == kind and LogEntry.objects.filter(action="sync.request").count() == 1
    office.post(f"{PAGE}start/", {"kind": kind})
    assert "is under way already" in text_of(office) and SyncRun.objects.count() == 1


def test_the_other_kind_may_run_beside_it(office: Client, wakes: list[Any]) -> None:
    request_run(by=None, kind=SyncRun.Kind.RECENT)
    office.post(f"{PAGE}start/", {"kind": "full"})
    assert SyncRun.objects.count() == 2


@pytest.mark.parametrize("kind", ["", "quantum", "\x00"])
def test_there_is_no_other_kind(office: Client, kind: str) -> None:
    assert office.post(f"{PAGE}start/", {"kind": kind}).status_code == 404
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("name", ["alice", "bob", "vera"])
def test_only_administrators_see_it_and_start_it(logged_in: Any, alice: User, bob: User, vera: User, name: str) -> None:
    client, run = logged_in({"alice": alice, "bob": bob, "vera": vera}[name]), ended()
    for address in (PAGE, f"{PAGE}runs/", f"{PAGE}runs/{run.pk}/"):
        assert client.get(address).status_code == 403
    for kind in ("recent", "quantum"):
        assert client.post(f"{PAGE}start/", {"kind": kind}).status_code == 403
    assert SyncRun.objects.count() == 1 and PAGE not in client.get("/faxes/sent/").text


def test_anonymous_people_are_led_to_the_log_in(client: Client, db: None) -> None:
    for response in (client.get(PAGE), client.post(f"{PAGE}start/", {"kind": "full"})):
        assert response["Location"] == f"/accounts/login/?next={PAGE}"


def test_a_get_starts_nothing(office: Client) -> None:
    assert office.get(f"{PAGE}start/").status_code == 405


# Gaps


def test_both_sides_tell_what_was_missing_what_was_done_and_how_the_fax_is_now(office: Client, team: Team) -> None:
    run = ended()
    waiting = builders.inbound(team, status="received", media=Media.WAITING)
    gone = builders.inbound(team, status="sending", gone_at=timezone.now(), from_number="+14155550100")
    gap(run, waiting)
    gap(run, gone, side="there", outcome="kept", settled_at=timezone.now())
    page = office.get(PAGE).text
    here, there = page.index("Telnyx has it, we did not"), page.index("We have it, Telnyx does not")
    assert here < page.index(f"/faxes/{waiting.pk}/") < there < page.index(f"/faxes/{gone.pk}/")
    text = words_of(page)
    for said in ("from +1 773 555 0188", "Fax. It was added here.", "fetching pages", "gone at Telnyx"):
        assert said in text
    assert "It is kept here, and marked as gone at Telnyx." in text
    Fax.objects.filter(pk=waiting.pk).update(media=Media.ARCHIVED)
    assert "fetching pages" not in text_of(office)


def test_a_state_that_was_missed_tells_both(office: Client, team: Team) -> None:
    fax = builders.accepted(team, status="delivered")
    gap(ended(), fax, what="status", outcome="updated", data={"before": "sending", "after": "delivered"})
    assert "It was sending here, and delivered at Telnyx. It was brought up to date here." in text_of(office)


def test_numbers_and_applications_have_their_lines(office: Client) -> None:
    run = ended()
    gap(run, what="number", data={"name": "+13125790099"})
    gap(run, what="application", side="there", outcome="kept", data={"name": "Front desk"})
    text = text_of(office)
    assert "+1 312 579 0099 Number. It was added here." in text and "Front desk Application. It is kept" in text


def test_words_that_nobody_knows_are_shown(office: Client) -> None:
    run = ended(kind="quantum", counts={"parallel_universes": 2, "mood": "calm", "faxes": "lots", "numbers": True})
    odd = gap(run, what="aura", outcome="polished", data=["odd"])
    gap(run, what=MISCHIEF, outcome=MISCHIEF, data={"name": MISCHIEF, "before": [1], "after": {"x": 1}})
    gap(run, what="status", data={"before": "dreaming", "after": "levitating"}, outcome="")
    page = office.get(PAGE).text
    assert MISCHIEF not in page
    text = words_of(page)
    assert f"{odd.telnyx_id} aura. polished" in text
    assert "It was “dreaming” here, and “levitating” at Telnyx. Nothing was done about it yet." in text
    for said in ("quantum", "parallel universes: 2", "mood: calm", "faxes: lots"):
        assert said in text
        assert said in text_of(office, f"{PAGE}runs/{run.pk}/")


def test_gaps_are_narrowed_to_open_and_settled_ones(office: Client, team: Team) -> None:
    run = ended()
    still_open, settled = builders.inbound(team), builders.inbound(team)
    gap(run, still_open)
    gap(run, settled, settled_at=timezone.now())
    shown = {show: office.get(PAGE, {"show": show}).text for show in ("", "open", "settled", "sideways")}
    seen = {show: [str(fax.pk) in page for fax in (still_open, settled)] for show, page in shown.items()}
    assert seen == {"": [True, True], "open": [True, False], "settled": [False, True], "sideways": [True, True]}
    assert "Nothing is open here." in words_of(shown["open"])


@pytest.mark.parametrize("side", Gap.Side.values)
def test_a_side_is_paged_by_itself(office: Client, side: str) -> None:
    run, at = ended(), ago(hours=1)
    made = [gap(run, side=side, found_at=at - timedelta(seconds=number // 5)) for number in range(45)]
    wanted = [one.telnyx_id for one in sorted(made, key=lambda one: (one.found_at, one.pk), reverse=True)]
    other = gap(run, side=next(one for one in Gap.Side.values if one != side))
    seen, address = [], PAGE
    while address:
        page = office.get(address).text
        assert other.telnyx_id in page
        seen += [one for one in re.findall(r'class="gap-name">([0-9a-f-]{36})<', page) if one != other.telnyx_id]
        older = re.search(r'href="(\?[^"]*)">Older', page)
        address = PAGE + html.unescape(older[1]) if older else ""
    assert seen == wanted


@pytest.mark.parametrize("name", ["here", "there", "doubts"])
def test_a_place_that_is_none_is_not_found(office: Client, name: str) -> None:
    assert office.get(PAGE, {name: "x"}).status_code == 404


def test_a_fax_that_was_deleted_for_good_leaves_its_line(office: Client, team: Team) -> None:
    fax = builders.inbound(team)
    gap(ended(), fax, settled_at=timezone.now())
    fax.delete()
    assert "settled" in text_of(office)


# Uncertain sends


def test_without_doubts_it_says_so(office: Client) -> None:
    assert "In 14 days, Telnyx has answered every send with a clear yes or no." in text_of(office)


def test_an_open_doubt_tells_what_is_awaited_and_when_it_is_looked_at(office: Client, team: Team) -> None:
    fax = builders.uncertain(team, due_at=ago(minutes=-3))
    page = office.get(PAGE).text
    assert f'href="/faxes/{fax.pk}/"' in page
    text = words_of(page)
    assert "No clear answer. no answer" in text and "2 complete lists without it, none so far" in text
    assert "next look" in text


def test_where_a_person_decides_the_link_leads_there(office: Client, team: Team) -> None:
    fax = builders.uncertain(team)
    evidence = fax.attempts.get().evidence | {"candidates": {"carrier-1": {"from": builders.OURS}}}
    fax.attempts.update(evidence=evidence)
    page = office.get(PAGE).text
    assert f'href="/faxes/{fax.pk}/#decide"' in page and "Awaited: somebody says which" in page
    assert 'id="decide"' in office.get(f"/faxes/{fax.pk}/").text


@pytest.mark.parametrize(
    ("state", "evidence", "word", "said"),
    [
        ("accepted", {"by": "webhook"}, "was sent", "A webhook carried its mark."),
        ("not_sent", {"listings": [{"faxes": 0}, {"faxes": 1}]}, "was never sent", "2 complete lists"),
        ("rejected", {"detail": "Bob made sure."}, "was never sent", "Bob made sure."),
        ("accepted", {"by": "telepathy"}, "was sent", "It was found at Telnyx."),
    ],
)
def test_a_settled_doubt_tells_which_evidence_settled_it(
    office: Client, team: Team, state: str, evidence: Any, word: str, said: str
) -> None:
    fax = builders.outbound(team, outbox=Outbox.ACCEPTED)
    builders.attempt(fax, state, doubted_at=ago(hours=1), settled_at=ago(minutes=50), evidence=evidence)
    text = text_of(office)
    assert word in text and said in text


def test_old_doubts_are_over_and_open_ones_never(office: Client, team: Team) -> None:
    old = builders.outbound(team, outbox=Outbox.ACCEPTED, to_number="+14155550100")
    builders.attempt(old, "accepted", doubted_at=ago(days=15), settled_at=ago(days=15), evidence={"by": "sync"})
    still_open = builders.uncertain(team)
    Attempt.objects.filter(fax=still_open).update(doubted_at=ago(days=90))
    page = office.get(PAGE).text
    assert str(still_open.pk) in page and str(old.pk) not in page


# Runs


def test_runs_tell_kind_duration_and_counts_in_words(office: Client) -> None:
    counts = {"faxes": 1204, "faxes_new": 1, "faxes_gone": 0, "applications": 1, "numbers": 4, "slices": 9}
    ended(kind="full", started_at=ago(minutes=5), finished_at=ago(minutes=3), counts=counts)
    text = text_of(office)
    assert "Everything 1,204 faxes compared, 1 new here, 1 application, 4 numbers · 2 min 0 s complete" in text


def test_all_runs_are_paged(office: Client) -> None:
    made = [ended(started_at=ago(minutes=number)) for number in range(70)]
    first = office.get(f"{PAGE}runs/").text
    second = office.get(f"{PAGE}runs/" + html.unescape(re.findall(r'href="(\?before=[^"]*)"', first)[0])).text
    seen = re.findall(r'id="run-([0-9a-f-]+)"', first + second)
    assert seen == [str(run.pk) for run in made]
    assert office.get(f"{PAGE}runs/", {"before": "x"}).status_code == 404


def test_a_run_has_a_page_with_its_gaps(office: Client, team: Team, root: User) -> None:
    run, other = ended(by=root, error="Faxes: Telnyx was away."), ended()
    mine, theirs = gap(run, builders.inbound(team)), gap(other, builders.inbound(team))
    page = office.get(f"{PAGE}runs/{run.pk}/").text
    assert str(mine.fax_id) in page and str(theirs.fax_id) not in page
    text = words_of(page)
    assert "Incomplete" in text and "Faxes: Telnyx was away." in text and "by root" in text
    assert office.get(f"{PAGE}runs/{uuid.uuid4()}/").status_code == 404


def test_the_page_of_a_first_fill_says_why_there_are_no_gaps(office: Client) -> None:
    assert "told in numbers alone" in text_of(office, f"{PAGE}runs/{ended(is_baseline=True).pk}/")


def test_the_page_of_a_run_follows_until_its_end(office: Client) -> None:
    run = SyncRun.objects.create(kind="full", leased_until=ago(minutes=-2), counts={"faxes": 5})
    address = f"{PAGE}runs/{run.pk}/"
    page = office.get(address).text
    asked = html.unescape(re.findall(r'hx-get="(/sync/[^"]*)"', page)[0])
    assert poll(office, asked).status_code == 204
    SyncRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    answer = poll(office, asked)
    assert answer.status_code == 200 and "Complete" in answer.text and "hx-get" not in answer.text


# What it costs


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}?show=open", f"{PAGE}runs/"])
def test_many_gaps_doubts_and_runs_cost_as_many_questions_as_few(office: Client, team: Team, address: str) -> None:
    fill(team, 2)
    few = questions(office, address)
    fill(team, 30)
    assert questions(office, address) == few <= 30


def fill(team: Team, count: int) -> None:
    for number in range(count):
        run = ended()
        for side in Gap.Side.values:
            gap(run, builders.inbound(team), side=side, settled_at=timezone.now() if number % 2 else None)
        sent = builders.outbound(team, outbox=Outbox.ACCEPTED)
        builders.attempt(sent, "accepted", doubted_at=ago(hours=1), evidence={"by": "sync"})


def questions(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)
