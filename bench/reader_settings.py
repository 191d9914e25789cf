"""The portal's settings; only that its static files need not have been collected."""

from faxportal.settings import *  # noqa: F403
from faxportal.settings import PLAIN, STORAGES

STORAGES |= {"staticfiles": {"BACKEND": PLAIN}}
