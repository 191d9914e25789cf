"""How faxes move: by hand when time is walked, by themselves when the sandbox runs."""

import io
import time
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import requests
from PIL import Image

from telnyx_sandbox import deliveries, lifecycle
from telnyx_sandbox.server import Server, running
from tests.telnyx_sandbox.helpers import (
    HOOK,
    OURS_TOO,
    THEIRS,
    Answer,
    api,
    outside,
    pdf,
    send,
    truth,
    until,
    upload,
    walk,
)

WHOLE_WAY = ["queued", "media.processed", "originated", "sending", "delivered"]


def test_a_fax_goes_through_all_statuses(server: Server) -> None:
    fax_id = send(server)["id"]
    assert walk(server.sandbox, fax_id) == WHOLE_WAY
    fax = truth(server.sandbox, fax_id)
    assert (fax["page_count"], fax["call_duration_secs"], fax["failure_reason"]) == (1, 38, None)
    assert fax["updated_at"] > fax["created_at"]


def test_nothing_moves_until_time_is_walked(server: Server) -> None:
    fax_id = send(server)["id"]
    time.sleep(0.05)
    assert truth(server.sandbox, fax_id)["status"] == "queued"
    server.sandbox.advance(0.5)
    assert truth(server.sandbox, fax_id)["status"] == "queued"


def test_three_pages_take_six_and_a_half_seconds(server: Server) -> None:
    upload(server, "three", pdf(3))
    fax_id = send(server, media_name="three")["id"]
    server.sandbox.advance(6.0)
    assert truth(server.sandbox, fax_id)["status"] == "sending"
    server.sandbox.advance(0.5)
    assert truth(server.sandbox, fax_id)["status"] == "delivered"


def test_one_long_walk_is_as_good_as_many_short_ones(server: Server) -> None:
    fax_id = send(server)["id"]
    server.sandbox.advance(3600)
    moments = [signed for signed in server.sandbox.pending_events if fax_id.encode() in signed.body]
    assert len(moments) == 4
    assert truth(server.sandbox, fax_id)["status"] == "delivered"


def test_no_step_is_taken_twice(server: Server) -> None:
    fax_id = send(server)["id"]
    world = server.sandbox.world
    delivery, step = world.store.due(2)
    assert (delivery.kind, step.kind) == ("delivery", "fax")
    server.sandbox.advance(1.5)
    lifecycle.move(world, step)
    deliveries.attempt(world, delivery)
    assert truth(server.sandbox, fax_id)["status"] == "media.processed"
    assert len(server.sandbox.pending_events) == 2


def test_a_clock_of_the_test_rules_the_time() -> None:
    now = [1_800_000_000.5]
    with running(clock=lambda: now[0], auto=False) as server:
        fax_id = send(server)["id"]
        assert truth(server.sandbox, fax_id)["created_at"] == "2027-01-15T08:00:00Z"
        now[0] += 1
        server.sandbox.advance()
        assert truth(server.sandbox, fax_id)["status"] == "media.processed"
        assert truth(server.sandbox, fax_id)["updated_at"] == "2027-01-15T08:00:01Z"


def test_a_running_sandbox_moves_by_itself() -> None:
    with running(speed=100) as server:
        fax_id = send(server)["id"]
        until(lambda: truth(server.sandbox, fax_id)["status"] == "delivered")


def test_speed_divides_the_time() -> None:
    with running(speed=0.5, auto=False) as server:
        fax_id = send(server)["id"]
        server.sandbox.advance(1.9)
        assert truth(server.sandbox, fax_id)["status"] == "queued"
        server.sandbox.advance(0.2)
        assert truth(server.sandbox, fax_id)["status"] == "media.processed"


def test_time_can_be_put_forward_in_a_running_sandbox() -> None:
    with running(speed=1) as server:
        fax_id = send(server)["id"]
        server.sandbox.advance(60)
        until(lambda: truth(server.sandbox, fax_id)["status"] == "delivered")


def test_many_faxes_move_at_once() -> None:
    with running(speed=100) as server:
        for _ in range(40):
            send(server)
        until(lambda: {fax["status"] for fax in server.sandbox.faxes()} == {"delivered"})


def test_state_survives_a_restart(tmp_path: Path) -> None:
    state = str(tmp_path / "state.sqlite")
    with running(state=state, auto=False) as server:
        fax_id = send(server)["id"]
    with running(state=state, auto=False) as server:
        assert [fax["id"] for fax in server.sandbox.faxes()] == [fax_id]
        assert len(api(server, "GET", "/fax_applications").json()["data"]) == 2
        assert walk(server.sandbox, fax_id) == WHOLE_WAY


# Documents.


def by_url(server: Server, url: str, **more: Any) -> dict[str, Any]:
    fax_id = send(server, media_name=None, media_url=url, **more)["id"]
    server.sandbox.advance(3600)
    return truth(server.sandbox, fax_id)


def test_a_document_is_fetched_from_its_url(server: Server) -> None:
    with outside() as files:
        files.answers["/a.pdf?token=1"] = Answer(body=pdf(4))
        fax = by_url(server, f"{files.root}/a.pdf?token=1")
        assert (fax["status"], fax["page_count"]) == ("delivered", 4)
        assert len(files.received) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_anything_but_the_file_fails_the_fax(server: Server, status: int) -> None:
    with outside() as files:
        files.answers["/good.pdf"] = Answer(body=pdf())
        files.answers["/a.pdf"] = Answer(status, headers={"Location": f"{files.root}/good.pdf"})
        fax = by_url(server, f"{files.root}/a.pdf")
        assert (fax["status"], fax["failure_reason"]) == ("failed", "file_download_failed")
        assert [received.path for received in files.received] == ["/a.pdf"]


