"""Who takes part: alice manages the team, bob is a member, vera may only look; charlie is on another team, root
administers. All of them have the password PASSWORD."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from playwright.sync_api import expect
from pytest_django import DjangoDbBlocker, Settings

from accounts.append_only import drop_triggers
from accounts.models import Membership, Role, Team, User
from applications.models import FaxApplication, PhoneNumber
from applications.services import assign_application, assign_number
from faxportal.queue import wake_step
from sync.services import sync_recent
from telnyx_sandbox.server import Server, running
from tests.databases import with_tables
from wake import on_wake

# Playwright's sync API runs an event loop in the test's thread, in which Django would refuse to touch the database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

PASSWORD = "correct horse battery"
MACOS_BROWSERS = ["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half of the tests wait for a browser, a process or a clock: there is room for more than one for each core."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_collection_finish() -> None:
    """What is there by now stays to the end. Nobody has to look through it again and again for what has died."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool, django_db_modify_db_settings: None) -> Iterator[bool]:
    """On SQLite, the tests' database begins as a copy of one that has its tables: to make them takes seconds."""
    if connection.vendor != "sqlite":
        yield django_db_keepdb
        return
    file = connection.settings_dict["TEST"]["NAME"]
    shutil.copyfile(with_tables(), file)
    yield True
    connection.close()
    for path in Path(file).parent.glob(f"{Path(file).name}*"):
        path.unlink()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Tests whose threads need committed rows empty the tables, which the log's triggers refuse: tests/accounts puts
    them back. PostgreSQL drops no database that somebody uses, and a browser's last requests may be at their end."""
    with django_db_blocker.unblock():
        drop_triggers(connection)
    yield
    if connection.vendor == "postgresql":
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")


@pytest.fixture(autouse=True)
def _own_files_and_cache(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.AUDIT_ANCHOR = str(tmp_path / "audit.anchor")
    cache.clear()


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Front desk", slug="front-desk")


@pytest.fixture
def other_team(db: None) -> Team:
    return Team.objects.create(name="Records", slug="records")


@pytest.fixture
def alice(team: Team) -> User:
    return _user("alice", team=team, role=Role.MANAGER)


@pytest.fixture
def bob(team: Team) -> User:
    return _user("bob", team=team, role=Role.MEMBER)


@pytest.fixture
def vera(team: Team) -> User:
    return _user("vera", team=team, role=Role.VIEWER)


@pytest.fixture
def charlie(other_team: Team) -> User:
    return _user("charlie", team=other_team, role=Role.MANAGER)


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", "root@example.com", PASSWORD)


@pytest.fixture
def sandbox(settings: Settings) -> Iterator[Server]:
    """Telnyx in small, on a real port, as the portal's Telnyx. It moves only in `sandbox.sandbox.advance()` and keeps
    its signed webhooks in `sandbox.sandbox.pending_events`; `deliver()` brings them to our door."""
    door = f"{settings.PUBLIC_URL}/webhooks/telnyx"
    with running(api_key="KEY0123456789", webhook_url=door, auto=False, deliver=[]) as server:
        settings.TELNYX_API_BASE = server.url
        settings.TELNYX_API_KEY = "KEY0123456789"
        settings.TELNYX_PUBLIC_KEY = server.public_key
        settings.PRIVATE_HOSTS_ALLOWED = [f"{server.host}:{server.server_port}"]
        settings.UNCERTAIN_SETTLE_SECONDS = 1
        yield server


@pytest.fixture
def line(sandbox: Server, team: Team) -> PhoneNumber:
    """A number of the sandbox, mirrored by a real sync and given to the team."""
    assert not sync_recent().error
    number = PhoneNumber.objects.earliest("phone_number")
    assign_number(by=None, number=number, team=team)
    return number


@pytest.fixture
def front_desk(sandbox: Server, team: Team) -> FaxApplication:
    """An application of the sandbox with two numbers, mirrored by a real sync and given to the team."""
    assert not sync_recent().error
    application = FaxApplication.objects.get(application_name="Front desk")
    assign_application(by=None, application=application, team=team)
    return application


def _user(name: str, *, team: Team, role: Role) -> User:
    user = User.objects.create_user(name, f"{name}@example.com", PASSWORD, first_name=name.title())
    Membership.objects.create(user=user, team=team, role=role)
    return user


@pytest.fixture
def logged_in() -> Callable[[User], Client]:
    """A function that gives a client in which this user is logged in."""

    def client_of(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return client_of


@pytest.fixture
def deliver(sandbox: Server, client: Client) -> Callable[[], list[int]]:
    """A function that posts every webhook the sandbox holds, oldest first, and returns the statuses of the answers."""

    def post_all() -> list[int]:
        events, sandbox.sandbox.pending_events[:] = list(sandbox.sandbox.pending_events), []
        return [
            client.post(urlsplit(to).path, body, "application/json", headers=dict(headers)).status_code
            for to, headers, body in events
        ]

    return post_all


@pytest.fixture
def wakes() -> Iterator[list[tuple[str, float]]]:
    """Every wake of the test, in order, in place of the queue's tasks."""
    seen: list[tuple[str, float]] = []
    on_wake(lambda name, after: seen.append((name, after)))
    yield seen
    on_wake(wake_step)


def chromium() -> str | None:
    """The browser on this machine: what CHROMIUM names, or a usual place."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, names), *filter(os.path.exists, MACOS_BROWSERS)]
    return next(filter(None, found), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests skip only where there is no browser, and never in CI: there they fail."""
    if chromium() or os.environ.get("CI"):
        return
    skip = pytest.mark.skip(reason="No Chromium found: install it, or set CHROMIUM to its path.")
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    # On a busy machine a page may take its time; a failing test waits as long, a passing one does not.
    expect.set_options(timeout=30_000)
    # Containers rarely allow Chromium's own sandbox, and it sees nothing here but our pages.
    return {"executable_path": chromium(), "args": ["--no-sandbox"]}
