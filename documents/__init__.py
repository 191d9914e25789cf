"""Papers for the fax machine: look into files, put them together, show their pages. No tables, no Django.

Importing this costs nothing to speak of: the libraries behind it are imported at the first use.
"""

from documents.errors import DocumentError, PageOutOfRange
from documents.inspect import Inspected, inspect
from documents.kinds import ACCEPTED_TYPES, MAX_BYTES, MAX_PAGES, UPLOAD_MAX
from documents.merge import merge
from documents.render import render_page
from documents.turn import turn_pages

__all__ = [
    "ACCEPTED_TYPES",
    "MAX_BYTES",
    "MAX_PAGES",
    "UPLOAD_MAX",
    "DocumentError",
    "Inspected",
    "PageOutOfRange",
    "inspect",
    "merge",
    "render_page",
    "turn_pages",
]
