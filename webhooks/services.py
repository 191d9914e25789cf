"""What people ask for about deliveries."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import access, audit
from accounts.models import Role, User
from wake import wake
from webhooks.models import Delivery


def process_again(*, by: User, delivery: Delivery) -> None:
    """Have a kept event applied once more, now. The mirror sees to it that nothing is told or done twice.

    For who manages the team of its fax; administrators may with any. Raises ValidationError while it is being applied
    anyway, and where it was deleted meanwhile.
    """
    now = timezone.now()
    with transaction.atomic():
        row = Delivery.objects.select_for_update().filter(pk=delivery.pk).first()
        if row is None:
            raise ValidationError("This event has been deleted meanwhile, together with its fax.")
        fax = row.about
        team = fax.team if fax else None
        access.require(by, team, at_least=Role.MANAGER)
        if row.state == Delivery.State.PENDING and row.leased_until and row.leased_until > now:
            raise ValidationError("This event is being processed right now.")
        # How long it took to be applied is told by the first time.
        row.processed_at = row.processed_at if row.state == Delivery.State.DONE else None
        row.state, row.due_at, row.tries, row.outcome = Delivery.State.PENDING, now, 0, ""
        row.owner = row.leased_until = None
        row.save(update_fields=["state", "due_at", "tries", "outcome", "owner", "leased_until", "processed_at"])
        audit.record(audit.Entry("delivery.process_again", by=by, on=row, team=team))
        transaction.on_commit(lambda: wake("process"))
