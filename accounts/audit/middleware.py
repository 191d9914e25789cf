"""What stands around a request for the log's sake."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from accounts.audit.origin import asked_by
from accounts.audit.record import NotRecorded

log = structlog.get_logger(__name__)


class OriginMiddleware:
    """Lets the log know from where somebody asks, and answers 503 where a look could not be put on record."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with asked_by(request):
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, NotRecorded):
            return None
        log.error("audit.not_recorded", error=str(exception))
        # Without the request: what its page would ask the database for may not be had either.
        return HttpResponse(render_to_string("accounts/not_recorded.html"), status=503, headers={"Retry-After": "60"})
