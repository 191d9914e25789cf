"""The lists of faxes: what an address asks for, the page of it, and a fax's neighbours in it.

Whatever the number of faxes, a page costs the same number of queries, and each of them reads no more than it shows.
"""

from __future__ import annotations

from faxes.listing.filters import INBOX, NOBODY, SENT, Box, Filters, Show
from faxes.listing.page import (
    PAGE,
    Count,
    Neighbours,
    Page,
    count_of,
    neighbours,
    newest_of,
    page_of,
    some_of,
)

__all__ = [
    "INBOX",
    "NOBODY",
    "PAGE",
    "SENT",
    "Box",
    "Count",
    "Filters",
    "Neighbours",
    "Page",
    "Show",
    "count_of",
    "neighbours",
    "newest_of",
    "page_of",
    "some_of",
]
