"""Runs: all there were, and one of them with the gaps it found."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts import access
from accounts.guards import for_people, is_fragment
from accounts.models import User
from faxes.listing.address import Address
from faxes.listing.keyset import Place, page_of
from sync.found import with_faxes
from sync.models import Gap, SyncRun
from sync.views.shown import gap_row, run_row, version_of
from sync.wording import counts_of

PAGE = 50
WHILE_RUNNING = 2


@require_safe
@for_people
def runs(request: HttpRequest, user: User) -> HttpResponse:
    access.require_admin(user)
    before = _place(request)
    page = page_of(SyncRun.objects.select_related("by"), "started_at", before=before, size=PAGE)
    context = {"runs": [run_row(run) for run in page.rows], "older": page.older or "", "before": before}
    return render(request, "sync/run_list.html", context)


@require_safe
@for_people
def run(request: HttpRequest, user: User, run_id: UUID) -> HttpResponse:
    """The page of one run; for its poll, 204 where nothing has changed."""
    access.require_admin(user)
    shown = _shown(get_object_or_404(SyncRun.objects.select_related("by"), pk=run_id), _place(request))
    if not is_fragment(request):
        return render(request, "sync/run_detail.html", shown)
    if request.GET.get("seen") == shown["version"]:
        return HttpResponse(status=204)
    return render(request, "sync/_run.html", shown)


def _shown(run: SyncRun, before: Place | None) -> dict[str, Any]:
    page = page_of(with_faxes(Gap.objects.filter(run=run)), "found_at", before=before, size=PAGE)
    row, gaps = run_row(run), [gap_row(gap) for gap in page.rows]
    return {
        "run": run,
        "row": row,
        "counts": counts_of(run),
        "gaps": gaps,
        "older": page.older or "",
        "before": before,
        "every": WHILE_RUNNING if run.finished_at is None and before is None else None,
        "version": version_of([row, gaps, run.window_start, run.is_baseline]),
    }


def _place(request: HttpRequest) -> Place | None:
    word = Address(request.GET).word("before")
    return Place.parse(word) if word else None
