"""The page at /."""

import requests

from telnyx_sandbox.server import Server
from tests.telnyx_sandbox.helpers import HOOK, OURS, THEIRS, api, pdf, send, truth


def test_the_page_shows_faxes_applications_and_webhooks(server: Server) -> None:
    fax_id = send(server)["id"]
    server.sandbox.receive(to=OURS, from_="+13125550198", pages=2)
    server.sandbox.advance(60)
    page = requests.get(server.root, timeout=10).text
    for text in (fax_id, "delivered", "received", THEIRS, "+13125550198", "Front desk", "fax.received", HOOK):
        assert text in page


def test_the_changing_part_can_be_had_alone(server: Server) -> None:
    part = requests.get(f"{server.root}/?part=lists", timeout=10).text
    assert part.startswith("<h2>Faxes: 0 of 0</h2>") and "<form" not in part


def test_everything_shown_is_escaped(server: Server) -> None:
    body = {"application_name": "<script>alert(1)</script>", "webhook_event_url": "https://x.example/?a=<b>&c='"}
    assert api(server, "POST", "/fax_applications", json=body).status_code == 201
    send(server, webhook_url="https://x.example/<i>")
    server.sandbox.advance(60)
    answer = requests.get(server.root, timeout=10)
    assert "<script>alert" not in answer.text and "<b>" not in answer.text and "<i>" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_form_lets_sample_pages_arrive(server: Server) -> None:
    form = {"to": OURS, "from": THEIRS, "pages": "3"}
    nothing_chosen = {"file": ("", b"", "application/octet-stream")}
    answer = requests.post(server.root, data=form, files=nothing_chosen, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    server.sandbox.advance(60)
    [fax] = server.sandbox.faxes()
    assert (fax["from"], fax["to"], fax["page_count"]) == (THEIRS, OURS, 3)


def test_the_form_lets_a_file_arrive(server: Server) -> None:
    form = {"to": OURS, "from": THEIRS, "pages": "1"}
    requests.post(server.root, data=form, files={"file": ("a.pdf", pdf(5))}, timeout=10)
    server.sandbox.advance(60)
    [fax] = server.sandbox.faxes()
    assert requests.get(truth(server.sandbox, fax["id"])["media_url"], timeout=10).content == pdf(5)


def test_a_wrong_form_is_refused(server: Server) -> None:
    answer = requests.post(server.root, data={"to": THEIRS}, files={"file": ("a.pdf", pdf())}, timeout=10)
    assert (answer.status_code, server.sandbox.faxes()) == (422, [])
