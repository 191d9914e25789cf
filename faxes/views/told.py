"""What somebody is told about what they did, with its undoing."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.http import HttpRequest

# From a plain POST until the page to which it leads.
KEY = "told"


@dataclass(frozen=True)
class Told:
    """A sentence about what was done, and what takes it back: an act of the bulk form, on these faxes."""

    said: str
    undo: str = ""
    faxes: tuple[str, ...] = ()
    is_bad: bool = False


def tell(request: HttpRequest, told: Told) -> None:
    """Say it on the next page."""
    request.session[KEY] = asdict(told)


def told_to(request: HttpRequest) -> Told | None:
    """What is to be said on this page. It is said once."""
    told = request.session.pop(KEY, None)
    return Told(**told) if told else None
