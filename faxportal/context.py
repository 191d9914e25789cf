"""What every page needs to know about the house."""

from __future__ import annotations

from django.http import HttpRequest

from faxes import gate
from faxportal.health import worker_problem


def house(request: HttpRequest) -> dict[str, str | None]:
    """Sentences for the bars on top of a page: `worker_stale` and `sending_paused`; nothing where all is well.

    Not asked for strangers, nor for a fragment, whose page has its bars already.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or getattr(request, "htmx", False):
        return {}
    return {"worker_stale": worker_problem(), "sending_paused": gate.closed_reason()}
