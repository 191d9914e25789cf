"""What people ask for about teams and members."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts import access, audit
from accounts.models import Invitation, InvitationQuerySet, Membership, Role, Team, User


def locked(team: Team) -> Team:
    """The team's row, locked until the transaction ends, against whoever else changes the team or who is on it.

    Not its key: for that, a new row that names the team asks at COMMIT, when its transaction holds the log already.
    https://docs.djangoproject.com/en/5.2/ref/models/querysets/#select-for-update
    """
    return Team.objects.select_for_update(no_key=True).get(pk=team.pk)


def set_password(*, by: User | None, user: User, password: str) -> None:
    """Give somebody another password, which ends all their sessions. Whether it is a good one, the caller asks."""
    user.set_password(password)
    with transaction.atomic():
        user.save(update_fields=["password"])
        data = {} if by else {"by": "changepassword"}
        audit.record(audit.Entry("user.set_password", by=by, on=user, data=data))


def create_team(*, by: User | None, name: str) -> tuple[Team, bool]:
    """The team of that name, and whether it is new. Raises ValidationError for a name that gives no address."""
    name = " ".join(name.split())
    slug = slugify(name)
    if not slug or len(name) > 100:
        raise ValidationError({"name": "A team's name needs at least one letter or digit, and at most 100 characters."})
    with transaction.atomic():
        existing = Team.objects.filter(name=name).first()
        if existing:
            return existing, False
        if Team.objects.filter(slug=slug).exists():
            raise ValidationError({"name": f"Another team already has the address “{slug}”. Choose another name."})
        team = Team.objects.create(name=name, slug=slug)
        audit.record(audit.Entry("team.create", by=by, on=team, team=team))
    return team, True


def rename_team(*, by: User | None, team: Team, name: str) -> None:
    """Change a team's name; its address stays, so that links keep leading there. Raises ValidationError for a name
    that another team has."""
    name = " ".join(name.split())
    with transaction.atomic():
        if Team.objects.filter(name=name).exclude(pk=team.pk).exists():
            raise ValidationError({"name": f"There is a team called “{name}” already."})
        before = locked(team).name
        team.name = name
        if before == name:
            return
        # Before the name, which is unique: to change it takes the team's key, which others ask for when they hold the
        # log.
        audit.record(audit.Entry("team.rename", by=by, on=team, team=team, data={"before": before, "after": name}))
        Team.objects.filter(pk=team.pk).update(name=name)


def set_retention(*, by: User | None, team: Team, keep_media_days: int | None, keep_records_days: int | None) -> None:
    """Say after how many days the pages of the team's faxes, and all that is known of them, are deleted; None is never.

    Raises ValidationError for less than a day, and for pages that would be kept longer than their record.
    """
    after = {"keep_media_days": keep_media_days, "keep_records_days": keep_records_days}
    with transaction.atomic():
        row = locked(team)
        before = {column: getattr(row, column) for column in after}
        for column, days in after.items():
            setattr(row, column, days)
        row.clean_fields(exclude=[field.name for field in Team._meta.concrete_fields if field.name not in after])
        row.clean()
        if after != before:
            row.save(update_fields=list(after))
            data = {"before": before, "after": after}
            audit.record(audit.Entry("team.set_retention", by=by, on=row, team=row, data=data))
    team.keep_media_days, team.keep_records_days = keep_media_days, keep_records_days


def set_policy(*, by: User | None, team: Team, **policy: Any) -> None:
    """Change columns of a team's policy; those that are not named stay.

    Raises ValidationError, keyed by column, for what a column does not take.
    """
    with transaction.atomic():
        row = locked(team)
        before = {column: getattr(row, column) for column in policy}
        for column, value in policy.items():
            setattr(row, column, value)
        row.clean_fields(exclude=[field.name for field in Team._meta.concrete_fields if field.name not in policy])
        changed = {column: value for column, value in policy.items() if value != before[column]}
        if changed:
            row.save(update_fields=list(changed))
            data = {"before": {column: before[column] for column in changed}, "after": changed}
            audit.record(audit.Entry("team.set_policy", by=by, on=row, team=row, data=data))
    for column, value in policy.items():
        setattr(team, column, value)


def set_member(
    *, by: User | None, team: Team, user: User, role: Role, source: Membership.Source = Membership.Source.HAND
) -> Membership:
    """Make the user a member of the team with this role, or change the role they have. Who manages it no more has
    invited nobody any more.

    Raises ValidationError for a role that single sign-on gives: the next log-in would undo the change.
    """
    with transaction.atomic():
        locked(team)
        before = Membership.objects.filter(team=team, user=user).first()
        if source == Membership.Source.HAND and before and before.comes_from_groups and before.role != role:
            raise ValidationError(
                {"role": f"The role of {user} comes from a group of {settings.OIDC_NAME}. Change it there."}
            )
        given = before.source if before and before.role == role else source
        defaults = {"role": role, "source": given}
        membership, _ = Membership.objects.update_or_create(team=team, user=user, defaults=defaults)
        data = {"user": str(user), "before": before.role if before else "", "after": role.value}
        if given == Membership.Source.GROUPS:
            data["by"] = settings.OIDC_NAME
        audit.record(audit.Entry("member.set", by=by, on=membership, team=team, data=data))
        end_invitations(by=by, invitations=_in_vain(user).filter(team=team))
    return membership


def remove_member(*, by: User | None, team: Team, user: User) -> None:
    """End a membership, with the person's next request, and what was a way back. Nothing they did is forgotten."""
    with transaction.atomic():
        locked(team)
        membership = Membership.objects.filter(team=team, user=user).first()
        if membership is None:
            return
        Membership.objects.filter(pk=membership.pk).delete()
        data = {"user": str(user), "before": membership.role}
        audit.record(audit.Entry("member.remove", by=by, on=membership, team=team, data=data))
        end_invitations(by=by, invitations=(_in_vain(user) | _offered_to(user)).filter(team=team))


