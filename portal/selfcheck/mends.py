"""What one click can mend: a field of the application, written at Telnyx as a person would write it by the form."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from accounts.models import User
from applications.fields import our_door
from applications.models import FaxApplication
from applications.services import update_application
from portal.selfcheck.findings import Finding, findings_of

# The column that each mend writes.
COLUMNS = {
    "activate": "active",
    "webhook": "webhook_event_url",
    "timeout": "webhook_timeout_secs",
    "profile": "outbound_voice_profile_id",
}
NOT_OFFERED = "This looks otherwise by now, so nothing was changed. Look at it again, then decide."


def mend(*, by: User, application: FaxApplication, name: str, value: str) -> Finding:
    """Do what the last self-check offered under this name, with the value it showed. Returns the line that was mended.

    Raises ValidationError when it is not offered so any more, or when Telnyx's value is not the one that was found
    wrong: somebody may have mended it another way; TelnyxError
    and ValueError as `update_application()` does.
    """
    row = FaxApplication.objects.select_related("team").get(pk=application.pk)
    finding = next((line for line in findings_of(row) if line.mend == name and str(line.value) == value), None)
    if finding is None or name not in COLUMNS or (name == "webhook" and value != our_door()):
        raise ValidationError(NOT_OFFERED)
    column = COLUMNS[name]
    update_application(by=by, application=row, changes={column: finding.value}, shown={column: finding.judged})
    return finding
