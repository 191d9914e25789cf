"""Addresses of this portal that leave it: in mail, and at the provider of single sign-on."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def outward(request: HttpRequest, path: str) -> str:
    """This path under PUBLIC_URL, and not under the host that a request names: else a stranger who asks for somebody's
    new password could name theirs. Development does without PUBLIC_URL."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
