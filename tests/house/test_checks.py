"""Each thing a production must have: what is refused, and what passes."""

from __future__ import annotations

import base64

import pytest
from django.core.management.base import SystemCheckError
from pytest_django import Settings

from faxes.outward import is_loopback
from faxportal.checks import check_mail, check_production, refuse_start

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def production(settings: Settings) -> Settings:
    settings.DEBUG = False
    settings.SECRET_KEY = "k" * 50
    settings.ALLOWED_HOSTS = ["fax.example.com"]
    settings.PUBLIC_URL = "https://fax.example.com"
    settings.TELNYX_API_KEY = "KEY123"
    settings.TELNYX_API_BASE = "https://api.telnyx.com/v2"
    settings.TELNYX_PUBLIC_KEY = KEY
    settings.TRUSTED_PROXY_COUNT = 0
    return settings


def test_a_complete_production_passes(production: Settings) -> None:
    assert check_production() == []
    refuse_start()


def test_mail_to_the_log_is_warned_of_and_keeps_nobody_from_starting(production: Settings) -> None:
    production.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    (warning,) = check_mail()
    assert warning.id == "faxportal.W001" and "EMAIL_URL" in str(warning.hint)
    refuse_start()
    production.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert check_mail() == []


def test_debug_is_refused_at_a_public_address(production: Settings) -> None:
    production.DEBUG = True
    (problem,) = check_production()
    assert problem.id == "faxportal.E013"
    with pytest.raises(SystemCheckError, match="DEBUG is on"):
        refuse_start()
    production.PUBLIC_URL = "http://localhost:8000"
    assert check_production() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("SECRET_KEY", "", "E001"),
        ("SECRET_KEY", "short", "E001"),
        ("SECRET_KEY", "django-insecure-" + "k" * 50, "E001"),
        ("PUBLIC_URL", "", "E002"),
        ("PUBLIC_URL", "http://fax.example.com", "E002"),
        ("PUBLIC_URL", "https://localhost:8000", "E002"),
        ("PUBLIC_URL", "https://127.0.0.1", "E002"),
        ("PUBLIC_URL", "https://[::1]", "E002"),
        ("PUBLIC_URL", "https://fax.example.com/portal", "E002"),
        ("PUBLIC_URL", "https://[broken", "E002"),
        ("TELNYX_PUBLIC_KEY", "", "E003"),
        ("TELNYX_PUBLIC_KEY", "not base64!", "E003"),
        ("TELNYX_PUBLIC_KEY", "ключ", "E003"),
        ("TELNYX_PUBLIC_KEY", KEY[:-8], "E003"),
        ("TELNYX_API_KEY", "", "E004"),
        ("TELNYX_API_BASE", "http://api.telnyx.com/v2", "E005"),
        ("TELNYX_API_BASE", "https://127.0.0.1:8001/v2", "E005"),
        ("TELNYX_API_BASE", "", "E005"),
        ("ALLOWED_HOSTS", [], "E006"),
        ("ALLOWED_HOSTS", ["fax.example.com", "*"], "E006"),
        ("TRUSTED_PROXY_COUNT", None, "E014"),
        ("TRUSTED_PROXY_COUNT", -1, "E014"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(production: Settings, name: str, value: object, code: str) -> None:
    setattr(production, name, value)
    (problem,) = check_production()
    assert problem.id == f"faxportal.{code}"
    assert name in problem.msg
    assert problem.hint
    with pytest.raises(SystemCheckError, match=f"faxportal.{code}"):
        refuse_start()


def test_development_is_not_asked(settings: Settings) -> None:
    settings.DEBUG = True
    settings.PUBLIC_URL = settings.TELNYX_API_KEY = ""
    assert check_production() == []


@pytest.mark.parametrize("host", ["localhost", "fax.localhost", "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0"])
def test_loopback_is_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["fax.example.com", "10.0.0.1", "localhost.example.com"])
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)
