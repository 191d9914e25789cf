"""Any keys in any order: a fax stands as the last ones say, and its timeline has a line for each change alone."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from accounts.models import LogEntry, Team, User
from faxes import story, triage
from faxes.models import Fax, FaxEvent
from tests import builders

# What is on and off, and by which keys.
SWITCHES = {"handled": ("handle", "reopen"), "trashed": ("trash", "restore"), "held": ("hold", "release")}
KEYS = {key: (switch, on) for switch, keys in SWITCHES.items() for key, on in zip(keys, (True, False), strict=True)}
LINES = ("handled reopened assigned noted tagged untagged rotated trashed restored held released forwarded").split()


@pytest.mark.django_db
@examples(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(sorted(KEYS)), st.sets(st.integers(0, 2), min_size=1)), max_size=12))
def test_a_fax_stands_as_the_last_keys_say(team: Team, alice: User, pressed: list[tuple[str, set[int]]]) -> None:
    with transaction.atomic():
        faxes = [builders.inbound(team) for _ in range(3)]
        model, lines = [dict.fromkeys(SWITCHES, False) for _ in faxes], [0, 0, 0]
        for key, chosen in pressed:
            switch, on = KEYS[key]
            in_the_way = {"handled": "trashed", "trashed": "held" if on else "", "held": ""}[switch]
            changing = [nr for nr in chosen if switch == "handled" or model[nr][switch] != on]
            refused = any(model[nr].get(in_the_way) for nr in changing)
            try:
                getattr(triage, key)(by=alice, faxes=[faxes[nr] for nr in chosen])
            except ValidationError:
                assert refused
                continue
            assert not refused
            for nr in chosen:
                lines[nr] += model[nr][switch] != on
                model[nr][switch] = on
        for nr, fax in enumerate(faxes):
            row = Fax.objects.get(pk=fax.pk)
            stands = {
                "handled": row.handled_at is not None,
                "trashed": row.trashed_at is not None,
                "held": row.legal_hold,
            }
            assert stands == model[nr]
            assert fax.events.count() == lines[nr] == LogEntry.objects.filter(object_id=str(fax.pk)).count()
        transaction.set_rollback(True)


@pytest.mark.parametrize("kind", LINES)
def test_each_change_has_its_words_also_without_its_facts(kind: str) -> None:
    line = story.line_of(FaxEvent(fax=Fax(), kind=kind, data={}))
    assert line.text[0].isupper() and "_" not in line.text and line.text != kind
    assert "None" not in f"{line.text} {line.detail}"
