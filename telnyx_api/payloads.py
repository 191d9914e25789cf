"""What Telnyx tells us, as frozen objects.

Any field may be missing, so any may be None; `raw` keeps what was really said, unknown keys included, and tells absent
(`"status" not in fax.raw`) from null. Statuses and failure reasons are open sets of words. Times are aware, in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

from telnyx_api.reading import flag, load, mapping, mappings, moment, text, texts, whole

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Payload:
    """`raw` is the JSON object as received."""

    raw: Mapping[str, Any] = field(repr=False, hash=False)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; the counts are None where Telnyx did not say."""

    data: tuple[T, ...]
    page_number: int | None
    page_size: int | None
    total_pages: int | None
    total_results: int | None


@dataclass(frozen=True, kw_only=True)
class Fax(Payload):
    """https://developers.telnyx.com/api-reference/programmable-fax-commands/view-a-fax

    `media_url` is the first one where Telnyx lists several. `page_count` and `call_duration_secs` are documented in
    webhooks only, but are seen here too.
    """

    id: str | None
    connection_id: str | None
    direction: str | None
    from_: str | None
    to: str | None
    from_display_name: str | None
    status: str | None
    failure_reason: str | None
    internal_failure_reason: str | None
    quality: str | None
    media_url: str | None
    media_name: str | None
    store_media: bool | None
    stored_media_url: str | None
    preview_url: str | None
    client_state: str | None
    webhook_url: str | None
    webhook_failover_url: str | None
    page_count: int | None
    call_duration_secs: int | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            raw=raw,
            id=text(raw, "id"),
            connection_id=text(raw, "connection_id"),
            direction=text(raw, "direction"),
            from_=text(raw, "from"),
            to=text(raw, "to"),
            from_display_name=text(raw, "from_display_name"),
            status=text(raw, "status"),
            failure_reason=text(raw, "failure_reason"),
            internal_failure_reason=text(raw, "internal_failure_reason"),
            quality=text(raw, "quality"),
            media_url=next(iter(texts(raw, "media_url")), None),
            media_name=text(raw, "media_name"),
            store_media=flag(raw, "store_media"),
            stored_media_url=text(raw, "stored_media_url"),
            preview_url=text(raw, "preview_url"),
            client_state=text(raw, "client_state"),
            webhook_url=text(raw, "webhook_url"),
            webhook_failover_url=text(raw, "webhook_failover_url"),
            page_count=whole(raw, "page_count"),
            call_duration_secs=whole(raw, "call_duration_secs"),
            created_at=moment(raw, "created_at"),
            updated_at=moment(raw, "updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class FaxApplication(Payload):
    """https://developers.telnyx.com/api-reference/programmable-fax-applications/retrieve-a-fax-application"""

    id: str | None
    application_name: str | None
    active: bool | None
    anchorsite_override: str | None
    webhook_event_url: str | None
    webhook_event_failover_url: str | None
    webhook_timeout_secs: int | None
    inbound_channel_limit: int | None
    sip_subdomain: str | None
    sip_subdomain_receive_settings: str | None
    outbound_channel_limit: int | None
    outbound_voice_profile_id: str | None
    tags: tuple[str, ...]
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        inbound, outbound = mapping(raw, "inbound"), mapping(raw, "outbound")
        return cls(
            raw=raw,
            id=text(raw, "id"),
            application_name=text(raw, "application_name"),
            active=flag(raw, "active"),
            anchorsite_override=text(raw, "anchorsite_override"),
            webhook_event_url=text(raw, "webhook_event_url"),
            webhook_event_failover_url=text(raw, "webhook_event_failover_url"),
            webhook_timeout_secs=whole(raw, "webhook_timeout_secs"),
            inbound_channel_limit=whole(inbound, "channel_limit"),
            sip_subdomain=text(inbound, "sip_subdomain"),
            sip_subdomain_receive_settings=text(inbound, "sip_subdomain_receive_settings"),
            outbound_channel_limit=whole(outbound, "channel_limit"),
            outbound_voice_profile_id=text(outbound, "outbound_voice_profile_id"),
            tags=texts(raw, "tags"),
            created_at=moment(raw, "created_at"),
            updated_at=moment(raw, "updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Media(Payload):
    """https://developers.telnyx.com/api-reference/media-storage-api/retrieve-stored-media"""

    media_name: str | None
    content_type: str | None
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            raw=raw,
            media_name=text(raw, "media_name"),
            content_type=text(raw, "content_type"),
            created_at=moment(raw, "created_at"),
            updated_at=moment(raw, "updated_at"),
            expires_at=moment(raw, "expires_at"),
        )


@dataclass(frozen=True, kw_only=True)
class PhoneNumber(Payload):
    """https://developers.telnyx.com/api-reference/phone-number-configurations/retrieve-a-phone-number

    No field says whether the number can fax; `connection_id` says which fax application it feeds.
    """

    id: str | None
    phone_number: str | None
    status: str | None
    connection_id: str | None
    connection_name: str | None
    phone_number_type: str | None
    country_iso_alpha2: str | None
    customer_reference: str | None
    t38_fax_gateway_enabled: bool | None
    tags: tuple[str, ...]
    purchased_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            raw=raw,
            id=text(raw, "id"),
            phone_number=text(raw, "phone_number"),
            status=text(raw, "status"),
            connection_id=text(raw, "connection_id"),
            connection_name=text(raw, "connection_name"),
            phone_number_type=text(raw, "phone_number_type"),
            country_iso_alpha2=text(raw, "country_iso_alpha2"),
            customer_reference=text(raw, "customer_reference"),
            t38_fax_gateway_enabled=flag(raw, "t38_fax_gateway_enabled"),
            tags=texts(raw, "tags"),
            purchased_at=moment(raw, "purchased_at"),
            created_at=moment(raw, "created_at"),
            updated_at=moment(raw, "updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class OutboundVoiceProfile(Payload):
    """https://developers.telnyx.com/api-reference/outbound-voice-profiles/retrieve-an-outbound-voice-profile

    `daily_spend_limit` is an amount in USD as text, such as "100.00".
    """

    id: str | None
    name: str | None
    enabled: bool | None
    service_plan: str | None
    traffic_type: str | None
    usage_payment_method: str | None
    concurrent_call_limit: int | None
    connections_count: int | None
    daily_spend_limit: str | None
    daily_spend_limit_enabled: bool | None
    whitelisted_destinations: tuple[str, ...]
    tags: tuple[str, ...]
    created_at: datetime | None
    updated_at: datetime | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            raw=raw,
            id=text(raw, "id"),
            name=text(raw, "name"),
            enabled=flag(raw, "enabled"),
            service_plan=text(raw, "service_plan"),
            traffic_type=text(raw, "traffic_type"),
            usage_payment_method=text(raw, "usage_payment_method"),
            concurrent_call_limit=whole(raw, "concurrent_call_limit"),
            connections_count=whole(raw, "connections_count"),
            daily_spend_limit=text(raw, "daily_spend_limit"),
            daily_spend_limit_enabled=flag(raw, "daily_spend_limit_enabled"),
            whitelisted_destinations=texts(raw, "whitelisted_destinations"),
            tags=texts(raw, "tags"),
            created_at=moment(raw, "created_at"),
            updated_at=moment(raw, "updated_at"),
        )


@dataclass(frozen=True, kw_only=True)
class Event(Payload):
    """A webhook: https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks

    `payload` is empty where Telnyx sent none; `attempt` and `delivered_to` come from the envelope.
    """

    id: str | None
    event_type: str | None
    occurred_at: datetime | None
    payload: Mapping[str, Any] = field(hash=False)
    attempt: int | None
    delivered_to: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        # Some documented examples, and the deliveries Telnyx lists, lack the `data` envelope:
        # https://developers.telnyx.com/docs/programmable-fax/send-a-fax-api
        event, meta = mapping(raw, "data") or raw, mapping(raw, "meta")
        return cls(
            raw=raw,
            id=text(event, "id"),
            event_type=text(event, "event_type"),
            occurred_at=moment(event, "occurred_at"),
            payload=mapping(event, "payload"),
            attempt=whole(meta, "attempt"),
            delivered_to=text(meta, "delivered_to"),
        )


@dataclass(frozen=True, kw_only=True)
class WebhookDelivery(Payload):
    """https://developers.telnyx.com/api-reference/webhooks/list-webhook-deliveries

    `event` is the webhook that was to be delivered; `attempts` are Telnyx's own words, newest first.
    """

    id: str | None
    status: str | None
    started_at: datetime | None
    finished_at: datetime | None
    event: Event
    attempts: tuple[Mapping[str, Any], ...] = field(hash=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            raw=raw,
            id=text(raw, "id"),
            status=text(raw, "status"),
            started_at=moment(raw, "started_at"),
            finished_at=moment(raw, "finished_at"),
            event=Event.parse(mapping(raw, "webhook")),
            attempts=mappings(raw, "attempts"),
        )


class InvalidEvent(ValueError):
    """The body of a webhook is no JSON object."""


def parse_event(body: bytes) -> Event:
    """The event in the raw body of a webhook; InvalidEvent when the body is no JSON object."""
    try:
        raw = load(body)
    except ValueError:
        raise InvalidEvent("The body of the webhook is not JSON.") from None
    if not isinstance(raw, dict):
        raise InvalidEvent("The body of the webhook is JSON, but not an object.")
    return Event.parse(raw)
