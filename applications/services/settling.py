"""What became of a wish whose answer was lost: looked for in Telnyx's list, and decided by a person where that is not
clear."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import access, audit
from accounts.models import Role, User
from applications.lease import held
from applications.mirror import usable_id
from applications.models import FaxApplication, PendingApplication
from applications.services.creating import candidates_of, list_all, made
from applications.telnyx import WHILE_SOMEBODY_WAITS, client, fetch_application
from telnyx_api import FaxApplication as ApplicationPayload
from telnyx_api import NotFound, TelnyxError
from telnyx_api.reading import legible
from wake import wake

log = structlog.get_logger(__name__)

State = PendingApplication.State

LONGEST_WAIT = 300
NOT_OFFERED = "That is none of those that it may have become. Look again."
TOO_SOON = "It may still turn up at Telnyx. Look again a little later."
VANISHED = "Telnyx has that application no more. Look again."


def settle_application(*, pending: PendingApplication) -> PendingApplication:
    """Look once for what the wish became. Only a complete listing proves anything, and what it does not contain only
    when it was begun a good while after the call. Returns the wish as it stands then. Raises nothing: a Telnyx that
    cannot be asked is asked again later."""
    begun = timezone.now()
    ended = PendingApplication.objects.open().filter(pk=pending.pk, ends_at__lte=begun)
    with held(ended) as mine:
        if mine:
            _look(pending, begun)
    return PendingApplication.objects.select_related("team", "by").get(pk=pending.pk)


def choose_application(*, by: User, pending: PendingApplication, telnyx_id: str | None) -> PendingApplication:
    """A person says which of the candidates it became, or that it is none of them.

    Raises ValidationError for one that was not found, and TelnyxError where Telnyx cannot be asked for it.
    """
    access.require(by, pending.team, at_least=Role.MANAGER)
    candidates = pending.evidence.get("candidates", [])
    if telnyx_id is None:
        return _give_up(by, pending)
    if telnyx_id not in [candidate["id"] for candidate in candidates] or not pending.is_open:
        raise ValidationError(NOT_OFFERED)
    try:
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            payload = fetch_application(telnyx, telnyx_id)
    except NotFound as error:
        raise ValidationError(VANISHED) from error
    # Somebody may have taken it since it was found.
    sure, perhaps = candidates_of(pending, [payload])
    elsewhere = FaxApplication.objects.filter(telnyx_id=telnyx_id, team__isnull=False).exclude(team=pending.team)
    if not (sure or perhaps) or elsewhere.exists():
        raise ValidationError(NOT_OFFERED)
    return made(pending, payload, by=by, how="chosen")


def is_late(pending: PendingApplication, begun: datetime) -> bool:
    """Was this so long after the call that Telnyx would list what it made?"""
    return begun >= pending.ends_at + timedelta(seconds=settings.UNCERTAIN_SETTLE_SECONDS)


def _look(pending: PendingApplication, begun: datetime) -> None:
    listed, why = None, "Telnyx's list was not complete."
    try:
        with client(WHILE_SOMEBODY_WAITS) as telnyx:
            listed = list_all(telnyx)
    except (TelnyxError, ValueError) as error:
        why = str(error)
    with transaction.atomic():
        row = PendingApplication.objects.select_for_update().get(pk=pending.pk)
        if not row.is_open:
            return
        if listed is None:
            log.warning("create.no_listing", pending=str(row.pk), error=why)
            _look_again(row, looked_at=begun.isoformat(), trouble=why)
        else:
            _weigh(row, listed, begun)


def _weigh(row: PendingApplication, listed: Sequence[ApplicationPayload], begun: datetime) -> None:
    sure, perhaps = candidates_of(row, listed)
    if len(sure) == 1 and not perhaps:
        made(row, sure[0], by=None, how="found")
        return
    candidates = [_facts(payload) for payload in (*sure, *perhaps) if usable_id(payload.id)]
    if not sure and not perhaps and is_late(row, begun):
        _not_made(row, by=None)
        return
    _look_again(row, looked_at=begun.isoformat(), trouble="", candidates=candidates, late=is_late(row, begun))


def _facts(payload: ApplicationPayload) -> dict[str, str]:
    """What a person tells a candidate by."""
    created = payload.created_at.isoformat() if payload.created_at else ""
    return {
        "id": usable_id(payload.id),
        "application_name": legible(payload.application_name or ""),
        "webhook_event_url": legible(payload.webhook_event_url or ""),
        "created_at": created,
    }


def _give_up(by: User, pending: PendingApplication) -> PendingApplication:
    with transaction.atomic():
        row = PendingApplication.objects.select_for_update().get(pk=pending.pk)
        if not row.evidence.get("late") or not row.is_open:
            raise ValidationError(TOO_SOON)
        row.evidence["rejected"] = [candidate["id"] for candidate in row.evidence.get("candidates", [])]
        _not_made(row, by=by)
    return row


def _not_made(row: PendingApplication, by: User | None) -> None:
    row.state, row.due_at = State.NOT_MADE, None
    row.save(update_fields=["state", "due_at", "evidence"])
    data = {"asked": row.fields, "candidates": row.evidence.get("candidates", [])}
    audit.record(audit.Entry("application.not_made", by=by, on=row, team=row.team, data=data))


def _look_again(row: PendingApplication, **evidence: object) -> None:
    wait = min(LONGEST_WAIT, 2 ** min(row.tries, 9))
    row.state, row.tries, row.evidence = State.UNSETTLED, row.tries + 1, row.evidence | evidence
    row.due_at = timezone.now() + timedelta(seconds=wait)
    row.save(update_fields=["state", "tries", "evidence", "due_at"])
    transaction.on_commit(lambda: wake("create", after=wait))
