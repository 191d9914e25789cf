"""Every way a call can go wrong, told apart by the one question: could Telnyx have acted?"""

import gzip
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_api import (
    AccountInactive,
    BadAnswer,
    Client,
    Conflict,
    Fax,
    Forbidden,
    Invalid,
    NoAnswer,
    NoFunds,
    NotFound,
    NotSent,
    RateLimited,
    Refused,
    ServerError,
    TelnyxError,
    Unauthorized,
)
from telnyx_api.refusals import DAY, refusal, retry_after
from tests.telnyx_api.certificates import self_signed
from tests.telnyx_api.scripted import KEY, Reply, client_of, closed_port, ok, refused, serving

TRUNCATED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n" + b'{"data": {"id"'


def send(client: Client) -> Fax:
    with client:
        return client.send_fax(connection_id="1", to="+14155550176", from_="+12125550134", media_name="letter")


def failure(reply: Reply, **options: float) -> TelnyxError:
    """The error of a fax that is answered so. Whatever the answer, it was asked for once."""
    with serving(reply) as server, pytest.raises(TelnyxError) as caught:
        send(client_of(server, **options))
    assert len(server.asked) == 1
    return caught.value


def test_a_refused_connection_is_not_sent() -> None:
    with pytest.raises(NotSent, match="refused") as caught:
        send(Client(api_key=KEY, base_url=f"http://127.0.0.1:{closed_port()}/v2"))
    assert caught.value.retryable and caught.value.outcome_known
    # People read it.
    assert "Errno" not in str(caught.value)


def test_a_name_without_an_address_is_not_sent() -> None:
    with pytest.raises(NotSent):
        send(Client(api_key=KEY, base_url=f"http://{'a' * 64}.invalid/v2"))


def test_a_failed_tls_handshake_is_not_sent() -> None:
    with serving() as server:
        client = Client(api_key=KEY, base_url=server.url.replace("http:", "https:"), attempts=1)
        with pytest.raises(NotSent):
            client.get_fax("f1")
        with pytest.raises(NotSent):
            send(client)
    assert server.asked == []


def test_only_a_server_that_proves_its_name_gets_the_fax(tmp_path: Path) -> None:
    pem = tmp_path / "server.pem"
    with serving(ok({"id": "f1"}, status=202), tls=self_signed(pem)) as server:
        with pytest.raises(NotSent, match="certificate verify failed"):
            send(client_of(server))
        trusting = client_of(server)
        trusting.session.verify = str(pem)
        assert send(trusting).id == "f1"
    assert len(server.asked) == 1


def test_a_tls_handshake_that_never_ends_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base_url = f"https://127.0.0.1:{silent.getsockname()[1]}/v2"
        with pytest.raises(NotSent):
            send(Client(api_key=KEY, base_url=base_url, connect_timeout=0.1))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(raw=b""),
        Reply(raw=b"", reset=True),
        Reply(raw=b"\x16\x03\x01 this is no HTTP\r\n\r\n"),
        Reply(raw=TRUNCATED),
        Reply(raw=TRUNCATED, reset=True),
        Reply(raw=b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        Reply(status=408),
        refused(400, "10008", "The request timed out."),
    ],
)
def test_a_lost_answer_leaves_the_outcome_unknown(reply: Reply) -> None:
    error = failure(reply)
    assert type(error) is NoAnswer
    assert not error.retryable and not error.outcome_known


@pytest.mark.parametrize("begun", [b"", TRUNCATED])
def test_an_answer_that_does_not_come_in_time_leaves_the_outcome_unknown(begun: bytes) -> None:
    error = failure(Reply(raw=begun, hang=True), read_timeout=0.1)
    assert type(error) is NoAnswer and "timed out" in str(error)


def test_an_answer_that_trickles_is_given_up() -> None:
    error = failure(Reply(content=b" " * 1000, drip=0.02), read_timeout=0.1)
    assert type(error) is NoAnswer and "too long" in str(error)


@pytest.mark.parametrize(
    "content",
    [b"", b'{"data": {"id": ', b"<html>proxy</html>", b"[]", b"{}", b'{"data": []}', b'{"data": null}', b'{"data": {}}']
    + [b"\xff\xfe\x00", b"[" * 100_000, b'{"data": {"id": NaN}}', b"9" * 5000],
)
def test_a_success_that_cannot_be_read_leaves_the_outcome_unknown(content: bytes) -> None:
    error = failure(Reply(status=202, content=content))
    assert type(error) is BadAnswer
    assert not error.retryable and not error.outcome_known


def test_a_success_that_ends_within_its_first_line_leaves_the_outcome_unknown() -> None:
    assert type(failure(Reply(raw=b"HTTP/1.1 202 Acc"))) is BadAnswer


def test_an_answer_that_cannot_be_decompressed_is_bad() -> None:
    reply = Reply(status=202, content=b"this is no gzip", headers={"Content-Encoding": "gzip"})
    assert type(failure(reply)) is BadAnswer


