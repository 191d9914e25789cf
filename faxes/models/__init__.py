"""The fax and everything that hangs on it."""

from faxes.models.attempts import Attempt, Gate
from faxes.models.documents import Batch, Document, document_name
from faxes.models.fax import Fax, FaxQuerySet, Plain, Tag, blank, under_way
from faxes.models.story import FaxEvent, Note, ReadMark, Tombstone

__all__ = [
    "Attempt",
    "Batch",
    "Document",
    "Fax",
    "FaxEvent",
    "FaxQuerySet",
    "Gate",
    "Note",
    "Plain",
    "ReadMark",
    "Tag",
    "Tombstone",
    "blank",
    "document_name",
    "under_way",
]
