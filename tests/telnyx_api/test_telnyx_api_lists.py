"""Lists: filters under Telnyx's names, pages walked to their end, each object once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from telnyx_api import BadAnswer, Client, Page
from telnyx_api.paging import walk
from tests.telnyx_api.scripted import Reply, client_of, ok, serving


def page(*ids: str, total: int | None = None) -> Reply:
    data = [{"id": name} for name in ids]
    return ok(data) if total is None else ok(data, total_pages=total)


def walked(*replies: Reply) -> tuple[list[str | None], list[str]]:
    """The ids that a walk over these pages yields, and the page numbers it asked for."""
    with serving(*replies) as server, client_of(server) as client:
        ids = [fax.id for fax in client.list_faxes(size=2)]
    return ids, [dict(asked.query)["page[number]"] for asked in server.asked]


def test_a_page_knows_its_place() -> None:
    answer = ok([{"id": "f1"}, {"id": "f2"}], page_number=2, page_size=2, total_pages=3, total_results=5)
    with serving(answer) as server, client_of(server) as client:
        faxes = client.faxes_page(number=2, size=2)
    assert [fax.id for fax in faxes.data] == ["f1", "f2"]
    assert (faxes.page_number, faxes.page_size, faxes.total_pages, faxes.total_results) == (2, 2, 3, 5)
    assert server.asked[0].query == [("page[number]", "2"), ("page[size]", "2")]


@pytest.mark.parametrize("meta", [{}, {"meta": None}, {"meta": []}, {"meta": {"total_pages": "many"}}])
def test_a_page_without_its_place_says_none(meta: dict[str, Any]) -> None:
    with serving(Reply(document={"data": [], **meta})) as server, client_of(server) as client:
        faxes = client.faxes_page()
    assert (faxes.data, faxes.page_number, faxes.page_size, faxes.total_pages, faxes.total_results) == ((), *[None] * 4)


@pytest.mark.parametrize("data", [None, {}, "f1", [1], [{"id": "f1"}, None]])
def test_a_list_of_anything_but_objects_is_a_bad_answer(data: Any) -> None:
    with serving(Reply(document={"data": data})) as server, client_of(server) as client, pytest.raises(BadAnswer):
        client.faxes_page()


def test_all_pages_are_walked() -> None:
    assert walked(page("1", "2", total=3), page("3", "4", total=3), page("5", total=3)) == (
        ["1", "2", "3", "4", "5"],
        ["1", "2", "3"],
    )


def test_an_empty_list_takes_one_request() -> None:
    assert walked(page(total=0)) == ([], ["1"])
    assert walked(page()) == ([], ["1"])


def test_what_moved_to_a_later_page_comes_once() -> None:
    ids, _ = walked(page("1", "2", "2", total=3), page("2", "3", total=3), page("1", "4", total=3))
    assert ids == ["1", "2", "3", "4"]


def test_a_page_of_old_acquaintances_is_not_the_end_when_more_are_promised() -> None:
    ids, _ = walked(page("1", "2", total=3), page("1", "2", total=3), page("3", total=3))
    assert ids == ["1", "2", "3"]


def test_without_a_count_the_walk_ends_where_nothing_new_comes() -> None:
    assert walked(page("1", "2"), page("3"), page()) == (["1", "2", "3"], ["1", "2", "3"])
    assert walked(page("1", "2"), page("1", "2")) == (["1", "2"], ["1", "2"])


def test_a_server_that_always_says_page_2_of_3_is_left_after_three_pages() -> None:
    stuck = ok([{"id": "1"}], page_number=2, total_pages=3)
    assert walked(*[stuck] * 9) == (["1"], ["1", "2", "3"])


def test_pages_that_never_bring_anything_new_are_a_bad_answer() -> None:
    with serving(*[page("1", total=1000)] * 9) as server, client_of(server) as client:
        with pytest.raises(BadAnswer, match="do not end"):
            list(client.list_faxes())
    assert len(server.asked) == 4


def test_pages_without_end_are_a_bad_answer() -> None:
    def endless(number: int) -> Page[str]:
        return Page(data=(str(number),), page_number=number, page_size=1, total_pages=None, total_results=None)

    with pytest.raises(BadAnswer, match="do not end"):
        list(walk(endless, lambda item: item))


def test_what_has_no_id_is_not_lost() -> None:
    answer = ok([{"status": "queued"}, {"status": "queued"}], total_pages=1)
    with serving(answer) as server, client_of(server) as client:
        assert [fax.status for fax in client.list_faxes()] == ["queued", "queued"]


def test_faxes_are_filtered_in_brackets_and_in_utc() -> None:
    eastern = datetime(2026, 3, 9, 4, 30, tzinfo=timezone(timedelta(hours=-4)))
    with serving(page(total=1)) as server, client_of(server) as client:
        client.faxes_page(
            created_gte=eastern,
            created_gt=eastern,
            created_lte=datetime(2026, 3, 10, tzinfo=UTC),
            created_lt=None,
            direction="inbound",
            from_="+12125550134",
            to="+14155550176",
        )
    assert server.asked[0].query == [
        ("filter[created_at][gte]", "2026-03-09T08:30:00.000000Z"),
        ("filter[created_at][gt]", "2026-03-09T08:30:00.000000Z"),
        ("filter[created_at][lte]", "2026-03-10T00:00:00.000000Z"),
        ("filter[direction][eq]", "inbound"),
        ("filter[from][eq]", "+12125550134"),
        ("filter[to][eq]", "+14155550176"),
        ("page[number]", "1"),
        ("page[size]", "250"),
    ]


def test_a_time_without_a_zone_is_no_filter() -> None:
    with serving() as server, client_of(server) as client, pytest.raises(ValueError, match="time zone"):
        client.faxes_page(created_gte=datetime(2026, 3, 9))
    assert server.asked == []


def test_an_unknown_filter_is_not_lost_in_silence() -> None:
    with serving() as server, client_of(server) as client, pytest.raises(TypeError, match="FaxFilters has no status"):
        client.faxes_page(status="queued")  # type: ignore[call-arg]
    assert server.asked == []


LISTS: list[tuple[str, Callable[[Client], Any], list[tuple[str, str]]]] = [
    (
        "/v2/fax_applications",
        lambda c: c.list_fax_applications(
            application_name_contains="desk", outbound_voice_profile_id="7", sort="active"
        ),
        [
            ("filter[application_name][contains]", "desk"),
            ("filter[outbound_voice_profile_id]", "7"),
            ("sort", "active"),
        ],
    ),
    (
        "/v2/phone_numbers",
        lambda c: c.list_phone_numbers(
            connection_id="5", phone_number="2125550134", status="active", number_type="local"
        ),
        [
            ("filter[connection_id]", "5"),
            ("filter[phone_number]", "2125550134"),
            ("filter[status]", "active"),
            ("filter[number_type][eq]", "local"),
            ("handle_messaging_profile_error", "true"),
        ],
    ),
    (
        "/v2/outbound_voice_profiles",
        lambda c: c.list_outbound_voice_profiles(name_contains="office", sort="-name"),
        [("filter[name][contains]", "office"), ("sort", "-name")],
    ),
    (
        "/v2/webhook_deliveries",
        lambda c: c.list_webhook_deliveries(
            status="failed", event_type="fax.received", started_gte=datetime(2026, 3, 9, tzinfo=UTC)
        ),
        [
            ("filter[status][eq]", "failed"),
            ("filter[event_type]", "fax.received"),
            ("filter[started_at][gte]", "2026-03-09T00:00:00.000000Z"),
        ],
    ),
]


@pytest.mark.parametrize(("path", "listed", "filters"), LISTS)
def test_every_list_walks_its_pages_with_its_filters(
    path: str, listed: Callable[[Client], Any], filters: list[tuple[str, str]]
) -> None:
    with serving(page("1", "2", total=2), page("2", "3", total=2)) as server, client_of(server) as client:
        assert [item.id for item in listed(client)] == ["1", "2", "3"]
    assert [asked.path for asked in server.asked] == [path, path]
    assert server.asked[1].query == [*filters, ("page[number]", "2"), ("page[size]", "250")]


def test_media_are_listed_by_name_and_without_paging_until_it_is_needed() -> None:
    first = ok([{"media_name": "a"}, {"media_name": "b"}], total_pages=2)
    second = ok([{"media_name": "b"}, {"media_name": "c"}], total_pages=2)
    with serving(first, second) as server, client_of(server) as client:
        names = [media.media_name for media in client.list_media(content_type=["application/pdf", "image/tiff"])]
    assert names == ["a", "b", "c"]
    types = [("filter[content_type][]", "application/pdf"), ("filter[content_type][]", "image/tiff")]
    assert [asked.query for asked in server.asked] == [types, [*types, ("page[number]", "2")]]
