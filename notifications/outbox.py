"""The one way out for e-mail: a row in the transaction of what it tells, sent by the worker, once."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import access, audit
from accounts.models import Team, User
from faxes import timeline
from faxes.models import Fax, FaxEvent
from notifications.models import Mail
from wake import wake


def put(
    *,
    key: str,
    to: str,
    subject: str,
    text: str,
    team: Team | None = None,
    user: User | None = None,
    fax: Fax | None = None,
    with_pages: bool = False,
    with_particulars: bool = False,
) -> bool:
    """Have an e-mail sent to one address, after the transaction. False where there is one with this key already.

    `user` is whose address it is; `fax` is what it tells of, whose pages `with_pages` sends along. Particulars in the
    text have to be told of. All these are looked at once more when it leaves. Line breaks in the subject become spaces,
    so that no name can write a header.
    """
    row = Mail(
        key=key,
        to=to,
        subject=" ".join(subject.split())[:200],
        text=text,
        team=team,
        user=user,
        fax=fax,
        with_pages=with_pages,
        with_particulars=with_particulars,
    )
    with transaction.atomic():
        Mail.objects.bulk_create([row], ignore_conflicts=True)
        is_new = Mail.objects.filter(pk=row.pk).exists()
        if is_new:
            transaction.on_commit(lambda: wake("mail"))
    return is_new


def withdraw(*, key: str) -> bool:
    """What it tells is true no more: do not send it, if there is time. Returns whether there was."""
    waiting = Mail.objects.filter(key=key, state=Mail.State.WAITING)
    return waiting.update(state=Mail.State.FAILED, text="", due_at=None, problem="Withdrawn.") == 1


def try_again(*, by: User, mail: Mail) -> None:
    """Once more, on an administrator's word, what was not sent or perhaps not sent.

    Raises ValidationError for what is under way or sent, and for what has no text any more.
    """
    access.require_admin(by)
    ended = Mail.objects.filter(pk=mail.pk, state__in=[Mail.State.FAILED, Mail.State.UNSURE]).exclude(text="")
    again = {"state": Mail.State.WAITING, "due_at": timezone.now(), "tries": 0, "problem": ""}
    with transaction.atomic():
        if ended.update(owner=None, leased_until=None, **again) != 1:
            raise ValidationError(
                "Only what was not sent for certain can be sent again, and what was withdrawn or held a link cannot: "
                "have a new one made."
            )
        if mail.with_pages and mail.fax:
            timeline.note(mail.fax, "mailed", source=FaxEvent.Source.PERSON, by=by, to=mail.to)
        audit.record(audit.Entry("mail.send_again", by=by, on=mail, team=mail.team, data={"to": mail.to}))
        transaction.on_commit(lambda: wake("mail"))
