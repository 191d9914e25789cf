"""The pages of a fax as a file: for people, and behind a signed link for Telnyx."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import BinaryIO, cast
from uuid import UUID

import structlog
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from accounts import audit
from accounts.access import AnyUser
from accounts.models import User
from faxes import outbox
from faxes.links import attempt_of
from faxes.models import Document, Fax

log = structlog.get_logger(__name__)


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
