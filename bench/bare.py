"""The floor of webhook intake: a bare Django view that verifies and inserts one row, on the same server and table."""

from __future__ import annotations

import json
import os
import time

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.bare_settings")
django.setup()
# Only now, as some apps insist on theirs when they are set up.
settings.MIDDLEWARE = []
application = get_wsgi_application()

from telnyx_api import verify  # noqa: E402
from webhooks.models import Delivery  # noqa: E402


def take(request: HttpRequest) -> HttpResponse:
    verify(
        public_key=settings.TELNYX_PUBLIC_KEY,
        signature=request.headers["telnyx-signature-ed25519"],
        timestamp=request.headers["telnyx-timestamp"],
        body=request.body,
        now=time.time(),
    )
    data, now = json.loads(request.body)["data"], timezone.now()
    row = Delivery(
        event_id=data["id"],
        event_type=data["event_type"],
        fax_telnyx_id=data["payload"]["fax_id"],
        occurred_at=data["occurred_at"],
        body=request.body,
        received_at=now,
        due_at=now,
    )
    row.save(force_insert=True)
    # The length is a middleware's business otherwise; without it the answer would go out in chunks.
    return HttpResponse(b"{}", content_type="application/json", headers={"Content-Length": "2"})


urlpatterns = [path("webhooks/telnyx", take)]
