"""The portal's settings and tables, without its routes. `bench.bare` goes without the middleware, too."""

from faxportal.settings import *  # noqa: F403

ROOT_URLCONF = "bench.bare"
WSGI_APPLICATION = "bench.bare.application"
