"""The portal's settings and tables, without its middleware, its routes and what only its pages need."""

from faxportal.settings import *  # noqa: F403

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "accounts",
    "contacts",
    "applications",
    "faxes",
    "webhooks",
]
MIDDLEWARE = []
ROOT_URLCONF = "bench.bare"
WSGI_APPLICATION = "bench.bare.application"
