"""What people ask for about teams and members."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from accounts import audit
from accounts.models import Membership, Role, Team, User


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
        before = Team.objects.select_for_update().get(pk=team.pk).name
        Team.objects.filter(pk=team.pk).update(name=name)
        team.name = name
        audit.record(audit.Entry("team.rename", by=by, on=team, team=team, data={"before": before, "after": name}))


def set_retention(*, by: User | None, team: Team, keep_media_days: int | None, keep_records_days: int | None) -> None:
    """Say after how many days the pages of the team's faxes, and all that is known of them, are deleted; None is never.

    Raises ValidationError for less than a day, and for pages that would be kept longer than their record.
    """
    after = {"keep_media_days": keep_media_days, "keep_records_days": keep_records_days}
    with transaction.atomic():
        row = Team.objects.select_for_update().get(pk=team.pk)
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


def set_member(*, by: User | None, team: Team, user: User, role: Role) -> Membership:
    """Make the user a member of the team with this role, or change the role they have."""
    with transaction.atomic():
        before = Membership.objects.filter(team=team, user=user).first()
        membership, _ = Membership.objects.update_or_create(team=team, user=user, defaults={"role": role})
        data = {"user": str(user), "before": before.role if before else "", "after": role.value}
        audit.record(audit.Entry("member.set", by=by, on=membership, team=team, data=data))
    return membership


def remove_member(*, by: User | None, team: Team, user: User) -> None:
    """End a membership, with the person's next request. Nothing they did is forgotten."""
    with transaction.atomic():
        membership = Membership.objects.select_for_update().filter(team=team, user=user).first()
        if membership is None:
            return
        Membership.objects.filter(pk=membership.pk).delete()
        data = {"user": str(user), "before": membership.role}
        audit.record(audit.Entry("member.remove", by=by, on=membership, team=team, data=data))
