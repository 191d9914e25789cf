"""A connection ends with its deadline, under TLS as well, and not before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from requests.adapters import HTTPAdapter

from faxes.cutoff import cut_off
from tests.telnyx_api.certificates import self_signed
from tests.telnyx_api.scripted import Reply, Server, serving

DRIP = Reply(content=b"x" * 900, drip=0.01)


@pytest.fixture(params=["http", "https"])
def dribbling(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, requests.Session]]:
    """A server that dribbles its body for nine seconds, and a session that trusts it."""
    pem = tmp_path / "server.pem"
    context = self_signed(pem)
    tls = context if request.param == "https" else None
    with serving(DRIP, Reply(content=b"whole"), tls=tls) as server, requests.Session() as session:
        session.trust_env, session.verify = False, str(pem)
        yield server, session


def test_a_connection_ends_with_its_deadline(dribbling: tuple[Server, requests.Session]) -> None:
    server, session = dribbling
    began = time.monotonic()
    with cut_off(all_of(session), 0.3), pytest.raises(requests.RequestException):
        got(session, server)
    assert 0.2 < time.monotonic() - began < 3


def test_one_that_begins_too_late_ends_at_once(dribbling: tuple[Server, requests.Session]) -> None:
    server, session = dribbling
    with cut_off(all_of(session), 0):
        began = time.monotonic()
        with pytest.raises(requests.RequestException):
            got(session, server)
        assert time.monotonic() - began < 3


def test_one_that_is_done_in_time_is_whole(dribbling: tuple[Server, requests.Session]) -> None:
    server, session = dribbling
    next(server.replies)
    with cut_off(all_of(session), 30):
        assert got(session, server) == b"whole"


def got(session: requests.Session, server: Server) -> bytes:
    with session.get(server.url, timeout=5, stream=True) as response:
        return response.content


def all_of(session: requests.Session) -> list[HTTPAdapter]:
    return [adapter for adapter in session.adapters.values() if isinstance(adapter, HTTPAdapter)]
