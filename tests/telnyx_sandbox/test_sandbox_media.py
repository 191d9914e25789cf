"""Stored media: upload, replace, fetch, expire."""

from typing import Any

import pytest
from telnyx import NotFoundError, Telnyx, UnprocessableEntityError

from telnyx_sandbox.server import Server
from tests.telnyx_sandbox.helpers import Answer, api, errors, outside, pdf, upload


def test_sdk_uploads_from_a_url_reads_and_deletes(server: Server, sdk: Telnyx) -> None:
    with outside() as files:
        files.answers["/a.pdf"] = Answer(body=pdf(2))
        made = sdk.media.upload(media_url=f"{files.root}/a.pdf", media_name="letter", ttl_secs=60).data
        assert made and made.expires_at and made.created_at
        assert (made.media_name, made.content_type) == ("letter", "application/pdf")
        assert sdk.media.retrieve("letter").data == made
        assert sdk.media.download("letter").read() == pdf(2)
        files.answers["/b.txt"] = Answer(body=b"text")
        changed = sdk.media.update("letter", media_url=f"{files.root}/b.txt").data
        assert changed and changed.content_type == "text/plain"
    sdk.media.delete("letter")
    with pytest.raises(NotFoundError):
        sdk.media.retrieve("letter")


def test_media_is_uploaded_as_a_file(server: Server) -> None:
    upload(server, "my file.pdf")
    answer = api(server, "GET", "/media/my%20file.pdf/download")
    assert (answer.content, answer.headers["Content-Type"]) == (pdf(), "application/pdf")


def test_media_without_a_name_gets_one(server: Server) -> None:
    shown = api(server, "POST", "/media", files={"media": ("a.bin", b"\0\1", "audio/x-test")}).json()["data"]
    assert len(shown["media_name"]) == 36 and shown["content_type"] == "audio/x-test"


def test_a_file_is_replaced_by_put(server: Server) -> None:
    upload(server)
    files = {"media": ("b.pdf", pdf(5), "application/pdf")}
    assert api(server, "PUT", "/media/doc", files=files, data={"ttl_secs": "60"}).status_code == 200
    assert api(server, "GET", "/media/doc/download").content == pdf(5)


def test_a_name_in_use_is_refused_until_it_expires(server: Server) -> None:
    upload(server)
    files = {"media": ("a.pdf", pdf(), "application/pdf")}
    answer = api(server, "POST", "/media", files=files, data={"media_name": "doc"})
    assert (answer.status_code, errors(answer)) == (422, [("10012", "/media_name")])
    server.sandbox.advance(2 * 24 * 3600)
    upload(server)


def test_media_expires(server: Server, sdk: Telnyx) -> None:
    files = {"media": ("a.pdf", pdf(), "application/pdf")}
    api(server, "POST", "/media", files=files, data={"media_name": "short", "ttl_secs": "60"})
    upload(server, "long")
    server.sandbox.advance(61)
    assert api(server, "GET", "/media/short").status_code == 404
    assert api(server, "GET", "/media/short/download").status_code == 404
    listed = sdk.media.list().data or []
    assert [media.media_name for media in listed] == ["long"]


def test_media_is_filtered_by_content_type(server: Server, sdk: Telnyx) -> None:
    upload(server, "a")
    api(server, "POST", "/media", files={"media": ("b", b"\0", "image/png")}, data={"media_name": "b"})
    for query in ("filter[content_type][]", "filter[content_type]"):
        listed = api(server, "GET", "/media", params={query: "image/png"}).json()["data"]
        assert [media["media_name"] for media in listed] == ["b"]
    found = sdk.media.list(filter={"content_type": ["image/png"]}).data or []
    assert [media.media_name for media in found] == ["b"]


WRONG: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({}, ("10004", "/media_url")),
    ({"media_url": "nowhere"}, ("10003", "/media_url")),
    ({"media_url": "http://127.0.0.1:9/a.pdf"}, ("10027", "/media_url")),
    ({"media_url": "http://127.0.0.1:9/a.pdf", "ttl_secs": 0}, ("10033", "/ttl_secs")),
    ({"media_url": "http://127.0.0.1:9/a.pdf", "ttl_secs": 630720001}, ("10033", "/ttl_secs")),
    ({"media_url": "http://127.0.0.1:9/a.pdf", "media_name": "a/b"}, ("10015", "/media_name")),
]


@pytest.mark.parametrize(("body", "error"), WRONG)
def test_a_wrong_field_is_named(server: Server, body: dict[str, Any], error: tuple[str, str]) -> None:
    answer = api(server, "POST", "/media", json=body)
    assert (answer.status_code, errors(answer)) == (422, [error])


def test_an_upload_may_be_20_megabytes_large(server: Server, sdk: Telnyx) -> None:
    server.sandbox.options.max_upload_bytes = 10
    answer = api(server, "POST", "/media", files={"media": ("a.pdf", b"%PDF-" + b" " * 6)})
    assert errors(answer) == [("10027", "/media")]
    with outside() as files:
        files.answers["/a.pdf"] = Answer(body=b" " * 11)
        with pytest.raises(UnprocessableEntityError, match="file_size_limit_exceeded"):
            sdk.media.upload(media_url=f"{files.root}/a.pdf")


def test_a_file_is_required(server: Server) -> None:
    answer = api(server, "POST", "/media", files={"other": ("a", b"x")})
    assert errors(answer) == [("10004", "/media")]


def test_a_life_must_be_a_number(server: Server) -> None:
    files = {"media": ("a.pdf", pdf(), "application/pdf")}
    answer = api(server, "POST", "/media", files=files, data={"ttl_secs": "long"})
    assert (answer.status_code, errors(answer)) == (422, [("10026", "/ttl_secs")])
