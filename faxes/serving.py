"""A stored file as an answer: in pieces, from where the reader wants it, and harmless in a browser.

Ranges as in https://www.rfc-editor.org/rfc/rfc9110.html#name-range-requests; of several at once none is heeded.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from faxes.files import name_of, prove, storage_of
from faxes.models import Document
from faxes.storage.base import StorageError

log = structlog.get_logger(__name__)

# Nothing of a file may run, load or send anything, whatever it turns out to be.
POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"
CHANGED = "The file is not as long as it was when it was stored."
AWAY = "This file cannot be given at the moment. Try again in a few minutes."


@dataclass(frozen=True)
class Part:
    """What is asked for of a file of that size: everything, or the bytes from `start` to before `stop`."""

    start: int
    stop: int
    size: int
    is_range: bool

    @property
    def is_beginning(self) -> bool:
        return self.start == 0

    @property
    def is_nothing(self) -> bool:
        return self.is_range and self.start >= self.stop


def part_of(request: HttpRequest, document: Document) -> Part:
    size = document.bytes
    everything = Part(0, size, size, is_range=False)
    asked = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", request.headers.get("Range", ""), re.ASCII)
    if asked is None or asked[0] == "bytes=-" or request.method != "GET":
        return everything
    if request.headers.get("If-Range", etag_of(document)) != etag_of(document):
        # Of another file than ours, of which the reader has a part: it gets the whole of this one.
        return everything
    first, last = asked[1], asked[2]
    if first and last and int(first) > int(last):
        return everything
    start = int(first) if first else max(0, size - int(last))
    stop = min(int(last) + 1, size) if first and last else size
    return Part(start, stop, size, is_range=True)


def etag_of(document: Document) -> str:
    return f'"{document.sha256}"'


def serve(request: HttpRequest, document: Document, part: Part, *, name: str, inline: bool = False) -> HttpResponseBase:
    """That part of the document, under a name that is safe already; 503 where the storage is away, or the file broken.

    Raises Http404 for a document whose file is not here. What comes back has read the beginning, so that it is there.
    """
    try:
        response = _answer(request, document, part)
    except FileNotFoundError as error:
        log.error("media.no_file", document=str(document.pk), error=str(error))
        raise Http404 from error
    except OSError as error:
        log.error("media.no_storage", document=str(document.pk), error=str(error))
        return HttpResponse(AWAY, content_type="text/plain; charset=utf-8", status=503)
    response["Content-Type"] = document.content_type
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    # Only what a browser's own reader shows; whatever else there is could be taken for a page.
    shown = inline and document.content_type == "application/pdf"
    response["Content-Disposition"] = str(content_disposition_header(not shown, name))
    return response


def _answer(request: HttpRequest, document: Document, part: Part) -> HttpResponseBase:
    """Raises OSError."""
    if settings.X_ACCEL_REDIRECT and _is_plain_file(document):
        # The proxy takes it from here, ranges included: https://nginx.org/en/docs/http/ngx_http_proxy_module.html
        place = f"{settings.X_ACCEL_REDIRECT.rstrip('/')}/{quote(name_of(document))}"
        return HttpResponse(headers={"X-Accel-Redirect": place})
    headers = {"Accept-Ranges": "bytes", "ETag": etag_of(document)}
    if part.is_nothing:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{part.size}"})
    headers["Content-Length"] = str(part.stop - part.start)
    if part.is_range:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{part.size}"
    if request.method == "HEAD":
        _check_size(document)
        return HttpResponse(headers=headers)
    return StreamingHttpResponse(_begun(document, part), status=206 if part.is_range else 200, headers=headers)


def _is_plain_file(document: Document) -> bool:
    """Raises FileNotFoundError where it should be one and is not there."""
    storage, name = storage_of(document), name_of(document)
    try:
        storage.path(name)
    except NotImplementedError:
        return False
    storage.size(name)
    return True


def _check_size(document: Document) -> None:
    if storage_of(document).size(name_of(document)) != document.bytes:
        raise StorageError(CHANGED)


def _begun(document: Document, part: Part) -> Iterator[bytes]:
    """The pieces, the first one of which has been read. Raises OSError, the iterator too."""
    prove(document)
    pieces = storage_of(document).stream(name_of(document), part.start, part.stop)
    first = next(pieces, b"")
    if not first and part.start < part.stop:
        raise StorageError(CHANGED)
    return _watched(document, part, itertools.chain([first], pieces))


def _watched(document: Document, part: Part, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Where the file breaks off, so does the answer, which is then shorter than it said it would be."""
    left = part.stop - part.start
    try:
        for piece in pieces:
            left -= len(piece)
            yield piece
        if left:
            raise StorageError(CHANGED)
    except OSError as error:
        log.error("media.broke_off", document=str(document.pk), error=str(error))
        raise
