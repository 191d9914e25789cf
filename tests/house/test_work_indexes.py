"""What the worker asks again and again is found by an index, however many faxes there have been."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.module_loading import import_string
from pytest_django import Settings

from faxes import gate
from faxportal.queue import STEPS

QUESTIONS = {name: import_string(path) for name, path in STEPS.items()} | {"gate": gate.is_open}


@pytest.mark.django_db
@pytest.mark.parametrize("name", QUESTIONS)
def test_no_question_of_the_worker_reads_a_whole_table(name: str, settings: Settings) -> None:
    settings.SEND_RATE_ACCOUNT = settings.SEND_RATE_TEAM = 1
    with CaptureQueriesContext(connection) as asked:
        QUESTIONS[name]()
    questions = [query["sql"] for query in asked if query["sql"].startswith("SELECT")]
    assert questions
    for question in questions:
        plan = plan_of(question)
        # "SCAN" and "Seq Scan" stand before a table that is read from end to end; the alias U0 is that of a partial
        # index, which holds the few open lines alone.
        assert not any(line.startswith("SCAN faxes_") or "Seq Scan on" in line for line in plan), (question, plan)


def plan_of(question: str) -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {question}")
        else:
            # Its planner rightly reads small tables whole, where it may.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {question}")
        return [row[-1] for row in cursor.fetchall()]
