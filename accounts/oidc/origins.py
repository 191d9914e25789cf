"""Where browsers may go with a form besides here: the provider's log-in page."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings


def of(url: str) -> str:
    """The origin of a URL, such as “https://login.example.com”; empty for what has none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else ""


def allowed() -> list[str]:
    """For the form-action of the Content-Security-Policy. Browsers follow its word for redirects of a form, too."""
    if not settings.OIDC_SERVER_URL:
        return []
    return list(dict.fromkeys(filter(None, [of(settings.OIDC_SERVER_URL), of(settings.OIDC_LOGIN_ORIGIN)])))


def is_allowed(url: str) -> bool:
    return of(url) in allowed()
