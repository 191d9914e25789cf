"""The pages of a fax: as pictures and as a file for people, and behind a signed link for Telnyx."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import BinaryIO, cast
from uuid import UUID

import structlog
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from accounts import audit
from accounts.access import AnyUser
from accounts.models import User
from documents import DocumentError, PageOutOfRange, render_page
from faxes import outbox
from faxes.files import local_path
from faxes.links import attempt_of
from faxes.models import Document, Fax

log = structlog.get_logger(__name__)

NARROWEST, USUAL, WIDEST = 64, 1200, 1700


@require_safe
@login_required
def page(request: HttpRequest, fax_id: UUID, number: int) -> HttpResponseBase:
    _, document = _visible(request.user, fax_id)
    return picture(request, document, number)


def picture(request: HttpRequest, document: Document, number: int) -> HttpResponseBase:
    """A page, from 1, of a document whose reader was checked, as a PNG that is `?w=` dots wide.

    The browser may keep it but must ask whether it still may show it: looking again costs no drawing, and ends with
    the person's membership.
    """
    if not 1 <= number <= document.pages:
        raise Http404
    width = _width(request.GET.get("w", ""))
    etag = f'"{document.sha256}-{number}-{width}"'
    response = get_conditional_response(request, etag=etag) or _picture(document, number, width)
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    return response


@require_GET
@login_required
@never_cache
def file(request: HttpRequest, fax_id: UUID) -> FileResponse:
    """The document as a download, which goes on record."""
    fax, document = _visible(request.user, fax_id)
    stored = _open(document)
    user = cast(User, request.user)
    with transaction.atomic():
        audit.record(audit.Entry("fax.download", by=user, on=fax, team=fax.team, data={"sha256": document.sha256}))
    return FileResponse(
        stored, as_attachment=True, filename=_filename(fax, document), content_type=document.content_type
    )


@require_safe
@never_cache
def for_telnyx(request: HttpRequest, signed: str) -> FileResponse:
    """The pages behind the link that one attempt gave to Telnyx. Nothing to see for links that are forged, spoilt,
    expired, or of an attempt that was settled as not sent.

    Telnyx fetches them by itself: https://developers.telnyx.com/api-reference/programmable-fax-commands/send-a-fax
    """
    attempt = attempt_of(signed)
    if attempt is None or attempt.fax.document is None or not outbox.fetched(attempt):
        raise Http404
    return FileResponse(_open(attempt.fax.document), content_type=attempt.fax.document.content_type)


def _visible(user: AnyUser, fax_id: UUID) -> tuple[Fax, Document]:
    """The fax and its document, fetched through the user; 404 where they may not see it or it has none."""
    fax = get_object_or_404(Fax.objects.visible_to(user).select_related("document", "team"), pk=fax_id)
    if fax.document is None:
        raise Http404
    return fax, fax.document


def _width(asked: str) -> int:
    """Within bounds, so that nobody has us draw a page the size of a wall."""
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 10
    return min(max(int(asked), NARROWEST), WIDEST) if is_number else USUAL


def _picture(document: Document, number: int, width: int) -> HttpResponse:
    try:
        with local_path(document) as path:
            return HttpResponse(render_page(path, number, width=width), content_type="image/png")
    except (DocumentError, PageOutOfRange, FileNotFoundError) as error:
        log.error("media.no_picture", document=str(document.pk), error=str(error))
        raise Http404 from error


def _open(document: Document) -> BinaryIO:
    try:
        return cast(BinaryIO, document.file.open("rb"))
    except FileNotFoundError as error:
        log.error("media.no_file", document=str(document.pk), error=str(error))
        raise Http404 from error


def _filename(fax: Fax, document: Document) -> str:
    """Such as fax-to-13125550188-2026-03-09.pdf; of the other number, which may be any text, only what is harmless."""
    way = "to" if fax.is_outbound else "from"
    number = re.sub(r"[^0-9A-Za-z]", "", fax.other_number) or "unknown"
    day = timezone.localtime(fax.created_at).strftime("%Y-%m-%d")
    return f"fax-{way}-{number}-{day}{PurePath(str(document.file.name)).suffix}"
