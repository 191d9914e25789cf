"""Pages and filters of GET /faxes, and how listings can hide what is there."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from telnyx import Telnyx

from telnyx_sandbox.server import Server, running
from tests.telnyx_sandbox.helpers import KEY, OURS, OURS_TOO, THEIRS, api, errors, send


def ids(server: Server, **query: Any) -> list[str]:
    answer = api(server, "GET", "/faxes", params=query)
    assert answer.status_code == 200, answer.text
    return [fax["id"] for fax in answer.json()["data"]]


def test_sdk_walks_all_pages_and_comes_to_an_end(server: Server, sdk: Telnyx) -> None:
    sent = [send(server)["id"] for _ in range(7)]
    assert [fax.id for fax in sdk.faxes.list(page_size=3)] == sent[::-1]
    pages = [logged for logged in server.sandbox.requests if (logged.method, logged.path) == ("GET", "/v2/faxes")]
    assert len(pages) == 3


def test_meta_counts_pages_and_results(server: Server) -> None:
    for _ in range(5):
        send(server)
    meta = api(server, "GET", "/faxes", params={"page[size]": 2, "page[number]": 3}).json()["meta"]
    assert meta == {"page_number": 3, "page_size": 2, "total_pages": 3, "total_results": 5}
    assert ids(server, **{"page[number]": 2}) == []


def test_twenty_are_shown_unless_more_are_asked_for(server: Server) -> None:
    server.sandbox.fill(30)
    assert len(ids(server)) == 20
    server.sandbox.options.max_page_size = 25
    answer = api(server, "GET", "/faxes", params={"page[size]": 1000}).json()
    assert (len(answer["data"]), answer["meta"]["page_size"]) == (25, 25)


@pytest.mark.parametrize("name", ["page[size]", "page[number]"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.5", "9" * 12, "²"])
def test_pages_are_counted_from_one(server: Server, name: str, value: str) -> None:
    answer = api(server, "GET", "/faxes", params={name: value})
    assert (answer.status_code, errors(answer)) == (400, [("10033", name)])


def test_a_page_size_over_a_documented_maximum_is_refused(server: Server) -> None:
    answer = api(server, "GET", "/fax_applications", params={"page[size]": 251})
    assert (answer.status_code, errors(answer)) == (400, [("10033", "page[size]")])


def test_sdk_filters_by_number_and_direction(server: Server, sdk: Telnyx) -> None:
    first, second = send(server)["id"], send(server, to=OURS_TOO)["id"]
    arrived = server.sandbox.receive(to=OURS, from_=THEIRS)["id"]
    found = {
        "to": [fax.id for fax in sdk.faxes.list(filter={"to": {"eq": OURS_TOO}})],
        "from": [fax.id for fax in sdk.faxes.list(filter={"from": {"eq": OURS}})],
        "direction": [fax.id for fax in sdk.faxes.list(filter={"direction": {"eq": "inbound"}})],
        "both": [fax.id for fax in sdk.faxes.list(filter={"from": {"eq": OURS}, "to": {"eq": THEIRS}})],
    }
    assert found == {"to": [second], "from": [second, first], "direction": [arrived], "both": [first]}


def test_filters_by_time_of_creation(sdk: Telnyx, server: Server) -> None:
    fax = send(server)
    created = datetime.fromisoformat(fax["created_at"])
    second = timedelta(seconds=1)
    hits: list[Any] = [{"gte": created}, {"lte": created}, {"gt": created - second}, {"lt": created + second}]
    misses: list[Any] = [{"gt": created}, {"lt": created}, {"gte": created + second}, {"lte": created - second}]
    for condition, count in [(hit, 1) for hit in hits] + [(miss, 0) for miss in misses]:
        assert len(list(sdk.faxes.list(filter={"created_at": condition}))) == count, condition


def test_a_time_without_zone_is_utc(server: Server) -> None:
    fax = send(server)
    bare = datetime.fromisoformat(fax["created_at"]).astimezone(UTC).replace(tzinfo=None).isoformat()
    assert ids(server, **{"filter[created_at][gte]": bare, "filter[created_at][lte]": bare}) == [fax["id"]]


UNDOCUMENTED = ["filter[status][eq]", "filter[connection_id]", "filter[direction]", "filter[updated_at][gte]"]


@pytest.mark.parametrize("name", UNDOCUMENTED)
def test_a_filter_that_is_not_documented_is_refused(server: Server, name: str) -> None:
    answer = api(server, "GET", "/faxes", params={name: "failed"})
    assert (answer.status_code, errors(answer)) == (400, [("10031", name)])


@pytest.mark.parametrize("moment", ["yesterday", "", "2020-13-01"])
def test_a_filter_by_no_time_is_refused(server: Server, moment: str) -> None:
    answer = api(server, "GET", "/faxes", params={"filter[created_at][gte]": moment})
    assert (answer.status_code, errors(answer)) == (400, [("10031", "filter[created_at][gte]")])


def test_listing_lag_hides_the_newest(server: Server) -> None:
    server.sandbox.options.listing_lag = 30
    fax_id = send(server)["id"]
    assert ids(server) == []
    assert api(server, "GET", f"/faxes/{fax_id}").status_code == 200
    server.sandbox.advance(31)
    assert ids(server) == [fax_id]


def test_omitted_fields_are_gone_from_get_answers_only(server: Server) -> None:
    server.sandbox.options.omit_fields = {"client_state", "media_name"}
    sent = send(server, client_state="eA==")
    assert (sent["client_state"], sent["media_name"]) == ("eA==", "doc")
    listed = api(server, "GET", "/faxes").json()["data"][0]
    read = api(server, "GET", f"/faxes/{sent['id']}").json()["data"]
    assert read == listed == {name: value for name, value in sent.items() if name not in ("client_state", "media_name")}


def test_page_count_on_the_fax_can_be_switched_off(server: Server) -> None:
    fax_id = send(server)["id"]
    server.sandbox.advance(60)
    shown = api(server, "GET", f"/faxes/{fax_id}").json()["data"]
    assert (shown["page_count"], shown["call_duration_secs"]) == (1, 38)
    server.sandbox.options.page_count_on_fax = False
    hidden = api(server, "GET", f"/faxes/{fax_id}").json()["data"]
    assert shown.keys() - hidden.keys() == {"page_count", "call_duration_secs"}


@pytest.mark.parametrize("condition", ["1", "recipient='x'", "sender='x'", "direction='x'", "created_at>5"])
def test_a_long_past_is_listed_from_an_index(tmp_path: Path, condition: str) -> None:
    with running(state=str(tmp_path / "state.sqlite"), auto=False) as server:
        server.sandbox.fill(10)
    db = sqlite3.connect(tmp_path / "state.sqlite")
    query = f"SELECT shown FROM faxes WHERE {condition} ORDER BY created_at DESC, seq DESC LIMIT 20"
    plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}"))
    db.close()
    assert "USING INDEX" in plan and "TEMP B-TREE" not in plan


def test_a_past_is_spread_over_its_days(server: Server) -> None:
    server.sandbox.fill(40, days=10)
    faxes = server.sandbox.faxes()
    first, last = (datetime.fromisoformat(faxes[at]["created_at"]) for at in (0, -1))
    assert timedelta(days=9) < last - first < timedelta(days=10)
    assert {fax["status"] for fax in faxes} == {"received", "delivered", "failed"}
    assert api(server, "GET", "/faxes", headers=KEY).json()["meta"]["total_results"] == 40
