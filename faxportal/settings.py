"""Every setting, in one file. Each knob is an environment variable; .env.example explains them in a line each.

With nothing set this is a production without keys, which `faxportal.checks` refuses to start.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.text import format_lazy

from faxportal.logs import configure_logging
from faxportal.queues import huey_from_url

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"

env = environ.Env(
    SECRET_KEY=(str, ""),
    DEBUG=(bool, False),
    ALLOWED_HOSTS=(list, []),
    DATABASE_URL=(str, f"sqlite:///{VAR}/faxportal.sqlite3"),
    QUEUE_URL=(str, f"sqlite:///{VAR}/queue.sqlite3"),
    CACHE_URL=(str, "dbcache://django_cache"),
    EMAIL_URL=(str, "consolemail://"),
    DEFAULT_FROM_EMAIL=(str, "faxportal@localhost"),
    MEDIA_ROOT=(str, str(VAR / "media")),
    AUDIT_ANCHOR=(str, ""),
    STORAGE_URL=(str, ""),
    MEDIA_ENCRYPTION_KEYS=(list, []),
    X_ACCEL_REDIRECT=(str, ""),
    PUBLIC_URL=(str, ""),
    TRUSTED_PROXY_COUNT=(int, 0),
    SECURE_SSL_REDIRECT=(bool, False),
    SECURE_HSTS_SECONDS=(int, 31_536_000),
    HEALTH_TOKEN=(str, ""),
    TELNYX_API_KEY=(str, ""),
    TELNYX_API_BASE=(str, "https://api.telnyx.com/v2"),
    TELNYX_PUBLIC_KEY=(str, ""),
    PRIVATE_HOSTS_ALLOWED=(list, []),
    SEND_RATE_ACCOUNT=(int, 60),
    SEND_RATE_TEAM=(int, 30),
    SEND_DEADLINE_SECONDS=(int, 60),
    UNCERTAIN_SETTLE_SECONDS=(int, 120),
    SYNC_WINDOW_HOURS=(int, 48),
)
# A variable that is set wins over the file. ENV_FILE names another one, such as var/dev.env, which `make run` writes.
if (env_file := Path(BASE_DIR, os.environ.get("ENV_FILE", ".env"))).is_file():
    env.read_env(env_file)

SECRET_KEY = env("SECRET_KEY")
DEBUG = env("DEBUG")
ALLOWED_HOSTS = env("ALLOWED_HOSTS")
PUBLIC_URL = env("PUBLIC_URL").rstrip("/")

# Telnyx. Only `telnyx_api` speaks to it, with what is read from here at the time of each call.
TELNYX_API_KEY = env("TELNYX_API_KEY")
TELNYX_API_BASE = env("TELNYX_API_BASE").rstrip("/")
TELNYX_PUBLIC_KEY = env("TELNYX_PUBLIC_KEY")
PRIVATE_HOSTS_ALLOWED = env("PRIVATE_HOSTS_ALLOWED")
SEND_RATE_ACCOUNT = env("SEND_RATE_ACCOUNT")
SEND_RATE_TEAM = env("SEND_RATE_TEAM")
SEND_DEADLINE_SECONDS = env("SEND_DEADLINE_SECONDS")
UNCERTAIN_SETTLE_SECONDS = env("UNCERTAIN_SETTLE_SECONDS")
SYNC_WINDOW_HOURS = env("SYNC_WINDOW_HOURS")

INSTALLED_APPS = [
    # First: its run_huey goes before huey's own.
    "faxportal",
    # Before the admin, whose templates it replaces.
    "unfold.apps.BasicAppConfig",
    "faxportal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "bootstrap",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "heroicons",
    "rest_framework",
    "huey.contrib.djhuey",
    "accounts",
    "contacts",
    "applications",
    "faxes",
    "sync",
    "webhooks",
    "notifications",
    "portal",
]

MIDDLEWARE = [
    "faxportal.middleware.RequestLogMiddleware",
    "faxportal.middleware.BodyLimitMiddleware",
    "faxportal.middleware.RolesMiddleware",
    "accounts.audit.middleware.OriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "faxportal.middleware.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "faxportal.urls"
WSGI_APPLICATION = "faxportal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "faxportal.context.house",
            ],
        },
    }
]

# Data. Everything that must survive is in the database and the storage of files; the queue only wakes the worker.
DATABASES = {"default": env.db_url("DATABASE_URL")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock first, so that two writers wait for each other instead of failing at the first
    # upgrade of a read lock. FULL, because what was answered must survive a power cut.
    # https://docs.djangoproject.com/en/5.2/ref/databases/#sqlite-notes
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    DATABASES["default"]["CONN_MAX_AGE"] = None
    # SQLite makes the file but not its folder.
    Path(DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

HUEY = huey_from_url(env("QUEUE_URL"))
CACHES = {"default": env.cache_url("CACHE_URL")}
vars().update(env.email_url("EMAIL_URL"))
# Seconds. A mail server that keeps silent must not hold the worker.
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL")

# Files. Fax files are served by checked views only: there is no public MEDIA_URL.
MEDIA_ROOT = env("MEDIA_ROOT")
# Where the ends of the audit log's chains are written down every night, out of reach of whoever alters the database.
AUDIT_ANCHOR = env("AUDIT_ANCHOR") or str(Path(MEDIA_ROOT).parent / "audit.anchor")
# Where the proxy in front finds that folder, such as /protected/, when it is to send the files itself.
X_ACCEL_REDIRECT = env("X_ACCEL_REDIRECT")
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
HASHED = "whitenoise.storage.CompressedManifestStaticFilesStorage"
PLAIN = "django.contrib.staticfiles.storage.StaticFilesStorage"
STORAGES = {
    # Built when a file is first touched, so that a URL or key that cannot be read is refused by `faxportal.checks`.
    # Django's pages for developers hide what is called a secret.
    "default": {
        "BACKEND": "faxportal.storages.default",
        "OPTIONS": {"secret_url": env("STORAGE_URL"), "secret_keys": env("MEDIA_ENCRYPTION_KEYS")},
    },
    "staticfiles": {"BACKEND": PLAIN if DEBUG else HASHED},
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = DEBUG
# Uploads above this go to a temporary file while they arrive; the second limit is for everything that is not a file.
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "faxes.uploads.BoundedUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
# A whole request: three of the largest files that Telnyx takes.
REQUEST_MAX_BYTES = 160_000_000
# Seconds for which a process counts the events it refuses before it writes their number; 0 is at once.
REFUSALS_WRITTEN_AFTER = 1.0

# People.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "faxportal.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
# Accounts are made by an administrator, who knows the address.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
# Of failed log-ins. The second one is per account and address; the first is wide, as an office shares one address.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/m/ip,5/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = env("TRUSTED_PROXY_COUNT")


# Pages.
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
# Of the admin: to the second, and with the zone.
FORMAT_MODULE_PATH = "faxportal.formats"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"


def _admin_link(title: str, icon: str, model: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}


UNFOLD = {
    "SITE_TITLE": "Faxportal",
    "STYLES": [lambda request: static("css/admin.css")],
    "SITE_HEADER": "Faxportal",
    "SITE_SUBHEADER": "Administration",
    "SITE_SYMBOL": "fax",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")}],
    "SITE_URL": "/",
    # The audit log is the history.
    "SHOW_HISTORY": False,
    "BORDER_RADIUS": "6px",
    # Shades of the one accent, #1d5fd1.
    "COLORS": {
        "primary": {
            "50": "#eff5fe",
            "100": "#dbe8fc",
            "200": "#bdd4fa",
            "300": "#8fb7f5",
            "400": "#5b93ee",
            "500": "#3775e3",
            "600": "#1d5fd1",
            "700": "#194eac",
            "800": "#19438c",
            "900": "#193a70",
            "950": "#122547",
        }
    },
    "SIDEBAR": {
        "navigation": [
            {
                "title": "Faxes",
                "items": [
                    _admin_link("Faxes", "description", "faxes_fax") | {"active": "faxes.admin.shows_faxes"},
                    {
                        "title": "Unrouted",
                        "icon": "move_to_inbox",
                        "link": format_lazy("{}?missing=team", reverse_lazy("admin:faxes_fax_changelist")),
                        "badge": "faxes.admin.unrouted",
                        "active": "faxes.admin.shows_unrouted",
                    },
                    _admin_link("Documents", "draft", "faxes_document"),
                    _admin_link("Tags", "label", "faxes_tag"),
                    _admin_link("Tombstones", "delete_forever", "faxes_tombstone"),
                    _admin_link("Correspondents", "contacts", "contacts_correspondent"),
                ],
            },
            {
                "title": "People",
                "items": [
                    _admin_link("Teams", "groups", "accounts_team"),
                    _admin_link("Users", "person", "accounts_user"),
                    _admin_link("Audit log", "policy", "accounts_logentry"),
                ],
            },
            {
                "title": "Telnyx",
                "items": [
                    _admin_link("Numbers", "call", "applications_phonenumber"),
                    _admin_link("Applications", "settings_phone", "applications_faxapplication"),
                    _admin_link("Asked for", "pending", "applications_pendingapplication"),
                    _admin_link("Deliveries", "webhook", "webhooks_delivery"),
                    _admin_link("Sync runs", "sync", "sync_syncrun"),
                    _admin_link("Heartbeats", "monitor_heart", "sync_heartbeat"),
                ],
            },
        ]
    },
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

# Security. Scripts, styles and fonts come from our own origin only; the admin's exception is in the middleware.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "connect-src": [SELF],
        "font-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 0 if DEBUG else env("SECURE_HSTS_SECONDS")
SECURE_SSL_REDIRECT = env("SECURE_SSL_REDIRECT")
# What Django would have us decide for other hosts of the domain (its subdomains, the browsers' preload lists), and a
# redirect that the proxy in front makes, as README says: on here, it would send people in circles behind some proxies.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
# A redirect loses a webhook, as Telnyx does not follow it, and confuses a load balancer's probe.
SECURE_REDIRECT_EXEMPT = [r"^webhooks/telnyx/?$", r"^healthz$", r"^readyz$"]
if ALLAUTH_TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Opens the reasons of /readyz to whoever sends it as a Bearer token.
HEALTH_TOKEN = env("HEALTH_TOKEN")

# Django's own logging is replaced whole.
LOGGING_CONFIG = None
configure_logging(debug=DEBUG)
