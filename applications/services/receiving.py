"""What becomes of faxes that come in, and who knows that none do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import access, audit
from accounts.models import Role, Team, User
from applications.models import FaxApplication, PhoneNumber


def set_receiving(
    *, by: User | None, number: PhoneNumber, label: str, default_assignee: User | None, notify: Iterable[User]
) -> None:
    """Say what becomes of faxes to a number: what it is called, who looks after them, and who is told.

    Raises ValidationError for people who are not of the number's team, or may only look where they should act. Who is
    set already and has left the team since may stay: that must not keep anybody from changing something else.
    """
    people = sorted(set(notify), key=lambda user: user.pk)
    label = " ".join(label.split())
    if len(label) > 100:
        raise ValidationError({"label": "Enter at most 100 characters."})
    with transaction.atomic():
        row = PhoneNumber.objects.select_for_update(of=("self",)).get(pk=number.pk)
        newly = default_assignee if default_assignee != row.default_assignee else None
        _check_people(row.owner, newly, set(people).difference(row.notify.all()))
        before = _receiving(row)
        row.label, row.default_assignee = label, default_assignee
        row.save(update_fields=["label", "default_assignee"])
        row.notify.set(people)
        after = _receiving(row)
        if after != before:
            data = {"before": before, "after": after}
            audit.record(audit.Entry("number.set_receiving", by=by, on=row, team=row.owner, data=data))
    number.label, number.default_assignee = label, default_assignee


def change_receiving(*, by: User | None, number: PhoneNumber, changes: Mapping[str, Any]) -> None:
    """Change some of what `set_receiving()` says, and leave the rest as it is by now: two people who change different
    things at once both get their way. Raises ValidationError as it does."""
    with transaction.atomic():
        # Without a join: PostgreSQL would show who was joined to the row before it waited for the lock.
        row = PhoneNumber.objects.select_for_update().get(pk=number.pk)
        now = {"label": row.label, "default_assignee": row.default_assignee, "notify": list(row.notify.all())}
        set_receiving(by=by, number=row, **{name: changes.get(name, value) for name, value in now.items()})


def dismiss_quiet(*, by: User, number: PhoneNumber) -> None:
    """A person knows that the number is silent: it cries no more, until a fax has come and it goes quiet anew."""
    access.require(by, number.owner, at_least=Role.MEMBER)
    crying = PhoneNumber.objects.filter(pk=number.pk, quiet_since__isnull=False, quiet_dismissed_at=None)
    with transaction.atomic():
        if crying.update(quiet_dismissed_at=timezone.now()) == 1:
            data = {"since": number.quiet_since}
            audit.record(audit.Entry("number.dismiss_quiet", by=by, on=number, team=number.owner, data=data))


def set_deleting(*, by: User | None, application: FaxApplication, delete_once_archived: bool) -> None:
    """Say whether faxes received through an application are deleted at Telnyx once their pages are safe here."""
    rows = FaxApplication.objects.filter(pk=application.pk).exclude(delete_once_archived=delete_once_archived)
    with transaction.atomic():
        if rows.update(delete_once_archived=delete_once_archived) == 1:
            data = {"before": not delete_once_archived, "after": delete_once_archived}
            entry = audit.Entry("application.set_deleting", by=by, on=application, team=application.team, data=data)
            audit.record(entry)
    application.delete_once_archived = delete_once_archived


def _check_people(team: Team | None, assignee: User | None, told: Iterable[User]) -> None:
    errors = {}
    if assignee and not access.belongs(assignee, team, at_least=Role.MEMBER):
        errors["default_assignee"] = f"{assignee} cannot look after faxes of this number. Choose a member of its team."
    if strangers := sorted(str(user) for user in told if not access.belongs(user, team, at_least=Role.VIEWER)):
        errors["notify"] = f"Not of this number's team: {', '.join(strangers)}. Take them off the list."
    if errors:
        raise ValidationError(errors)


def _receiving(number: PhoneNumber) -> dict[str, object]:
    """What is set for faxes to the number, in words for the audit log."""
    told = [str(user) for user in number.notify.order_by("pk")]
    return {"label": number.label, "assignee": str(number.default_assignee or ""), "notify": told}
