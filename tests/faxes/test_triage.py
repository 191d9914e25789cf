"""What a team does with its faxes: each key, who may press it, and what is told of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import LogEntry, Membership, Role, Team, User
from faxes import reading, triage
from faxes.models import Fax, Note, Tag
from faxes.states import Media, Outbox
from faxes.story import line_of
from tests import builders

pytestmark = pytest.mark.django_db

# Every action on several faxes: how to ask for it, and what it is called in the timeline and in the log.
Action = Callable[..., Any]
ACTIONS: dict[str, tuple[Action, str, str]] = {
    "assign": (lambda by, faxes: triage.assign(by=by, faxes=faxes, to=by), "assigned", "Taken by Bob"),
    "handle": (lambda by, faxes: triage.handle(by=by, faxes=faxes), "handled", "Marked handled by Bob"),
    "reopen": (lambda by, faxes: triage.reopen(by=by, faxes=faxes), "reopened", "Marked open again by Bob"),
    "tag": (lambda by, faxes: triage.tag(by=by, faxes=faxes, name="urgent"), "tagged", "Tagged “urgent” by Bob"),
    "untag": (
        lambda by, faxes: triage.untag(by=by, faxes=faxes, name="lab"),
        "untagged",
        "Tag “lab” taken off by Bob",
    ),
    "trash": (lambda by, faxes: triage.trash(by=by, faxes=faxes), "trashed", "Put into the bin by Bob"),
    "restore": (lambda by, faxes: triage.restore(by=by, faxes=faxes), "restored", "Taken out of the bin by Bob"),
    "hold": (lambda by, faxes: triage.hold(by=by, faxes=faxes), "held", "Legal hold set by Bob"),
    "release": (lambda by, faxes: triage.release(by=by, faxes=faxes), "released", "Legal hold released by Bob"),
}
BEFORE: dict[str, Callable[[], dict[str, Any]]] = {
    "reopen": lambda: {"handled_at": timezone.now()},
    "restore": lambda: {"trashed_at": timezone.now()},
    "release": lambda: {"legal_hold": True},
}


def ready_for(action: str, team: Team | None, number: int = 1) -> list[Fax]:
    """Faxes on which the action changes something."""
    faxes = [builders.inbound(team, **BEFORE.get(action, dict)()) for _ in range(number)]
    if action == "untag" and team:
        lab, _ = Tag.objects.get_or_create(team=team, name="lab")
        for fax in faxes:
            fax.tags.add(lab)
    return faxes


def kinds(fax: Fax) -> list[str]:
    return list(fax.events.values_list("kind", flat=True))


def logged(fax: Fax) -> list[str]:
    return list(LogEntry.objects.filter(object_id=str(fax.pk)).order_by("sequence").values_list("action", flat=True))


def state(fax: Fax) -> dict[str, Any]:
    row = Fax.objects.filter(pk=fax.pk).values().get()
    return row | {"tags": sorted(fax.tags.values_list("name", flat=True))}


@pytest.mark.parametrize("name", ACTIONS)
def test_it_is_done_and_told_once_however_often_it_is_asked_for(name: str, team: Team, bob: User) -> None:
    Membership.objects.filter(user=bob).update(role=Role.MANAGER)
    act, kind, words = ACTIONS[name]
    first, second = faxes = ready_for(name, team, 2)
    before = state(first)
    assert {fax.pk for fax in act(bob, faxes)} == {first.pk, second.pk}
    after = state(first)
    assert after != before
    assert act(bob, faxes) == []
    assert state(first) == after
    assert kinds(first) == kinds(second) == [kind]
    assert logged(first) == logged(second) == [f"fax.{name}"]
    event = first.events.get()
    assert (line_of(event).text, event.by, event.source) == (words, bob, "person")


@pytest.mark.parametrize("name", ACTIONS)
def test_strangers_and_viewers_may_do_none_of_it(name: str, team: Team, charlie: User, vera: User) -> None:
    faxes = ready_for(name, team)
    before = state(faxes[0])
    for by in (charlie, vera):
        with pytest.raises(PermissionDenied):
            ACTIONS[name][0](by, faxes)
    assert state(faxes[0]) == before
    assert kinds(faxes[0]) == logged(faxes[0]) == []


@pytest.mark.parametrize("name", ACTIONS)
def test_one_fax_of_another_team_spoils_the_whole(name: str, team: Team, other_team: Team, alice: User) -> None:
    mine, foreign = ready_for(name, team)[0], ready_for(name, other_team)[0]
    before = state(mine), state(foreign)
    with pytest.raises(PermissionDenied):
        ACTIONS[name][0](alice, [mine, foreign])
    assert (state(mine), state(foreign)) == before
    assert kinds(mine) == kinds(foreign) == []


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - {"assign", "tag", "untag"}))
def test_faxes_of_no_team_are_for_administrators(name: str, alice: User, root: User) -> None:
    faxes = ready_for(name, None)
    with pytest.raises(PermissionDenied):
        ACTIONS[name][0](alice, faxes)
    assert ACTIONS[name][0](root, faxes)


@pytest.mark.parametrize("name", ["assign", "tag", "untag"])
def test_a_fax_of_no_team_gets_a_team_first(name: str, root: User) -> None:
    faxes = ready_for(name, None)
    with pytest.raises(ValidationError, match="belongs to no team yet. Give it to a team first"):
        ACTIONS[name][0](root, faxes)


@pytest.mark.parametrize("name", ["hold", "release"])
def test_a_legal_hold_is_for_managers(name: str, team: Team, bob: User, alice: User) -> None:
    faxes = ready_for(name, team)
    with pytest.raises(PermissionDenied):
        ACTIONS[name][0](bob, faxes)
    assert ACTIONS[name][0](alice, faxes)


@pytest.mark.parametrize("name", ACTIONS)
def test_many_faxes_need_no_more_queries_than_few(name: str, team: Team, alice: User) -> None:
    few, many = ready_for(name, team, 2), ready_for(name, team, 30)
    # The first of the team begins its chain of the log.
    ACTIONS[name][0](alice, ready_for(name, team))
    with CaptureQueriesContext(
        connection,
    ) as with_few:
        ACTIONS[name][0](alice, few)
    with CaptureQueriesContext(connection) as with_many:
        ACTIONS[name][0](alice, many)
    assert len(with_many) == len(with_few) <= 20


@pytest.mark.parametrize("name", sorted(set(ACTIONS) - {"trash", "restore", "hold", "release"}))
def test_what_is_in_the_bin_is_put_back_first(name: str, team: Team, alice: User) -> None:
    faxes = ready_for(name, team)
    Fax.objects.update(trashed_at=timezone.now())
    with pytest.raises(ValidationError, match="is in the bin. Put it back first"):
        ACTIONS[name][0](alice, faxes)


def test_what_was_deleted_meanwhile_is_said(team: Team, bob: User) -> None:
    kept, deleted = builders.inbound(team), builders.inbound(team)
    Fax.objects.filter(pk=deleted.pk).delete()
    with pytest.raises(ValidationError, match="deleted meanwhile"):
        triage.handle(by=bob, faxes=[kept, deleted])
    assert state(kept)["handled_at"] is None


def test_there_is_a_limit_to_how_many_at_once(team: Team, bob: User) -> None:
    faxes = [Fax(team=team) for _ in range(triage.MOST_AT_ONCE + 1)]
    with pytest.raises(ValidationError, match="more than 500 faxes at once. Choose fewer"):
        triage.handle(by=bob, faxes=faxes)


def test_no_faxes_are_no_error(bob: User) -> None:
    assert triage.handle(by=bob, faxes=[]) == []


def test_what_somebody_has_handled_they_have_read(team: Team, bob: User, alice: User) -> None:
    fax = builders.inbound(team)
    triage.handle(by=bob, faxes=[fax])
    triage.reopen(by=bob, faxes=[fax])
    assert (reading.unread_count(bob), reading.unread_count(alice)) == (0, 1)


def test_a_fax_goes_to_somebody_who_works_on_its_team(
    team: Team, alice: User, bob: User, vera: User, charlie: User, root: User
) -> None:
    gone = User.objects.create_user("gone", is_active=False)
    Membership.objects.create(user=gone, team=team)
    assert triage.assignees(team) == [alice, bob]
    fax = builders.inbound(team)
    for wrong in (vera, charlie, root, gone):
        with pytest.raises(ValidationError, match=f"{wrong} cannot be given faxes of Front desk"):
            triage.assign(by=alice, faxes=[fax], to=wrong)
    triage.assign(by=alice, faxes=[fax], to=bob)
    triage.assign(by=bob, faxes=[fax], to=None)
    assert [line_of(event).text for event in fax.events.all()] == [
        "Assigned to Bob by Alice",
        "Given back to all by Bob",
    ]
    assert state(fax)["assigned_to_id"] is None


def test_faxes_of_several_teams_go_only_to_somebody_on_each(
    team: Team, other_team: Team, alice: User, charlie: User, root: User
) -> None:
    faxes = [builders.inbound(team), builders.inbound(other_team)]
    with pytest.raises(ValidationError, match="cannot be given faxes of Front desk"):
        triage.assign(by=root, faxes=faxes, to=charlie)
    Membership.objects.create(user=charlie, team=team)
    assert len(triage.assign(by=root, faxes=faxes, to=charlie)) == 2


def test_a_fax_on_its_way_out_is_not_thrown_away(team: Team, bob: User) -> None:
    done = builders.outbound(team, outbox=Outbox.REJECTED)
    calling = builders.accepted(team, status="sending", to_number="+17735550189")
    for fax in (builders.outbound(team), calling, builders.uncertain(team)):
        with pytest.raises(ValidationError, match="is still on its way. Cancel it, or wait for its end"):
            triage.trash(by=bob, faxes=[done, fax])
    assert state(done)["trashed_at"] is None
    assert triage.trash(by=bob, faxes=[done])


def test_a_received_fax_may_go_to_the_bin_before_its_pages_are_here(team: Team, bob: User) -> None:
    due_at = timezone.now()
    fax = builders.inbound(team, media=Media.WAITING, due_at=due_at)
    triage.trash(by=bob, faxes=[fax])
    assert (state(fax)["media"], state(fax)["due_at"]) == (Media.WAITING, due_at)


def test_a_legal_hold_keeps_a_fax_out_of_the_bin_and_can_be_set_on_what_is_in_it(team: Team, alice: User) -> None:
    held, trashed = builders.inbound(team, legal_hold=True), builders.inbound(team, trashed_at=timezone.now())
    with pytest.raises(ValidationError, match="is under legal hold. A manager of the team can release it"):
        triage.trash(by=alice, faxes=[held])
    assert triage.hold(by=alice, faxes=[trashed])


def test_what_comes_out_of_the_bin_is_as_it_was(team: Team, bob: User) -> None:
    fax = builders.inbound(team, handled_at=timezone.now(), assigned_to=bob, rotation={"1": 90})
    before = state(fax)
    triage.trash(by=bob, faxes=[fax])
    triage.restore(by=bob, faxes=[fax])
    assert state(fax) == before


def test_a_note_is_kept_as_it_was_meant(team: Team, bob: User) -> None:
    fax = builders.inbound(team)
    written = triage.note(by=bob, fax=fax, text="  Called back.\r\nThey send \x00page 2\x1b\ud800 again 👩‍⚕️.\u202e ")
    assert Note.objects.get().text == written.text == "Called back.\nThey send page 2? again 👩‍⚕️."
    assert (kinds(fax), logged(fax)) == (["noted"], ["fax.note"])
    # The log is for ever, and the words of a note are not.
    assert "Called" not in str(LogEntry.objects.get(action="fax.note").data) + str(fax.events.get().data)


@pytest.mark.parametrize("text", ["", " \n ", "\x00", "\u200b", "x" * 4001])
def test_a_note_without_words_or_without_end_is_refused(text: str, team: Team, bob: User) -> None:
    with pytest.raises(ValidationError, match="Write something|at most 4,000 characters, and this one 4,001"):
        triage.note(by=bob, fax=builders.inbound(team), text=text)
    assert not Note.objects.exists()


def test_a_note_whose_form_was_sent_twice_is_one_note(team: Team, bob: User, alice: User) -> None:
    fax = builders.inbound(team)
    first = triage.note(by=bob, fax=fax, text="Called back.")
    assert triage.note(by=bob, fax=fax, text="Called back. ") == first
    triage.note(by=alice, fax=fax, text="Called back.")
    Note.objects.update(at=timezone.now() - timedelta(hours=1))
    triage.note(by=bob, fax=fax, text="Called back.")
    assert kinds(fax) == ["noted"] * 3 and fax.notes.count() == 3


def test_strangers_and_viewers_write_no_notes_and_turn_nothing(team: Team, charlie: User, vera: User) -> None:
    fax = builders.inbound(team, document=builders.document())
    for by in (charlie, vera):
        with pytest.raises(PermissionDenied):
            triage.note(by=by, fax=fax, text="Mine")
        with pytest.raises(PermissionDenied):
            triage.rotate(by=by, fax=fax, page=1, degrees=90)
        with pytest.raises(PermissionDenied):
            triage.forward(by=by, fax=fax)
    assert kinds(fax) == []


def test_a_tag_is_the_same_in_capitals(team: Team, bob: User) -> None:
    first, second = builders.inbound(team), builders.inbound(team)
    triage.tag(by=bob, faxes=[first], name=" Über  weisung ")
    triage.tag(by=bob, faxes=[first, second], name="über WEISUNG")
    assert [tag.name for tag in triage.tags_of([team])] == ["Über weisung"]
    assert state(second)["tags"] == ["Über weisung"]
    assert (len(kinds(first)), len(kinds(second))) == (1, 1)
    triage.untag(by=bob, faxes=[first, second], name="ÜBER weisung")
    assert triage.tags_of([team]) == [] and state(first)["tags"] == []


def test_teams_have_their_own_tags(team: Team, other_team: Team, root: User) -> None:
    faxes = [builders.inbound(team), builders.inbound(other_team)]
    triage.tag(by=root, faxes=faxes, name="urgent")
    assert [fax.tags.get().team for fax in faxes] == [team, other_team]


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "\u200b\u200b", "\x00"])
def test_a_tag_needs_a_name_that_can_be_seen(name: str, team: Team, bob: User) -> None:
    with pytest.raises(ValidationError, match="A tag has 1 to 40 characters"):
        triage.tag(by=bob, faxes=[builders.inbound(team)], name=name)
    assert not Tag.objects.exists()


def test_a_fax_has_so_many_tags_and_no_more(team: Team, bob: User) -> None:
    full, other = builders.inbound(team), builders.inbound(team)
    for number in range(triage.MOST_TAGS):
        triage.tag(by=bob, faxes=[full], name=f"tag {number}")
    with pytest.raises(ValidationError, match="Fax from .* has 20 tags already. Take one off first"):
        triage.tag(by=bob, faxes=[other, full], name="one more")
    assert state(other)["tags"] == []
    assert triage.tag(by=bob, faxes=[other, full], name="tag 3") == [other]


def test_a_page_stays_turned_for_everybody_until_it_is_turned_back(team: Team, bob: User) -> None:
    fax = builders.inbound(team, document=builders.document(pages=3))
    triage.rotate(by=bob, fax=fax, page=2, degrees=90)
    triage.rotate(by=bob, fax=fax, page=3, degrees=-90)
    triage.rotate(by=bob, fax=fax, page=3, degrees=270)
    assert state(fax)["rotation"] == {"2": 90, "3": 270}
    triage.rotate(by=bob, fax=fax, page=2, degrees=360)
    assert state(fax)["rotation"] == {"3": 270}
    lines = [line_of(event) for event in fax.events.all()]
    assert [(line.text, line.detail) for line in lines] == [
        ("Page 2 turned by Bob", "90° clockwise"),
        ("Page 3 turned by Bob", "270° clockwise"),
        ("Page 2 turned by Bob", "As it came."),
    ]


@pytest.mark.parametrize(("page", "degrees"), [(0, 90), (4, 90), (-1, 90), (1, 45), (10**30, 90)])
def test_only_pages_that_are_there_are_turned_and_by_quarters(page: int, degrees: int, team: Team, bob: User) -> None:
    fax = builders.inbound(team, document=builders.document(pages=3))
    with pytest.raises(ValidationError, match="by quarters|has no page"):
        triage.rotate(by=bob, fax=fax, page=page, degrees=degrees)
    assert state(fax)["rotation"] == {}


def test_pages_that_are_not_here_are_not_turned(team: Team, bob: User) -> None:
    purged = builders.document(purged_at=timezone.now())
    for fax, why in (
        (builders.inbound(team), "not here yet"),
        (builders.inbound(team, document=purged), "no longer kept"),
    ):
        with pytest.raises(ValidationError, match=why):
            triage.rotate(by=bob, fax=fax, page=1, degrees=90)
