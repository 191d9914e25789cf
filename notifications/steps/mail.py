"""Send the e-mails that are due, each once.

1. Claim one, and open the connection. Whatever fails until then has sent nothing: it is tried again later.
2. Ask once more whether it may leave: what was so when it was queued may have changed since.
3. Mark it as being sent, by owner. From then on it may have left, whatever happens to us.
4. Hand it over. A clear answer ends it one way or the other; silence, or a worker that dies here, leaves it *perhaps
   sent*: people would rather miss a line than read it twice, and the fax itself waits in the portal.

https://docs.djangoproject.com/en/5.2/topics/email/
"""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import cast

import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from applications.mirror import storable
from faxes import timeline
from faxes.claims import backoff, claim
from faxes.files import local_path
from faxes.models import Document, Fax
from notifications.models import Mail
from notifications.objections import objection
from wake import wake

log = structlog.get_logger(__name__)

# Longer than handing over the pages of a fax takes.
LEASE = timedelta(minutes=5)
# With pauses that double up to an hour, two days.
MOST_TRIES = 55
LONGEST_PAUSE = 3600.0


def drain() -> int:
    """Send until nothing is due. Returns how many e-mails were taken up."""
    _end_abandoned()
    count = 0
    while send_next():
        count += 1
    return count


def send_next() -> bool:
    mail: Mail | None = claim(Mail.objects.filter(state=Mail.State.WAITING), lease=LEASE, tries=F("tries") + 1)
    if mail is None:
        return False
    with structlog.contextvars.bound_contextvars(mail_id=str(mail.pk)):
        _send(mail)
    return True


def _send(mail: Mail) -> None:
    connection = get_connection()
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        _later(mail, f"The mail server could not be reached: {error}")
        return
    try:
        _send_over(mail, connection)
    finally:
        connection.close()


def _send_over(claimed: Mail, connection: BaseEmailBackend) -> None:
    about = _mine(claimed, Mail.State.WAITING).select_related("team", "user", "fax__team", "fax__document")
    if (mail := about.first()) is None:
        return
    if why := objection(mail):
        log.info("mail.withdrawn", why=why)
        _end(mail, Mail.State.FAILED, f"Withdrawn. {why}", keep_text=False)
        return
    try:
        message = _message(mail)
    except OSError as error:
        _later(mail, f"The pages could not be read: {error}")
        return
    if _mine(mail, Mail.State.WAITING).update(state=Mail.State.SENDING) == 1:
        _hand_over(mail, message, connection)


def _hand_over(mail: Mail, message: EmailMessage, connection: BaseEmailBackend) -> None:
    message.connection = connection
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        # There is one, and its answer.
        _refused(mail, *next(iter(error.recipients.values()), (550, b"")))
    except smtplib.SMTPResponseException as error:
        _refused(mail, error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail.unsure", error=str(error))
        _end(mail, Mail.State.UNSURE, f"The mail server broke off: {error}")
    else:
        _mine(mail, Mail.State.SENDING).update(
            state=Mail.State.SENT, sent_at=timezone.now(), text="", problem="", **RELEASED
        )


def _message(mail: Mail) -> EmailMessage:
    """With a Message-ID of its own for good, by which a mail server may know a doublet. Raises OSError for pages that
    cannot be read."""
    headers = {"Message-ID": f"<{mail.pk}@{_domain()}>", "Auto-Submitted": "auto-generated"}
    message = EmailMessage(mail.subject, mail.text, settings.DEFAULT_FROM_EMAIL, [mail.to], headers=headers)
    if mail.with_pages:
        # There, or there had been an objection.
        document = cast(Document, cast(Fax, mail.fax).document)
        with local_path(document) as path:
            message.attach(f"fax.{path.suffix.lstrip('.') or 'pdf'}", path.read_bytes(), document.content_type)
    return message


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("<> ") or "localhost"


def _refused(mail: Mail, code: int, said: bytes | str) -> None:
    """A clear no: for now with a 4xx, for good with anything else. https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1"""
    words = storable(said if isinstance(said, str) else said.decode(errors="replace"))
    answer = f"{code} {' '.join(words.split())}"
    if 400 <= code < 500:
        _mine(mail, Mail.State.SENDING).update(state=Mail.State.WAITING)
        _later(mail, f"The mail server does not take it yet: {answer}")
        return
    log.warning("mail.refused", code=code)
    _end(mail, Mail.State.FAILED, f"The mail server refused it: {answer}")


def _later(mail: Mail, problem: str) -> None:
    log.warning("mail.later", problem=problem)
    if mail.tries >= MOST_TRIES:
        _end(mail, Mail.State.FAILED, problem)
        return
    wait = backoff(mail.tries - 1, most=LONGEST_PAUSE)
    columns = {"due_at": timezone.now() + wait, "owner": None, "leased_until": None, "problem": problem[:500]}
    _mine(mail, Mail.State.WAITING).update(**columns)
    wake("mail", after=wait.total_seconds())


def _end(mail: Mail, state: Mail.State, problem: str, *, keep_text: bool = True) -> None:
    """It is over, and has not left for certain. Of pages that somebody sent on, the fax's timeline tells."""
    fax = Fax.objects.filter(pk=mail.fax_id).first() if mail.fax_id else None
    columns = {"state": state, "problem": problem[:500], "text": mail.text if keep_text and fax else ""}
    with transaction.atomic():
        ended = _mine(mail, Mail.State.WAITING, Mail.State.SENDING).update(**columns, **RELEASED) == 1
        if ended and fax and mail.with_pages:
            timeline.note(fax, f"mail_{state}", to=mail.to, detail=problem[:500])


def _end_abandoned() -> None:
    """A worker died while it handed an e-mail over."""
    for mail in Mail.objects.filter(state=Mail.State.SENDING, leased_until__lt=timezone.now()):
        _end(mail, Mail.State.UNSURE, "The worker stopped while it was sent.")


RELEASED = {"owner": None, "leased_until": None, "due_at": None}


def _mine(mail: Mail, *states: Mail.State) -> models.QuerySet[Mail]:
    return Mail.objects.filter(pk=mail.pk, owner=mail.owner, state__in=states)
