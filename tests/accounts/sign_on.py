"""A browser's way through single sign-on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from django.test import Client

LOGIN = "/accounts/oidc/login/"


def to_provider(browser: Client, **form: str) -> str:
    """Where the button leads to."""
    return str(browser.post(LOGIN, form)["Location"])


def back(browser: Client, address: str) -> Any:
    """What the browser sees after the provider sent it back from its log-in page."""
    answer = requests.get(address, allow_redirects=False, timeout=10)
    parts = urlsplit(answer.headers["Location"])
    assert (parts.netloc, parts.path) == ("testserver", f"{LOGIN}callback/")
    return browser.get(f"{parts.path}?{parts.query}")


def sign_on(browser: Client, **form: str) -> Any:
    return back(browser, to_provider(browser, **form))


def who(browser: Client) -> str | None:
    return browser.session.get("_auth_user_id")
