"""What stands around every request: its log line, the largest body, the Content-Security-Policy."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import structlog
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from accounts.access import asked_once
from accounts.oidc import origins as oidc

log = structlog.get_logger()

SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestLogMiddleware:
    """Bind a request id to everything logged on the way, and log method, path, status, time and user at the end.

    Never logged: bodies, headers, query strings, and the secret part of a signed link (`faxportal.logs` takes it out).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            started = time.monotonic()
            response = self.get_response(request)
            milliseconds = round((time.monotonic() - started) * 1000, 1)
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=milliseconds,
                user=_user_id(request),
            )
        response["X-Request-ID"] = request_id
        return response


def _user_id(request: HttpRequest) -> str | None:
    """The id of whoever was looked up during the request. A request that needed no user does not load one for us."""
    user = getattr(request, "_cached_user", None)
    return str(user.pk) if user is not None and user.pk is not None else None


class BodyLimitMiddleware:
    """Refuse a body larger than any form of ours needs, before it fills the disk: the log-in reads strangers', too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # Django reads no more than this header announces, and nothing without it.
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if announced.isdecimal() and int(announced) <= settings.REQUEST_MAX_BYTES:
            return self.get_response(request)
        megabytes = settings.REQUEST_MAX_BYTES // 1_000_000
        sentence = f"That is more than {megabytes} MB at once. Add the files one after the other."
        return HttpResponse(sentence, status=413, content_type="text/plain; charset=utf-8")


class RolesMiddleware:
    """A request that only looks reads a person's roles once. Those that change something ask each time."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        with asked_once():
            return self.get_response(request)


class PolicyMiddleware(CSPMiddleware):
    """The admin's theme runs Alpine, which needs eval, and has inline styles; no other page gets either. Forms may lead
    to single sign-on, where there is one."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if origins := oidc.allowed():
            parts.update = {**(parts.update or {}), "form-action": origins}
        if request.path.startswith("/admin/"):
            parts.replace = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
        return parts

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """What is exempt costs nothing: django-csp would put the policy together all the same, and then leave it."""
        if getattr(response, "_csp_exempt", False):
            return response
        answer: HttpResponseBase = super().process_response(request, response)
        return answer
