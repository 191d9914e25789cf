"""Every entry is a sentence, whatever it says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.audit.wording import KNOWN, WORDS, changes_of, rest_of, sentence_of
from accounts.models import LogEntry
from tests.test_imports import modules


def entry(action: str, data: Any = None, **columns: Any) -> LogEntry:
    columns = {"actor_id": "1", "actor_name": "Alice", "at": datetime(2026, 3, 9, tzinfo=UTC)} | columns
    return LogEntry(action=action, data=data or {}, **columns)


def of_fax(action: str, **data: Any) -> str:
    return str(sentence_of(entry(action, data, object_type="faxes.fax", object_name="Fax from +17735550188")))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (of_fax("fax.view"), "Alice looked at the fax from +17735550188"),
        (of_fax("fax.download"), "Alice downloaded the fax from +17735550188"),
        (of_fax("fax.send_again"), "Alice sent the fax from +17735550188 once more"),
        (of_fax("fax.assign", to="Bob"), "Alice gave the fax from +17735550188 to Bob"),
        (of_fax("fax.assign", to=""), "Alice gave the fax from +17735550188 to nobody"),
        (of_fax("fax.untag", tag="urgent"), "Alice took the tag “urgent” off the fax from +17735550188"),
        (of_fax("fax.untag"), "Alice took the tag “?” off the fax from +17735550188"),
        (of_fax("fax.teleport"), "Alice fax.teleport the fax from +17735550188"),
        (of_fax("fax.rotate", page=3), "Alice turned page 3 of the fax from +17735550188"),
    ],
)
def test_faxes(said: str, sentence: str) -> None:
    assert said == sentence


@pytest.mark.parametrize(
    ("action", "data", "columns", "sentence"),
    [
        ("member.set", {"user": "Bob", "before": "", "after": "viewer"}, {}, "Alice made Bob a viewer"),
        (
            "member.set",
            {"user": "Bob", "before": "viewer", "after": "manager"},
            {},
            "Alice made Bob a manager, who was a viewer",
        ),
        ("session.login", {}, {"object_type": "accounts.user", "object_name": "Alice"}, "Alice signed in"),
        (
            "session.login_failed",
            {},
            {"object_type": "accounts.user", "object_name": "Bob", "actor_name": "", "address": "192.0.2.1"},
            "Somebody failed to sign in as Bob",
        ),
        (
            "session.login_failed",
            {"typed": "hu… (18 characters)"},
            {"actor_name": "", "address": "192.0.2.1"},
            "Somebody failed to sign in as “hu… (18 characters)”",
        ),
        ("fax.purge", {}, {"object_name": "Fax to +1", "object_type": "faxes.fax", "actor_name": ""}, None),
        (
            "number.assign",
            {"before": "", "after": "Front desk"},
            {"object_type": "applications.phonenumber", "object_name": "+13125790015"},
            "Alice moved the number +13125790015 from no team to Front desk",
        ),
        (
            "crystal.gaze",
            {},
            {"object_type": "magic.ball", "object_name": "mine"},
            "Alice crystal.gaze magic.ball mine",
        ),
        ("crystal.gaze", {}, {"object_type": "magic.ball", "object_id": "7"}, "Alice crystal.gaze magic.ball 7"),
    ],
)
def test_others(action: str, data: Any, columns: Any, sentence: str | None) -> None:
    assert str(sentence_of(entry(action, data, **columns))) == (sentence or "The portal deleted the fax to +1 for good")


@pytest.mark.parametrize("action", KNOWN)
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"before": None, "after": [1, {"a": 2}], "to": {"x": "y"}, "page": "{page}", "user": "", "tag": "{0} {to!r}"},
        {"before": {"name": "a" * 5000}, "after": {"name": None, "new": False}, "left_out": "9 characters"},
    ],
)
def test_no_entry_is_beyond_words(action: str, data: dict[str, Any]) -> None:
    for columns in ({}, {"object_type": "faxes.fax", "object_name": "", "object_id": "7"}):
        one = entry(action, data, **columns)
        assert str(sentence_of(one)).startswith("Alice ")
        assert len(str(sentence_of(one))) < 1000
        assert all(isinstance(text, str) for change in changes_of(one) for text in change)
        assert all(isinstance(text, str) for fact in rest_of(one) for text in fact)


def test_before_and_after() -> None:
    both = {"before": {"keep_days": 30, "is_open": False}, "after": {"keep_days": None, "is_open": True}, "why": "x"}
    assert changes_of(entry("team.set_policy", both)) == [("keep days", "30", ""), ("is open", "no", "yes")]
    assert rest_of(entry("team.set_policy", both)) == [("why", "x")]
    assert changes_of(entry("team.rename", {"before": "A", "after": "B"})) == [("", "A", "B")]
    assert rest_of(entry("member.remove", {"before": "viewer"})) == [("before", "viewer")]


def test_every_action_that_is_recorded_has_its_words() -> None:
    """Whoever records a new one says in accounts/audit/wording.py how it reads."""
    said = re.compile(r"""(?:Entry|_tell|_record|moved|_set_hold)\([^"]*?(?:"\w+", )?"([a-z_]+\.[a-z_]+)\"""")
    recorded = {action for path in modules() for action in said.findall(path.read_text())}
    assert len(recorded) > 40
    assert recorded - KNOWN.keys() == set()


def test_no_action_has_two_kinds_of_words() -> None:
    assert sum(len(some) for some in WORDS.values()) == len(KNOWN)
