from __future__ import annotations

import socket
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import Role, Team, User
from accounts.services import create_team, set_member
from applications.models import FaxApplication
from applications.services import assign_application
from faxes.models import Fax
from faxes.outbox import KEPT_AT_TELNYX
from faxes.sandbox import sandbox_url
from faxes.steps import archive
from faxportal.demo import story
from sync.services import sync_recent

PASSWORD = "faxportal-demo"
# The names of the sandbox's two applications, too.
TEAMS = ["Front desk", "Records"]
PEOPLE = [("ann", "Ann Novak", Role.MANAGER), ("ben", "Ben Ortiz", Role.MEMBER), ("vera", "Vera Lang", Role.VIEWER)]
PATIENCE_SECONDS = 30


class Command(BaseCommand):
    help = (
        "Make two demo teams with people, give them the sandbox's applications, and let faxes arrive for them. "
        "Repeating it changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-faxes", action="store_true", help="people, teams and numbers only")

    def handle(self, *args: Any, **options: Any) -> None:
        base = urlsplit(sandbox_url())
        host, port = base.hostname, base.port or 80
        if not host:
            raise CommandError("Demo data is for development: it needs DEBUG and a sandbox as TELNYX_API_BASE.")
        wait_for_sandbox(host, port)
        if not Fax.objects.exists():
            mirror_sandbox()
        # Made before the transaction: hashing is slow on purpose, and a transaction holds everybody else up.
        password = make_password(PASSWORD)
        with transaction.atomic():
            teams = [load_team(name) for name in TEAMS]
            people = load_people(teams[0], password)
        if not options["without_faxes"] and not Fax.objects.exists():
            load_faxes(people)


def wait_for_sandbox(host: str, port: int) -> None:
    """Return once it accepts connections; raise CommandError when it does not within half a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise CommandError(f"No sandbox answers at {host}:{port}: {error}") from error
            time.sleep(0.1)


def mirror_sandbox() -> None:
    """A sync of all that Telnyx still has the pages of. Later ones are the worker's."""
    run = sync_recent(window=KEPT_AT_TELNYX)
    if run.error:
        raise CommandError(f"The sync with the sandbox failed: {run.error}")


def load_faxes(people: dict[str, User]) -> None:
    """Have the sandbox receive them, find them by a sync, fetch their pages, and work on them."""
    story.prepare_lines()
    try:
        faxes = story.let_faxes_arrive()
    except requests.RequestException as error:
        raise CommandError(f"The sandbox let no faxes arrive: {error}") from error
    mirror_sandbox()
    # Beside the worker's, if it runs already: each fax is fetched by one of the two.
    archive.drain()
    # What a first look had not heard of is there by now, and no gap that anybody should look after.
    mirror_sandbox()
    story.work_on(faxes, people)
    story.send_answers(people["ann"])


def load_team(name: str) -> Team:
    """The team of that name. When it is new it gets the application of that name, whose numbers follow."""
    team, created = create_team(by=None, name=name)
    if created:
        for application in FaxApplication.objects.filter(application_name=name, team=None):
            assign_application(by=None, application=application, team=team)
    return team


def load_people(team: Team, password: str) -> dict[str, User]:
    """The people of the team by their names, made where they are not there yet. Beside them, an administrator."""
    admin = {"email": "admin@example.com", "password": password, "is_staff": True, "is_superuser": True}
    User.objects.get_or_create(username="admin", defaults=admin)
    people = {}
    for username, full_name, role in PEOPLE:
        first, last = full_name.split()
        person = {"email": f"{username}@example.com", "password": password, "first_name": first, "last_name": last}
        user, created = User.objects.get_or_create(username=username, defaults=person)
        if created:
            set_member(by=None, team=team, user=user, role=role)
        people[username] = user
    return people
