"""What people ask for about applications and numbers."""

from applications.services.owning import assign_application, assign_number, find_application, find_number
from applications.services.receiving import dismiss_quiet, set_deleting, set_receiving
from applications.services.refreshing import refresh_application, refresh_number
from applications.services.updating import ChangedMeanwhile, update_application

__all__ = [
    "ChangedMeanwhile",
    "assign_application",
    "assign_number",
    "dismiss_quiet",
    "find_application",
    "find_number",
    "refresh_application",
    "refresh_number",
    "set_deleting",
    "set_receiving",
    "update_application",
]
