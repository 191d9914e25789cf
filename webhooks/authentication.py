"""Who is at the door: Telnyx, proven by its signature over the raw body, or ourselves, to see that it is open."""

from __future__ import annotations

import time

import structlog
from django.conf import settings
from django.http import UnreadablePostError
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from accounts.audit.origin import address_of
from telnyx_api import SignatureError, verify
from webhooks import refusals
from webhooks.probe import answer_to

log = structlog.get_logger(__name__)

# Real events have one or two thousand bytes.
MAX_BODY = 1_000_000


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class OurProbe(BaseAuthentication):
    """Gives what the door answers, as `request.auth`, when we knock ourselves. Everybody else is verified as ever."""

    def authenticate(self, request: Request) -> tuple[None, str] | None:
        knock = request.META.get("HTTP_FAXPORTAL_PROBE")
        answer = None if knock is None else answer_to(knock)
        return None if answer is None else (None, answer)


class TelnyxSignature(BaseAuthentication):
    """Gives the raw body, verified, as `request.auth`. There is no user.

    Raises AuthenticationFailed without a word about why, which only the log learns, and TooLarge before a body over
    1 MB is read. https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks
    """

    def authenticate(self, request: Request) -> tuple[None, bytes]:
        body = _raw_body(request)
        try:
            verify(
                public_key=settings.TELNYX_PUBLIC_KEY,
                signature=request.META.get("HTTP_TELNYX_SIGNATURE_ED25519", ""),
                timestamp=request.META.get("HTTP_TELNYX_TIMESTAMP", ""),
                body=body,
                now=time.time(),
            )
        except SignatureError as error:
            _refused(request, error.reason)
            raise AuthenticationFailed from None
        return None, body


def _raw_body(request: Request) -> bytes:
    """The bytes as they came: no parser has touched them."""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > MAX_BODY:
        _refused(request, "the body is too large", bytes=length)
        raise TooLarge
    try:
        body: bytes = request.body
    except UnreadablePostError:
        _refused(request, "the sender hung up half-way")
        raise AuthenticationFailed from None
    return body


def _refused(request: Request, reason: str, **facts: int) -> None:
    """Told to the log and counted; whoever is at the door does not learn why."""
    log.warning("webhook.refused", reason=reason, **facts)
    refusals.note(reason, address_of(request._request))
