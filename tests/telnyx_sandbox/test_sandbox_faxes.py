"""Sending, reading, deleting, cancelling; what is refused and how."""

import base64
from typing import Any

import pytest
from telnyx import NotFoundError, Telnyx, UnprocessableEntityError

from telnyx_sandbox.server import Server
from tests.telnyx_sandbox.helpers import (
    FRONT_DESK,
    HOOK,
    OURS,
    OURS_TOO,
    THEIRS,
    api,
    errors,
    fax_body,
    pdf,
    send,
    truth,
    upload,
    walk,
)

STATE = base64.b64encode(b"token-1").decode()
NOWHERE = "00000000-0000-4000-8000-000000000000"


def test_sdk_sends_and_reads_a_fax(server: Server, sdk: Telnyx) -> None:
    upload(server)
    sent = sdk.faxes.create(connection_id=FRONT_DESK, from_=OURS, to=THEIRS, media_name="doc", client_state=STATE).data
    assert sent and sent.id
    read = sdk.faxes.retrieve(sent.id).data
    assert read == sent
    assert (sent.status, sent.direction, sent.from_, sent.to) == ("queued", "outbound", OURS, THEIRS)
    assert (sent.client_state, sent.media_name, sent.media_url) == (STATE, "doc", None)
    assert (sent.connection_id, sent.quality, sent.webhook_url) == (FRONT_DESK, "high", HOOK)
    assert sent.created_at and sent.created_at.microsecond == 0


def test_what_was_asked_for_is_kept(server: Server) -> None:
    options: dict[str, Any] = {
        "media_name": None,
        "media_url": "http://files.example/a.pdf",
        "quality": "ultra_dark",
        "store_media": True,
        "from_display_name": "Front desk - 2",
        "webhook_url": "https://other.example/hook",
        "monochrome": True,
        "black_threshold": 50,
        "t38_enabled": False,
    }
    sent = send(server, **options)
    kept = ("media_url", "quality", "store_media", "from_display_name", "webhook_url")
    assert {name: sent[name] for name in kept} == {name: options[name] for name in kept}
    assert "media_name" not in sent


def test_sdk_deletes_a_fax(server: Server, sdk: Telnyx) -> None:
    fax_id = send(server)["id"]
    sdk.faxes.delete(fax_id)
    with pytest.raises(NotFoundError):
        sdk.faxes.retrieve(fax_id)
    with pytest.raises(NotFoundError):
        sdk.faxes.delete(fax_id)


def test_a_deleted_fax_does_not_move_on(server: Server, sdk: Telnyx) -> None:
    sdk.faxes.delete(send(server)["id"])
    server.sandbox.advance(60)
    assert server.sandbox.faxes() == []


def test_sdk_cancels_a_fax_which_then_fails(server: Server, sdk: Telnyx) -> None:
    fax_id = send(server)["id"]
    server.sandbox.advance(1.5)
    answer = sdk.faxes.actions.cancel(fax_id)
    assert answer.data and answer.data.result == "ok"
    assert walk(server.sandbox, fax_id) == ["media.processed", "failed"]
    assert truth(server.sandbox, fax_id)["failure_reason"] == "canceled"


def test_the_reason_of_a_cancelled_fax_can_be_chosen(server: Server, sdk: Telnyx) -> None:
    server.sandbox.options.cancelled_reason = "user_cancelled"
    fax_id = send(server)["id"]
    sdk.faxes.actions.cancel(fax_id)
    server.sandbox.advance(1)
    assert truth(server.sandbox, fax_id)["failure_reason"] == "user_cancelled"


@pytest.mark.parametrize("seconds", [0, 1, 2, 4])
def test_cancel_is_possible_in_each_open_status(server: Server, seconds: float) -> None:
    fax_id = send(server)["id"]
    server.sandbox.advance(seconds)
    assert api(server, "POST", f"/faxes/{fax_id}/actions/cancel").status_code == 202


def test_cancel_is_refused_at_the_end(server: Server, sdk: Telnyx) -> None:
    fax_id = send(server)["id"]
    server.sandbox.advance(60)
    with pytest.raises(UnprocessableEntityError) as refusal:
        sdk.faxes.actions.cancel(fax_id)
    assert errors_of(refusal.value) == ["90080"]


