"""A production that is not set up does not start, and says everything that is missing at once."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import requests

from tests.processes import environment, finished, free_port, running, wait_for

ALL = [*(f"faxportal.E00{number}" for number in range(1, 7)), "faxportal.E014"]
# Telnyx's address has a default; everything else must be said.
MISSING = [code for code in ALL if code != "faxportal.E005"]
SERVERS = {
    "web": ["-m", "gunicorn", "faxportal.wsgi"],
    "worker": ["manage.py", "run_huey"],
}


def complete(tmp_path: Path) -> dict[str, str]:
    return environment(
        SECRET_KEY="k" * 50,
        ALLOWED_HOSTS="localhost",
        PUBLIC_URL="https://fax.example.com",
        TRUSTED_PROXY_COUNT="0",
        EMAIL_URL="dummymail://",
        TELNYX_API_KEY="KEY123",
        TELNYX_PUBLIC_KEY=base64.b64encode(bytes(32)).decode(),
        DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3",
        QUEUE_URL=f"sqlite:///{tmp_path}/queue.sqlite3",
    )


@pytest.mark.process
@pytest.mark.parametrize("server", SERVERS)
def test_with_nothing_set_neither_web_nor_worker_starts(server: str) -> None:
    outcome = finished(*SERVERS[server], env=environment(BIND=f"127.0.0.1:{free_port()}"))
    assert outcome.returncode != 0
    assert [code for code in ALL if code in outcome.stdout] == MISSING


@pytest.mark.process
@pytest.mark.parametrize("server", SERVERS)
def test_only_what_is_wrong_is_listed(server: str, tmp_path: Path) -> None:
    env = {**complete(tmp_path), "TELNYX_API_BASE": "http://127.0.0.1:8001/v2", "BIND": f"127.0.0.1:{free_port()}"}
    outcome = finished(*SERVERS[server], env=env)
    assert outcome.returncode != 0
    assert [code for code in ALL if code in outcome.stdout] == ["faxportal.E005"]


@pytest.mark.process
def test_a_complete_production_serves(tmp_path: Path) -> None:
    port = free_port()
    env = {**complete(tmp_path), "BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1"}

    def answers() -> bool:
        try:
            return requests.get(f"http://localhost:{port}/healthz", timeout=5).text == "ok"
        except requests.RequestException:
            return False

    with running(*SERVERS["web"], env=env, log=tmp_path / "web.log"):
        wait_for(answers, what="an answer of /healthz")


@pytest.mark.process
@pytest.mark.parametrize(
    "command", [["check"], ["makemigrations", "--check", "--dry-run"], ["collectstatic", "--dry-run", "--no-input"]]
)
def test_building_needs_no_configuration(command: list[str], tmp_path: Path) -> None:
    env = environment(DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3", QUEUE_URL=f"sqlite:///{tmp_path}/queue.sqlite3")
    outcome = finished("manage.py", *command, env=env)
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.process
def test_a_complete_production_passes_every_check_of_djangos(tmp_path: Path) -> None:
    env = {**complete(tmp_path), "SECRET_KEY": "a long and random word of fifty letters, or so: xq9"}
    deployed = finished("manage.py", "check", "--deploy", "--fail-level", "WARNING", env=env)
    assert deployed.returncode == 0, deployed.stdout


@pytest.mark.process
def test_the_deployment_check_lists_the_same(tmp_path: Path) -> None:
    outcome = finished("manage.py", "check", "--deploy", "--tag", "faxportal", env=environment())
    assert outcome.returncode != 0
    assert [code for code in ALL if code in outcome.stdout] == MISSING
