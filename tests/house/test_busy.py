"""Rush hour: two web and two worker processes on one database, eight people who send, and webhooks pouring in.

In the end the carrier has had every fax exactly once and with the right pages, every event is applied, the pages of
every received fax are safe, and nobody was ever told to wait for a lock.
"""

from __future__ import annotations

import base64
import itertools
import os
import re
import subprocess
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from faxportal.management.commands.load_demo import PASSWORD
from telnyx_sandbox import deliveries
from telnyx_sandbox.server import Server
from telnyx_sandbox.server import running as sandbox_running
from tests.databases import own_database, query
from tests.papers import text_pdf
from tests.processes import environment, finished, free_port, running, wait_for
from tests.webhooks.telnyx import DOOR, Telnyx, event

KEY = "KEY0123456789"
PEOPLE = ["ann", "ben", "admin"] * 3
CLIENTS = 8
# One after the other: tries are counted under a lock, and who has waited for it for a second is refused as by a limit,
# which says something about a busy machine alone.
AT_THE_DOOR = Lock()
# Each client sends so many sheets, each of them to two numbers.
SHEETS = 2
# Numbers that all clients call, so that they wait for each other: webhooks doubled, backwards, without a token in
# later answers; the answer to the send lost; and a number of our own, where the fax comes in again.
SHARED = ["+13125550131", "+13125550132", "+13125550133", "+13125550123", "+13125550124", "+17739420110"]
RECEIVED = 12
STRAYS = 120
TROUBLE = re.compile("traceback|locked|deadlock|too many", re.IGNORECASE)


@pytest.mark.process
def test_nothing_is_lost_doubled_or_refused_in_the_rush(tmp_path: Path) -> None:
    answers: list[int] = []
    with ExitStack() as stack:
        database_url = stack.enter_context(own_database(tmp_path, os.environ.get("TEST_DATABASE_URL", "")))
        web = f"http://127.0.0.1:{free_port()}"
        telnyx = Telnyx()
        carrier = stack.enter_context(
            sandbox_running(
                api_key=KEY,
                signing_seed=base64.b64encode(telnyx.key.private_bytes_raw()).decode(),
                webhook_url=web + DOOR,
                speed=20,
                deliver=some_twice(answers),
            )
        )
        # On a busy machine a slow answer is no failure; how fast answers are is for `make bench`.
        carrier.sandbox.options.webhook_timeout = 30
        house = stack.enter_context(portal(web, database_url, carrier, tmp_path))
        sent = rush(web, carrier, telnyx, answers)
        wait_for(lambda: is_calm(carrier, database_url), within=150, what="calm")
        compare(carrier, database_url, sent)
        for process in house:
            process.terminate()
        assert [process.wait(timeout=20) for process in house] == [0] * len(house)
        verified = finished("manage.py", "verify_audit", env=environment_of(web, database_url, carrier, tmp_path))
        assert verified.returncode == 0, verified.stdout
    assert set(answers) == {200}
    for log in tmp_path.glob("*.log"):
        assert not TROUBLE.search(log.read_text()), log.read_text()


def rush(web: str, carrier: Server, telnyx: Telnyx, answers: list[int]) -> Counter[str]:
    """Everything at once. How often each number was sent to."""
    with ThreadPoolExecutor(CLIENTS + 4) as pool:
        clients = [pool.submit(use, web, client) for client in range(CLIENTS)]
        others = [pool.submit(stray_events, web, telnyx, answers) for _ in range(3)]
        others.append(pool.submit(receive, carrier))
        for other in others:
            other.result()
        return sum((client.result() for client in clients), Counter())


def use(web: str, client: int) -> Counter[str]:
    """What one person does. The numbers they send to."""
    sent: Counter[str] = Counter()
    with requests.Session() as session:
        session.headers["Connection"] = "close"
        ask = asker(session, web)
        page = ask("GET", "/accounts/login/")
        with AT_THE_DOOR:
            ask("POST", "/accounts/login/", data={**hidden(page), "login": PEOPLE[client], "password": PASSWORD})
        for sheet in range(SHEETS):
            to = [f"+1415555{client}{sheet:03}", SHARED[(client + sheet) % len(SHARED)]]
            send(ask, number=client, to=to, pages=text_pdf(pages=1 + sheet, title=f"Sheet {sheet} of {client}"))
            sent.update(to)
            ask("GET", "/faxes/sent/")
            ask("GET", "/faxes/inbox/")
    return sent


def send(ask: Callable[..., str], *, number: int, to: list[str], pages: bytes) -> None:
    """The compose page without a script: open it, upload a file, send to two numbers, twice as by a double click."""
    page = ask("GET", "/faxes/new/")
    numbers = re.findall(r'<option value="([^"]+)"', page.partition('id="id_number"')[2].partition("</select>")[0])
    form = {**hidden(page), "number": numbers[number % len(numbers)], "recipients": "\n".join(to)}
    page = ask("POST", "/faxes/new/files/", data=form, files={"upload": ("letter.pdf", pages)})
    form["documents"] = re.findall(r'name="documents"\s+value="([^"]+)"', page)
    ask("POST", "/faxes/new/", data=form)
    ask("POST", "/faxes/new/", data=form)


def hidden(page: str) -> dict[str, Any]:
    """The form's token against forgery, and the sheet's id where there is one."""
    return dict(re.findall(r'<input type="hidden" name="(csrfmiddlewaretoken|batch)" value="([^"]+)"', page))


