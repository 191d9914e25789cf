"""The self-check of a fax application: does everything stand so that faxes come and go?

Facts are gathered first (`facts`), then judged (`lines`), and what was found is kept on the application's row
(`findings`). Some of it one click can mend (`mends`).
"""

from portal.selfcheck.findings import Complaint, Finding, State, complaints, findings_of, worst
from portal.selfcheck.mends import mend
from portal.selfcheck.running import BRIEFLY, check_all, check_application, is_fresh

__all__ = [
    "BRIEFLY",
    "Complaint",
    "Finding",
    "State",
    "check_all",
    "check_application",
    "complaints",
    "findings_of",
    "is_fresh",
    "mend",
    "worst",
]