def end_ways_in(*, by: User | None, user: User) -> None:
    """Take back what a person who administers no more has offered, and of a closed account also what it was offered."""
    offered = _in_vain(user)
    end_invitations(by=by, invitations=offered if user.is_active else offered | _offered_to(user))


def _in_vain(user: User) -> InvitationQuerySet:
    """What the person has invited to teams that they manage no more."""
    managed = [team for _, team in access.seats([user.pk], at_least=Role.MANAGER)]
    offered = Invitation.objects.filter(invited_by=user).exclude(team__in=managed)
    return offered.none() if access.is_admin(user) else offered


def _offered_to(user: User) -> InvitationQuerySet:
    """What has come to the person's addresses. What somebody has not proven may be another's."""
    further = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return Invitation.objects.filter(email__in={email.lower() for email in [user.email, *further]})


def end_invitations(*, by: User | None, invitations: InvitationQuerySet) -> list[Invitation]:
    """Take back those of the invitations that are open, and return them: their links open nothing any more."""
    with transaction.atomic():
        rows = invitations.still_open().select_related("team").order_by("pk")
        ended = [one for one in rows if _ends(one)]
        audit.record(*[_taken_back(by, one) for one in ended])
    return ended


def _ends(invitation: Invitation) -> bool:
    """Not where it was used meanwhile."""
    unused = Invitation.objects.still_open().filter(pk=invitation.pk)
    return unused.update(revoked_at=timezone.now()) == 1


def _taken_back(by: User | None, invitation: Invitation) -> audit.Entry:
    data = {"email": invitation.email, "role": invitation.role}
    return audit.Entry("member.revoke_invitation", by=by, on=invitation, team=invitation.team, data=data)


def change_role(*, by: User, membership: Membership, role: str) -> None:
    """Give a member of a team another role, as one of its managers. Raises ValidationError for a role that is none,
    and where nobody would manage the team any more."""
    access.require(by, membership.team, at_least=Role.MANAGER)
    if role not in Role.values:
        raise ValidationError({"role": "Choose a role."})
    with transaction.atomic():
        if role != Role.MANAGER:
            _keep_a_manager(by, membership)
        set_member(by=by, team=membership.team, user=membership.user, role=Role(role))


def dismiss(*, by: User, membership: Membership) -> None:
    """Take somebody off a team, as one of its managers. Raises ValidationError where nobody would manage it then."""
    access.require(by, membership.team, at_least=Role.MANAGER)
    with transaction.atomic():
        _keep_a_manager(by, membership)
        remove_member(by=by, team=membership.team, user=membership.user)


def _keep_a_manager(by: User, membership: Membership) -> None:
    """Administrators may leave a team without one, as they can give it another."""
    locked(membership.team)
    managers = list(access.people(membership.team, at_least=Role.MANAGER))
    if managers == [membership.user] and not access.is_admin(by):
        raise ValidationError(
            f"{membership.user} is the only manager of {membership.team}. Make somebody else one first."
        )
