"""/healthz says that the process is alive; /readyz says whether the house can do its work, and why not."""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import is_admin
from faxes.missing import MANY, count_missing
from faxportal.queue import queue_problem
from portal.health import SYNC_SILENCE, worker_problem
from sync.models import SyncRun


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when everything works, else 503. `?only=web` asks for database and queue alone: a load balancer must not
    take the webhook door away because Telnyx or the worker is down. Strangers learn the verdict without the reasons.

    `details` tell what calls for a person and is no fault of the house, such as faxes whose pages are missing. They
    make no 503, for neither a restart nor another machine would mend them.
    """
    web_only = request.GET.get("only") == "web"
    problems = find_problems(web_only=web_only)
    body: dict[str, object] = {"status": "unavailable" if problems else "ok"}
    if _may_see_reasons(request, database_answers="database" not in problems):
        told = {"reasons": problems, "details": {} if web_only or "database" in problems else find_details()}
        body |= {part: words for part, words in told.items() if words}
    return JsonResponse(body, status=503 if problems else 200)


def find_problems(*, web_only: bool) -> dict[str, str]:
    """What does not work, by part, in words for an operator."""
    checks = {"database": _database_problem, "queue": queue_problem}
    if not web_only:
        checks |= {"worker": worker_problem, "telnyx": _telnyx_problem}
    problems: dict[str, str] = {}
    for part, check in checks.items():
        # The later two look into the database.
        if part in ("worker", "telnyx") and "database" in problems:
            continue
        if problem := check():
            problems[part] = problem
    return problems


def find_details() -> dict[str, str]:
    """What people have to look after, by part."""
    missing = count_missing()
    if not missing:
        return {}
    some = (
        f"{MANY} received faxes or more are"
        if missing == MANY
        else f"{missing} received fax{'es are' if missing > 1 else ' is'}"
    )
    return {"media": f"{some} here without pages."}


def _database_problem() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"The database does not answer: {error}"
    return None


def _telnyx_problem() -> str | None:
    """From the last finished sync rather than a call of its own, so that a probe costs Telnyx nothing."""
    last = SyncRun.objects.filter(finished_at__isnull=False).first()
    if last is None or last.finished_at is None:
        return "No sync with Telnyx has finished yet."
    if last.error:
        return f"The last sync with Telnyx stopped: {last.error}"
    if last.finished_at < timezone.now() - SYNC_SILENCE:
        return f"The last sync with Telnyx finished at {last.finished_at:%Y-%m-%d %H:%M} UTC."
    return None


def _may_see_reasons(request: HttpRequest, *, database_answers: bool) -> bool:
    if _is_direct_and_local(request) or _has_token(request):
        return True
    return database_answers and is_admin(request.user)


def _is_direct_and_local(request: HttpRequest) -> bool:
    """A caller on this machine. What a proxy on it passes on comes from somewhere else."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.HEALTH_TOKEN) and constant_time_compare(given, settings.HEALTH_TOKEN)
