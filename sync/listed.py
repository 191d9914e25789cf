"""What Telnyx lists at this moment, a line each, with what is here beside it. Looking changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Unpack

from applications.models import FaxApplication
from applications.telnyx import client
from faxes.models import Fax
from telnyx_api import Fax as FaxPayload
from telnyx_api import FaxApplication as ApplicationPayload
from telnyx_api.listing import Listing
from telnyx_api.parameters import FaxApplicationFilters, FaxFilters

NOT_HERE = "not here"


def applications_listed(**filters: Unpack[FaxApplicationFilters]) -> Iterator[str]:
    """The applications that Telnyx lists with these filters, in its order. Raises TelnyxError, and ValueError where the
    settings allow no question.

    https://developers.telnyx.com/api-reference/programmable-fax-applications/list-all-fax-applications
    """
    with client() as telnyx:
        listing = Listing(lambda number: telnyx.fax_applications_page(number=number, **filters))
        for page in listing.pages():
            rows = FaxApplication.objects.filter(telnyx_id__in=[each.id for each in page if each.id]).defer("raw")
            here = {row.telnyx_id: row for row in rows}
            yield from (_application(each, here.get(each.id)) for each in page)


def faxes_listed(**filters: Unpack[FaxFilters]) -> Iterator[str]:
    """The faxes that Telnyx lists with these filters, in its order. Raises as `applications_listed()` does.

    https://developers.telnyx.com/api-reference/programmable-fax-commands/view-a-list-of-faxes
    """
    with client() as telnyx:
        listing = Listing(lambda number: telnyx.faxes_page(number=number, **filters))
        for page in listing.pages():
            rows = Fax.objects.filter(telnyx_id__in=[each.id for each in page if each.id])
            here = dict(rows.values_list("telnyx_id", "status"))
            yield from (_fax(each, here.get(each.id)) for each in page)


def _application(there: ApplicationPayload, here: FaxApplication | None) -> str:
    active = {True: "active", False: "not active", None: "active or not is not told"}[there.active]
    profile = f"voice profile {there.outbound_voice_profile_id or 'none'}"
    return _line([there.id, there.application_name, active, profile, _day(there.created_at), _found(here)])


def _found(row: FaxApplication | None) -> str:
    if row is None:
        return NOT_HERE
    return "here as gone" if row.gone_at else f"here as {row.application_name}"


def _fax(there: FaxPayload, here: str | None) -> str:
    ends = f"{there.from_ or '?'} → {there.to or '?'}"
    found = NOT_HERE if here is None else f"here as {here or 'not reported yet'}"
    return _line([there.id, _day(there.created_at), there.direction, ends, there.status, found])


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else "no time"


def _line(words: Sequence[str | None]) -> str:
    """Whatever Telnyx says stays on its line, and moves no terminal's cursor."""
    said = ("".join(letter if letter.isprintable() else " " for letter in word or "-") for word in words)
    return "  ".join(said)
