"""Making a fax application at Telnyx, never twice blindly.

The wish is kept before Telnyx is asked, with every id that Telnyx listed until then. An answer settles it; where none
comes, `applications.services.settling` looks for it, and until it is settled nobody asks for the same again.

https://developers.telnyx.com/api-reference/programmable-fax-applications/creates-a-fax-application
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import access, audit
from accounts.models import Role, Team, User
from applications.fields import DEMANDED, ON_CREATE, body_of, is_same_address, spelt_alike
from applications.mirror import apply_application, usable_id
from applications.models import FaxApplication, PendingApplication
from applications.telnyx import WHILE_SOMEBODY_WAITS, client
from applications.written import note_written
from telnyx_api import BadAnswer, Client, TelnyxError
from telnyx_api import FaxApplication as ApplicationPayload
from telnyx_api.listing import Listing
from wake import wake

State = PendingApplication.State

# The POST must have left within this time. What answers it may take as long again, and then it has ended.
POST_DEADLINE = timedelta(seconds=30)
LONGEST_POST = timedelta(minutes=2)
# What is listed later than that is somebody else's.
LATEST = timedelta(days=1)

NOT_LISTED = "Telnyx's list of applications cannot be read in full right now. Nothing was made. Try again in a minute."
USED = "This form has been used already. Open it anew."
IN_DOUBT = (
    "An application with this name and webhook URL has been asked for, and whether Telnyx made it is not known yet. "
    "Wait until that is settled, or choose another name."
)


def create_application(
    *, by: User, token: UUID, team: Team | None, values: Mapping[str, Any], delete_once_archived: bool = False
) -> PendingApplication:
    """Ask Telnyx for a new application, for a team of which `by` is a manager, or of none for administrators.

    Returns the wish: made, with its `telnyx_id`, or unsettled where the answer was lost. The same `token` gives the
    same wish again, whatever has become of it, and asks nothing.

    Raises ValidationError where the same is in doubt already or cannot be asked for, TelnyxError where Telnyx refused
    or was not reached, and ValueError where the settings allow no question; then nothing was made.
    """
    if (used := PendingApplication.objects.filter(pk=token).first()) is not None:
        return _of_the_same(by, used)
    access.require(by, team, at_least=Role.MANAGER)
    asked = {column: values[column] for column in ON_CREATE if values.get(column) not in (None, "", [])}
    if missing := [column for column in DEMANDED if column not in asked]:
        raise ValidationError({column: "Telnyx makes no application without it." for column in missing})
    with client(WHILE_SOMEBODY_WAITS) as telnyx:
        listed = list_all(telnyx)
        if listed is None:
            raise ValidationError(NOT_LISTED)
        if late := _made_after_all(team, asked, listed):
            return late
        started = time.monotonic()
        fields = asked | {"delete_once_archived": delete_once_archived}
        pending, is_new = _keep(by, token, team, fields, listed)
        return _ask(telnyx, pending, started) if is_new else pending


def list_all(telnyx: Client) -> list[ApplicationPayload] | None:
    """Every application of the account; None where the listing was not complete. Raises TelnyxError."""
    listing = Listing(lambda number: telnyx.fax_applications_page(number=number))
    found = list(listing)
    return found if listing.is_complete else None


def likeness_of(fields: Mapping[str, Any]) -> str:
    """The same for two wishes that Telnyx's list could not tell apart."""
    said = "\n".join((_plain(fields["application_name"]), spelt_alike(fields["webhook_event_url"])))
    return hashlib.sha256(said.encode()).hexdigest()


def candidates_of(
    pending: PendingApplication, listed: Sequence[ApplicationPayload]
) -> tuple[list[ApplicationPayload], list[ApplicationPayload]]:
    """What the wish may have become, of what Telnyx lists: what is it for sure, and what may be it.

    New is what Telnyx did not list before. Of that, it is ours when name and webhook URL are as asked. A field that is
    left out, a URL that is another under the same name, or a time long before the question leaves it to a person. What
    a person said it is not, it never becomes.
    """
    others = PendingApplication.objects.exclude(pk=pending.pk).exclude(telnyx_id="").values_list("telnyx_id", flat=True)
    elsewhere = FaxApplication.objects.filter(team__isnull=False).exclude(team=pending.team)
    not_ours = {*pending.known, *pending.evidence.get("rejected", []), *others}
    of_others = set(elsewhere.values_list("telnyx_id", flat=True))
    sure, perhaps = [], []
    for payload in listed:
        telnyx_id = usable_id(payload.id)
        if telnyx_id in not_ours or not _may_be(pending, payload):
            continue
        if _is_like(pending, payload):
            sure.append(payload)
        elif telnyx_id not in of_others:
            perhaps.append(payload)
    if sure:
        # Then one of another URL is somebody else's, who has chosen the same name.
        perhaps = [payload for payload in perhaps if _has_url(pending, payload) is not False]
    return sure, perhaps


def is_wished_for(payload: ApplicationPayload) -> bool:
    """Did somebody ask for it here, or may it be what somebody has just asked for?"""
    wishes = PendingApplication.objects.defer("known")
    became = wishes.filter(telnyx_id=usable_id(payload.id)).exclude(telnyx_id="")
    return any(_may_be(wish, payload) for wish in wishes.open()) or became.exists()


