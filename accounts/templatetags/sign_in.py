"""What the pages before a log-in need to know."""

from __future__ import annotations

from typing import NamedTuple

from allauth.socialaccount.models import SocialAccount
from django import template
from django.conf import settings

register = template.Library()


class Ways(NamedTuple):
    """Is a password asked for, and what is single sign-on called here? Empty where there is none."""

    local: bool
    sign_on: str


@register.simple_tag
def ways_in() -> Ways:
    return Ways(settings.LOCAL_LOGIN, settings.OIDC_NAME if settings.OIDC_CLIENT_ID else "")


@register.filter
def sign_on_as(account: SocialAccount) -> str:
    """As whom somebody is known at the provider."""
    said = account.extra_data
    return str(said.get("email") or said.get("name") or said.get("preferred_username") or account.uid)
