"""A long past for a sandbox that runs, by a command of its own."""

import json
import time

import pytest

from telnyx_sandbox import past
from telnyx_sandbox.server import Server
from tests.telnyx_sandbox.helpers import api, send


def fill(server: Server, *arguments: str) -> None:
    past.main([*arguments, "--base-url", server.url])


def test_the_command_gives_a_past_that_is_listed_and_told_by_no_webhook(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(server, "--count", "600", "--days", "3")
    meta = api(server, "GET", "/faxes", params={"page[size]": 250}).json()["meta"]
    assert (meta["total_results"], meta["total_pages"]) == (600, 3)
    assert {fax["direction"] for fax in server.sandbox.faxes()} == {"inbound", "outbound"}
    assert server.sandbox.deliveries == [] and "600 faxes of the last 3 days" in capfd.readouterr().out


def test_the_past_can_be_received_alone(server: Server) -> None:
    fill(server, "--count", "20", "--inbound-only")
    assert {fax["direction"] for fax in server.sandbox.faxes()} == {"inbound"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--count", "0"], "--count must be from 1"),
        (["--days", "4000"], "days"),
        (["--base-url", "http://127.0.0.1:1"], "No sandbox answers"),
    ],
)
def test_the_command_says_what_is_wrong(server: Server, arguments: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit, match=sentence):
        past.main(["--base-url", server.url, *arguments])
    assert server.sandbox.faxes() == []


def test_a_page_of_the_list_is_what_each_fax_shows(server: Server) -> None:
    """The list takes a shorter way, with whatever is left out."""
    send(server, to="+13125550133")
    fill(server, "--count", "4")
    for omitted in ({}, {"omit_fields": {"direction"}}, {"page_count_on_fax": False}):
        for name, value in omitted.items():
            setattr(server.sandbox.options, name, value)
        listed = api(server, "GET", "/faxes").json()["data"]
        alone = [api(server, "GET", f"/faxes/{fax['id']}").json()["data"] for fax in listed]
        assert json.dumps(listed) == json.dumps(alone) and len(listed) == 5


def test_a_large_past_takes_seconds(server: Server) -> None:
    began = time.monotonic()
    fill(server, "--count", "10000")
    assert time.monotonic() - began < 10