def made(pending: PendingApplication, payload: ApplicationPayload, *, by: User | None, how: str) -> PendingApplication:
    """The wish became this application: mirror it, give it to its team, log it. One that somebody gave to another team
    meanwhile is theirs, and nothing of it is touched."""
    with transaction.atomic():
        row = PendingApplication.objects.select_for_update().get(pk=pending.pk)
        if row.state == State.MADE:
            return row
        apply_application(payload)
        application = FaxApplication.objects.select_for_update().get(telnyx_id=usable_id(payload.id))
        if application.team_id in (None, row.team_id):
            _give(application, row)
        row.state, row.telnyx_id, row.due_at = State.MADE, str(application.telnyx_id), None
        row.save(update_fields=["state", "telnyx_id", "due_at"])
        data = {"asked": row.fields, "settled": how, "by": str(by or "")}
        audit.record(audit.Entry("application.create", by=row.by, on=application, team=row.team, data=data))
    return row


def _give(application: FaxApplication, wish: PendingApplication) -> None:
    application.team = wish.team
    application.delete_once_archived = bool(wish.fields.get("delete_once_archived"))
    application.save(update_fields=["team", "delete_once_archived"])
    note_written(application, {column: wish.fields[column] for column in ON_CREATE if column in wish.fields}, wish.by)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def _may_be(pending: PendingApplication, payload: ApplicationPayload) -> bool:
    """Could it be, by its name; or where that is left out, by its URL? Telnyx may keep a URL in a way of its own."""
    name = payload.application_name
    return _has_url(pending, payload) is not False if name is None else _has_name(pending, name)


def _is_like(pending: PendingApplication, payload: ApplicationPayload) -> bool:
    # Telnyx's clock and ours need not agree.
    too_old = payload.created_at is not None and payload.created_at < pending.started_at - timedelta(hours=1)
    return bool(usable_id(payload.id) and payload.application_name and _has_url(pending, payload) and not too_old)


def _has_name(pending: PendingApplication, name: str) -> bool:
    return _plain(name) == _plain(pending.fields["application_name"])


def _has_url(pending: PendingApplication, payload: ApplicationPayload) -> bool | None:
    """None where it names none."""
    url = payload.webhook_event_url
    return is_same_address(url, pending.fields["webhook_event_url"]) if url else None


def _of_the_same(by: User, used: PendingApplication) -> PendingApplication:
    if used.by_id != by.pk:
        raise ValidationError(USED)
    return used


def _made_after_all(
    team: Team | None, asked: Mapping[str, Any], listed: Sequence[ApplicationPayload]
) -> PendingApplication | None:
    """A wish of the team that was taken for not made a while ago, and is at Telnyx now, belonging to nobody yet: asking
    again would make a second one."""
    since = timezone.now() - LATEST
    given_up = PendingApplication.objects.filter(
        state=State.NOT_MADE, team=team, likeness=likeness_of(asked), started_at__gte=since
    )
    belonging = set(FaxApplication.objects.filter(team__isnull=False).values_list("telnyx_id", flat=True))
    for pending in given_up:
        sure = [payload for payload in candidates_of(pending, listed)[0] if payload.id not in belonging]
        if len(sure) == 1:
            return made(pending, sure[0], by=None, how="listed late")
    return None


def _keep(
    by: User, token: UUID, team: Team | None, fields: Mapping[str, Any], listed: Sequence[ApplicationPayload]
) -> tuple[PendingApplication, bool]:
    """The wish, committed; and whether it is new."""
    ends_at = timezone.now() + LONGEST_POST
    pending = PendingApplication(
        id=token,
        by=by,
        team=team,
        fields=dict(fields),
        likeness=likeness_of(fields),
        known=[usable_id(payload.id) for payload in listed],
        ends_at=ends_at,
        due_at=ends_at,
    )
    try:
        with transaction.atomic(durable=True):
            pending.save(force_insert=True)
    except IntegrityError as error:
        used = PendingApplication.objects.filter(pk=token).first()
        if used is None:
            raise ValidationError(IN_DOUBT) from error
        return _of_the_same(by, used), False
    return pending, True


def _ask(telnyx: Client, pending: PendingApplication, started: float) -> PendingApplication:
    document = body_of({column: pending.fields[column] for column in ON_CREATE if column in pending.fields})
    deadline = started + POST_DEADLINE.total_seconds()
    try:
        answer = telnyx.create_fax_application(deadline=deadline, **document)
        if not usable_id(answer.id):
            raise BadAnswer("Telnyx made an application without saying its id.")
    except TelnyxError as error:
        if error.outcome_known:
            _close(pending, State.REFUSED, str(error))
            raise
        return _doubt(pending, str(error))
    return made(pending, answer, by=None, how="answered")


def _close(pending: PendingApplication, state: State, why: str) -> None:
    evidence = pending.evidence | {"why": why}
    PendingApplication.objects.open().filter(pk=pending.pk).update(state=state, due_at=None, evidence=evidence)


def _doubt(pending: PendingApplication, why: str) -> PendingApplication:
    """The call has ended, and nobody knows how: look for it from now on."""
    now = timezone.now()
    asking = PendingApplication.objects.filter(pk=pending.pk, state=State.ASKING)
    asking.update(state=State.UNSETTLED, ends_at=now, due_at=now, evidence={"why": why})
    transaction.on_commit(lambda: wake("create"))
    return PendingApplication.objects.get(pk=pending.pk)
