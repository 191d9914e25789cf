"""Every setting, in one file. Each knob is an environment variable; .env.example explains them in a line each.

With nothing set this is a production without keys, which `faxportal.checks` refuses to start.
"""

from __future__ import annotations

import os
from pathlib import Path

import environ
from csp.constants import NONE, SELF

from faxportal.admin_look import UNFOLD  # noqa: F401
from faxportal.logs import configure_logging
from faxportal.queues import huey_from_url

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"

env = environ.Env(
    SECRET_KEY=(str, ""),
    SECRET_KEY_FALLBACKS=(list, []),
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
    TRUSTED_PROXY_COUNT=(int, None),
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
    MFA_REQUIRED=(bool, False),
    IDLE_MINUTES=(int, 30),
    SESSION_HOURS=(int, 12),
    LOCAL_LOGIN=(bool, True),
    OIDC_NAME=(str, "single sign-on"),
    OIDC_SERVER_URL=(str, ""),
    OIDC_CLIENT_ID=(str, ""),
    OIDC_CLIENT_SECRET=(str, ""),
    OIDC_SCOPES=(list, ["openid", "profile", "email"]),
    OIDC_LOGIN_ORIGIN=(str, ""),
    OIDC_GROUP_CLAIM=(str, "groups"),
    OIDC_GROUPS=(str, ""),
    OIDC_MFA=(bool, False),
)
# A variable that is set wins over the file. ENV_FILE names another one, such as var/dev.env, which `make run` writes.
if (env_file := Path(BASE_DIR, os.environ.get("ENV_FILE", ".env"))).is_file():
    env.read_env(env_file)

SECRET_KEY = env("SECRET_KEY")
SECRET_KEY_FALLBACKS = env("SECRET_KEY_FALLBACKS")
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
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "bootstrap",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "heroicons",
    "rest_framework",
    "huey.contrib.djhuey",
    "accounts",
    "accounts.oidc",
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
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.IdleMiddleware",
    "accounts.middleware.ZoneMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
                "accounts.context.person",
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
if not CACHES["default"]["BACKEND"].endswith("RedisCache"):
    # Django throws entries away beyond 300 of them, and with them what was counted of somebody's guesses.
    CACHES["default"].setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 20_000)
vars().update(env.email_url("EMAIL_URL"))
# Seconds. A mail server that keeps silent must not hold the worker.
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL")

# Files. Fax files are served by checked views only: there is no public MEDIA_URL.
MEDIA_ROOT = env("MEDIA_ROOT")
# Where the ends of the audit log's chains are written down every hour, out of reach of whoever alters the database.
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
    {"NAME": "accounts.sign_in.passwords.GuessableValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "faxportal.adapter.PortalAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
# An account has one address. A new one counts once its code was typed in; nobody waits for a code to log in.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Faxportal: "
ACCOUNT_FORMS = {"add_email": "accounts.sign_in.forms.NewAddressForm"}
ACCOUNT_USER_DISPLAY = str
ACCOUNT_SESSION_REMEMBER = False
# What changes the keys to an account asks for them again, unless that was within ten minutes.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
# Of failed log-ins, codes included, the second one is per account; the first is wide, as an office shares one address.
# A right password takes nothing of either. `login` counts every try.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "30/m/ip,5/5m/key",
    "reset_password": "20/m/ip,5/h/key",
}
# None where nobody has said it: production does not start then.
TRUSTED_PROXY_COUNT = env("TRUSTED_PROXY_COUNT")
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT or 0
# Second factors: for everybody with MFA_REQUIRED, else for the members of teams that ask for one.
MFA_REQUIRED = env("MFA_REQUIRED")
MFA_ADAPTER = "accounts.sign_in.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Faxportal"
# A code of half a minute ago still counts; once.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "accounts.sign_in.forms.CodeForm",
    "reauthenticate": "accounts.sign_in.forms.CodeAgainForm",
}
# Addresses are an administrator's, or were proven: nobody can take an account by way of an unproven one.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}
USERSESSIONS_ADAPTER = "accounts.sign_in.adapters.SessionsAdapter"
# Single sign-on. With LOCAL_LOGIN off, only administrators log in with a password, and a second factor.
LOCAL_LOGIN = env("LOCAL_LOGIN")
OIDC_NAME = env("OIDC_NAME")
OIDC_SERVER_URL = env("OIDC_SERVER_URL").rstrip("/")
OIDC_CLIENT_ID = env("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env("OIDC_CLIENT_SECRET")
OIDC_SCOPES = env("OIDC_SCOPES")
OIDC_LOGIN_ORIGIN = env("OIDC_LOGIN_ORIGIN").rstrip("/")
OIDC_GROUP_CLAIM = env("OIDC_GROUP_CLAIM")
OIDC_GROUPS = env("OIDC_GROUPS")
OIDC_MFA = env("OIDC_MFA")
SOCIALACCOUNT_ADAPTER = "accounts.oidc.adapter.ProviderAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
# Who does nothing for so long is signed out; and everybody once a day, so that a group that was taken away ends.
IDLE_SECONDS = env("IDLE_MINUTES") * 60
SESSION_SECONDS = SESSION_COOKIE_AGE = env("SESSION_HOURS") * 3600


# Pages.
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
# Of the admin: to the second, and with the zone.
FORMAT_MODULE_PATH = "faxportal.formats"
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
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
