"""Faxes, and what hangs on them, in the admin."""

from faxes.admin.documents import DocumentAdmin, TagAdmin, TombstoneAdmin
from faxes.admin.faxes import FaxAdmin, unrouted

__all__ = ["DocumentAdmin", "FaxAdmin", "TagAdmin", "TombstoneAdmin", "unrouted"]
