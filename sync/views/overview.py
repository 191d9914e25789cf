"""How we and Telnyx agree: what runs, what was missing on either side, which sends were uncertain."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.guards import for_people, is_fragment
from accounts.models import User
from faxes.listing.address import Address, query_of
from faxes.listing.keyset import Page, Place
from faxes.models import Attempt
from faxes.views.answers import to_login
from sync.found import LATELY, MANY, Show, gaps, open_gaps, settled_lately, uncertain_now
from sync.models import Gap, SyncRun
from sync.services import request_run
from sync.views.shown import doubt_row, gap_row, run_row, version_of
from sync.wording import kind_of

# In seconds: how often the page looks, while a run is under way and otherwise.
WHILE_RUNNING, OTHERWISE = 2, 15
LATEST_RUNS = 10
# Which list goes on where, by the word of the address.
LISTS = (*Gap.Side.values, "doubts")
ASKED = {
    SyncRun.Kind.RECENT: "The faxes of the last days are compared with Telnyx now.",
    SyncRun.Kind.FULL: "Everything is compared with Telnyx now, from the first fax on.",
}


@require_safe
@for_people
def overview(request: HttpRequest, user: User) -> HttpResponse:
    """The page; for its polls, what runs (`part=now`) or what was found, or 204 where nothing has changed."""
    access.require_admin(user)
    if not is_fragment(request):
        return render(request, "sync/overview.html", {"now": _now(), "found": _found(request)})
    part = "now" if request.GET.get("part") == "now" else "found"
    shown = _now() if part == "now" else _found(request)
    if request.GET.get("seen") == shown["version"]:
        return HttpResponse(status=204)
    return render(request, f"sync/_{part}.html", {part: shown})


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Ask for a run; who is no administrator is refused by the service."""
    if not request.user.is_authenticated:
        return to_login(request, "/sync/")
    kind, begun = request.POST.get("kind", ""), timezone.now()
    if kind not in SyncRun.Kind.values:
        access.require_admin(request.user)
        raise Http404
    try:
        run = request_run(by=request.user, kind=kind)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        _tell(request, run, is_new=run.started_at >= begun)
    return redirect("sync:overview")


def _tell(request: HttpRequest, run: SyncRun, *, is_new: bool) -> None:
    if is_new:
        messages.success(request, ASKED[SyncRun.Kind(run.kind)])
    else:
        messages.info(request, f"A run of this kind ({kind_of(run).lower()}) is under way already. It goes on.")


def _now() -> dict[str, Any]:
    """What runs, and how it stands otherwise."""
    running = [run_row(run) for run in SyncRun.objects.filter(finished_at=None).select_related("by")]
    complete = SyncRun.objects.complete().first()
    last = SyncRun.objects.filter(finished_at__isnull=False).first()
    shown: dict[str, Any] = {
        "running": running,
        "complete": complete,
        # What stopped the last one, if nothing has been right since.
        "stopped": last if last and last.error else None,
        "open_gaps": open_gaps(),
        "many": MANY,
        "every": WHILE_RUNNING if running else OTHERWISE,
    }
    said = (running, complete and complete.pk, last and last.pk, shown["open_gaps"])
    return shown | {"version": version_of(said)}


def _found(request: HttpRequest) -> dict[str, Any]:
    address = Address(request.GET)
    word = address.word("show")
    show = Show(word) if word in Show else Show.ALL
    places = {name: Place.parse(place) if (place := address.word(name)) else None for name in LISTS}
    sides = [_side(side, gaps(side.value, show, before=places[side.value]), address) for side in Gap.Side]
    settled: Page[Attempt] = settled_lately(before=places["doubts"])
    doubts = [doubt_row(attempt) for attempt in [*([] if places["doubts"] else uncertain_now()), *settled.rows]]
    runs = [run_row(run) for run in SyncRun.objects.select_related("by")[:LATEST_RUNS]]
    shown = {"sides": sides, "doubts": doubts, "runs": runs}
    version = version_of(shown.values())
    return shown | {
        "show": show,
        "shows": [(each, query_of({}, {"show": "" if each is Show.ALL else each.value}, place=())) for each in Show],
        "older_doubts": _older(settled, "doubts", address),
        "days": LATELY.days,
        "version": version,
        "poll": query_of(address.words, {"seen": version}, place=()),
        # Older pages stand still.
        "every": None if any(places.values()) else OTHERWISE,
    }


def _side(side: Gap.Side, page: Page[Gap], address: Address) -> dict[str, Any]:
    return {
        "side": side.value,
        "title": side.label,
        "gaps": [gap_row(gap) for gap in page.rows],
        "older": _older(page, side.value, address),
        "newest": query_of(address.words, {side.value: ""}, place=()) if address.words.get(side.value) else None,
    }


def _older(page: Page[Any], name: str, address: Address) -> str:
    return query_of(address.words, {name: str(page.older)}, place=()) if page.older else ""
