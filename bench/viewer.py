"""`python -m bench.viewer PAGES ROUNDS`: our side of `bench.preview`, in a portal of its own. Prints seconds in lines:
the first page of a fax of so many pages cold, then warm, then pairs of drawing pages by us and by PDFium alone."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import django
import pypdfium2

django.setup()

from django.test import Client  # noqa: E402

from accounts.models import Membership, Role, Team, User  # noqa: E402
from bench.preview import MOST, WIDTH  # noqa: E402
from documents import render_page  # noqa: E402
from faxes.models import Document, Fax  # noqa: E402
from tests import builders  # noqa: E402
from tests.papers import text_pdf  # noqa: E402


def received(pages: int) -> Fax:
    document = builders.document(text_pdf(pages), pages=pages, kind="received")
    return builders.inbound(Team.objects.get(), status="received", media="archived", document=document)


def reader() -> Client:
    """The browser of somebody who is logged in, and has looked at a fax before."""
    user = User.objects.create_user("bench", "bench@example.com")
    Membership.objects.create(user=user, team=Team.objects.create(name="Bench", slug="bench"), role=Role.MEMBER)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    look(client, received(1))
    return client


def look(client: Client, fax: Fax) -> None:
    """Open a fax, and see its first page."""
    for address in (f"/faxes/{fax.pk}/", f"/faxes/{fax.pk}/pages/1.png?w={WIDTH}"):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert b"".join(answer)


def ours(document: Document, pages: int) -> None:
    """Without keeping the pictures, which the other side does not do either."""
    for number in range(1, pages + 1):
        render_page(Path(document.file.path), number, width=WIDTH)


def bare(document: Document, pages: int) -> None:
    """The file is opened once, and every page is taken for a grey one."""
    pdf = pypdfium2.PdfDocument(document.file.path)
    for index in range(pages):
        image = pdf[index].render(scale=WIDTH / pdf[index].get_width(), rev_byteorder=True).to_pil()
        image.convert("L").save(io.BytesIO(), "PNG", compress_level=1)
    pdf.close()


def seconds(call: Callable[[], None]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    pages, rounds = (int(argument) for argument in sys.argv[1:])
    client, faxes = reader(), [received(pages) for _ in range(rounds)]
    for _ in ("cold", "warm"):
        print(*[seconds(partial(look, client, fax)) for fax in faxes])
    for _ in range(rounds):
        document = builders.document(text_pdf(pages), pages=pages)
        print(*[seconds(partial(draw, document, min(pages, MOST))) for draw in (ours, bare)])


if __name__ == "__main__":
    main()
