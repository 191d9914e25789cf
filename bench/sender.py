"""`python -m bench.sender drain|wait COUNT`: our side of `bench.sending`, beside a worker. Prints seconds."""

from __future__ import annotations

import sys
import time

import django
from django.db.models import Max, Min
from django.utils import timezone

django.setup()

from accounts.models import Team  # noqa: E402
from applications.models import PhoneNumber  # noqa: E402
from bench.sending import FROM  # noqa: E402
from faxes.models import Attempt, Document, Fax  # noqa: E402
from faxes.states import Direction, Outbox  # noqa: E402
from tests import builders  # noqa: E402
from tests.papers import text_pdf  # noqa: E402
from tests.processes import wait_for  # noqa: E402
from wake import wake  # noqa: E402

# An idle worker looks into its queue ever more rarely, up to twice a second.
UNTIL_IDLE = 3.0


def drain(count: int) -> float:
    """How long the worker takes to hand over so many faxes, from its first step to Telnyx's last answer."""
    faxes = Fax.objects.bulk_create(ready(count))
    for _ in faxes:
        wake("submit")
    attempts = Attempt.objects.filter(fax__in=faxes)
    wait_for(lambda: attempts.filter(state=Attempt.State.ACCEPTED).count() == count, within=120, what="the last answer")
    ended = attempts.aggregate(began=Min("started_at"), ended=Max("settled_at"))
    seconds: float = (ended["ended"] - ended["began"]).total_seconds()
    return seconds


def wait(count: int) -> float:
    """The longest time from when a fax is ready until the worker, woken by way of the queue, begins with it."""
    waits = []
    for fax in ready(count):
        time.sleep(UNTIL_IDLE)
        fax.due_at = timezone.now()
        fax.save(force_insert=True)
        wake("submit")
        wait_for(fax.attempts.exists, what="an attempt")
        waits.append((fax.attempts.get().started_at - fax.due_at).total_seconds())
    return max(waits)


def ready(count: int) -> list[Fax]:
    """Faxes that may leave at once, each to a number of its own. None is stored yet."""
    team, _ = Team.objects.get_or_create(slug="bench", defaults={"name": "Bench"})
    PhoneNumber.objects.update(team=team)
    document = Document.objects.first() or builders.document(text_pdf(), pages=3)
    first, now = Fax.objects.count(), timezone.now()
    common = {"direction": Direction.OUTBOUND, "outbox": Outbox.READY, "from_number": FROM, "due_at": now}
    return [
        Fax(**common, to_number=f"+1415555{first + number:05}", team=team, document=document) for number in range(count)
    ]


if __name__ == "__main__":
    print({"drain": drain, "wait": wait}[sys.argv[1]](int(sys.argv[2])))
