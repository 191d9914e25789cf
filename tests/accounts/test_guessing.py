"""Guessing at the log-in, by real requests to two processes: who is tried is shut, and nobody else notices."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest
import requests
from django.core.cache.backends.db import DatabaseCache
from pytest_django import Settings
from requests.adapters import HTTPAdapter

from faxportal.dev_env import variables
from tests.conftest import PASSWORD
from tests.databases import own_database, query
from tests.processes import environment, finished, free_port, serving

ATTEMPTS = 200
PEOPLE = """
from accounts.models import User
for name in ("alice", "bob", "carol", "dora"):
    User.objects.create_user(name, f"{name}@example.com", "PASSWORD")
"""


class From(HTTPAdapter):
    """Speaks from one address of the loopback range."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(self.address, 0))  # type: ignore[arg-type]


class Visitor:
    def __init__(self, web: str, address: str) -> None:
        self.page = f"{web}/accounts/login/"
        self.session = requests.Session()
        self.session.mount("http://", From(address))
        # The server hangs up on who keeps silent for two seconds, and on a busy machine that is soon.
        self.session.headers["Connection"] = "close"
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.session.get(self.page, timeout=60).text)
        assert found
        self.token = found[1]

    def tries(self, name: str, password: str) -> int:
        form = {"login": name, "password": password, "csrfmiddlewaretoken": self.token}
        return self.session.post(self.page, form, allow_redirects=False, timeout=60).status_code


class Portal(NamedTuple):
    web: str
    database: str

    def checked(self) -> int:
        """How many wrong passwords were really looked at."""
        sql = "SELECT COUNT(*) FROM accounts_logentry WHERE action = 'session.login_failed'"
        return int(query(self.database, sql)[0][0])


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal of two processes, with people in it, which counts in its database."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.7.1", 0))
    except OSError:
        pytest.skip("This machine has one loopback address only.")
    folder = tmp_path_factory.mktemp("portal")
    with own_database(folder) as database:
        port, stores = free_port(), {"DATABASE_URL": database, "QUEUE_URL": f"sqlite:///{folder}/queue.sqlite3"}
        env = environment(**variables() | stores) | {"BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "2"}
        assert finished("manage.py", "set_up", "--verbosity", "0", env=env).returncode == 0
        made = finished("manage.py", "shell", "-c", PEOPLE.replace("PASSWORD", PASSWORD), env=env)
        assert made.returncode == 0, made.stdout
        with serving("-m", "gunicorn", "faxportal.wsgi", env=env, log=folder / "web.log", port=port):
            yield Portal(f"http://localhost:{port}", database)


def all_at_once(visitors: list[Visitor], names: list[str]) -> list[int]:
    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(visitors[at % len(visitors)].tries, name, "wrong") for at, name in enumerate(names)]
        return [one.result() for one in tries]


@pytest.mark.process
def test_from_fifty_addresses_the_one_account_is_shut(portal: Portal) -> None:
    visitors, before = [Visitor(portal.web, f"127.0.7.{number}") for number in range(1, 51)], portal.checked()
    names = ["alice", "ALICE", "alice@example.com", "Alice@Example.com"] * (ATTEMPTS // 4)
    assert set(all_at_once(visitors, names)) == {200}
    assert portal.checked() - before == 5
    assert Visitor(portal.web, "127.0.8.1").tries("alice", PASSWORD) == 200
    assert Visitor(portal.web, "127.0.8.1").tries("bob", PASSWORD) == 302
    assert visitors[0].tries("bob@example.com", PASSWORD) == 302


@pytest.mark.process
def test_from_one_address_that_address_is_shut(portal: Portal) -> None:
    visitors, before = [Visitor(portal.web, "127.0.9.1") for _ in range(8)], portal.checked()
    names = [f"somebody{number}" for number in range(ATTEMPTS)]
    answers = all_at_once(visitors, names)
    assert portal.checked() - before == 30
    assert (answers.count(200), answers.count(429)) == (120, 80)
    assert Visitor(portal.web, "127.0.9.1").tries("carol", PASSWORD) == 429
    assert Visitor(portal.web, "127.0.8.3").tries("carol", PASSWORD) == 302
    assert Visitor(portal.web, "127.0.8.4").tries("dora", PASSWORD) == 302


def test_counts_are_not_washed_out_by_many_others(settings: Settings) -> None:
    """By Django's own measure, 300 other names would be enough to make it forget a count."""
    assert DatabaseCache("counts", {"OPTIONS": settings.CACHES["default"]["OPTIONS"]})._max_entries >= 20_000
