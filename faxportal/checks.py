"""What a production must have. Without it neither web nor worker starts; the refusal lists all that is missing.

Building (collectstatic, makemigrations, plain `check`) stays possible: only `check --deploy` and what serves ask here.
https://docs.djangoproject.com/en/5.2/topics/checks/
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import storages
from django.core.management.base import SystemCheckError

from accounts.sign_in import groups
from faxes.outward import is_loopback
from telnyx_api import is_public_key

TAG = "faxportal"
CONSOLE = "django.core.mail.backends.console.EmailBackend"
STORAGE_HINT = (
    "See .env.example. Make a key: python -c "
    '"import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())"'
)


def refuse_start() -> None:
    """Raise SystemCheckError with the list of what is missing. Every process that serves calls this before it does."""
    problems = [problem for problem in run_checks(tags=[TAG], include_deployment_checks=True) if problem.is_serious()]
    if problems:
        listed = "\n".join(f"  {problem.id}  {problem.msg}\n      {problem.hint}" for problem in problems)
        raise SystemCheckError(f"Faxportal does not start with DEBUG off until these are mended:\n{listed}")


@register(TAG, deploy=True)
def check_production(**kwargs: Any) -> list[CheckMessage]:
    if settings.DEBUG:
        return _debug_in_production()
    checks = [_secret_key, _public_url, _public_key, _api_key, _api_base, _allowed_hosts, _proxies]
    return [problem for check in checks if (problem := check()) is not None]


@register(TAG, deploy=True)
def check_mail(**kwargs: Any) -> list[CheckMessage]:
    """No reason not to start: there are houses that send no mail."""
    if settings.DEBUG or settings.EMAIL_BACKEND != CONSOLE:
        return []
    said = "E-mails go to the process's log, with the links that set passwords and open invitations in them."
    hint = "Set EMAIL_URL, such as smtp+tls://name:password@mail.example.com:587, or dummymail:// for no mail at all."
    return [Warning(said, hint=hint, id="faxportal.W001")]


@register(TAG)
def check_storage(**kwargs: Any) -> list[CheckMessage]:
    """Wrong also in development, and for each command: files would go to the wrong place."""
    try:
        storages["default"]
    except ValueError as error:
        return [Error(str(error), hint=STORAGE_HINT, id="faxportal.E007")]
    return []


def _debug_in_production() -> list[CheckMessage]:
    """Development has no public address; whoever has one shows tracebacks, with what they hold, to the world."""
    if not _is_public_https(settings.PUBLIC_URL):
        return []
    hint = "Take DEBUG out of the environment, or set PUBLIC_URL to http://localhost:8000 for development."
    return [Error("DEBUG is on at a public address.", hint=hint, id="faxportal.E013")]


@register(TAG)
def check_sign_in(**kwargs: Any) -> list[CheckMessage]:
    """Wrong also in development: a door that is half there is no door, or one that nobody meant."""
    checks = [_single_sign_on, _single_sign_on_url, _groups, _some_way_in, _times]
    return [problem for check in checks if (problem := check()) is not None]


OIDC = ("OIDC_SERVER_URL", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")
OIDC_MORE = ("OIDC_LOGIN_ORIGIN", "OIDC_GROUPS", "OIDC_MFA")


def _single_sign_on() -> Error | None:
    present = [name for name in OIDC + OIDC_MORE if getattr(settings, name)]
    missing = [name for name in OIDC if not getattr(settings, name)]
    if not (present and missing):
        return None
    return Error(
        f"Single sign-on is half configured: {', '.join(present)} is set, {', '.join(missing)} is not.",
        hint="Set all of OIDC_SERVER_URL, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or none of OIDC_*.",
        id="faxportal.E008",
    )


def _single_sign_on_url() -> Error | None:
    for name in ("OIDC_SERVER_URL", "OIDC_LOGIN_ORIGIN"):
        url = getattr(settings, name)
        if url and not (_is_public_https(url) or (settings.DEBUG and is_loopback(urlsplit(url).hostname or ""))):
            return Error(
                f"{name} is not an https address.",
                hint="Take the issuer as the provider writes it, such as https://login.example.com/realms/office",
                id="faxportal.E009",
            )
    return None


def _groups() -> Error | None:
    try:
        groups.parse(settings.OIDC_GROUPS)
    except ValueError as error:
        hint = "Write: group = team:role; group = team:role. The team by its address, such as front-desk."
        return Error(f"OIDC_GROUPS cannot be read. {error}", hint=hint, id="faxportal.E010")
    return None


def _some_way_in() -> Error | None:
    if settings.LOCAL_LOGIN or settings.OIDC_CLIENT_ID:
        return None
    return Error(
        "LOCAL_LOGIN is off and there is no single sign-on: nobody but administrators could log in.",
        hint="Set OIDC_SERVER_URL, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or leave LOCAL_LOGIN unset.",
        id="faxportal.E011",
    )


def _times() -> Error | None:
    if 60 <= settings.IDLE_SECONDS <= settings.SESSION_SECONDS:
        return None
    return Error(
        "IDLE_MINUTES is less than one, or more than SESSION_HOURS.",
        hint="Usual are 30 minutes and 12 hours.",
        id="faxportal.E012",
    )


def _secret_key() -> Error | None:
    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's word for an empty one
        key = ""
    if len(key) >= 32 and not key.startswith("django-insecure-"):
        return None
    hint = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(50))"'
    return Error("SECRET_KEY is missing or shorter than 32 characters.", hint=hint, id="faxportal.E001")


def _public_url() -> Error | None:
    if _is_public_https(settings.PUBLIC_URL, path=""):
        return None
    return Error(
        "PUBLIC_URL is not the https address under which Telnyx and people reach this portal.",
        hint="Set it to the origin alone, such as https://fax.example.com",
        id="faxportal.E002",
    )


def _public_key() -> Error | None:
    if is_public_key(settings.TELNYX_PUBLIC_KEY):
        return None
    return Error(
        "TELNYX_PUBLIC_KEY is missing or not the base64 of 32 bytes: no webhook could be verified.",
        hint="Copy it from portal.telnyx.com, Keys & Credentials, Public Key.",
        id="faxportal.E003",
    )


def _api_key() -> Error | None:
    if settings.TELNYX_API_KEY:
        return None
    hint = "Create one at portal.telnyx.com, Keys & Credentials, API Keys."
    return Error("TELNYX_API_KEY is missing.", hint=hint, id="faxportal.E004")


def _api_base() -> Error | None:
    if _is_public_https(settings.TELNYX_API_BASE):
        return None
    return Error(
        "TELNYX_API_BASE is not a public https address, so faxes would go to a sandbox.",
        hint="Leave it unset for https://api.telnyx.com/v2",
        id="faxportal.E005",
    )


def _allowed_hosts() -> Error | None:
    if settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        return None
    problem = (
        "holds *: any host name would pass" if settings.ALLOWED_HOSTS else "is empty: every request would be refused"
    )
    hint = "List the host names people use, separated by commas, such as fax.example.com"
    return Error(f"ALLOWED_HOSTS {problem}.", hint=hint, id="faxportal.E006")


def _proxies() -> Error | None:
    """A guess would be wrong for one of two houses: all people in one lock-out, or a stranger with any address."""
    if settings.TRUSTED_PROXY_COUNT is not None and settings.TRUSTED_PROXY_COUNT >= 0:
        return None
    return Error(
        "TRUSTED_PROXY_COUNT is not set: behind a proxy, everybody would share one address, and one stranger's wrong "
        "passwords would lock all of them out.",
        hint="Set it to the number of proxies of yours in front, usually 1, or to 0 where there is none.",
        id="faxportal.E014",
    )


def _is_public_https(text: str, *, path: str | None = None) -> bool:
    try:
        url = urlsplit(text)
    except ValueError:  # a bracket without its partner
        return False
    is_public = bool(url.hostname) and not is_loopback(url.hostname or "")
    return url.scheme == "https" and is_public and path in (None, url.path)
