"""Faxes of every sort on demand: files as they are, TIFF, failures, and what makes itself known how."""

import io
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from telnyx_sandbox import ring
from telnyx_sandbox.scenarios import INBOUND_REASONS
from telnyx_sandbox.server import Server
from tests.processes import free_port
from tests.telnyx_sandbox.helpers import OURS, RECORDS, THEIRS, api, outside, pdf, truth


def media(server: Server, fax_id: str) -> requests.Response:
    return requests.get(truth(server.sandbox, fax_id)["media_url"], timeout=10)


def events(server: Server) -> list[dict[str, Any]]:
    return [delivery["webhook"] for delivery in server.sandbox.deliveries]


def told(server: Server) -> list[str]:
    return [event["event_type"] for event in events(server)]


def test_a_tiff_arrives_byte_for_byte(server: Server) -> None:
    target = io.BytesIO()
    Image.new("1", (1728, 2200), 1).save(target, "TIFF", compression="group4")
    fax_id = server.sandbox.receive(to=OURS, file=target.getvalue())["id"]
    server.sandbox.advance(60)
    answer = media(server, fax_id)
    assert (answer.headers["Content-Type"], answer.content) == ("image/tiff", target.getvalue())
    assert ".tiff?" in truth(server.sandbox, fax_id)["media_url"]


@pytest.mark.parametrize("pages", [1, 12])
def test_sample_pages_come_as_a_group_4_tiff(server: Server, pages: int) -> None:
    fax_id = server.sandbox.receive(to=OURS, pages=pages, tiff=True)["id"]
    server.sandbox.advance(60)
    with Image.open(io.BytesIO(media(server, fax_id).content)) as picture:
        assert (picture.info["compression"], getattr(picture, "n_frames", 0)) == ("group4", pages)
    assert truth(server.sandbox, fax_id)["page_count"] == pages


def test_a_refreshed_tiff_is_a_tiff(server: Server) -> None:
    fax_id = server.sandbox.receive(to=OURS, tiff=True)["id"]
    server.sandbox.advance(700)
    assert media(server, fax_id).status_code == 403
    assert api(server, "POST", f"/faxes/{fax_id}/actions/refresh").status_code == 200
    assert media(server, fax_id).headers["Content-Type"] == "image/tiff"


@pytest.mark.parametrize("reason", [*INBOUND_REASONS, "wormhole"])
def test_a_failure_has_no_pages(server: Server, reason: str) -> None:
    fax_id = server.sandbox.receive(to=OURS, fail=reason)["id"]
    server.sandbox.advance(60)
    fax = truth(server.sandbox, fax_id)
    assert (fax["status"], fax["failure_reason"], "media_url" in fax) == ("failed", reason, False)
    assert "partial_content" not in events(server)[-1]["payload"]


def test_a_failure_may_leave_the_pages_that_came(server: Server) -> None:
    fax_id = server.sandbox.receive(to=OURS, file=pdf(2), fail="sender_call_dropped", partial=True)["id"]
    server.sandbox.advance(60)
    payload = events(server)[-1]["payload"]
    assert (payload["status"], payload["partial_content"], payload["page_count"]) == ("failed", True, 2)
    assert requests.get(payload["media_url"], timeout=10).content == pdf(2)
    assert api(server, "POST", f"/faxes/{fax_id}/actions/refresh").status_code == 200


def test_a_fax_may_end_with_delivered_or_be_found_by_listing_only(server: Server) -> None:
    server.sandbox.receive(to=OURS, flavour="delivered")
    server.sandbox.advance(60)
    last = events(server)[-1]
    assert (last["event_type"], last["payload"]["direction"]) == ("fax.delivered", "inbound")
    assert last["payload"]["media_url"] and last["payload"]["partial_content"] is False
    before = told(server)
    silent = server.sandbox.receive(to=OURS, flavour="listed")["id"]
    server.sandbox.advance(60)
    assert (truth(server.sandbox, silent)["status"], told(server)) == ("received", before)


def test_a_link_opens_as_often_as_it_may(server: Server) -> None:
    server.sandbox.options.link_fetches = 1
    fax_id = server.sandbox.receive(to=OURS)["id"]
    server.sandbox.advance(60)
    assert [media(server, fax_id).status_code for _ in range(2)] == [200, 403]
    server.sandbox.advance(1)
    api(server, "POST", f"/faxes/{fax_id}/actions/refresh")
    assert media(server, fax_id).status_code == 200