def asker(session: requests.Session, web: str) -> Callable[..., str]:
    """A function that makes a request and returns the page; an AssertionError for any refusal."""

    def ask(method: str, path: str, **what: Any) -> str:
        answer = session.request(method, web + path, timeout=60, allow_redirects=False, **what)
        assert answer.status_code in (200, 302), f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.text

    return ask


def stray_events(web: str, telnyx: Telnyx, answers: list[int]) -> None:
    """Faxes begin to arrive of which nothing more is heard. Every third event comes twice."""
    for count in range(STRAYS // 3):
        payload = {"fax_id": str(uuid.uuid4()), "from": "+17735550188", "to": "+13125790016", "status": "receiving"}
        body = event("fax.receiving.started", direction="inbound", **payload)
        for _ in range(1 + (count % 3 == 0)):
            answers.append(deliveries.post(web + DOOR, telnyx.headers(body), body, 30))


def receive(carrier: Server) -> None:
    for count in range(RECEIVED):
        ours = ("+13125790015", "+13125790016", "+17739420110", "+17739420111")[count % 4]
        carrier.sandbox.receive(to=ours, from_=f"+1773555{count:04}", pages=1 + count % 3)


def some_twice(answers: list[int]) -> Callable[[str, Mapping[str, str], bytes, float], int]:
    """The carrier's way to deliver: every third webhook goes out twice at the same moment."""
    count = itertools.count()

    def deliver(url: str, headers: Mapping[str, str], body: bytes, timeout: float) -> int:
        with ThreadPoolExecutor(2) as pool:
            copies = 1 + (next(count) % 3 == 0)
            statuses = list(pool.map(lambda _: deliveries.post(url, headers, body, timeout), range(copies)))
        answers.extend(statuses)
        return statuses[0]

    return deliver


def is_calm(carrier: Server, database_url: str) -> bool:
    """Nothing is under way any more, at the carrier and here."""
    open_there = [fax for fax in carrier.sandbox.faxes() if fax["status"] not in ("delivered", "received", "failed")]
    under_way = [row for row in carrier.sandbox.deliveries if row["status"] == "pending"]
    if open_there or under_way:
        return False
    pending = "SELECT count(*) FROM webhooks_delivery WHERE state = 'pending'"
    waiting = "SELECT count(*) FROM faxes_fax WHERE media = 'waiting'"
    leaving = "SELECT count(*) FROM faxes_fax WHERE outbox <> '' AND status <> 'delivered'"
    return query(database_url, f"{pending} UNION ALL {waiting} UNION ALL {leaving}") == [(0,), (0,), (0,)]


def compare(carrier: Server, database_url: str, sent: Counter[str]) -> None:
    """What the carrier has is what people asked for, and what we say is what the carrier has."""
    there = {fax["id"]: fax for fax in carrier.sandbox.faxes()}
    assert Counter(fax["to"] for fax in there.values() if fax["direction"] == "outbound") == sent
    here = query(
        database_url,
        "SELECT telnyx_id, direction, from_number, to_number, status, sha256 FROM faxes_fax"
        " LEFT JOIN faxes_document ON faxes_document.id = document_id WHERE status <> 'receiving'",
    )
    columns = ("id", "direction", "from", "to", "status", "file")
    assert sorted(here) == sorted(tuple(fax[column] for column in columns) for fax in there.values())
    assert query(database_url, "SELECT DISTINCT state FROM webhooks_delivery") == [("done",)]
    assert query(database_url, "SELECT count(*) FROM faxes_fax WHERE status = 'receiving'") == [(STRAYS,)]


@contextmanager
def portal(web: str, database_url: str, carrier: Server, folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Web (a gunicorn of two processes) and two workers, set up and with people in it."""
    env = environment_of(web, database_url, carrier, folder)
    for command in (["set_up"], ["load_demo", "--without-faxes"]):
        outcome = finished("manage.py", *command, env=env)
        assert outcome.returncode == 0, outcome.stdout
    with ExitStack() as stack:
        commands = {"web": ["-m", "gunicorn", "faxportal.wsgi"]} | dict.fromkeys(
            ("worker", "other-worker"), ["manage.py", "run_huey"]
        )
        house = [
            stack.enter_context(running(*command, env=env, log=folder / f"{name}.log"))
            for name, command in commands.items()
        ]
        wait_for(lambda: answers_at(web), what="the portal")
        yield house


def environment_of(web: str, database_url: str, carrier: Server, folder: Path) -> dict[str, str]:
    return environment(
        DEBUG="1",
        SECRET_KEY="k" * 50,
        ALLOWED_HOSTS="127.0.0.1",
        PUBLIC_URL=web,
        BIND=urlsplit(web).netloc,
        WEB_CONCURRENCY="2",
        DATABASE_URL=database_url,
        QUEUE_URL=f"sqlite:///{folder}/queue.sqlite3",
        MEDIA_ROOT=f"{folder}/media",
        TELNYX_API_BASE=carrier.url,
        TELNYX_API_KEY=KEY,
        TELNYX_PUBLIC_KEY=carrier.public_key,
        PRIVATE_HOSTS_ALLOWED=f"{carrier.host}:{carrier.server_port}",
        UNCERTAIN_SETTLE_SECONDS="1",
        SEND_RATE_ACCOUNT="0",
        SEND_RATE_TEAM="0",
    )


def answers_at(web: str) -> bool:
    try:
        return requests.get(f"{web}/healthz", timeout=5).text == "ok"
    except requests.RequestException:
        return False
