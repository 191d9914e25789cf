"""What people ask for about applications and numbers."""

from applications.services.attaching import attach_number
from applications.services.creating import create_application, is_wished_for
from applications.services.deleting import delete_application
from applications.services.drifting import keep_theirs, restore_ours
from applications.services.owning import (
    assign_application,
    assign_number,
    find_application,
    find_number,
    give_application,
    give_number,
    seen_of,
)
from applications.services.receiving import change_receiving, dismiss_quiet, set_deleting, set_receiving
from applications.services.refreshing import refresh_application, refresh_number, refresh_numbers
from applications.services.settling import choose_application, settle_application
from applications.services.updating import ChangedMeanwhile, update_application

__all__ = [
    "ChangedMeanwhile",
    "assign_application",
    "assign_number",
    "attach_number",
    "change_receiving",
    "choose_application",
    "create_application",
    "delete_application",
    "dismiss_quiet",
    "find_application",
    "find_number",
    "give_application",
    "give_number",
    "is_wished_for",
    "keep_theirs",
    "refresh_application",
    "refresh_number",
    "refresh_numbers",
    "restore_ours",
    "seen_of",
    "set_deleting",
    "set_receiving",
    "settle_application",
    "update_application",
]
