"""`verify_audit` names whatever somebody did to the log who can write to the database."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import audit
from accounts.append_only import create_triggers, drop_triggers
from accounts.audit.verify import BATCH, Kind, Tally, verify
from accounts.models import LogEntry, LogHead, Team, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("guarded")]

Write = Callable[..., list[LogEntry]]
# What there is before somebody comes: so many entries, of which this one is in the middle.
LENGTH, MIDDLE = 9, 5


def sql(statement: str, *values: str | int) -> None:
    """What somebody does who is stopped by no trigger, and puts them back to leave no trace."""
    drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    create_triggers(connection)


def found() -> list[tuple[Kind, int | None]]:
    return [(finding.kind, finding.sequence) for finding in verify(Tally(), [])]


def run(**options: Any) -> tuple[str, str]:
    """What the command prints, and with what it gives up: nothing where the log is whole."""
    said = io.StringIO()
    try:
        call_command("verify_audit", stdout=said, stderr=io.StringIO(), **options)
    except CommandError as error:
        return said.getvalue(), str(error)
    return said.getvalue(), ""


def anchored() -> None:
    call_command("anchor_audit", stdout=io.StringIO())


def forged(entry: LogEntry, previous: str, **columns: object) -> str:
    """The hash that an entry would have which says something else, by somebody who knows how they are made."""
    for name, value in columns.items():
        setattr(entry, name, value)
    said = {
        "chain": entry.chain,
        "sequence": entry.sequence,
        "at": entry.at.isoformat(),
        "actor": [entry.actor_id, entry.actor_name],
        "action": entry.action,
        "object": [entry.object_type, entry.object_id, entry.object_name],
        "data": entry.data,
        "previous": previous,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def rewrite(chain: list[LogEntry], **columns: object) -> None:
    """Write a chain anew from its middle on, in which something else happened there. All fits together in the end."""
    previous = chain[MIDDLE - 2].hash
    for entry in chain[MIDDLE - 1 :]:
        hash = forged(entry, previous, **(columns if entry.sequence == MIDDLE else {}))
        statement = "UPDATE accounts_logentry SET action = %s, previous_hash = %s, hash = %s WHERE chain = %s"
        sql(f"{statement} AND sequence = %s", entry.action, previous, hash, entry.chain, entry.sequence)
        previous = hash
    sql("UPDATE accounts_loghead SET hash = %s WHERE chain = %s", previous, chain[0].chain)


def test_a_log_as_it_was_written_is_whole(written: Write, team: Team) -> None:
    written(LENGTH)
    assert found() == []
    said, error = run()
    assert (said, error) == (f"Chains: 1, entries: {LENGTH}, anchors: 0.\n", "")


@pytest.mark.parametrize(
    "what",
    [
        "action = 'fax.view'",
        "actor_name = 'Eve'",
        "actor_id = '7'",
        "object_name = ''",
        "object_id = '7'",
        "object_type = 'faxes.fax'",
        "at = '2036-01-01 00:00:00+00:00'",
        """data = '{"number": 17}'""",
        "address = '10.0.0.1'",
        "agent = 'curl'",
        "hash = repeat('0', 64)",
    ],
)
def test_an_edit(written: Write, what: str) -> None:
    written(LENGTH)
    if connection.vendor == "sqlite":
        what = what.replace("repeat('0', 64)", "hex(zeroblob(32))")
    sql(f"UPDATE accounts_logentry SET {what} WHERE sequence = {MIDDLE}")
    assert found() == [(Kind.ALTERED, MIDDLE)]


def test_it_is_named(written: Write, team: Team) -> None:
    entry = written(LENGTH)[MIDDLE - 1]
    sql(f"UPDATE accounts_logentry SET actor_name = 'Eve' WHERE sequence = {MIDDLE}")
    said, error = run()
    first = f"altered  Front desk ({team.pk})  entry 5  {entry.at:%Y-%m-%d %H:%M:%S} UTC  fax.send  it does not say"
    assert said.startswith(first)
    assert error == "The audit log is not as it was written (altered: 1): see the lines above."


def test_an_edit_with_its_own_hash_made_anew(written: Write) -> None:
    entry = written(LENGTH)[MIDDLE - 1]
    hash = forged(entry, entry.previous_hash, action="fax.view")
    sql(f"UPDATE accounts_logentry SET action = 'fax.view', hash = %s WHERE sequence = {MIDDLE}", hash)
    assert found() == [(Kind.ALTERED, MIDDLE)]


def test_an_edit_of_the_last_one_with_its_own_hash_made_anew(written: Write) -> None:
    entry = written(LENGTH)[-1]
    hash = forged(entry, entry.previous_hash, action="fax.view")
    sql(f"UPDATE accounts_logentry SET action = 'fax.view', hash = %s WHERE sequence = {LENGTH}", hash)
    assert found() == [(Kind.ALTERED, LENGTH)]


@pytest.mark.parametrize(
    ("where", "said"), [("= 5", "entry 5 is gone"), ("BETWEEN 4 AND 6", "entries 4 to 6 are gone")]
)
def test_entries_that_were_deleted(written: Write, where: str, said: str) -> None:
    written(LENGTH)
    sql(f"DELETE FROM accounts_logentry WHERE sequence {where}")
    (finding,) = verify(Tally(), [])
    assert finding.kind == Kind.REMOVED
    assert finding.detail.startswith(said)


def test_the_first_entries_that_were_deleted(written: Write) -> None:
    written(LENGTH)
    sql("DELETE FROM accounts_logentry WHERE sequence < 3")
    assert [(finding.kind, finding.detail[:21]) for finding in verify(Tally(), [])] == [
        (Kind.REMOVED, "entries 1 to 2 are go")
    ]


def test_a_deletion_with_the_others_moved_up(written: Write) -> None:
    written(LENGTH)
    sql(f"DELETE FROM accounts_logentry WHERE sequence = {MIDDLE}")
    for number in range(MIDDLE + 1, LENGTH + 1):
        sql(f"UPDATE accounts_logentry SET sequence = {number - 1} WHERE sequence = {number}")
    sql(f"UPDATE accounts_loghead SET sequence = {LENGTH - 1}")
    assert found() == [(Kind.MOVED, number) for number in range(MIDDLE, LENGTH)]


COPY = (
    "INSERT INTO accounts_logentry (id, chain, sequence, at, actor_id, actor_name, action, object_type, object_id,"
    " object_name, data, address, agent, previous_hash, hash) SELECT %s, chain, %s, at, actor_id, actor_name, action,"
    " object_type, object_id, object_name, data, address, agent, %s, %s"
    f" FROM accounts_logentry WHERE sequence = {MIDDLE}"
)


def insert(sequence: int, previous: str, hash: str) -> None:
    """A copy of the middle entry, as entry number `sequence`."""
    some_id = "f" * 32 if connection.vendor == "sqlite" else "ffffffff-ffff-ffff-ffff-ffffffffffff"
    sql(COPY, some_id, sequence, previous, hash)


def test_an_entry_that_was_inserted_at_the_end(written: Write) -> None:
    chain = written(LENGTH)
    entry, last = chain[MIDDLE - 1], chain[-1]
    insert(LENGTH + 1, last.hash, forged(entry, last.hash, sequence=LENGTH + 1))
    assert found() == [(Kind.INSERTED, LENGTH + 1)]


def test_an_entry_that_was_inserted_with_the_others_moved_down(written: Write) -> None:
    chain = written(LENGTH)
    for number in range(LENGTH, MIDDLE, -1):
        sql(f"UPDATE accounts_logentry SET sequence = {number + 1} WHERE sequence = {number}")
    entry, before = chain[MIDDLE - 1], chain[MIDDLE - 1].hash
    insert(MIDDLE + 1, before, forged(entry, before, sequence=MIDDLE + 1))
    sql(f"UPDATE accounts_loghead SET sequence = {LENGTH + 1}")
    moved = [(Kind.MOVED, number) for number in range(MIDDLE + 2, LENGTH + 2)]
    assert found() == [(Kind.INSERTED, MIDDLE + 1), *moved]


def test_an_entry_that_was_put_in_the_place_of_another(written: Write) -> None:
    chain = written(LENGTH)
    sql(f"DELETE FROM accounts_logentry WHERE sequence = {LENGTH - 1}")
    before = chain[LENGTH - 3].hash
    insert(LENGTH - 1, before, forged(chain[MIDDLE - 1], before, sequence=LENGTH - 1))
    assert found() == [(Kind.ALTERED, LENGTH - 1)]


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite drops no constraint")
def test_two_entries_with_one_number(written: Write) -> None:
    chain = written(LENGTH)
    sql("ALTER TABLE accounts_logentry DROP CONSTRAINT log_entry_place_in_chain")
    insert(MIDDLE, chain[MIDDLE - 1].previous_hash, chain[MIDDLE - 1].hash)
    assert found() == [(Kind.INSERTED, MIDDLE)]


def test_an_entry_numbered_zero(written: Write) -> None:
    entry = written(LENGTH)[MIDDLE - 1]
    insert(0, "", forged(entry, "", sequence=0))
    assert found()[0] == (Kind.INSERTED, 0)


def test_entries_that_changed_places(written: Write) -> None:
    written(LENGTH)
    for to, number in ((99, 3), (3, 6), (6, 99)):
        sql(f"UPDATE accounts_logentry SET sequence = {to} WHERE sequence = {number}")
    assert found() == [(Kind.MOVED, 3), (Kind.MOVED, 6)]


@pytest.mark.parametrize("keep", [0, 1, LENGTH - 1])
def test_a_tail_that_was_cut_off(written: Write, keep: int) -> None:
    written(LENGTH)
    sql(f"DELETE FROM accounts_logentry WHERE sequence > {keep}")
    (finding,) = verify(Tally(), [])
    assert finding.kind == Kind.TRUNCATED
    assert "gone" in finding.detail


@pytest.mark.parametrize("keep", [0, 3])
def test_a_tail_that_was_cut_off_together_with_its_head(written: Write, keep: int, team: Team) -> None:
    chain = written(LENGTH)
    anchored()
    sql(f"DELETE FROM accounts_logentry WHERE sequence > {keep}")
    if keep:
        sql("UPDATE accounts_loghead SET sequence = %s, hash = %s", keep, chain[keep - 1].hash)
    else:
        sql("DELETE FROM accounts_loghead")
    assert found() == []
    said, error = run()
    assert said.startswith(
        f"truncated  Front desk ({team.pk})  entry {LENGTH}  it was there when the chain was anchored"
    )
    assert "(truncated: 1)" in error


def test_a_head_that_was_deleted(written: Write) -> None:
    written(LENGTH)
    sql("DELETE FROM accounts_loghead")
    assert found() == [(Kind.TRUNCATED, None)]


def test_a_chain_that_was_written_anew(written: Write) -> None:
    chain = written(LENGTH)
    anchored()
    rewrite(chain, action="fax.view")
    assert found() == []
    said, error = run()
    assert f"entry {LENGTH}  it was another when the chain was anchored" in said
    assert "(rewritten: 1)" in error


def test_the_first_anchor_tells_where_a_chain_was_written_anew(written: Write) -> None:
    written(MIDDLE - 1)
    anchored()
    written(1)
    anchored()
    chain = written(LENGTH - MIDDLE)
    anchored()
    rewrite(chain, action="fax.view")
    said, _ = run()
    assert [line.split("  ")[2] for line in said.splitlines() if line.startswith("rewritten")] == [f"entry {MIDDLE}"]


def test_a_trigger_that_is_gone(written: Write) -> None:
    drop_triggers(connection)
    assert {kind for kind, _ in found()} == {Kind.UNGUARDED}
    assert "unguarded  the database's trigger accounts_logentry_" in run()[0]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL takes no such values")
@pytest.mark.parametrize(
    "what", ["at = 'yesterday'", "at = '2026-13-41 25:00'", "id = 'none'", "at = x'00'", "actor_name = x'ff'"]
)
def test_what_cannot_be_read_is_named_too(written: Write, what: str) -> None:
    written(LENGTH)
    sql(f"UPDATE accounts_logentry SET {what} WHERE sequence = {MIDDLE}")
    assert found() == [(Kind.ALTERED, MIDDLE)]
    assert "altered" in run()[0]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL takes no such values")
@pytest.mark.parametrize("what", ["sequence = 'x'", "sequence = 5.5", "chain = x'ff'"])
def test_what_is_on_no_walk_is_named_too(written: Write, what: str) -> None:
    written(LENGTH)
    sql(f"UPDATE accounts_logentry SET {what} WHERE sequence = {MIDDLE}")
    kinds = [kind for kind, _ in found()]
    assert kinds == [Kind.ALTERED, Kind.REMOVED]
    assert "altered" in run()[0]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL takes no such values")
@pytest.mark.parametrize(("what", "kind"), [("sequence = 'x'", Kind.ALTERED), ("chain = x'ff'", Kind.TRUNCATED)])
def test_a_head_that_cannot_be_read(written: Write, what: str, kind: Kind) -> None:
    written(LENGTH)
    sql(f"UPDATE accounts_loghead SET {what}")
    assert found() == [(kind, None)]


def test_other_chains_are_walked_all_the_same(written: Write, team: Team, other_team: Team) -> None:
    written(3)
    with transaction.atomic():
        audit.record(*[audit.Entry("team.rename", on=other_team, team=whose) for whose in (other_team, None)] * 2)
    sql("UPDATE accounts_logentry SET action = 'fax.view' WHERE sequence = 2")
    assert [(finding.chain, finding.kind) for finding in verify(Tally(), [])] == [
        (chain, Kind.ALTERED) for chain in sorted([str(team.pk), str(other_team.pk), "house"])
    ]


def test_few_rows_are_in_memory_at_a_time(
    written: Write, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    written(2 * BATCH + 5)
    walked: list[int] = []
    tally = Tally(walked=lambda chain, entries: walked.append(entries))
    with django_assert_max_num_queries(25):
        assert list(verify(tally, [])) == []
    assert walked == [BATCH, 2 * BATCH, 2 * BATCH + 5]
    assert (tally.chains, tally.entries) == (1, 2 * BATCH + 5)


def test_times_that_go_backwards_are_no_finding(written: Write) -> None:
    for moment in (datetime(2026, 3, 29, 3, 30, tzinfo=UTC), datetime(2026, 3, 29, 2, 30, tzinfo=UTC)):
        with time_machine.travel(moment, tick=False):
            written(2)
            assert found() == []
    assert LogHead.objects.get().sequence == 4


def test_an_anchor_that_somebody_else_wrote(written: Write, settings: Settings, team: Team) -> None:
    written(3)
    anchored()
    file = Path(settings.AUDIT_ANCHOR)
    genuine = file.read_text()
    file.write_text(genuine + genuine.replace(f"{team.pk} 3 ", f"{team.pk} 2 ") + "\nnonsense\n" + genuine)
    said, error = run()
    assert [line.split("  ")[1] for line in said.splitlines()[:-1]] == [
        f"line {line} of the anchors is not signed with this portal's SECRET_KEY" for line in (2, 3, 4)
    ]
    assert "anchors: 2." in said
    assert "(unsigned: 3)" in error


def test_anchors_outlive_a_change_of_the_key(written: Write, settings: Settings) -> None:
    written(3)
    anchored()
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another key, which is long enough, too, for these tests"
    assert "(unsigned: 1)" in run()[1]
    settings.SECRET_KEY_FALLBACKS = [before]
    assert run()[1] == ""
    anchored()
    assert "anchors: 2." in run()[0]


def test_a_file_elsewhere(written: Write, tmp_path: Path) -> None:
    written(3)
    copy = tmp_path / "far" / "away"
    call_command("anchor_audit", anchor=copy, stdout=io.StringIO())
    assert "anchors: 1." in run(anchor=copy)[0]
    assert "anchors: 0." in run()[0]
    assert "could not be read" in run(anchor=tmp_path / "nowhere")[1]
    with pytest.raises(CommandError, match="could not be written"):
        call_command("anchor_audit", anchor=tmp_path, stdout=io.StringIO())


LATER = timedelta(days=2, hours=1)


@pytest.mark.parametrize("file", ["gone", "empty", "shortened"])
def test_anchors_that_were_taken_away(written: Write, settings: Settings, team: Team, file: str) -> None:
    """With a tail and its head, and all that said of them."""
    written(LENGTH)
    anchored()
    anchors = Path(settings.AUDIT_ANCHOR)
    with time_machine.travel(timezone.now() + LATER):
        before = anchors.read_text()
        anchored()
        assert run()[1] == ""
        match file:
            case "gone":
                anchors.unlink()
            case "empty":
                anchors.write_text("")
            case _:
                anchors.write_text(before)
        said, error = run()
    assert "(unanchored: 1)" in error and f"unanchored  Front desk ({team.pk})" in said
    assert ("the newest anchor is of" if file == "shortened" else "there is no anchor") in said


def test_a_log_that_was_thrown_away(client: Client, alice: User, settings: Settings) -> None:
    """With its heads and anchors, and another one has begun."""
    client.force_login(alice)
    assert run()[1] == ""
    with time_machine.travel(timezone.now() + LATER):
        sql("DELETE FROM accounts_logentry")
        sql("DELETE FROM accounts_loghead")
        assert "removed  house  Alice signed in on" in run()[0]
        audit.record_alone(audit.Entry("session.logout", by=alice))
        anchored()
        assert "(removed: 1)" in run()[1]
