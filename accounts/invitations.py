"""Invitations onto a team: e-mailed to one address, good for it alone, once, and for a week."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import access, audit
from accounts.models import Invitation, Membership, Role, Team, User
from accounts.services import end_invitations, locked, set_member

GOOD_FOR = timedelta(days=7)
# A team that invites more at a time is one that somebody else has got hold of.
MOST_OPEN = 50
OVER = "This invitation has been used, taken back, or is too old. Ask for a new one."


def invite(*, by: User, team: Team, email: str, role: str) -> tuple[Invitation, str]:
    """Invite an address, in the place of an open invitation it may have. Returns the secret for the link, too, which
    is kept nowhere: e-mail it in the same transaction.

    Raises ValidationError for an address that is none, a role that is none, for who is on the team already, and where
    the account of the address is closed.
    """
    access.require(by, team, at_least=Role.MANAGER)
    email = email.strip().lower()
    _check(team, email, role)
    token, now = secrets.token_urlsafe(32), timezone.now()
    with transaction.atomic():
        locked(team)
        # Once more: perhaps they were waited for by whoever removes them.
        access.require(by, team, at_least=Role.MANAGER)
        earlier = open_invitations(team)
        if earlier.exclude(email=email).count() >= MOST_OPEN:
            raise ValidationError({"email": f"{MOST_OPEN} invitations are open. Take some back first."})
        Invitation.objects.filter(team=team, email=email, accepted_at=None, revoked_at=None).update(revoked_at=now)
        invitation = Invitation.objects.create(
            team=team, email=email, role=role, token_hash=_hash(token), invited_by=by, expires_at=now + GOOD_FOR
        )
        data = {"email": email, "role": role}
        audit.record(audit.Entry("member.invite", by=by, on=invitation, team=team, data=data))
    return invitation, token


def revoke(*, by: User, invitation: Invitation) -> None:
    """Take an invitation back: its link opens nothing any more. Raises ValidationError where it has ended."""
    access.require(by, invitation.team, at_least=Role.MANAGER)
    if not end_invitations(by=by, invitations=Invitation.objects.filter(pk=invitation.pk)):
        raise ValidationError("This invitation has been used or taken back already, or is too old.")


def find(token: str) -> Invitation | None:
    """The open invitation that a link's secret belongs to."""
    found = Invitation.objects.select_related("team", "invited_by").filter(token_hash=_hash(token))
    return found.still_open().first()


def open_invitations(team: Team) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team=team).still_open().select_related("invited_by")


def has_open_invitation(emails: Iterable[str]) -> bool:
    """Was one of these addresses, which are proven, invited to any team?"""
    return Invitation.objects.filter(email__in=[email.lower() for email in emails]).still_open().exists()


def accept(*, invitation: Invitation, user: User) -> Membership:
    """Put the person whose address was invited on the team. Who has a higher role there keeps it.

    Raises ValidationError for anybody else, and where the invitation has ended.
    """
    if not is_for(invitation, user):
        raise ValidationError(f"This invitation is for {invitation.email}. Sign in as whom that address belongs to.")
    with transaction.atomic():
        locked(invitation.team)
        _use(invitation, user)
        data = {"email": invitation.email, "role": invitation.role}
        audit.record(audit.Entry("member.accept_invitation", by=user, on=invitation, team=invitation.team, data=data))
        before = Membership.objects.filter(team=invitation.team, user=user).first()
        if before is not None and access.RANK.get(before.role, 0) >= access.RANK[invitation.role]:
            return before
        return set_member(by=user, team=invitation.team, user=user, role=Role(invitation.role))


def accept_as_new(*, invitation: Invitation, name: str, password: str) -> User:
    """Make the account of the invited address, and put it on the team. Whoever has the link has proven the address.

    Raises ValidationError for a name or password that will not do, for an address that has an account, and where the
    invitation has ended.
    """
    first, _, last = " ".join(name.split()).partition(" ")
    if not first or len(name) > 150:
        raise ValidationError({"name": "Enter your name, as colleagues know you: at most 150 characters."})
    user = User(username=username_for(invitation), email=invitation.email, first_name=first, last_name=last)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    user.set_password(password)
    try:
        with transaction.atomic():
            _make(user, invitation)
    except IntegrityError as error:
        # Somebody got the user name or the address at this very moment, by another invitation.
        raise ValidationError("That did not work this time. Press the button once more.") from error
    return user


def _make(user: User, invitation: Invitation) -> None:
    """Under the team's lock, behind which a second click waits: then the invitation is used, and nothing else asked."""
    locked(invitation.team)
    if not Invitation.objects.still_open().filter(pk=invitation.pk).exists():
        raise ValidationError(OVER)
    if account_of(invitation) is not None:
        raise ValidationError("This address has an account already. Sign in to accept the invitation.")
    user.username = username_for(invitation)
    user.save()
    EmailAddress.objects.create(user=user, email=invitation.email, primary=True, verified=True)
    accept(invitation=invitation, user=user)
    # After the team's entries: the log is locked in the order of its chains, and that of the house is the last.
    audit.record(audit.Entry("user.create", by=user, on=user, data={"invitation": invitation.pk}))


def is_for(invitation: Invitation, user: User) -> bool:
    """Is it this person's address? Of the further ones that people may have, only those they have proven count."""
    if user.email.lower() == invitation.email:
        return True
    return bool(EmailAddress.objects.filter(user=user, email__iexact=invitation.email, verified=True).exists())


def account_of(invitation: Invitation) -> User | None:
    """The person who has the invited address already."""
    return _whose(invitation.email)


def username_for(invitation: Invitation) -> str:
    """What a new account of the address is called: the part before the @, with a number behind it where somebody has
    that name, in large or small letters."""
    before = invitation.email.partition("@")[0]
    wanted = "".join(letter for letter in before if letter.isalnum() or letter in "._-")[:100] or "user"
    alike = User.objects.filter(username__istartswith=wanted).values_list("username", flat=True)
    taken = {name.casefold() for name in alike}
    names = (wanted if number == 1 else f"{wanted}{number}" for number in range(1, len(taken) + 3))
    return next(name for name in names if name.casefold() not in taken)


def _whose(email: str) -> User | None:
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        proven = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user")
        user = next((address.user for address in proven), None)
    return user


def _check(team: Team, email: str, role: str) -> None:
    errors = {}
    try:
        validate_email(email)
    except ValidationError:
        errors["email"] = "Enter an e-mail address, such as ann@clinic.example."
    if role not in Role.values:
        errors["role"] = "Choose a role."
    if errors:
        raise ValidationError(errors)
    if Membership.objects.filter(team=team, user__email__iexact=email, user__is_active=True).exists():
        raise ValidationError({"email": "This person is on the team already. Change their role in the list."})
    invited = _whose(email)
    if invited is not None and not invited.is_active:
        raise ValidationError({"email": "Nobody can join with this address at present. Ask an administrator."})


def _use(invitation: Invitation, user: User) -> None:
    """Once: of two at the same moment, one gets in. And none where who invited could not do so any more."""
    if invitation.invited_by is None or not access.may(invitation.invited_by, invitation.team, at_least=Role.MANAGER):
        raise ValidationError(OVER)
    unused = Invitation.objects.filter(pk=invitation.pk).still_open()
    if unused.update(accepted_at=timezone.now(), accepted_by=user) != 1:
        raise ValidationError(OVER)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
