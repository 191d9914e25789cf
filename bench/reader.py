"""`python -m bench.reader FAXES LOOKS`: fills an empty portal, looks at its lists, and prints what that took.

One JSON object: for each page the seconds of every look and how many queries it asked.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

django.setup()

from accounts.models import Team, User  # noqa: E402
from bench.past import fill  # noqa: E402
from faxes.models import Fax  # noqa: E402
from faxes.reading import unread_count  # noqa: E402

HOST = "127.0.0.1"


def looks(faxes: int, count: int) -> dict[str, Any]:
    with transaction.atomic():
        ann = fill(faxes)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint")
    told = {name: _looked(partial(_page, _client(ann), address), count) for name, address in pages().items()}
    root = User.objects.create(username="root", is_superuser=True)
    told["home, administrator"] = _looked(partial(_page, _client(root), "/"), count)
    return told | {"unread count": _looked(lambda: unread_count(ann), count)}


def _client(user: User) -> Client:
    client = Client(SERVER_NAME=HOST, headers={"X-Forwarded-Proto": "https"})
    client.force_login(user)
    return client


def pages() -> dict[str, str]:
    """What is looked at, by its name in the table."""
    theirs = Fax.objects.filter(team=Team.objects.get(slug="team-0")).order_by("-created_at")
    older = theirs.received()[theirs.received().count() // 2].pk
    number = theirs.received()[5].from_number
    return {
        "inbox": "/faxes/inbox/?show=all",
        "inbox, to do": "/faxes/inbox/?show=open",
        "inbox, older page": f"/faxes/inbox/?show=all&before={older}",
        "inbox, by number": f"/faxes/inbox/?show=all&q={number[-7:]}",
        "inbox, by name": "/faxes/inbox/?show=all&q=okafor",
        "sent": "/faxes/sent/",
        "sent, need somebody": "/faxes/sent/?show=stuck",
        "home": "/",
    }


def _page(client: Client, address: str) -> None:
    answer = client.get(address, secure=True)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} was answered with {answer.status_code}.")


def _looked(look: Callable[[], object], count: int) -> dict[str, Any]:
    with CaptureQueriesContext(connection) as queries:
        look()
        asked = len(queries)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        look()
        taken.append(time.perf_counter() - began)
    return {"seconds": taken, "queries": asked}


if __name__ == "__main__":
    print(json.dumps(looks(int(sys.argv[1]), int(sys.argv[2]))))
