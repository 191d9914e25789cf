"""The API key appears nowhere but in the header it belongs to."""

import json
import logging
import traceback

import pytest

from telnyx_api import Client, Invalid, TelnyxError
from tests.telnyx_api.scripted import KEY, Reply, client_of, closed_port, refused, serving

EVERYWHERE = {"detail": KEY, "meta": {KEY: [KEY, {"a": KEY}]}, "source": {"pointer": KEY}}
ECHOES = [
    refused(401, KEY, f"Bearer {KEY} is not accepted.", x_request_id=KEY),
    Reply(status=422, document={"errors": [EVERYWHERE]}),
    Reply(status=500, content=KEY.encode()),
    Reply(status=200, content=KEY.encode(), headers={"x-request-id": KEY}),
    Reply(status=302, headers={"Location": f"http://x.example/?key={KEY}"}),
    Reply(raw=f"{KEY} is no status line\r\n\r\n".encode()),
    Reply(raw=f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}\r\n".encode()),
    Reply(raw=b"", reset=True),
]


def everything_about(error: BaseException) -> str:
    return f"{error} {error!r} {error.args} {vars(error)} {''.join(traceback.format_exception(error))}"


@pytest.mark.parametrize("echo", ECHOES)
def test_no_error_tells_the_key(echo: Reply, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(echo, echo, echo) as server, client_of(server) as client, pytest.raises(TelnyxError) as caught:
        client.get_fax("f1")
    assert KEY not in everything_about(caught.value)
    assert KEY not in caplog.text
    # The library's errors carry the request and its headers, so none may hang on ours.
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_the_place_of_an_echo_is_still_told() -> None:
    with serving(ECHOES[1]) as server, client_of(server) as client, pytest.raises(Invalid) as caught:
        client.get_fax("f1")
    assert caught.value.detail == "[API key]"
    assert json.dumps(caught.value.pointers[0].meta) == '{"[API key]": ["[API key]", {"a": "[API key]"}]}'


def test_an_error_without_a_connection_does_not_tell_the_key() -> None:
    with Client(api_key=KEY, base_url=f"http://127.0.0.1:{closed_port()}", attempts=1) as client:
        with pytest.raises(TelnyxError) as caught:
            client.get_fax("f1")
    assert KEY not in everything_about(caught.value)


def test_a_client_does_not_show_its_key() -> None:
    with Client(api_key=KEY) as client:
        assert repr(client) == "Client(base_url='https://api.telnyx.com/v2')"


def test_a_key_in_place_of_an_id_filter_or_address_is_never_sent() -> None:
    with serving() as server, client_of(server) as client:
        with pytest.raises(ValueError, match="API key was given") as as_id:
            client.get_fax(KEY)
        with pytest.raises(ValueError, match="API key was given") as as_filter:
            list(client.list_faxes(to=f" {KEY}"))
        with pytest.raises(ValueError, match="API key") as as_address:
            client_of(server, base_url=f"{server.url}/{KEY}")
    assert server.asked == []
    assert KEY not in "".join(everything_about(error.value) for error in (as_id, as_filter, as_address))


@pytest.mark.parametrize("key", ["", "short", f"{KEY}\n", f" {KEY}", f"{KEY}\r\nX: y", "ключ-длинный-ключ"])
def test_what_cannot_be_a_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="visible characters") as caught:
        Client(api_key=key)
    assert not key.strip() or key.strip() not in everything_about(caught.value)


def test_a_user_in_the_base_url_cannot_replace_the_key() -> None:
    with pytest.raises(ValueError) as caught:
        Client(api_key=KEY, base_url="https://mallory:pass@api.telnyx.com/v2")
    assert "mallory" not in str(caught.value)
