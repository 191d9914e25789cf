"""GET and DELETE repeat themselves within bounds; nothing else is ever made twice."""

import io
import logging
from typing import Any

import pytest

from telnyx_api import BadAnswer, Client, NoAnswer, NotFound, NotSent, RateLimited, ServerError, TelnyxError
from tests.telnyx_api.scripted import KEY, Reply, client_of, closed_port, ok, refused, serving

DOWN = Reply(status=503)
RESET = Reply(raw=b"", reset=True)
BROKEN_OFF = Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
GONE = refused(404, "10005", "No such fax.")


@pytest.mark.parametrize("trouble", [DOWN, RESET, BROKEN_OFF, Reply(status=429), Reply(status=500), Reply(status=408)])
def test_a_read_is_repeated_until_it_succeeds(trouble: Reply) -> None:
    waits: list[float] = []
    with serving(trouble, trouble, ok({"id": "f1"})) as server, client_of(server, sleep=waits.append) as client:
        assert client.get_fax("f1").id == "f1"
    assert len(server.asked) == 3
    assert 0 <= waits[0] <= 0.5 and 0 <= waits[1] <= 1.0


@pytest.mark.parametrize(("trouble", "kind"), [(DOWN, ServerError), (RESET, NoAnswer), (BROKEN_OFF, NoAnswer)])
def test_a_read_is_given_up_after_the_attempts_and_may_be_asked_again(trouble: Reply, kind: type[TelnyxError]) -> None:
    with serving(*[trouble] * 9) as server, client_of(server, attempts=4) as client:
        with pytest.raises(kind) as caught:
            client.get_fax("f1")
    assert len(server.asked) == 4
    assert caught.value.retryable


def test_a_read_that_cannot_connect_is_repeated() -> None:
    waits: list[float] = []
    with Client(api_key=KEY, base_url=f"http://127.0.0.1:{closed_port()}", sleep=waits.append) as client:
        with pytest.raises(NotSent):
            client.get_fax("f1")
    assert len(waits) == 2


@pytest.mark.parametrize("answer", [Reply(status=s) for s in (302, 400, 401, 402, 403, 404, 409, 422)])
def test_an_answer_that_will_stay_the_same_is_not_asked_for_again(answer: Reply) -> None:
    with serving(answer, ok({})) as server, client_of(server) as client, pytest.raises(TelnyxError) as caught:
        client.get_fax("f1")
    assert len(server.asked) == 1
    assert not caught.value.retryable


def test_garbage_is_not_asked_for_again() -> None:
    with serving(Reply(content=b"garbage"), ok({})) as server, client_of(server) as client, pytest.raises(BadAnswer):
        client.get_fax("f1")
    assert len(server.asked) == 1


def test_the_pause_is_as_long_as_telnyx_asks() -> None:
    waits: list[float] = []
    limited = refused(429, "10011", "Slow down.", x_ratelimit_reset="8")
    with serving(limited, ok({"id": "f1"})) as server, client_of(server, sleep=waits.append) as client:
        client.get_fax("f1")
    assert waits == [8.0]


def test_a_pause_longer_than_half_a_minute_is_left_to_the_caller() -> None:
    waits: list[float] = []
    limited = refused(429, "10011", "Slow down.", Retry_After="31")
    with serving(limited, ok({})) as server, client_of(server, sleep=waits.append) as client:
        with pytest.raises(RateLimited) as caught:
            client.get_fax("f1")
    assert waits == [] and caught.value.retry_after == 31


def test_pauses_grow_but_never_beyond_half_a_minute() -> None:
    waits: list[float] = []
    with serving(*[DOWN] * 40) as server, client_of(server, attempts=40, sleep=waits.append) as client:
        with pytest.raises(ServerError):
            client.get_fax("f1")
    assert all(wait <= min(30.0, 0.5 * 2**number) for number, wait in enumerate(waits))
    assert max(waits) > 1.0


def test_a_repeat_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="telnyx_api")
    with serving(DOWN, ok({"id": "f1"})) as server, client_of(server) as client:
        client.get_fax("f1")
    assert "Try 1 of 3 failed" in caplog.text and "503" in caplog.text


@pytest.mark.parametrize("trouble", [DOWN, RESET, Reply(status=429), Reply(status=500)])
@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("cancel_fax", {"fax_id": "f1"}),
        ("refresh_fax", {"fax_id": "f1"}),
        ("send_fax", {"connection_id": "1", "to": "+1", "from_": "+2", "media_name": "m"}),
        ("create_fax_application", {"application_name": "a", "webhook_event_url": "https://x.example"}),
        ("update_fax_application", {"application_id": "1", "application_name": "a", "webhook_event_url": "https://x"}),
        ("update_phone_number", {"number_id": "1", "connection_id": "2"}),
        ("upload_media_url", {"media_url": "https://x.example/a.pdf", "media_name": "m"}),
        ("update_media_url", {"media_name": "m", "media_url": "https://x.example/a.pdf"}),
    ],
)
def test_what_changes_something_is_made_once(trouble: Reply, method: str, arguments: dict[str, Any]) -> None:
    waits: list[float] = []
    with serving(trouble, ok({"id": "f1"})) as server, client_of(server, sleep=waits.append) as client:
        with pytest.raises(TelnyxError):
            getattr(client, method)(**arguments)
    assert len(server.asked) == 1 and waits == []


def test_an_upload_is_made_once() -> None:
    with serving(DOWN, ok({})) as server, client_of(server) as client, pytest.raises(ServerError):
        client.upload_media(file=io.BytesIO(b"%PDF"), filename="a.pdf", media_name="m")
    assert len(server.asked) == 1


@pytest.mark.parametrize("trouble", [DOWN, RESET])
def test_a_delete_is_repeated(trouble: Reply) -> None:
    with serving(trouble, Reply(status=204)) as server, client_of(server) as client:
        client.delete_fax("f1")
    assert [asked.method for asked in server.asked] == ["DELETE", "DELETE"]


def test_a_repeated_delete_that_finds_nothing_has_succeeded() -> None:
    with serving(RESET, GONE) as server, client_of(server) as client:
        client.delete_fax("f1")
    assert len(server.asked) == 2


def test_a_first_delete_that_finds_nothing_says_so() -> None:
    with serving(GONE) as server, client_of(server) as client, pytest.raises(NotFound, match="No such fax"):
        client.delete_fax("f1")
