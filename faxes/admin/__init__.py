"""Faxes, and what hangs on them, in the admin."""

from faxes.admin.documents import DocumentAdmin, TagAdmin, TombstoneAdmin
from faxes.admin.faxes import FaxAdmin, shows_faxes, shows_unrouted, unrouted

__all__ = ["DocumentAdmin", "FaxAdmin", "TagAdmin", "TombstoneAdmin", "shows_faxes", "shows_unrouted", "unrouted"]