def test_an_answer_larger_than_20_mb_is_bad_even_when_it_is_small_on_the_wire() -> None:
    bomb = gzip.compress(bytes(21 * 1024 * 1024))
    error = failure(Reply(status=202, content=bomb, headers={"Content-Encoding": "gzip"}))
    assert type(error) is BadAnswer and "20 MB" in str(error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with serving() as elsewhere:
        error = failure(Reply(status=status, headers={"Location": f"{elsewhere.url}/faxes"}))
    assert elsewhere.asked == []
    assert type(error) is BadAnswer and error.status == status
    # 303 is how a server says that it has acted.
    assert not error.outcome_known


def test_the_session_itself_follows_no_redirect() -> None:
    with serving() as elsewhere, serving(Reply(status=302, headers={"Location": elsewhere.url})) as server:
        with client_of(server) as client:
            assert client.session.get(server.url, timeout=1).status_code == 302
    assert elsewhere.asked == []


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_a_server_error_leaves_the_outcome_unknown(status: int) -> None:
    error = failure(Reply(status=status, content=b"<html>Bad gateway</html>", headers={"x-request-id": "r-7"}))
    assert type(error) is ServerError
    assert not error.retryable and not error.outcome_known
    assert (error.status, error.request_id, error.pointers) == (status, "r-7", ())


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "10015", Invalid),
        (401, "10009", Unauthorized),
        (402, "20100", NoFunds),
        (403, "20100", NoFunds),
        (422, "20100", NoFunds),
        (402, "1", NoFunds),
        (403, "10010", Forbidden),
        (403, "20012", AccountInactive),
        (404, "10005", NotFound),
        (409, "10021", Conflict),
        (422, "90080", Invalid),
        (410, "1", Refused),
        (413, "1", Refused),
        (499, "1", Refused),
    ],
)
def test_a_refusal_has_the_class_of_its_code_or_status(status: int, code: str, kind: type[TelnyxError]) -> None:
    error = failure(refused(status, code, "No."))
    assert type(error) is kind
    assert (error.status, error.code, error.title, error.detail) == (status, code, "Refused", "No.")
    assert error.outcome_known and not error.retryable


def test_a_refusal_says_where_the_request_is_wrong() -> None:
    first = {
        "code": 10016,
        "title": "Not E.164",
        "detail": "The to number is wrong.",
        "source": {"pointer": "/to"},
        "meta": {"url": "https://developers.telnyx.com/docs/overview/errors/10016"},
    }
    second = {"title": "Unknown", "source": {"parameter": "filter[x]"}, "meta": "nothing"}
    reply = Reply(status=422, document={"errors": [first, "noise", second]}, headers={"X-Request-Id": "r-1"})
    error = failure(reply)
    assert str(error) == (
        "Telnyx refused the request: The to number is wrong. (status 422, code 10016, request id r-1)"
    )
    assert [(item.code, item.pointer, item.parameter) for item in error.pointers] == [
        ("10016", "/to", None),
        (None, None, "filter[x]"),
    ]
    assert error.pointers[0].meta["url"].endswith("/10016") and error.pointers[1].meta == {}


def test_an_error_is_one_line_of_the_log_however_long_its_reason() -> None:
    error = failure(refused(422, "1\nERROR forged", "No.\r\nERROR forged " + "x" * 5000))
    assert str(error).startswith("Telnyx refused the request: No. ERROR forged xxx")
    assert len(str(error).splitlines()) == 1 and len(str(error)) == 1000
    assert error.code == "1\nERROR forged"


noise: st.SearchStrategy[Any] = st.none() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({"pointer": []})
items = st.dictionaries(st.sampled_from(["code", "title", "detail", "source", "meta"]), noise)


@settings(deadline=None)
@given(
    status=st.integers(100, 999), document=noise | st.fixed_dictionaries({"errors": noise | st.lists(noise | items)})
)
def test_any_answer_but_a_success_becomes_an_error(status: int, document: Any) -> None:
    error = refusal(status, {}, document)
    assert isinstance(error, TelnyxError) and str(error)
    assert error.status == status


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"null", b'{"errors": {}}', b'{"errors": [[]]}', b"[1]", b"[" * 700 + b"]" * 700]
)
def test_a_refusal_without_an_explanation_is_still_a_refusal(content: bytes) -> None:
    error = failure(Reply(status=422, content=content))
    assert type(error) is Invalid and str(error).endswith("(status 422)")


def test_a_refusal_whose_explanation_broke_off_is_still_a_refusal() -> None:
    error = failure(Reply(raw=b"HTTP/1.1 422 No\r\nContent-Length: 50\r\n\r\n{", reset=True))
    assert type(error) is Invalid


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"x-ratelimit-reset": "12"}, 12),
        ({"retry-after": "3", "x-ratelimit-reset": "12"}, 3),
        ({"retry-after": "soon", "x-ratelimit-reset": "1.5"}, 1.5),
        ({"x-ratelimit-reset": "1800000042"}, 42),
        ({"x-ratelimit-reset": "1799999000"}, 0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:30 GMT"}, 30),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "1e300"}, DAY),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Fri, 99 Jan 99999 08:00:30 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=1_800_000_000) == seconds


@pytest.mark.parametrize(("headers", "seconds"), [({"x-ratelimit-reset": "9"}, 9), ({}, None)])
def test_a_rate_limit_is_retryable_and_says_when(headers: dict[str, str], seconds: float | None) -> None:
    error = failure(Reply(status=429, document={"errors": [{"code": "10011"}]}, headers=headers))
    assert type(error) is RateLimited
    assert error.retryable and error.outcome_known
    assert error.retry_after == seconds


@pytest.mark.parametrize("base_url", ["", "api.telnyx.com/v2", "ftp://x/v2", "https://", "https://u:p@x/v2"])
@pytest.mark.parametrize("suffix", ["", "?a=b"])
def test_a_base_url_that_cannot_be_one_is_refused(base_url: str, suffix: str) -> None:
    with pytest.raises(ValueError, match="https://api.telnyx.com/v2"):
        Client(api_key=KEY, base_url=base_url + suffix)


def test_a_base_url_with_an_impossible_port_is_refused() -> None:
    with pytest.raises(ValueError):
        Client(api_key=KEY, base_url="https://127.0.0.1:99999/v2")


def test_the_environment_cannot_divert_a_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    with serving(ok({"id": "f1"}, status=202)) as server:
        assert send(client_of(server)).id == "f1"
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
