"""The portal's settings and database, without its middleware and its routes."""

from faxportal.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.bare"