def test_cancel_is_refused_for_inbound(server: Server, sdk: Telnyx) -> None:
    fax = server.sandbox.receive(to=OURS)
    with pytest.raises(UnprocessableEntityError) as refusal:
        sdk.faxes.actions.cancel(fax["id"])
    assert errors_of(refusal.value) == ["90081"]


def errors_of(error: UnprocessableEntityError) -> list[str]:
    body: Any = error.body
    return [each["code"] for each in body["errors"]]


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("DELETE", ""), ("POST", "/actions/cancel")])
@pytest.mark.parametrize("fax_id", [NOWHERE, "no-uuid"])
def test_unknown_faxes_are_not_found(server: Server, method: str, tail: str, fax_id: str) -> None:
    answer = api(server, method, f"/faxes/{fax_id}{tail}")
    assert (answer.status_code, errors(answer)) == (404, [("10005", "")])


WRONG: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"connection_id": None}, ("10004", "/connection_id")),
    ({"connection_id": "1"}, ("10017", "/connection_id")),
    ({"connection_id": 1}, ("10026", "/connection_id")),
    ({"connection_id": "\ud800"}, ("10026", "/connection_id")),
    ({"from": None}, ("10004", "/from")),
    ({"from": "3125790015"}, ("10016", "/from")),
    ({"to": None}, ("10004", "/to")),
    ({"to": "+1 312 555 0199"}, ("10016", "/to")),
    ({"to": "+0123456789"}, ("10016", "/to")),
    ({"to": " "}, ("10025", "/to")),
    ({"media_name": None}, ("10004", "/media_url")),
    ({"media_url": "http://files.example/a.pdf"}, ("10004", "/media_url")),
    ({"media_name": None, "media_url": "ftp://files.example/a.pdf"}, ("10003", "/media_url")),
    ({"media_name": None, "media_url": "http://[1/a.pdf"}, ("10003", "/media_url")),
    ({"media_name": None, "media_url": ["http://files.example/a.pdf"]}, ("10026", "/media_url")),
    ({"media_name": "nothing"}, ("10017", "/media_name")),
    ({"store_media": True}, ("10027", "/store_media")),
    ({"client_state": "not base64!"}, ("90017", "/client_state")),
    ({"quality": "best"}, ("10032", "/quality")),
    ({"preview_format": "png"}, ("10032", "/preview_format")),
    ({"black_threshold": 0}, ("10033", "/black_threshold")),
    ({"black_threshold": True}, ("10026", "/black_threshold")),
    ({"monochrome": "true"}, ("10026", "/monochrome")),
    ({"from_display_name": "a/b"}, ("10015", "/from_display_name")),
    ({"from_display_name": "a" * 129}, ("10015", "/from_display_name")),
    ({"webhook_url": "portal.example"}, ("10003", "/webhook_url")),
]


@pytest.mark.parametrize(("change", "error"), WRONG)
def test_a_wrong_field_is_named(server: Server, change: dict[str, Any], error: tuple[str, str]) -> None:
    upload(server)
    answer = api(server, "POST", "/faxes", json=fax_body() | change)
    assert (answer.status_code, errors(answer)) == (422, [error])
    assert server.sandbox.faxes() == []


def test_all_wrong_fields_are_named_at_once(server: Server) -> None:
    answer = api(server, "POST", "/faxes", json={"from": "x", "to": "y"})
    pointers = {pointer for _, pointer in errors(answer)}
    assert pointers == {"/connection_id", "/from", "/to", "/media_url"}


def test_an_inactive_application_cannot_send(server: Server) -> None:
    upload(server)
    body = {"application_name": "Front desk", "webhook_event_url": HOOK, "active": False}
    assert api(server, "PATCH", f"/fax_applications/{FRONT_DESK}", json=body).status_code == 200
    assert errors(api(server, "POST", "/faxes", json=fax_body())) == [("10017", "/connection_id")]


def test_a_sip_address_is_a_destination(server: Server) -> None:
    assert send(server, to="sip:fax@carrier.example")["to"] == "sip:fax@carrier.example"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000, b"1" * 5000])
def test_a_body_that_is_no_json_object_is_refused(server: Server, body: bytes) -> None:
    answer = api(server, "POST", "/faxes", data=body, headers={"Authorization": "Bearer KEY", **JSON})
    assert (answer.status_code, errors(answer)) == (400, [("10015", "/")])


JSON = {"Content-Type": "application/json"}


def test_other_content_types_are_refused(server: Server) -> None:
    answer = api(server, "POST", "/faxes", data={"to": THEIRS})
    assert (answer.status_code, errors(answer)) == (415, [("10014", "")])


