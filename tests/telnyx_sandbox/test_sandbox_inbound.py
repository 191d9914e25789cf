"""Faxes that arrive: at whose number, with what document, behind which links."""

import io
from datetime import datetime

import pikepdf
import pytest
import requests
from telnyx import Telnyx, UnprocessableEntityError

from telnyx_sandbox.server import Server
from tests.telnyx_sandbox.helpers import FRONT_DESK, HOOK, OURS, OURS_TOO, RECORDS, THEIRS, api, pdf, send, truth, walk


def test_a_fax_arrives(server: Server, sdk: Telnyx) -> None:
    fax_id = server.sandbox.receive(to=OURS, from_=THEIRS, pages=2)["id"]
    assert walk(server.sandbox, fax_id) == ["initiated", "receiving", "media.processing", "received"]
    fax = sdk.faxes.retrieve(fax_id).data
    assert fax and fax.media_url
    assert (fax.direction, fax.from_, fax.to, fax.connection_id) == ("inbound", THEIRS, OURS, FRONT_DESK)
    assert fax.webhook_url == HOOK
    assert truth(server.sandbox, fax_id)["page_count"] == 2


def test_sample_pages_are_a_pdf(server: Server) -> None:
    fax_id = server.sandbox.receive(to=OURS, pages=3)["id"]
    server.sandbox.advance(10)
    answer = requests.get(truth(server.sandbox, fax_id)["media_url"], timeout=10)
    assert answer.headers["Content-Type"] == "application/pdf"
    with pikepdf.open(io.BytesIO(answer.content)) as document:
        assert len(document.pages) == 3


def test_a_file_arrives_as_it_is(server: Server) -> None:
    fax_id = server.sandbox.receive(to=OURS, file=pdf(4))["id"]
    server.sandbox.advance(10)
    assert requests.get(truth(server.sandbox, fax_id)["media_url"], timeout=10).content == pdf(4)


def test_what_cannot_arrive(server: Server) -> None:
    with pytest.raises(ValueError, match="No fax application receives on"):
        server.sandbox.receive(to=THEIRS)
    with pytest.raises(ValueError, match="no document"):
        server.sandbox.receive(to=OURS, file=b"\0")


def test_a_fax_to_our_own_number_comes_out_there(server: Server) -> None:
    sent = send(server, to=OURS_TOO)
    server.sandbox.advance(60)
    out, back = server.sandbox.faxes()
    assert (out["id"], out["status"]) == (sent["id"], "delivered")
    assert (back["direction"], back["status"], back["connection_id"]) == ("inbound", "received", RECORDS)
    assert (back["from"], back["to"], back["id"] != out["id"]) == (OURS, OURS_TOO, True)
    assert (back["file"], "client_state" in back) == (out["file"], False)


def test_a_fax_that_fails_does_not_come_out(server: Server) -> None:
    fax_id = send(server, to=OURS_TOO)["id"]
    api(server, "POST", f"/faxes/{fax_id}/actions/cancel")
    server.sandbox.advance(60)
    assert len(server.sandbox.faxes()) == 1


def test_links_live_ten_minutes(server: Server) -> None:
    fax_id = server.sandbox.receive(to=OURS)["id"]
    server.sandbox.advance(10)
    link = truth(server.sandbox, fax_id)["media_url"]
    server.sandbox.advance(580)
    assert requests.get(link, timeout=10).status_code == 200
    server.sandbox.advance(20)
    answer = requests.get(link, timeout=10)
    assert (answer.status_code, "Request has expired" in answer.text) == (403, True)


def test_the_life_of_links_can_be_chosen(server: Server) -> None:
    server.sandbox.options.link_seconds = 5
    fax_id = server.sandbox.receive(to=OURS)["id"]
    server.sandbox.advance(10)
    assert requests.get(truth(server.sandbox, fax_id)["media_url"], timeout=10).status_code == 403


def test_forged_links_open_nothing(server: Server) -> None:
    ids = [server.sandbox.receive(to=OURS)["id"] for _ in range(2)]
    server.sandbox.advance(10)
    link, other = (truth(server.sandbox, fax_id)["media_url"] for fax_id in ids)
    signature = other.partition("signature=")[2]
    forged = [
        link.partition("?")[0],
        link.replace("expires=", "expires=9"),
        link.partition("signature=")[0] + "signature=" + signature,
        link.partition("signature=")[0] + "signature=ä",
        link.replace(ids[0], ids[1]),
    ]
    assert [requests.get(each, timeout=10).status_code for each in forged] == [403] * len(forged)


def test_the_link_of_a_deleted_fax_leads_nowhere(server: Server, sdk: Telnyx) -> None:
    fax_id = server.sandbox.receive(to=OURS)["id"]
    server.sandbox.advance(10)
    link = truth(server.sandbox, fax_id)["media_url"]
    sdk.faxes.delete(fax_id)
    assert requests.get(link, timeout=10).status_code == 404


def test_sdk_refreshes_an_expired_link(server: Server, sdk: Telnyx) -> None:
    fax_id = server.sandbox.receive(to=OURS, file=pdf(2))["id"]
    server.sandbox.advance(700)
    before = sdk.faxes.retrieve(fax_id).data
    answer = sdk.faxes.actions.refresh(fax_id)
    assert answer.data and answer.data.result == "ok"
    after = sdk.faxes.retrieve(fax_id).data
    assert before and after and after.media_url and before.media_url != after.media_url
    assert requests.get(str(before.media_url), timeout=10).status_code == 403
    assert requests.get(after.media_url, timeout=10).content == pdf(2)


def test_refresh_is_for_received_faxes(server: Server, sdk: Telnyx) -> None:
    outbound, arriving = send(server)["id"], server.sandbox.receive(to=OURS)["id"]
    for fax_id, code in ((outbound, "90081"), (arriving, "90080")):
        with pytest.raises(UnprocessableEntityError, match=code):
            sdk.faxes.actions.refresh(fax_id)


def test_a_fax_of_long_ago_is_over_and_told_by_no_webhook(server: Server, sdk: Telnyx) -> None:
    begun = server.sandbox.world.now()
    fine = server.sandbox.receive(to=OURS, pages=2, ago=90_000)
    short = server.sandbox.receive(to=OURS, fail="sender_call_dropped", ago=3600)
    server.sandbox.advance(60)
    assert server.sandbox.deliveries == []
    assert [(fax["status"], fax["failure_reason"]) for fax in server.sandbox.faxes()] == [
        ("received", None),
        ("failed", "sender_call_dropped"),
    ]
    assert abs(datetime.fromisoformat(fine["created_at"]).timestamp() - begun + 90_000) < 2
    assert [fax.id for fax in sdk.faxes.list().data or []] == [short["id"], fine["id"]]
    assert requests.get(truth(server.sandbox, fine["id"])["media_url"], timeout=10).ok


def test_no_moment_of_the_future_is_long_ago(server: Server) -> None:
    answer = requests.post(f"{server.root}/_sandbox/inbound", json={"to": OURS, "ago": -1}, timeout=10)
    assert (answer.status_code, server.sandbox.faxes()) == (422, [])
