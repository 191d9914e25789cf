"""What Telnyx tells is read whatever its shape; nothing it can say breaks the reader."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from telnyx_api import (
    Event,
    Fax,
    FaxApplication,
    InvalidEvent,
    Media,
    OutboundVoiceProfile,
    PhoneNumber,
    WebhookDelivery,
    parse_event,
)
from telnyx_api.payloads import Said

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures" / "telnyx").glob("*.json"))
KINDS: list[Any] = [Fax, FaxApplication, Media, PhoneNumber, OutboundVoiceProfile, WebhookDelivery, Event]

FIELDS = {
    kind: [name for each in kind.__mro__ for name, field in vars(each).items() if isinstance(field, Said)]
    for kind in KINDS
}
NAMES = sorted({name for names in FIELDS.values() for name in names} | {"from", "data", "meta", "inbound", "webhook"})
TIMES = ["2026-03-09T08:30:00Z", "2026-13-09", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"]
words = st.text(max_size=5) | st.sampled_from([*TIMES, "12", "²"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words
values = scalars | st.lists(scalars, max_size=3) | st.dictionaries(st.sampled_from(NAMES), scalars, max_size=3)
documents = st.dictionaries(st.sampled_from(NAMES), values, max_size=6)


@settings(deadline=None)
@given(raw=documents)
@example(raw={"created_at": "9999-12-31T23:59:59-01:00", "page_count": 10**400, "tags": {"a": 1}})
def test_any_object_is_read(raw: dict[str, Any]) -> None:
    for kind in KINDS:
        payload = kind(raw)
        assert payload.raw is raw
        assert hash(payload) == hash(kind(raw))
        for name in FIELDS[kind]:
            assert repr(getattr(payload, name)) == repr(getattr(kind(raw), name))


@settings(deadline=None)
@given(body=st.binary() | documents.map(lambda raw: json.dumps(raw).encode()))
@example(body=b"[" * 100_000)
@example(body=b'{"data": NaN}')
@example(body=b'{"data": ' + b"9" * 5000 + b"}")
def test_any_body_is_an_event_or_invalid(body: bytes) -> None:
    try:
        assert isinstance(parse_event(body), Event)
    except InvalidEvent as error:
        assert str(error).startswith("The body of the webhook is")


@pytest.mark.parametrize("body", [b"", b"[]", b'"fax.received"', b"null", b"{", b"\xff", b'{"a": Infinity}'])
def test_what_is_no_object_is_no_event(body: bytes) -> None:
    with pytest.raises(InvalidEvent):
        parse_event(body)


@pytest.mark.parametrize("path", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_every_documented_event_is_read(path: Path) -> None:
    event = parse_event(path.read_bytes())
    direction, _, event_type = path.stem.partition("-")
    assert event.event_type == event_type
    assert event.payload["direction"] == direction
    assert event.payload["fax_id"]
    assert event.occurred_at is not None and event.occurred_at.tzinfo is UTC
    assert (event.attempt, event.delivered_to) == (1, "https://fax.clinic.example/webhooks/telnyx")


def test_there_is_an_example_of_each_event() -> None:
    assert len(FIXTURES) == 9


@pytest.mark.parametrize("path", FIXTURES, ids=[path.stem for path in FIXTURES])
def test_an_event_without_its_envelope_is_the_same_event(path: Path) -> None:
    whole = json.loads(path.read_bytes())
    bare = parse_event(json.dumps(whole["data"]).encode())
    event = parse_event(path.read_bytes())
    assert (bare.id, bare.event_type, bare.occurred_at, bare.payload) == (
        event.id,
        event.event_type,
        event.occurred_at,
        event.payload,
    )
    assert bare.attempt is None and bare.delivered_to is None


def test_a_fax_is_read() -> None:
    raw = {
        "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
        "connection_id": 234423,
        "from": "+12125550134",
        "to": "+14155550176",
        "status": "stuck.in.the.future",
        "failure_reason": None,
        "page_count": "3",
        "store_media": False,
        "created_at": "2026-03-09T08:30:00",
        "updated_at": "2026-03-09T09:30:00.25+01:00",
        "brand_new": {"kept": True},
    }
    fax = Fax(raw)
    assert (fax.connection_id, fax.from_, fax.to) == ("234423", "+12125550134", "+14155550176")
    assert (fax.status, fax.page_count, fax.store_media) == ("stuck.in.the.future", 3, False)
    assert fax.created_at == datetime(2026, 3, 9, 8, 30, tzinfo=UTC)
    assert fax.updated_at == datetime(2026, 3, 9, 8, 30, 0, 250_000, tzinfo=UTC)
    assert fax.raw["brand_new"] == {"kept": True}
    # Null and absent both read as None; raw tells them apart.
    assert fax.failure_reason is None and "failure_reason" in fax.raw
    assert fax.quality is None and "quality" not in fax.raw
    assert "brand_new" not in repr(fax)


@pytest.mark.parametrize(
    ("value", "first"),
    [
        ("https://x.example/a.pdf", "https://x.example/a.pdf"),
        (["https://x.example/a.pdf", "https://x.example/b.pdf"], "https://x.example/a.pdf"),
        ([None, "https://x.example/b.pdf"], "https://x.example/b.pdf"),
        ([], None),
        ({}, None),
        (None, None),
    ],
)
def test_the_media_url_may_be_a_list(value: Any, first: str | None) -> None:
    fax = Fax({"media_url": value})
    assert fax.media_url == first and fax.raw["media_url"] == value


@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "2026-02-30T00:00:00Z", 1700000000, []),
        # In no year of ours.
        *("9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59Z", "2100-01-01T00:00:00Z"),
        *("0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
    ],
)
def test_a_time_that_is_none_reads_as_none(value: Any) -> None:
    assert Fax({"created_at": value}).created_at is None


@pytest.mark.parametrize("value", [-1, 2**31, 10**400, 1.5, True, "-1", "1e3", "²", "", [], None])
def test_a_count_that_is_none_reads_as_none(value: Any) -> None:
    assert Fax({"page_count": value}).page_count is None


def test_an_application_is_read_with_its_two_halves() -> None:
    application = FaxApplication(
        {
            "id": "1293384261075731499",
            "application_name": "Front desk",
            "active": True,
            "webhook_timeout_secs": 25,
            "inbound": {"channel_limit": 10, "sip_subdomain": None, "sip_subdomain_receive_settings": "from_anyone"},
            "outbound": {"channel_limit": None, "outbound_voice_profile_id": "7"},
            "tags": ["north", 5],
        }
    )
    assert (application.inbound_channel_limit, application.outbound_channel_limit) == (10, None)
    assert (application.sip_subdomain_receive_settings, application.outbound_voice_profile_id) == ("from_anyone", "7")
    assert (application.webhook_timeout_secs, application.tags) == (25, ("north",))


def test_the_other_objects_are_read() -> None:
    number = PhoneNumber({"id": "1", "phone_number": "+12125550134", "t38_fax_gateway_enabled": True})
    assert (number.phone_number, number.t38_fax_gateway_enabled, number.connection_id) == ("+12125550134", True, None)
    profile = OutboundVoiceProfile({"enabled": True, "daily_spend_limit": 100.5, "whitelisted_destinations": ["US"]})
    assert (profile.enabled, profile.daily_spend_limit, profile.whitelisted_destinations) == (True, "100.5", ("US",))
    media = Media({"media_name": "m", "expires_at": "2026-03-11T08:30:00.000Z"})
    assert media.expires_at == datetime(2026, 3, 11, 8, 30, tzinfo=UTC)


def test_a_delivery_holds_the_event_it_was_to_deliver() -> None:
    event = json.loads(FIXTURES[0].read_bytes())["data"]
    delivery = WebhookDelivery(
        {"id": "d1", "status": "failed", "webhook": event, "attempts": [{"status": "failed"}, 1]}
    )
    assert delivery.event.id == event["id"] and delivery.event.payload == event["payload"]
    assert delivery.attempts == ({"status": "failed"},)
