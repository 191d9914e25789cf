"""Who looks at a fax goes on record first, and gets nothing where that cannot be written.

Opening a fax is one look, each time. The pictures of its pages, and news of a fax that lies open, belong to that look
for a quarter of an hour; after that, or by themselves, they are one more. Thumbnails cannot be read, and are none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.http import HttpResponseBase

from accounts import audit
from accounts.models import User
from faxes.models import Document, Fax

VIEW, PREVIEW = "fax.view", "fax.preview"
ONE_LOOK = timedelta(minutes=15)


def opened(user: User, fax: Fax) -> None:
    """Somebody opens a fax. Raises NotRecorded."""
    audit.record_alone(audit.Entry(VIEW, by=user, on=fax, team=fax.team))


def seen(user: User, fax: Fax) -> None:
    """Somebody is shown something of a fax that they have opened, or never did. Raises NotRecorded."""
    audit.record_alone(audit.Entry(PREVIEW, by=user, on=fax, team=fax.team), unless=(VIEW, PREVIEW), within=ONE_LOOK)


def downloaded(user: User, fax: Fax, document: Document) -> None:
    """Somebody gets the file. Raises NotRecorded."""
    audit.record_alone(audit.Entry("fax.download", by=user, on=fax, team=fax.team, data={"sha256": document.sha256}))


def printed(user: User, fax: Fax, document: Document) -> None:
    """Somebody gets the file to print it; whether paper comes of it only they know. Raises NotRecorded."""
    audit.record_alone(audit.Entry("fax.print", by=user, on=fax, team=fax.team, data={"sha256": document.sha256}))


@contextmanager
def or_closed(response: HttpResponseBase) -> Iterator[None]:
    """An answer that holds a file open is let go of where the look at it is not recorded."""
    try:
        yield
    except audit.NotRecorded:
        # Its close() would also tell everybody that the request has ended.
        for close in vars(response)["_resource_closers"]:
            close()
        raise
