"""What people ask for about applications and numbers."""

from applications.services.creating import create_application
from applications.services.deleting import delete_application
from applications.services.owning import assign_application, assign_number, find_application, find_number
from applications.services.receiving import dismiss_quiet, set_deleting, set_receiving
from applications.services.refreshing import refresh_application, refresh_number
from applications.services.settling import choose_application, settle_application
from applications.services.updating import ChangedMeanwhile, update_application

__all__ = [
    "ChangedMeanwhile",
    "assign_application",
    "assign_number",
    "choose_application",
    "create_application",
    "delete_application",
    "dismiss_quiet",
    "find_application",
    "find_number",
    "refresh_application",
    "refresh_number",
    "set_deleting",
    "set_receiving",
    "settle_application",
    "update_application",
]
