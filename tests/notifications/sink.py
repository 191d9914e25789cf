"""A mail server on 127.0.0.1 that keeps what it is given, and says no, or nothing, when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Sink:
    """`refusals` are what it answers to the next recipients, such as “450 later”; `breaks` to how many of the next
    messages it says nothing and hangs up, after it has taken them."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.refusals: list[str] = []
        self.breaks = 0
        self.port = 0

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, to: str, options: Any) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.got.append(message)
        if self.breaks:
            self.breaks -= 1
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return "250 OK"

    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.got]

    def text(self, place: int = -1) -> str:
        body = self.got[place].get_body(("plain",))
        assert body is not None
        return str(body.get_content())


class Anywhere(Controller):
    """On a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def sinking() -> Iterator[Sink]:
    sink = Sink()
    controller = Anywhere(sink, hostname=HOST, port=0)
    controller.start()
    try:
        sink.port = controller.port
        yield sink
    finally:
        controller.stop()
