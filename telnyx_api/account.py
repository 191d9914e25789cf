"""A Telnyx account and what it is made of: applications, numbers, outbound voice profiles, webhook deliveries."""

import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import requests

from telnyx_api.body import Body, json_body
from telnyx_api.paging import page_of, walk
from telnyx_api.parameters import (
    FaxApplicationChanges,
    FaxApplicationFields,
    FaxApplicationFilters,
    OutboundVoiceProfileFilters,
    PhoneNumberChanges,
    PhoneNumberFilters,
    Query,
    WebhookDeliveryFilters,
    paging,
    query,
)
from telnyx_api.payloads import FaxApplication, OutboundVoiceProfile, Page, PhoneNumber, WebhookDelivery
from telnyx_api.transport import Transport

T = TypeVar("T")


class Account:
    """Telnyx, for the account that `api_key` belongs to. Time-outs in seconds; `attempts` bounds GET and DELETE.

    `connect_timeout` also bounds each write, `read_timeout` each wait for the answer and the reading of its body.
    Threads may share a client. ValueError for a key or base URL that cannot be one.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = "https://api.telnyx.com/v2",
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        attempts: int = 3,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = Transport(
            api_key=api_key,
            base_url=base_url,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            attempts=attempts,
            sleep=sleep,
        )

    @property
    def session(self) -> requests.Session:
        """The session that every request goes through; an adapter mounted on it gets them all."""
        return self._transport.session

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which our clock was ahead of Telnyx's at its last answer, to a second or two; None before the
        first one, and where it did not say the time.

        Webhooks are signed over Telnyx's time, so a clock that is far off refuses them all.
        """
        return self._transport.clock_skew

    def close(self) -> None:
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._transport.base_url!r})"

    def _object(self, method: str, kind: Callable[[Mapping[str, Any]], T], *path: str, body: Body | None = None) -> T:
        return kind(self._transport.ask(method, *path, body=body)["data"])

    def _page(self, kind: Callable[[Mapping[str, Any]], T], path: str, asked: Query) -> Page[T]:
        return page_of(self._transport.ask("GET", path, query=asked, data=list), kind)

    # Fax applications

    def fax_applications_page(
        self, *, number: int = 1, size: int = 250, **filters: Unpack[FaxApplicationFilters]
    ) -> Page[FaxApplication]:
        """One page. https://developers.telnyx.com/api-reference/programmable-fax-applications/list-all-fax-applications"""
        asked = query(FaxApplicationFilters, filters) + paging(number, size)
        return self._page(FaxApplication, "fax_applications", asked)

    def list_fax_applications(
        self, *, size: int = 250, **filters: Unpack[FaxApplicationFilters]
    ) -> Iterator[FaxApplication]:
        """The fax applications of all pages, each once."""
        return walk(lambda number: self.fax_applications_page(number=number, size=size, **filters), lambda app: app.id)

    def create_fax_application(
        self,
        *,
        application_name: str,
        webhook_event_url: str,
        deadline: float | None = None,
        **fields: Unpack[FaxApplicationFields],
    ) -> FaxApplication:
        """The new application, with the id that Telnyx gave it. Made once, with a deadline as that of `send_fax`.

        https://developers.telnyx.com/api-reference/programmable-fax-applications/creates-a-fax-application
        """
        document = {"application_name": application_name, "webhook_event_url": webhook_event_url, **fields}
        body = json_body(document, deadline=deadline)
        return self._object("POST", FaxApplication, "fax_applications", body=body)

    def get_fax_application(self, application_id: str) -> FaxApplication:
        """https://developers.telnyx.com/api-reference/programmable-fax-applications/retrieve-a-fax-application"""
        return self._object("GET", FaxApplication, "fax_applications", application_id)

    def update_fax_application(
        self,
        application_id: str,
        *,
        application_name: str,
        webhook_event_url: str,
        deadline: float | None = None,
        **changes: Unpack[FaxApplicationChanges],
    ) -> FaxApplication:
        """The application after changing the given fields; Telnyx wants name and webhook address in every change.

        Made once, with a deadline as that of `send_fax`.
        https://developers.telnyx.com/api-reference/programmable-fax-applications/update-a-fax-application
        """
        document = {"application_name": application_name, "webhook_event_url": webhook_event_url, **changes}
        body = json_body(document, deadline=deadline)
        return self._object("PATCH", FaxApplication, "fax_applications", application_id, body=body)

    def delete_fax_application(self, application_id: str) -> None:
        """Delete it for good; Telnyx may refuse while phone numbers use it.

        https://developers.telnyx.com/api-reference/programmable-fax-applications/deletes-a-fax-application
        """
        self._transport.delete("fax_applications", application_id)

    # Phone numbers

    def phone_numbers_page(
        self, *, number: int = 1, size: int = 250, **filters: Unpack[PhoneNumberFilters]
    ) -> Page[PhoneNumber]:
        """One page. https://developers.telnyx.com/api-reference/phone-number-configurations/list-phone-numbers"""
        # Without it, trouble with messaging profiles, which a fax portal does not use, makes the whole list fail.
        asked = query(PhoneNumberFilters, filters) + [("handle_messaging_profile_error", "true")]
        return self._page(PhoneNumber, "phone_numbers", asked + paging(number, size))

    def list_phone_numbers(self, *, size: int = 250, **filters: Unpack[PhoneNumberFilters]) -> Iterator[PhoneNumber]:
        """The phone numbers of all pages, each once."""
        return walk(lambda number: self.phone_numbers_page(number=number, size=size, **filters), lambda item: item.id)

    def get_phone_number(self, number_id: str) -> PhoneNumber:
        """https://developers.telnyx.com/api-reference/phone-number-configurations/retrieve-a-phone-number"""
        return self._object("GET", PhoneNumber, "phone_numbers", number_id)

    def update_phone_number(self, number_id: str, **changes: Unpack[PhoneNumberChanges]) -> PhoneNumber:
        """The number after changing the given fields.

        https://developers.telnyx.com/api-reference/phone-number-configurations/update-a-phone-number
        """
        return self._object("PATCH", PhoneNumber, "phone_numbers", number_id, body=json_body(changes))

    # Outbound voice profiles

    def outbound_voice_profiles_page(
        self, *, number: int = 1, size: int = 250, **filters: Unpack[OutboundVoiceProfileFilters]
    ) -> Page[OutboundVoiceProfile]:
        """One page. https://developers.telnyx.com/api-reference/outbound-voice-profiles/get-all-outbound-voice-profiles"""
        asked = query(OutboundVoiceProfileFilters, filters) + paging(number, size)
        return self._page(OutboundVoiceProfile, "outbound_voice_profiles", asked)

    def list_outbound_voice_profiles(
        self, *, size: int = 250, **filters: Unpack[OutboundVoiceProfileFilters]
    ) -> Iterator[OutboundVoiceProfile]:
        """The outbound voice profiles of all pages, each once."""
        return walk(
            lambda number: self.outbound_voice_profiles_page(number=number, size=size, **filters),
            lambda profile: profile.id,
        )

    def get_outbound_voice_profile(self, profile_id: str) -> OutboundVoiceProfile:
        """https://developers.telnyx.com/api-reference/outbound-voice-profiles/retrieve-an-outbound-voice-profile"""
        return self._object("GET", OutboundVoiceProfile, "outbound_voice_profiles", profile_id)

    # Webhook deliveries

    def webhook_deliveries_page(
        self, *, number: int = 1, size: int = 250, **filters: Unpack[WebhookDeliveryFilters]
    ) -> Page[WebhookDelivery]:
        """One page. https://developers.telnyx.com/api-reference/webhooks/list-webhook-deliveries"""
        asked = query(WebhookDeliveryFilters, filters) + paging(number, size)
        return self._page(WebhookDelivery, "webhook_deliveries", asked)

    def list_webhook_deliveries(
        self, *, size: int = 250, **filters: Unpack[WebhookDeliveryFilters]
    ) -> Iterator[WebhookDelivery]:
        """The webhook deliveries of all pages, each once."""
        return walk(
            lambda number: self.webhook_deliveries_page(number=number, size=size, **filters),
            lambda delivery: delivery.id,
        )

    def get_webhook_delivery(self, delivery_id: str) -> WebhookDelivery:
        """https://developers.telnyx.com/api-reference/webhooks/find-webhook_delivery-details-by-id"""
        return self._object("GET", WebhookDelivery, "webhook_deliveries", delivery_id)
