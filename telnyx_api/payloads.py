"""What Telnyx tells us, as frozen objects.

Any field may be missing, so any may be None; `raw` keeps what was really said, unknown keys included, and tells absent
(`"status" not in fax.raw`) from null. Statuses and failure reasons are open sets of words. Times are aware, in UTC.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from telnyx_api.reading import flag, load, mapping, mappings, moment, text, texts, whole

T = TypeVar("T")


@dataclass(frozen=True)
class Payload:
    """`raw` is the JSON object as received. The other fields are read from it when they are first asked for: of what a
    list brings, most is never looked at."""

    raw: Mapping[str, Any] = field(repr=False, hash=False)


class Said(Generic[T]):
    """A field of a payload as `read` finds it: under its own name or `key`, in the object or in what is `inside`."""

    def __init__(
        self,
        read: Callable[[Mapping[str, Any], str], T],
        key: str = "",
        *,
        inside: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> None:
        self._read, self._key, self._inside = read, key, inside

    def __set_name__(self, owner: type[Payload], name: str) -> None:
        self._name, self._key = name, self._key or name

    def __get__(self, payload: Payload, owner: type[Payload]) -> T:
        raw = payload.raw
        said = self._read(raw if self._inside is None else self._inside(raw), self._key)
        # From now on it is found there, before us.
        vars(payload)[self._name] = said
        return said


def _first(raw: Mapping[str, Any], key: str) -> str | None:
    return next(iter(texts(raw, key)), None)


def _within(key: str) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda raw: mapping(raw, key)


def _enveloped(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Some documented examples, and the deliveries Telnyx lists, lack the `data` envelope.

    https://developers.telnyx.com/docs/programmable-fax/send-a-fax-api
    """
    return mapping(raw, "data") or raw


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list; the counts are None where Telnyx did not say."""

    data: tuple[T, ...]
    page_number: int | None
    page_size: int | None
    total_pages: int | None
    total_results: int | None


class Named(Payload):
    """What Telnyx knows by an id."""

    id = Said(text)


class Fax(Named):
    """https://developers.telnyx.com/api-reference/programmable-fax-commands/view-a-fax

    `media_url` is the first one where Telnyx lists several. `page_count` and `call_duration_secs` are documented in
    webhooks only, but are seen here too.
    """

    connection_id = Said(text)
    direction = Said(text)
    from_ = Said(text, "from")
    to = Said(text)
    from_display_name = Said(text)
    status = Said(text)
    failure_reason = Said(text)
    internal_failure_reason = Said(text)
    quality = Said(text)
    media_url = Said(_first, "media_url")
    media_name = Said(text)
    store_media = Said(flag)
    stored_media_url = Said(text)
    preview_url = Said(text)
    client_state = Said(text)
    webhook_url = Said(text)
    webhook_failover_url = Said(text)
    page_count = Said(whole)
    call_duration_secs = Said(whole)
    created_at = Said(moment)
    updated_at = Said(moment)


class FaxApplication(Named):
    """https://developers.telnyx.com/api-reference/programmable-fax-applications/retrieve-a-fax-application"""

    application_name = Said(text)
    active = Said(flag)
    anchorsite_override = Said(text)
    webhook_event_url = Said(text)
    webhook_event_failover_url = Said(text)
    webhook_timeout_secs = Said(whole)
    inbound_channel_limit = Said(whole, "channel_limit", inside=_within("inbound"))
    sip_subdomain = Said(text, inside=_within("inbound"))
    sip_subdomain_receive_settings = Said(text, inside=_within("inbound"))
    outbound_channel_limit = Said(whole, "channel_limit", inside=_within("outbound"))
    outbound_voice_profile_id = Said(text, inside=_within("outbound"))
    tags = Said(texts)
    created_at = Said(moment)
    updated_at = Said(moment)


class Media(Payload):
    """https://developers.telnyx.com/api-reference/media-storage-api/retrieve-stored-media"""

    media_name = Said(text)
    content_type = Said(text)
    created_at = Said(moment)
    updated_at = Said(moment)
    expires_at = Said(moment)


class PhoneNumber(Named):
    """https://developers.telnyx.com/api-reference/phone-number-configurations/retrieve-a-phone-number

    No field says whether the number can fax; `connection_id` says which fax application it feeds.
    """

    phone_number = Said(text)
    status = Said(text)
    connection_id = Said(text)
    connection_name = Said(text)
    phone_number_type = Said(text)
    country_iso_alpha2 = Said(text)
    customer_reference = Said(text)
    t38_fax_gateway_enabled = Said(flag)
    tags = Said(texts)
    purchased_at = Said(moment)
    created_at = Said(moment)
    updated_at = Said(moment)


class OutboundVoiceProfile(Named):
    """https://developers.telnyx.com/api-reference/outbound-voice-profiles/retrieve-an-outbound-voice-profile

    `daily_spend_limit` is an amount in USD as text, such as "100.00".
    """

    name = Said(text)
    enabled = Said(flag)
    service_plan = Said(text)
    traffic_type = Said(text)
    usage_payment_method = Said(text)
    concurrent_call_limit = Said(whole)
    connections_count = Said(whole)
    daily_spend_limit = Said(text)
    daily_spend_limit_enabled = Said(flag)
    whitelisted_destinations = Said(texts)
    tags = Said(texts)
    created_at = Said(moment)
    updated_at = Said(moment)


class Event(Payload):
    """A webhook: https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks

    `payload` is empty where Telnyx sent none; `attempt` and `delivered_to` come from the envelope.
    """

    id = Said(text, inside=_enveloped)
    event_type = Said(text, inside=_enveloped)
    occurred_at = Said(moment, inside=_enveloped)
    payload = Said(mapping, inside=_enveloped)
    attempt = Said(whole, inside=_within("meta"))
    delivered_to = Said(text, inside=_within("meta"))


def _event(raw: Mapping[str, Any], key: str) -> Event:
    return Event(mapping(raw, key))


class WebhookDelivery(Named):
    """https://developers.telnyx.com/api-reference/webhooks/list-webhook-deliveries

    `event` is the webhook that was to be delivered; `attempts` are Telnyx's own words, newest first.
    """

    status = Said(text)
    started_at = Said(moment)
    finished_at = Said(moment)
    event = Said(_event, "webhook")
    attempts = Said(mappings)


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
    return Event(raw)
