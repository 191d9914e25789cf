"""Files go up as a form with a filename and come down piece by piece."""

import io
from email import message_from_bytes
from email.message import Message

import pytest

from telnyx_api import NoAnswer, NotFound
from tests.telnyx_api.scripted import Asked, Reply, client_of, ok, refused, serving

PAGES = b"%PDF-1.4\r\n--not-the-boundary\r\n" + bytes(range(256)) * 500


def form(asked: Asked) -> dict[str, Message]:
    """The parts of a form by name, as a parser of e-mail reads them."""
    message = message_from_bytes(f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode() + asked.body)
    parts = [part for part in message.walk() if not part.is_multipart()]
    return {str(part.get_param("name", header="content-disposition")): part for part in parts}


def test_an_upload_carries_name_filename_type_and_every_byte() -> None:
    with serving(ok({"media_name": "token-1"}, status=201)) as server, client_of(server) as client:
        media = client.upload_media(file=io.BytesIO(PAGES), filename="letter.pdf", media_name="token-1", ttl_secs=3600)
    assert media.media_name == "token-1"
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/v2/media")
    assert int(asked.headers["content-length"]) == len(asked.body)
    parts = form(asked)
    assert list(parts) == ["media_name", "ttl_secs", "media"]
    assert (parts["media_name"].get_payload(), parts["ttl_secs"].get_payload()) == ("token-1", "3600")
    assert (parts["media"].get_filename(), parts["media"].get_content_type()) == ("letter.pdf", "application/pdf")
    assert PAGES + b"\r\n--" in asked.body


def test_an_upload_starts_where_the_file_stands() -> None:
    file = io.BytesIO(b"skipped%PDF")
    file.seek(7)
    with serving(ok({})) as server, client_of(server) as client:
        client.upload_media(file=file, filename="a.pdf", media_name="m")
    assert b"\r\n\r\n%PDF\r\n--" in server.asked[0].body and b"skipped" not in server.asked[0].body


def test_an_empty_file_is_an_empty_part() -> None:
    with serving(ok({})) as server, client_of(server) as client:
        client.upload_media(file=io.BytesIO(), filename="a.pdf", media_name="m")
    assert form(server.asked[0])["media"].get_payload() == ""


def test_a_stored_file_is_replaced() -> None:
    with serving(ok({"media_name": "m"})) as server, client_of(server) as client:
        client.update_media("m", file=io.BytesIO(b"II*\x00"), filename="a.tiff", content_type="image/tiff")
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("PUT", "/v2/media/m")
    assert list(form(asked)) == ["media"]
    assert form(asked)["media"].get_content_type() == "image/tiff"


def test_a_download_gives_every_byte() -> None:
    down = Reply(content=PAGES, headers={"Content-Type": "application/octet-stream"})
    with serving(down) as server, client_of(server) as client:
        assert b"".join(client.download_media("a/b")) == PAGES
    assert server.asked[0].path == "/v2/media/a%2Fb/download"


def test_a_download_does_not_wait_for_the_end() -> None:
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n%PDF"
    with serving(Reply(raw=begun, hang=True)) as server, client_of(server) as client:
        pieces = client.download_media("m")
        assert next(pieces) == b"%PDF"
        pieces.close()  # type: ignore[attr-defined]


def test_only_the_beginning_of_a_download_is_repeated() -> None:
    broken = Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n%PDF", reset=True)
    with serving(Reply(status=503), broken) as server, client_of(server) as client:
        pieces = client.download_media("m")
        with pytest.raises(NoAnswer, match="broke off"):
            b"".join(pieces)
    assert len(server.asked) == 2


def test_a_download_of_nothing_says_so() -> None:
    with serving(refused(404, "10005", "No such media.")) as server, client_of(server) as client:
        with pytest.raises(NotFound):
            next(client.download_media("m"))