@pytest.mark.parametrize(
    ("fault", "size"),
    [({"action": "half"}, len(pdf(4)) // 2), ({"action": "oversize", "size": 1000}, len(pdf(4)) + 1000)],
    ids=str,
)
def test_a_link_serves_too_little_or_too_much(server: Server, fault: dict[str, Any], size: int) -> None:
    fax_id = server.sandbox.receive(to=OURS, file=pdf(4))["id"]
    server.sandbox.advance(60)
    server.sandbox.faults.add(method="GET", path="/_media/*", after=True, **fault)
    answer = media(server, fax_id)
    assert (answer.status_code, len(answer.content)) == (200, size)
    assert media(server, fax_id).content == pdf(4)


def test_a_link_drips(server: Server) -> None:
    fax_id = server.sandbox.receive(to=OURS, file=pdf(4))["id"]
    server.sandbox.advance(60)
    server.sandbox.faults.add(method="GET", path="/_media/*", action="drip", seconds=0.2, after=True)
    began = time.monotonic()
    assert media(server, fax_id).content == pdf(4)
    assert time.monotonic() - began >= 0.2


def test_a_past_can_be_all_inbound(server: Server) -> None:
    body = {"count": 2000, "days": 30, "inbound_only": True}
    assert requests.post(f"{server.root}/_sandbox/history", json=body, timeout=30).status_code == 200
    assert {fax["direction"] for fax in server.sandbox.faxes()} == {"inbound"}


def test_the_form_chooses_how_it_ends_and_who_tells(server: Server) -> None:
    form = {"to": OURS, "from": THEIRS, "pages": "2", "tiff": "true", "fail": "carrier_lost", "partial": "true"}
    files = {"file": ("", b"", "application/octet-stream")}
    requests.post(server.root, data={**form, "flavour": "listed"}, files=files, timeout=10, allow_redirects=False)
    server.sandbox.advance(60)
    [fax] = server.sandbox.faxes()
    assert (fax["status"], fax["failure_reason"], fax["page_count"]) == ("failed", "carrier_lost", 2)
    assert ".tiff?" in fax["media_url"] and told(server) == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"to": THEIRS}, "No fax application receives on"),
        ({"from": "<b>"}, "Give a number in +E.164 format."),
        ({"pages": "351"}, "must be from 1 to 350"),
        ({"flavour": "<b>"}, "The flavour parameter must be one of"),
        ({"fail": "<b>"}, "A failure_reason is a word"),
    ],
    ids=str,
)
def test_a_wrong_form_comes_back_with_a_sentence(server: Server, wrong: dict[str, str], sentence: str) -> None:
    form = {"to": OURS, "from": THEIRS, "pages": "1", **wrong}
    answer = requests.post(server.root, data=form, files={"file": ("a.pdf", b"")}, timeout=10)
    assert (answer.status_code, server.sandbox.faxes()) == (422, [])
    assert sentence in answer.text and "<form" in answer.text and "<b>" not in answer.text


def receive(server: Server, *arguments: str) -> None:
    ring.main([*arguments, "--base-url", server.root])


def test_the_command_lets_faxes_arrive(server: Server, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf(3))
    receive(server, "--to", "+17739420110", "--from", "+13125550144", "--file", str(path), "--count", "2")
    server.sandbox.advance(60)
    one, two = server.sandbox.faxes()
    assert (one["from"], one["connection_id"], one["page_count"]) == ("+13125550144", RECORDS, 3)
    assert media(server, two["id"]).content == pdf(3)
    assert capfd.readouterr().out.count(" -> +17739420110") == 2


def test_the_command_alone_sends_a_page_to_the_front_desk(server: Server) -> None:
    receive(server)
    assert server.sandbox.faxes()[0]["to"] == OURS


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--to", THEIRS], "No fax application receives on"),
        (["--to", "front desk"], "Give a number in"),
        (["--from", "\ud800"], "not valid Unicode"),
        (["--pages", "0"], "must be from 1 to 350"),
        (["--count", "0"], "--count must be from"),
        (["--file", "/nowhere/at/all.pdf"], "Cannot read /nowhere/at/all.pdf"),
        (["--file", "/"], "Cannot read /"),
        (["--file", __file__.removesuffix("test_sandbox_receive.py") + "__init__.py"], "is empty"),
        (["--failure", "No Such"], "A failure_reason is a word"),
    ],
)
def test_the_command_says_what_is_wrong(server: Server, arguments: list[str], sentence: str) -> None:
    with pytest.raises(SystemExit, match=sentence):
        receive(server, *arguments)
    assert server.sandbox.faxes() == []


def test_a_file_that_is_no_document_is_refused(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7 and no more")
    with pytest.raises(SystemExit, match="no document that could be faxed"):
        receive(server, "--file", str(path))


@pytest.mark.parametrize("root", ["http://127.0.0.1:{port}", "nonsense", "http://[", "ftp://127.0.0.1"])
def test_where_no_sandbox_runs_the_command_says_so(root: str) -> None:
    with pytest.raises(SystemExit, match="No sandbox answers at"):
        ring.main(["--base-url", root.format(port=free_port())])


def test_another_server_is_no_sandbox() -> None:
    with outside() as server, pytest.raises(SystemExit, match="is no sandbox"):
        ring.main(["--base-url", server.root])
