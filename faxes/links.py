"""The signed link by which Telnyx fetches a document too large to upload. It needs no session, and it expires."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from faxes.models import Attempt

LIFETIME = timedelta(hours=2)
SALT = "faxes.links"


def can_link() -> bool:
    """Telnyx follows no redirect and cannot reach this machine's own address: an https PUBLIC_URL is needed."""
    return str(settings.PUBLIC_URL).startswith("https://")


def link_to(attempt: Attempt) -> str:
    signed = signing.dumps(attempt.token, salt=SALT)
    return f"{settings.PUBLIC_URL}{reverse('for_telnyx', args=[signed])}"


def attempt_of(signed: str) -> Attempt | None:
    """The attempt a link speaks of; None for a forged, spoilt or expired one."""
    try:
        token = signing.loads(signed, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return Attempt.objects.select_related("fax__document").filter(token=token).first()
