"""The pages of a fax as a file: for people, and behind a signed link for Telnyx."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import User
from faxes import looks, outbox
from faxes.links import attempt_of
from faxes.models import Document, Fax
from faxes.serving import Part, part_of, serve

# Parts that are fetched after the first one belong to the same download.
ONE_DOWNLOAD_SECONDS = 3600


@require_safe
@login_required
@never_cache
def file(request: HttpRequest, fax_id: UUID) -> HttpResponseBase:
    """The document, or with `?original=1` the file as it came; with `?inline=1` to look at, with `?print=1` to print.
    Each goes on record."""
    faxes = Fax.objects.visible_to(request.user).select_related("document", "original", "team")
    fax = get_object_or_404(faxes, pk=fax_id)
    document = (fax.original if "original" in request.GET else None) or fax.document
    if document is None or document.stored_at is None:
        raise Http404
    if document.purged_at is not None:
        return render(request, "faxes/file_purged.html", {"fax": fax, "document": document}, status=404)
    part = part_of(request, document)
    prints = "print" in request.GET
    response = serve(request, document, part, name=_filename(fax, document), inline=prints or "inline" in request.GET)
    if request.method == "GET" and response.status_code in (200, 206):
        with looks.or_closed(response):
            _put_on_record(looks.printed if prints else looks.downloaded, cast(User, request.user), fax, document, part)
    return response


def _put_on_record(
    record: Callable[[User, Fax, Document], None], user: User, fax: Fax, document: Document, part: Part
) -> None:
    key = f"{record.__name__}:{user.pk}:{fax.pk}:{document.pk}"
    if not part.is_beginning and cache.get(key):
        return
    record(user, fax, document)
    cache.set(key, True, ONE_DOWNLOAD_SECONDS)


@require_safe
@never_cache
def for_telnyx(request: HttpRequest, signed: str) -> HttpResponseBase:
    """The pages behind the link that one attempt gave to Telnyx. Nothing to see for links that are forged, spoilt,
    expired, or of an attempt that was settled as not sent.

    Telnyx fetches them by itself: https://developers.telnyx.com/api-reference/programmable-fax-commands/send-a-fax
    """
    attempt = attempt_of(signed)
    if attempt is None or attempt.fax.document is None or not outbox.fetched(attempt):
        raise Http404
    document = attempt.fax.document
    return serve(request, document, part_of(request, document), name="fax.pdf", inline=True)


def _filename(fax: Fax, document: Document) -> str:
    """Such as fax-to-13125550188-2026-03-09.pdf; of the other number, which may be any text, only what is harmless."""
    way = "to" if fax.is_outbound else "from"
    number = re.sub(r"[^0-9A-Za-z]", "", fax.other_number) or "unknown"
    day = timezone.localtime(fax.created_at).strftime("%Y-%m-%d")
    return f"fax-{way}-{number}-{day}{PurePath(str(document.file.name)).suffix}"