@pytest.mark.parametrize("key", ["", "Bearer", "Bearer WRONG", "Basic S0VZ", "KEY"])
def test_no_answer_without_the_key(server: Server, key: str) -> None:
    answer = api(server, "GET", "/faxes", headers={"Authorization": key})
    assert (answer.status_code, errors(answer)) == (401, [("10009", "")])


def test_wrong_paths_and_methods(server: Server) -> None:
    assert api(server, "GET", "/nothing").status_code == 404
    assert errors(api(server, "PUT", "/faxes")) == [("10030", "")]


# Multipart, which the SDK's faxes.create cannot send.

FIELDS = {"connection_id": FRONT_DESK, "from": OURS, "to": THEIRS}


def test_multipart_carries_the_document(server: Server) -> None:
    answer = api(server, "POST", "/faxes", data={**FIELDS, "quality": "normal"}, files={"contents": ("a.pdf", pdf(2))})
    assert answer.status_code == 202
    fax = answer.json()["data"]
    assert (fax["quality"], "media_url" in fax, "media_name" in fax) == ("normal", False, False)
    server.sandbox.advance(60)
    assert truth(server.sandbox, fax["id"])["page_count"] == 2


def test_multipart_knows_only_its_documented_fields(server: Server) -> None:
    fields = {**FIELDS, "client_state": STATE, "webhook_url": "https://other.example/"}
    fax = api(server, "POST", "/faxes", data=fields, files={"contents": ("a.pdf", pdf())}).json()["data"]
    assert ("client_state" in fax, fax["webhook_url"]) == (False, HOOK)


def test_multipart_flags_are_text(server: Server) -> None:
    fields = {**FIELDS, "store_media": "true", "monochrome": "maybe"}
    answer = api(server, "POST", "/faxes", data=fields, files={"contents": ("a.pdf", pdf())})
    assert errors(answer) == [("10026", "/monochrome")]


def test_contents_must_carry_a_file_name(server: Server) -> None:
    boundary = b"--x\r\nContent-Disposition: form-data; name="
    parts = [boundary + f'"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in FIELDS.items()]
    nameless = boundary + b'"contents"\r\nContent-Type: application/pdf\r\n\r\n' + pdf() + b"\r\n--x--\r\n"
    headers = {"Authorization": "Bearer KEY", "Content-Type": "multipart/form-data; boundary=x"}
    answer = api(server, "POST", "/faxes", data=b"".join([*parts, nameless]), headers=headers)
    assert (answer.status_code, errors(answer)) == (422, [("10027", "/contents")])


def test_contents_are_required(server: Server) -> None:
    answer = api(server, "POST", "/faxes", data=FIELDS, files={"other": ("a.pdf", pdf())})
    assert errors(answer) == [("10004", "/contents")]


def test_contents_may_be_20_megabytes_large(server: Server) -> None:
    limit = server.sandbox.options.max_upload_bytes
    assert limit == 20 * 1024 * 1024
    server.sandbox.options.max_upload_bytes = 1000
    files = {"contents": ("a.pdf", b"%PDF-" + b" " * 1000)}
    assert errors(api(server, "POST", "/faxes", data=FIELDS, files=files)) == [("10027", "/contents")]


BROKEN = [
    b"",
    b"--y--",
    b"--x",
    b"--x\r\nno headers",
    b"--x\r\n\r\nbody\r\n--x--",
    b"--x\r\nContent-Type: text/plain\r\n\r\nbody\r\n--x--",
]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize("boundary", ["; boundary=x", ""])
def test_broken_multipart_is_refused(server: Server, body: bytes, boundary: str) -> None:
    headers = {"Authorization": "Bearer KEY", "Content-Type": f"multipart/form-data{boundary}"}
    answer = api(server, "POST", "/faxes", data=body, headers=headers)
    assert (answer.status_code, errors(answer)) == (400, [("10015", "/")])


def test_a_chunked_body_is_read(server: Server) -> None:
    upload(server)
    body = iter(
        [
            b'{"connection_id": "',
            FRONT_DESK.encode(),
            f'", "from": "{OURS}", "to": "{OURS_TOO}", '.encode(),
            b'"media_name": "doc"}',
        ]
    )
    answer = api(server, "POST", "/faxes", data=body, headers={"Authorization": "Bearer KEY", **JSON})
    assert answer.status_code == 202
