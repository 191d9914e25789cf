"""The body of a delivery can be read whatever it is, and leads nobody to pages."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from accounts.payload import CUT, LEFT_OUT, LONGEST, as_text, without_links
from tests.webhooks.telnyx import body_of
from webhooks.payload import readable

SECRET = "https://s3.example/fax.pdf?X-Amz-Signature=abc&X-Amz-Expires=600"
OURS = "https://portal.example/webhooks/telnyx"


def test_json_is_put_in_order_and_shown_as_it_came() -> None:
    body = b'{"data":{"id":"1","payload":{"from":"+1"}}}'
    read = readable(body)
    assert read.pretty == json.dumps(json.loads(body), indent=2)
    assert read.raw == body.decode()


@pytest.mark.parametrize(
    "key", ["media_url", "original_media_url", "stored_media_url", "preview_url", "anything", "a", "Media_URL"]
)
@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: [it], lambda it: {"deep": [{"er": it}]}])
@pytest.mark.parametrize("slash", ["/", "\\/", "\\u002f"])
def test_links_to_pages_are_left_out_of_both(key: str, wrap: Any, slash: str) -> None:
    body = body_of({"payload": {key: wrap(SECRET)}}).replace(b"/", slash.encode())
    read = readable(body)
    for text in (read.pretty, read.raw):
        assert "Amz" not in text and LEFT_OUT in text


def test_an_ampersand_written_as_an_escape_leaves_no_rest_of_the_link() -> None:
    body = body_of({"payload": {"media_url": SECRET}}).replace(b"&", b"\\u0026")
    assert "Amz" not in readable(body).raw


def test_a_link_without_its_scheme_is_left_out_by_its_name() -> None:
    read = readable(body_of({"payload": {"media_url": "s3.example/fax.pdf?X-Amz-Signature=abc", "status": "queued"}}))
    assert "Amz" not in read.pretty + read.raw and '"queued"' in read.raw


def test_where_telnyx_calls_us_is_shown() -> None:
    body = json.dumps({"data": {"payload": {"webhook_url": OURS}}, "meta": {"delivered_to": OURS}}).encode()
    read = readable(body)
    assert read.pretty.count(OURS) == read.raw.count(OURS) == 2


def test_what_is_within_something_called_a_webhook_is_left_out_all_the_same() -> None:
    assert without_links({"webhook": {"payload": {"media_url": SECRET}}}) == {
        "webhook": {"payload": {"media_url": LEFT_OUT}}
    }


def test_words_that_only_look_like_links_stay() -> None:
    said = {"detail": "See https://x for more", "when": "12:30//", "url": None, "sip": "sip:a@b"}
    assert without_links(said) == said


@pytest.mark.parametrize(
    "body",
    [
        f'{{"data": {{"media_url": "{SECRET}", "media_url": "{OURS}"}}}}',
        f'{{"data": {{"media_url": "{SECRET}", "media_url": null}}}}',
        f'{{"data": {{"{SECRET}": 1}}}}',
        f'{{"webhook": {{"{SECRET}": {{"webhook_url": "{OURS}"}}}}}}',
        f'{{"webhook_urls": ["{OURS}"], "a": ["webhook_url", "{SECRET}"]}}',
        f'{{"webhook_url": {{"x": "{SECRET}"}}, "y": ["{SECRET}"]}}',
    ],
)
def test_a_link_is_left_out_wherever_it_stands(body: str) -> None:
    read = readable(body.encode())
    assert "Amz" not in read.pretty + read.raw and LEFT_OUT in read.raw


def test_a_link_that_is_ours_too_is_left_out_where_it_leads_to_pages() -> None:
    read = readable(f'{{"webhook_url": "{OURS}", "payload": {{"media_url": "{OURS}"}}}}'.encode())
    assert read.raw == f'{{"webhook_url": "{OURS}", "payload": {{"media_url": "{LEFT_OUT}"}}}}'


@pytest.mark.parametrize("body", [b"", b"hello", b"\xff\xfe", b"[1, 2", b"NaN", b'{"a": NaN}'])
def test_what_is_no_json_is_shown_as_text(body: bytes) -> None:
    read = readable(body)
    assert read.pretty == ""
    assert read.raw == body.decode("utf-8", "replace")


def test_links_are_left_out_of_what_is_no_json_too() -> None:
    assert readable(f"oops {SECRET} end".encode()).raw == f"oops {LEFT_OUT} end"


def test_half_a_surrogate_pair_can_be_shown() -> None:
    read = readable(b'{"a": "\\ud800 \xc3\xa9"}')
    assert read.pretty.encode() and "é" in read.pretty
    assert as_text("\ud800").encode()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_json_in_another_encoding_is_read_as_json(encoding: str) -> None:
    body = json.dumps({"media_url": SECRET, "from": "é"}, ensure_ascii=False).encode(encoding)
    read = readable(body)
    assert "é" in read.pretty and "é" in read.raw
    assert "Amz" not in read.pretty + read.raw


def test_a_link_with_half_a_surrogate_pair_is_left_out_too() -> None:
    read = readable(b'{"media_url": "' + SECRET.encode() + b'\xed\xa0\x80"}')
    assert "Amz" not in read.pretty + read.raw


def test_what_is_nested_beyond_all_reading_is_shown_as_it_came() -> None:
    body = b"[" * 900 + b'"x"' + b"]" * 900
    assert readable(body).raw == body.decode()


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b"a" * 999_000 + b'"',
        b"[" * 300 + b",".join([b"[]"] * 200_000) + b"]" * 300,
        b"a" * 999_000,
        b'"' + b"a:/" * 300_000 + b'"',
    ],
    ids=["long", "wide and deep", "letters", "nearly links"],
)
def test_a_megabyte_of_anything_is_cut_and_takes_no_time(body: bytes) -> None:
    begun = time.process_time()
    read = readable(body)
    assert time.process_time() - begun < 10
    assert max(len(read.pretty), len(read.raw)) == LONGEST + len(CUT)
