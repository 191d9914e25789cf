"""Pages as pictures, for those who may see them."""

from __future__ import annotations

from typing import cast
from uuid import UUID

import structlog
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from accounts.models import User
from documents import DocumentError, PageOutOfRange
from faxes import looks, pictures
from faxes.models import Document, Fax

log = structlog.get_logger(__name__)


@require_safe
@login_required
def page(request: HttpRequest, fax_id: UUID, number: int) -> HttpResponseBase:
    """A page of a fax, turned as somebody turned it."""
    fax = get_object_or_404(Fax.objects.visible_to(request.user).select_related("document", "team"), pk=fax_id)
    if fax.document is None:
        raise Http404
    response = picture(request, fax.document, number, turn=pictures.turn_of(fax, number))
    if request.method == "GET" and response.status_code in (200, 304) and _can_be_read(request):
        with looks.or_closed(response):
            looks.seen(cast(User, request.user), fax)
    return response


def picture(request: HttpRequest, document: Document, number: int, turn: int = 0) -> HttpResponseBase:
    """A page, from 1, of a document whose reader was checked, as a PNG that is `?w=` dots wide or somewhat more.

    The browser may keep it but must ask whether it still may show it: looking again costs no drawing, and ends with
    the person's membership. Raises Http404 where there is no such page, or none that can be shown.
    """
    if not document.is_here or not 1 <= number <= document.pages:
        raise Http404
    width = _width(request.GET.get("w", ""))
    etag = f'"{document.sha256}-{number}-{width}-{turn}"'
    response = get_conditional_response(request, etag=etag) or _drawn(document, number, width, turn)
    if response.status_code != 503:
        response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    return response


def _can_be_read(request: HttpRequest) -> bool:
    return _width(request.GET.get("w", "")) > pictures.STRIP


def _width(asked: str) -> int:
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 10
    return pictures.width_for(int(asked)) if is_number else pictures.READING


def _drawn(document: Document, number: int, width: int, turn: int) -> HttpResponseBase:
    try:
        file = pictures.page_picture(document, number, width=width, turn=turn)
    except (DocumentError, PageOutOfRange, FileNotFoundError) as error:
        log.error("media.no_picture", document=str(document.pk), error=str(error))
        raise Http404 from error
    except OSError as error:
        # The storage is away, or there is no room to fetch the file to. A reload may show the page.
        log.error("media.no_storage", document=str(document.pk), error=str(error))
        return HttpResponse("This page cannot be shown at the moment.", content_type="text/plain", status=503)
    return FileResponse(file, filename=f"page-{number}.png", content_type="image/png")
