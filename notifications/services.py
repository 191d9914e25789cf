"""What people ask for about e-mails: what they want to be told, and a received fax sent on."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts import access, audit
from accounts.models import Role, Team, User
from accounts.services import locked
from faxes import timeline
from faxes.models import Fax, FaxEvent
from notifications import outbox
from notifications.models import Wish

TOPICS = ("received", "delivered", "failed", "assigned")
MOST_BOXES = 20
# More than most mail servers take, in base64.
LARGEST = 15_000_000


def set_wish(*, by: User, team: Team, **topics: bool) -> Wish:
    """Say what one wants to be told of a team's faxes. It is one's own affair, and not in the log."""
    access.require(by, team, at_least=Role.VIEWER)
    wish, _ = Wish.objects.update_or_create(user=by, team=team, defaults={name: topics[name] for name in TOPICS})
    return wish


def set_mailbox(*, by: User, team: Team, address: str, **topics: bool) -> None:
    """Have a mailbox of the team told of its faxes. With no topic at all, it is told of nothing any more.

    Raises ValidationError for an address that is none, and for one mailbox too many.
    """
    access.require(by, team, at_least=Role.MANAGER)
    address = address.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise ValidationError({"address": "Enter an e-mail address, such as faxes@clinic.example."}) from error
    wanted = {name: topics.get(name, False) for name in TOPICS[:3]}
    with transaction.atomic():
        locked(team)
        boxes = Wish.objects.filter(team=team).exclude(address="")
        before = boxes.filter(address=address).first()
        if before is None and boxes.count() >= MOST_BOXES:
            raise ValidationError({"address": f"A team has at most {MOST_BOXES} mailboxes. Remove one first."})
        if any(wanted.values()):
            defaults = wanted | {"assigned": False}
            Wish.objects.update_or_create(team=team, address=address, user=None, defaults=defaults)
        else:
            boxes.filter(address=address).delete()
        was = {name: getattr(before, name) for name in wanted} if before else {}
        data = {"address": address, "before": was, "after": wanted}
        audit.record(audit.Entry("team.set_mailbox", by=by, on=team, team=team, data=data))


def may_mail(user: User, fax: Fax) -> bool:
    """May the user e-mail this fax to somebody, by their role and the team's policy?"""
    team = fax.team
    return team is not None and bool(team.mail_domains) and access.may(user, team, at_least=Role.MEMBER)


def mail_fax(*, by: User, fax: Fax, to: str, token: UUID) -> bool:
    """E-mail the pages of a received fax to an address that the team's policy allows. The token is the form's, good
    once; False where it has been used, and nothing more is sent.

    Raises ValidationError, keyed by field where it belongs to one.
    """
    access.require(by, fax.team, at_least=Role.MEMBER)
    to = to.strip().lower()
    check_address(fax, to)
    subject = "A fax for you"
    text = f"{_one_line(str(by))} of {_one_line(str(fax.team))} sends you the fax that is attached.\n"
    with transaction.atomic():
        fax = Fax.objects.select_for_update(of=("self",)).select_related("team", "document").get(pk=fax.pk)
        check_pages(fax)
        key = f"fax by mail:{token}"
        if not outbox.put(key=key, to=to, subject=subject, text=text, team=fax.team, fax=fax, with_pages=True):
            return False
        timeline.note(fax, "mailed", source=FaxEvent.Source.PERSON, by=by, to=to)
        audit.record(audit.Entry("fax.mail", by=by, on=fax, team=fax.team, data={"to": to}))
    return True


def check_address(fax: Fax, to: str) -> None:
    """Raise ValidationError unless the team's policy lets its faxes go to this address."""
    try:
        validate_email(to)
    except ValidationError as error:
        raise ValidationError({"to": "Enter an e-mail address, such as ann@clinic.example."}) from error
    domains = fax.team.mail_domains.split() if fax.team else []
    if not domains:
        raise ValidationError(f"{fax.team} does not e-mail faxes. Its managers can allow it under Policies.")
    if "*" not in domains and to.rpartition("@")[2] not in domains:
        raise ValidationError({"to": f"{fax.team} e-mails faxes to {' and '.join(domains)} alone. Ask a manager."})


def check_pages(fax: Fax) -> None:
    """Raise ValidationError unless the fax can be e-mailed: it came in, is kept, and its pages are here."""
    if fax.trashed_at is not None:
        raise ValidationError(f"{fax} is in the bin. Put it back first.")
    document = fax.document
    if fax.is_outbound or document is None or not document.is_here:
        raise ValidationError("The pages of this fax are not here, so they cannot be e-mailed.")
    if document.bytes > LARGEST:
        raise ValidationError("This fax is too large for an e-mail. Download it, and send it another way.")


def _one_line(name: str) -> str:
    return " ".join(name.split())
