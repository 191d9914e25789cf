"""What can be asked for and changed: filters, and the fields of the objects we write.

A keyword that is not given is not sent. None in a filter means no filter; None in a field is sent as null, to clear it.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypedDict, get_type_hints

Query = list[tuple[str, str]]
Word = str | None
Time = datetime | None


class FaxFilters(TypedDict, total=False):
    """https://developers.telnyx.com/api-reference/programmable-fax-commands/view-a-list-of-faxes"""

    created_gte: Annotated[Time, "filter[created_at][gte]"]
    created_gt: Annotated[Time, "filter[created_at][gt]"]
    created_lte: Annotated[Time, "filter[created_at][lte]"]
    created_lt: Annotated[Time, "filter[created_at][lt]"]
    direction: Annotated[Word, "filter[direction][eq]"]
    from_: Annotated[Word, "filter[from][eq]"]
    to: Annotated[Word, "filter[to][eq]"]


class FaxApplicationFilters(TypedDict, total=False):
    """https://developers.telnyx.com/api-reference/programmable-fax-applications/list-all-fax-applications

    `application_name_contains` needs three characters. `sort` is created_at, application_name or active.
    """

    application_name_contains: Annotated[Word, "filter[application_name][contains]"]
    outbound_voice_profile_id: Annotated[Word, "filter[outbound_voice_profile_id]"]
    sort: Annotated[Word, "sort"]


class MediaFilters(TypedDict, total=False):
    """https://developers.telnyx.com/api-reference/media-storage-api/list-uploaded-media"""

    content_type: Annotated[Sequence[str] | None, "filter[content_type][]"]


class PhoneNumberFilters(TypedDict, total=False):
    """https://developers.telnyx.com/api-reference/phone-number-configurations/list-phone-numbers"""

    connection_id: Annotated[Word, "filter[connection_id]"]
    phone_number: Annotated[Word, "filter[phone_number]"]
    status: Annotated[Word, "filter[status]"]
    tag: Annotated[Word, "filter[tag]"]
    country_iso_alpha2: Annotated[Word, "filter[country_iso_alpha2]"]
    customer_reference: Annotated[Word, "filter[customer_reference]"]
    number_type: Annotated[Word, "filter[number_type][eq]"]
    sort: Annotated[Word, "sort"]


class OutboundVoiceProfileFilters(TypedDict, total=False):
    """https://developers.telnyx.com/api-reference/outbound-voice-profiles/get-all-outbound-voice-profiles"""

    name_contains: Annotated[Word, "filter[name][contains]"]
    sort: Annotated[Word, "sort"]


class WebhookDeliveryFilters(TypedDict, total=False):
    """https://developers.telnyx.com/api-reference/webhooks/list-webhook-deliveries

    `status` is delivered or failed; `event_type` takes several words parted by commas.
    """

    status: Annotated[Word, "filter[status][eq]"]
    event_type: Annotated[Word, "filter[event_type]"]
    webhook_contains: Annotated[Word, "filter[webhook][contains]"]
    attempts_contains: Annotated[Word, "filter[attempts][contains]"]
    started_gte: Annotated[Time, "filter[started_at][gte]"]
    started_lte: Annotated[Time, "filter[started_at][lte]"]
    finished_gte: Annotated[Time, "filter[finished_at][gte]"]
    finished_lte: Annotated[Time, "filter[finished_at][lte]"]


class FaxApplicationFields(TypedDict, total=False):
    """https://developers.telnyx.com/api-reference/programmable-fax-applications/creates-a-fax-application

    `inbound` holds channel_limit, sip_subdomain and sip_subdomain_receive_settings, `outbound` channel_limit and
    outbound_voice_profile_id. `webhook_timeout_secs` is 0 to 30.
    """

    active: bool
    anchorsite_override: str
    webhook_event_failover_url: str | None
    webhook_timeout_secs: int | None
    inbound: Mapping[str, Any]
    outbound: Mapping[str, Any]
    tags: Sequence[str]


class FaxApplicationChanges(FaxApplicationFields, total=False):
    """`fax_email_recipient` can be written here only, and Telnyx never shows it again."""

    fax_email_recipient: str | None


class PhoneNumberChanges(TypedDict, total=False):
    """https://developers.telnyx.com/api-reference/phone-number-configurations/update-a-phone-number

    `connection_id` is the id of the fax application that the number shall feed.
    """

    connection_id: str
    tags: Sequence[str]
    customer_reference: str
    external_pin: str
    hd_voice_enabled: bool
    billing_group_id: str
    address_id: str


def query(kind: type, filters: Mapping[str, Any]) -> Query:
    """`filters`, which are of the `kind` given, under the names that Telnyx gives them.

    TypeError for an unknown one, because a filter lost in silence lists the whole account.
    """
    hints = get_type_hints(kind, include_extras=True)
    unknown = filters.keys() - hints.keys()
    if unknown:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}.")
    return [(hints[name].__metadata__[0], word) for name, value in filters.items() for word in _words(value)]


def paging(number: int, size: int) -> Query:
    return [("page[number]", str(number)), ("page[size]", str(size))]


def _words(value: str | datetime | Sequence[str] | None) -> Sequence[str]:
    if value is None:
        return []
    if isinstance(value, datetime):
        return [_instant(value)]
    return [value] if isinstance(value, str) else value


def _instant(when: datetime) -> str:
    if when.tzinfo is None:
        raise ValueError("A time to filter by needs a time zone.")
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
