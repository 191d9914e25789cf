"""Who is here: people, teams and roles; and what was done: the audit log."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, NoReturn, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.append_only import AppendOnlyError, AppendOnlyQuerySet


class Theme(models.TextChoices):
    SYSTEM = "", "As the system is"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class People(UserManager["User"]):
    # Migrations need nothing of it.
    use_in_migrations = False

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """In small letters: an address logs in, and mail servers that tell letters apart are none that we know of."""
        return super().normalize_email(email).lower()


class User(AbstractUser):
    """A person who logs in. Ours from the first migration on, because Django cannot swap it in later."""

    # The name of a zone, such as “America/Chicago”; empty is that of whichever browser one sits at.
    time_zone = models.CharField(max_length=64, blank=True)
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.SYSTEM, blank=True)
    keys_on = models.BooleanField("keyboard keys", default=True)

    objects: ClassVar[People] = People()

    class Meta(AbstractUser.Meta):
        # People type their name in large or small letters, and it has to be one of theirs.
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_name_once",
                violation_error_message="Somebody has this user name already, in these letters or in others.",
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.get_username()

    @property
    def initials(self) -> str:
        """Two letters for the round badge, such as “AN” for Ann Novak."""
        words = str(self).split() or ["?"]
        return "".join(word[0] for word in (words if len(words) == 1 else [words[0], words[-1]])).upper()


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    MEMBER = "member", "Member"
    MANAGER = "manager", "Manager"


class Team(models.Model):
    """The unit of privacy: a fax belongs to one team, and only its members see it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")
    # Policy: how many days after a fax its pages, and all that is known of it, are deleted. Empty is never.
    keep_media_days = models.PositiveIntegerField(
        "days to keep pages", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    keep_records_days = models.PositiveIntegerField(
        "days to keep records", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    # Policy: who may put faxes into the bin.
    deleting_role = models.CharField("who may delete", max_length=10, choices=Role.choices, default=Role.MEMBER)
    # Policy: do e-mails leave out numbers, names and all else that tells of a patient or client?
    phi_free_mail = models.BooleanField("e-mails without particulars", default=True)
    # Policy: the domains that received faxes may be e-mailed to, a line each; none where it is empty, * is any.
    mail_domains = models.TextField("domains to e-mail faxes to", blank=True)
    # What a new fax begins with: a quality in Telnyx's word, and a number of ours in E.164.
    default_quality = models.CharField(max_length=20, blank=True)
    default_number = models.CharField(max_length=64, blank=True)
    # Policy: do its members need a second factor to log in?
    mfa_required = models.BooleanField("second factor required", default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        media, records = self.keep_media_days, self.keep_records_days
        if media and records and media > records:
            raise ValidationError(
                {"keep_media_days": f"Pages go with their record after {records} days. Enter at most {records}."}
            )


class Membership(models.Model):
    class Source(models.TextChoices):
        HAND = "", "Given by hand"
        GROUPS = "groups", "From the groups of single sign-on"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)
    # Faxes we heard of until then count as read, so that nobody begins with the unread faxes of years.
    read_before = models.DateTimeField(default=timezone.now)
    # What groups gave, groups take away. What was given by hand stays, whatever groups say.
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.HAND, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "team"], name="membership_once_per_team")]

    def __str__(self) -> str:
        return f"{self.user}, {self.role} of {self.team}"

    @property
    def comes_from_groups(self) -> bool:
        """Does single sign-on keep this seat as it is? Once it is not used any more, people do."""
        return self.source == Membership.Source.GROUPS and bool(settings.OIDC_GROUPS)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def still_open(self) -> Self:
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """An e-mailed way onto a team, for one address, once, for some days. The secret in its link is kept as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="invitations")
    # In small letters.
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Role.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    # Its end, whichever it was: it was used, or taken back.
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "email"],
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_one_open_per_address",
            )
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.team}"


class LogHead(models.Model):
    """The end of one audit chain. Its row is locked while an entry is added, so that a chain never forks."""

    chain = models.CharField(primary_key=True, max_length=40)
    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.chain} at {self.sequence}"


class LogEntry(models.Model):
    """One thing that was done, chained to the entry before it. Never changed and never deleted.

    There are no foreign keys: ids and names are kept as text, so that no later change elsewhere needs to touch a row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chain = models.CharField(max_length=40)
    sequence = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    actor_id = models.CharField(max_length=40, blank=True)
    actor_name = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    object_name = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)
    # From where: empty for what the worker does.
    address = models.CharField(max_length=45, blank=True)
    agent = models.CharField("browser", max_length=200, blank=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = AppendOnlyQuerySet["LogEntry"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "sequence"], name="log_entry_place_in_chain")]
        indexes = [
            models.Index(fields=["object_id", "at"], name="log_entry_thing"),
            models.Index(fields=["chain", "at"], name="log_entry_chain_at"),
            models.Index(fields=["chain", "actor_id", "at"], name="log_entry_chain_actor"),
            models.Index(fields=["chain", "action", "at"], name="log_entry_chain_action"),
            models.Index(fields=["-at", "-id"], name="log_entry_at"),
        ]
        verbose_name_plural = "log entries"

    def __str__(self) -> str:
        return f"{self.action} {self.object_name}".strip()

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnlyError
