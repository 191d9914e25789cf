"""From where somebody asks, as far as our own proxies can tell."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The address that log-ins are counted by: TRUSTED_PROXY_COUNT says how many proxies are believed.

    Empty where none is known: behind a socket file, or where fewer proxies have signed than we are told to believe.
    """
    try:
        return str(get_adapter().get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied):
        return ""
