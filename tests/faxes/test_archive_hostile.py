"""Whatever a link leads to, nothing but a fax is kept, no private address is called, and people are told why."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Team
from faxes.fetch import FetchError, fetch
from faxes.models import Document, Fax
from faxes.states import Media
from faxes.steps import archive
from faxes.wording import state_of
from tests import builders
from tests.hostile import SIXTY_MEGABYTES, Hostile, Listener, hostile_world
from tests.processes import ROOT, environment

pytestmark = pytest.mark.django_db

NOT_A_FAX = "What came is not the PDF or TIFF file of a fax."
TOO_LARGE = "The file is larger than 50 MB, the most we fetch."
TRAPS = [
    ("html", "unsupported", NOT_A_FAX),
    ("html-as-pdf", "unsupported", NOT_A_FAX),
    ("zip", "unsupported", NOT_A_FAX),
    ("photo", "unsupported", NOT_A_FAX),
    ("sixty", "too_large", TOO_LARGE),
    ("sixty-announced", "too_large", TOO_LARGE),
    ("half", "broke_off", "The file stopped half-way"),
    ("two-lengths", "unreachable", "The file's server did not answer"),
    ("bomb", "bomb", "The file unpacks to far more than fits on fax pages."),
    ("frames", "too_many_pages", "The file has more pages than a fax can have."),
    ("encrypted", "encrypted", "The file is protected with a password."),
    ("empty", "empty", "The file behind the link is empty."),
    ("redirect", "redirect", "The link leads on to somewhere else (302), so it was not followed."),
]


@pytest.fixture
def world(settings: Settings) -> Iterator[tuple[Hostile, Listener]]:
    with hostile_world() as (server, listener):
        settings.PRIVATE_HOSTS_ALLOWED = [server.host]
        yield server, listener


def archived(team: Team, link: str) -> Fax:
    fax = builders.inbound(team, status="received", media=Media.WAITING, media_url=link, due_at=timezone.now())
    assert archive.drain() == 1
    fax.refresh_from_db()
    return fax


def nothing_is_kept(fax: Fax, settings: Settings) -> bool:
    files = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    return (fax.document, fax.original, files) == (None, None, []) and not Document.objects.exists()


@pytest.mark.parametrize(("trap", "code", "detail"), TRAPS)
def test_a_trap_is_not_stored_and_says_what_it_was(
    settings: Settings, team: Team, world: tuple[Hostile, Listener], trap: str, code: str, detail: str
) -> None:
    server, listener = world
    fax = archived(team, server.link(trap))
    assert server.asked == [f"/{trap}"]
    assert listener.calls == 0
    assert (fax.media, fax.problem["code"]) == (Media.WAITING, code)
    assert fax.problem["detail"].startswith(detail)
    assert fax.problem["detail"] in state_of(fax).sentence
    assert fax.events.get(kind="media_failed").data["detail"] == fax.problem["detail"]
    assert nothing_is_kept(fax, settings)
    assert server.sent < SIXTY_MEGABYTES


def test_a_private_address_is_not_called(settings: Settings, team: Team, world: tuple[Hostile, Listener]) -> None:
    _, listener = world
    fax = archived(team, listener.link)
    assert listener.calls == 0
    assert fax.problem["code"] == "private_address"
    assert fax.problem["detail"] == "The link leads to a private address, so it was not followed."
    assert nothing_is_kept(fax, settings)


def test_the_listener_would_have_heard_us(world: tuple[Hostile, Listener]) -> None:
    """Else the tests above would prove nothing."""
    _, listener = world
    socket.create_connection(listener.address).close()
    assert listener.calls == 1


def test_a_head_that_never_ends_is_not_waited_for(world: tuple[Hostile, Listener]) -> None:
    """Each byte comes in time, so that no single wait is too long."""
    server, _ = world
    began = time.monotonic()
    with pytest.raises(FetchError) as caught:
        fetch(server.link("drip"), io.BytesIO(), deadline=0.5)
    assert caught.value.reason == "slow"
    assert 0.5 < time.monotonic() - began < 3


def test_one_trap_keeps_no_other_fax_waiting(team: Team, world: tuple[Hostile, Listener]) -> None:
    server, _ = world
    for trap in ("html", "half", "bomb"):
        builders.inbound(team, media=Media.WAITING, media_url=server.link(trap), due_at=timezone.now())
    assert archive.drain() == 3
    assert server.asked == ["/html", "/half", "/bomb"]


MEASURE = """
import sys, django
django.setup()
import documents.pdf
from django.conf import settings
from django.db import connection
from django.utils import timezone
from faxes.models import Fax
from faxes.steps import archive

def peak():
    return int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))) // 1024

folder, link, host = sys.argv[1:]
settings.MEDIA_ROOT, settings.PRIVATE_HOSTS_ALLOWED = folder + "/media", [host]
connection.settings_dict["TEST"]["NAME"] = folder + "/db.sqlite3"
connection.creation.create_test_db(verbosity=0, serialize=False)
fax = Fax.objects.create(direction="inbound", media="waiting", media_url=link, due_at=timezone.now())
before = peak()
archive.archive_next()
fax.refresh_from_db()
assert fax.document.bytes > 49_000_000, fax.problem
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Peak memory is read from /proc.")
def test_fifty_megabytes_pass_without_being_held_in_memory(tmp_path: Path, world: tuple[Hostile, Listener]) -> None:
    server, _ = world
    env = environment(DJANGO_SETTINGS_MODULE="tests.settings")
    program = [sys.executable, "-c", MEASURE, str(tmp_path), server.link("large"), server.host]
    done = subprocess.run(program, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < 25, "megabytes more than before"
