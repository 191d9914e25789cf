"""What gunicorn serves. A production that is not set up is refused here, before its first request."""

import os

import django
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "faxportal.settings")
django.setup(set_prefix=False)

from faxportal.checks import refuse_start  # noqa: E402

refuse_start()
application = get_wsgi_application()
