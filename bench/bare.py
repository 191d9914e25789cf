"""The floor of webhook intake: a bare Django view that verifies and inserts one row, on the same server and table.

Used as ROOT_URLCONF of bench.bare_settings.
"""

from __future__ import annotations

import json
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from telnyx_api import verify
from webhooks.models import Delivery


def take(request: HttpRequest) -> HttpResponse:
    verify(
        public_key=settings.TELNYX_PUBLIC_KEY,
        signature=request.headers["telnyx-signature-ed25519"],
        timestamp=request.headers["telnyx-timestamp"],
        body=request.body,
        now=time.time(),
    )
    data = json.loads(request.body)["data"]
    row = Delivery(
        event_id=data["id"], event_type=data["event_type"], body=request.body, received_at=timezone.now(), state="done"
    )
    row.save(force_insert=True)
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("webhooks/telnyx", take)]
