"""Requests and answers, free of sockets: queries, JSON and multipart bodies, filters and pages."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from telnyx_sandbox.errors import Problem, Refusal, malformed
from telnyx_sandbox.times import instant


@dataclass(frozen=True)
class Upload:
    filename: str | None
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Form:
    """The fields of a body. In multipart every value is text, and files stand apart."""

    values: Mapping[str, Any]
    files: Mapping[str, Upload] = field(default_factory=dict)
    multipart: bool = False


@dataclass
class Request:
    method: str
    path: str
    query_string: str = ""
    headers: Message = field(default_factory=Message)
    body: bytes = b""

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.query_string, keep_blank_values=True)

    @cached_property
    def form(self) -> Form:
        """The parsed body. Raises Refusal 400 for one that cannot be read, 415 for a content type nobody accepts."""
        kind = self.headers.get_content_type()
        if kind == "multipart/form-data":
            return _parse_multipart(self.headers.get_boundary(), self.body)
        if kind == "application/json":
            return Form(_parse_json(self.body))
        detail = f"Send application/json or multipart/form-data, not {kind}."
        raise Refusal(415, Problem("10014", detail))

    def parameter(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.query if key == name), default)


@dataclass
class Response:
    """What goes back. All after the headers is how faults misbehave on the wire (see faults.py): `hold` waits first,
    `cut` breaks off there, `padding` sends so many empty bytes more, `drip` takes so long over the body.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hold: float = 0.0
    cut: int | None = None
    reset: bool = False
    padding: int = 0
    drip: float = 0.0


def json_response(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})


def refused(refusal: Refusal) -> Response:
    return Response(refusal.status, refusal.body, {"Content-Type": "application/json", **refusal.headers})


def data(content: Any, status: int = 200) -> Response:
    return json_response(status, {"data": content})


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise malformed("The body is not valid JSON.") from error
    if not isinstance(content, dict):
        raise malformed("The body must be a JSON object.")
    return content


def _parse_multipart(boundary: str | None, body: bytes) -> Form:
    if not boundary:
        raise malformed("The multipart body has no boundary.")
    mark = b"--" + boundary.encode("latin-1", "replace")
    values: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    start = body.find(mark)
    while start >= 0 and not body.startswith(b"--", start + len(mark)):
        end = body.find(b"\r\n" + mark, start)
        if end < 0:
            raise malformed("The multipart body ends in the middle of a part.")
        _read_part(body, start + len(mark) + 2, end, values, files)
        start = end + 2
    if start < 0:
        raise malformed("The multipart body does not hold its boundary.")
    return Form(values, files, multipart=True)


def _read_part(body: bytes, start: int, end: int, values: dict[str, Any], files: dict[str, Upload]) -> None:
    blank = body.find(b"\r\n\r\n", start, end)
    if blank < 0:
        raise malformed("A multipart part has no headers.")
    headers = BytesHeaderParser().parsebytes(body[start:blank])
    name = headers.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise malformed("A multipart part has no name.")
    content = body[blank + 4 : end]
    filename = headers.get_filename()
    if filename is None and headers.get_content_type() == "text/plain":
        values[name] = content.decode("utf-8", "replace")
    else:
        files[name] = Upload(filename, headers.get_content_type(), content)


def filters(request: Request, known: Sequence[str]) -> dict[str, list[str]]:
    """The filter[...] parameters by dotted name: filter[created_at][gte] is "created_at.gte".

    Telnyx documents a fixed set for each listing. A filter outside of it would silently widen a listing, so it is
    refused with 400 and code 10031.
    """
    found: dict[str, list[str]] = {}
    for key, value in request.query:
        if not (match := re.fullmatch(r"filter\[(.+?)\](?:\[\])?", key)):
            continue
        name = match[1].replace("][", ".")
        if name not in known:
            raise Refusal(400, Problem("10031", f"The request filter {key} is invalid.", parameter=key))
        found.setdefault(name, []).append(value)
    return found


def time_filter(name: str, value: str) -> float:
    """Seconds of the time in a filter. Raises Refusal 400."""
    try:
        return instant(value)
    except ValueError as error:
        parameter = "filter[" + name.replace(".", "][") + "]"
        problem = Problem("10031", f"{value!r} is not an ISO 8601 date time.", parameter=parameter)
        raise Refusal(400, problem) from error


@dataclass(frozen=True)
class Page:
    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def meta(self, total: int) -> dict[str, int]:
        pages = -(-total // self.size)
        return {"page_number": self.number, "page_size": self.size, "total_pages": pages, "total_results": total}


def page_of(request: Request, *, default: int = 20, largest: int = 250, clamp: bool = False) -> Page:
    """page[number] and page[size]. With `clamp` a larger size is cut down silently, else refused with 400."""
    size = _positive(request, "page[size]", default)
    if size > largest and not clamp:
        raise Refusal(400, Problem("10033", f"page[size] is at most {largest}.", parameter="page[size]"))
    return Page(_positive(request, "page[number]", 1), min(size, largest))


def _positive(request: Request, name: str, default: int) -> int:
    text = request.parameter(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise Refusal(400, Problem("10033", f"{name} must be a whole number from 1 on.", parameter=name))
    return int(text)


def listing(items: Sequence[Any], page: Page, total: int) -> Response:
    return json_response(200, {"data": items, "meta": page.meta(total)})


def listing_of_texts(items: Sequence[str], page: Page, total: int) -> Response:
    """The same for items that are JSON already."""
    text = f'{{"data": [{", ".join(items)}], "meta": {json.dumps(page.meta(total))}}}'
    return Response(200, text.encode(), {"Content-Type": "application/json"})


def paginate(items: Sequence[Any], page: Page) -> Response:
    return listing(items[page.offset : page.offset + page.size], page, len(items))
