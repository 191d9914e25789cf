"""What a POST, PATCH or PUT carries, and whether it has left us."""

import io
import json
import os
import secrets
import time
from collections.abc import Mapping
from typing import Any, BinaryIO

from urllib3.fields import RequestField

from telnyx_api.errors import NotSent


class Body:
    """The body of one request, handed over piece by piece.

    The HTTP library asks for the first piece when the connection stands and the headers are written. That is the last
    moment to look at the clock, and it is where the deadline counts: a process that was stopped on its way here, by
    SIGSTOP or by a machine short of memory, must not send after it wakes. Only the few microseconds from here to the
    socket stay open. `deadline` is a `time.monotonic()` value because that clock goes on while a process is stopped,
    and nobody can set it back.
    """

    def __init__(self, content_type: str, *parts: BinaryIO, deadline: float | None = None) -> None:
        self.content_type = content_type
        self.deadline = deadline
        self._parts = [(part, left) for part in parts if (left := _length(part))]
        self._total = self._left = sum(left for _, left in self._parts)

    def __len__(self) -> int:
        return self._total

    @property
    def handed_over(self) -> bool:
        """Has the last byte been given away? Until then no server can have a whole request."""
        return self._left == 0

    def read(self, size: int = -1) -> bytes:
        """The next piece, empty at the end. NotSent when the deadline has passed or a file turned out too short."""
        if self.handed_over:
            return b""
        part, left = self._parts[0]
        piece = part.read(min(size, left) if size > 0 else left)
        if not piece:
            raise NotSent("The file became shorter while it was read; the request was broken off.")
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise NotSent("The deadline passed before the request had left; it was broken off.")
        self._left -= len(piece)
        self._parts[0] = (part, left - len(piece))
        if len(piece) == left:
            del self._parts[0]
        return piece


def json_body(document: Mapping[str, Any], *, deadline: float | None = None) -> Body:
    """`document` as JSON."""
    return Body("application/json", io.BytesIO(json.dumps(document).encode()), deadline=deadline)


def multipart_body(
    fields: Mapping[str, str | int | bool],
    name: str,
    file: BinaryIO,
    *,
    filename: str,
    content_type: str,
    deadline: float | None = None,
) -> Body:
    """A form of `fields` and then `file`, from its present position, which must be seekable and is never held whole.

    Telnyx answers 422 to a file without a filename: https://github.com/team-telnyx/telnyx-node/issues/150
    """
    boundary = secrets.token_hex(16)
    head = "".join(_part(boundary, key) + f"{_plain(value)}\r\n" for key, value in fields.items())
    head += _part(boundary, name, filename, content_type)
    return Body(
        f"multipart/form-data; boundary={boundary}",
        io.BytesIO(head.encode()),
        file,
        io.BytesIO(f"\r\n--{boundary}--\r\n".encode()),
        deadline=deadline,
    )


def _part(boundary: str, name: str, filename: str | None = None, content_type: str | None = None) -> str:
    # The library escapes quotes and line breaks in names, so a filename cannot end its header.
    field = RequestField(name, b"", filename)
    field.make_multipart(content_type=content_type)
    return f"--{boundary}\r\n{field.render_headers()}"


def _plain(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _length(part: BinaryIO) -> int:
    position = part.tell()
    length = part.seek(0, os.SEEK_END) - position
    part.seek(position)
    return length
