"""What people ask for about deliveries."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from wake import wake
from webhooks.models import Delivery


def process_again(*, by: User, delivery: Delivery) -> None:
    """Have a kept event applied once more, now. The mirror sees to it that nothing is told or done twice.

    Raises ValidationError while it is being applied anyway.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(of=("self",))
        row = rows.select_related("fax__team").get(pk=delivery.pk)
        if row.state == Delivery.State.PENDING and row.leased_until and row.leased_until > now:
            raise ValidationError("This event is being processed right now.")
        row.state, row.due_at, row.tries = Delivery.State.PENDING, now, 0
        row.owner = row.leased_until = row.processed_at = None
        row.save(update_fields=["state", "due_at", "tries", "owner", "leased_until", "processed_at"])
        team = row.fax.team if row.fax else None
        audit.record(audit.Entry("delivery.process_again", by=by, on=row, team=team))
        transaction.on_commit(lambda: wake("process"))