def test_a_url_where_nobody_listens_fails_the_fax(server: Server) -> None:
    assert by_url(server, "http://127.0.0.1:9/a.pdf")["failure_reason"] == "file_download_failed"


def test_a_document_has_at_most_50_megabytes(server: Server) -> None:
    assert server.sandbox.options.max_url_bytes == 50 * 1024 * 1024
    server.sandbox.options.max_url_bytes = len(pdf())
    with outside() as files:
        files.answers["/fits.pdf"] = Answer(body=pdf())
        files.answers["/large.pdf"] = Answer(body=pdf() + b" ")
        assert by_url(server, f"{files.root}/fits.pdf")["status"] == "delivered"
        assert by_url(server, f"{files.root}/large.pdf")["failure_reason"] == "file_size_limit_exceeded"


def test_a_document_has_at_most_350_pages(server: Server) -> None:
    upload(server, "fits", pdf(350))
    upload(server, "long", pdf(351))
    assert last(server, "fits")["status"] == "delivered"
    assert last(server, "long")["failure_reason"] == "page_count_limit_exceeded"


def last(server: Server, media_name: str) -> dict[str, Any]:
    fax_id = send(server, media_name=media_name)["id"]
    server.sandbox.advance(3600)
    return truth(server.sandbox, fax_id)


def picture(kind: str, frames: int = 1) -> bytes:
    images = [Image.new("1", (100, 100), 1) for _ in range(frames)]
    target = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(target, kind, **more)
    return target.getvalue()


KINDS = [
    (pdf(2), 2),
    (picture("TIFF", 3), 3),
    (picture("PNG"), 1),
    (picture("JPEG"), 1),
    (b"line\n" * 61, 2),
    (b"{\\rtf1 text}", 1),
    (b"\xd0\xcf\x11\xe0 word", 1),
    (b"PK\x03\x04 word/document.xml", 1),
]


NAMES = ["pdf", "tiff", "png", "jpeg", "txt", "rtf", "doc", "docx"]


@pytest.mark.parametrize(("content", "pages"), KINDS, ids=NAMES)
def test_pages_are_counted_in_every_documented_format(server: Server, content: bytes, pages: int) -> None:
    upload(server, "it", content)
    fax = last(server, "it")
    assert (fax["status"], fax["page_count"]) == ("delivered", pages)


BROKEN = [
    b"%PDF-1.4 broken",
    b"\x89PNG\r\n broken",
    picture("PNG")[:60],
    picture("TIFF", 2)[:-200],
    b"II*\0",
    b"\xff\xd8\xff",
    b"PK\x03\x04 zip",
    b"\0\1",
    b"\xff",
    b" ",
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_what_is_no_document_fails_the_fax(server: Server, content: bytes) -> None:
    upload(server, "it", content)
    assert last(server, "it")["failure_reason"] == "file_format_invalid"


@pytest.mark.parametrize(("content", "pages"), KINDS, ids=NAMES)
def test_every_format_arrives_as_a_pdf(server: Server, content: bytes, pages: int) -> None:
    upload(server, "it", content)
    send(server, to=OURS_TOO, media_name="it")
    server.sandbox.advance(30)
    arrived = server.sandbox.faxes()[-1]
    with pikepdf.open(io.BytesIO(requests.get(arrived["media_url"], timeout=10).content)) as document:
        assert (arrived["page_count"], len(document.pages)) == (pages, pages)


def test_media_is_stored_and_previewed_when_asked_for(server: Server) -> None:
    with outside() as files:
        files.answers["/a.pdf"] = Answer(body=pdf(2))
        fax = by_url(server, f"{files.root}/a.pdf", store_media=True, store_preview=True)
    server.sandbox.options.link_seconds = 600
    shown = api(server, "GET", f"/faxes/{fax['id']}").json()["data"]
    assert requests.get(shown["stored_media_url"], timeout=10).status_code == 403
    assert requests.get(shown["preview_url"], timeout=10).status_code == 403


def test_a_preview_is_a_tiff_of_all_pages(server: Server) -> None:
    upload(server, "two", pdf(2))
    fax_id = send(server, media_name="two", store_preview=True)["id"]
    server.sandbox.advance(10)
    fax = truth(server.sandbox, fax_id)
    assert "stored_media_url" not in fax
    answer = requests.get(fax["preview_url"], timeout=30)
    with Image.open(io.BytesIO(answer.content)) as preview:
        assert (preview.format, preview.n_frames, preview.mode) == ("TIFF", 2, "1")  # type: ignore[attr-defined]


def test_a_preview_can_be_a_pdf_and_stored_media_is_the_document(server: Server) -> None:
    with outside() as files:
        files.answers["/a.pdf"] = Answer(body=pdf(2))
        url = f"{files.root}/a.pdf"
        fax_id = send(
            server, media_name=None, media_url=url, store_media=True, store_preview=True, preview_format="pdf"
        )["id"]
        server.sandbox.advance(10)
    fax = truth(server.sandbox, fax_id)
    for name in ("stored_media_url", "preview_url"):
        assert requests.get(fax[name], timeout=10).content == pdf(2)


def test_a_number_that_is_not_ours_gets_nothing_here(server: Server) -> None:
    send(server, to=THEIRS)
    server.sandbox.advance(60)
    assert len(server.sandbox.faxes()) == 1
    assert HOOK in server.sandbox.faxes()[0]["webhook_url"]
