"""The mirror of Telnyx's fax applications and phone numbers, and which team each one feeds.

Columns are *theirs* (written by `applications.mirror` only) or *ours* (written by `applications.services`; what is
learned of a line, by `faxes.quiet`).
"""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.access import AnyUser, is_admin, scope, team_ids
from accounts.models import Role, Team, User


class Mirrored(models.Model):
    """What every row that mirrors something of Telnyx has."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    telnyx_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    raw = models.JSONField("last payload", default=dict, blank=True)
    remote_at = models.DateTimeField("reported at", null=True, blank=True)
    gone_at = models.DateTimeField("gone at Telnyx since", null=True, blank=True)

    class Meta:
        abstract = True


class FaxApplicationQuerySet(models.QuerySet["FaxApplication"]):
    def visible_to(self, user: AnyUser, *, at_least: Role = Role.VIEWER) -> Self:
        """The applications of the user's teams. What belongs to no team is for administrators alone."""
        return self.filter(**scope(user, at_least=at_least))

    def to_be_checked(self) -> None:
        """What their last self-check found may hold no more: whoever looks at them next has them checked anew."""
        self.update(checked_at=None)


class FaxApplication(Mirrored):
    """A Telnyx fax application: https://developers.telnyx.com/api/programmable-fax/get-fax-application."""

    # Theirs.
    application_name = models.CharField(max_length=255, blank=True)
    active = models.BooleanField(null=True)
    anchorsite_override = models.CharField(max_length=64, blank=True)
    webhook_event_url = models.TextField(blank=True)
    webhook_event_failover_url = models.TextField(blank=True)
    webhook_timeout_secs = models.IntegerField(null=True, blank=True)
    inbound_channel_limit = models.IntegerField(null=True, blank=True)
    inbound_sip_subdomain = models.CharField(max_length=255, blank=True)
    inbound_sip_subdomain_receive_settings = models.CharField(max_length=64, blank=True)
    outbound_channel_limit = models.IntegerField(null=True, blank=True)
    outbound_voice_profile_id = models.CharField(max_length=255, blank=True)
    tags = models.JSONField(default=list, blank=True)
    # Ours.
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="applications")
    delete_once_archived = models.BooleanField(
        "delete at Telnyx", default=False, help_text="Delete received faxes at Telnyx once their pages are safe here."
    )
    # What Telnyx takes and never shows again.
    fax_email_recipient = models.CharField(max_length=255, blank=True)
    # What we last wrote to Telnyx, by column: where the mirror says otherwise, somebody changed it there.
    written = models.JSONField(default=dict, blank=True)
    # What the last self-check found, a line each, and when that was; None where something has been changed since.
    findings = models.JSONField(default=list, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    # Somebody is writing to Telnyx until then at the latest, and nobody else does meanwhile.
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = FaxApplicationQuerySet.as_manager()

    class Meta:
        ordering = ["application_name", "id"]

    def __str__(self) -> str:
        return self.application_name or str(self.telnyx_id)

    def get_absolute_url(self) -> str:
        return reverse("applications:detail", args=[self.pk])


class PendingApplicationQuerySet(models.QuerySet["PendingApplication"]):
    def visible_to(self, user: AnyUser, *, at_least: Role = Role.VIEWER) -> Self:
        """Those of the user's teams. One without a team is for administrators alone."""
        return self.filter(**scope(user, at_least=at_least))

    def open(self) -> Self:
        """Those of which nobody knows yet whether Telnyx made them."""
        return self.filter(state__in=[PendingApplication.State.ASKING, PendingApplication.State.UNSETTLED])


class PendingApplication(models.Model):
    """Somebody's wish for a new application, kept before Telnyx is asked: an answer may get lost, the wish must not.

    Its id is the form's one-use token, so that a form sent twice makes one application.
    """

    class State(models.TextChoices):
        ASKING = "asking", "Asking Telnyx"
        UNSETTLED = "unsettled", "No clear answer"
        MADE = "made", "Made"
        REFUSED = "refused", "Refused"
        NOT_MADE = "not_made", "Not made"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKING)
    # What is asked for: values by column of FaxApplication, ours among them.
    fields = models.JSONField(default=dict)
    # Of name and webhook URL, by which it would be found again.
    likeness = models.CharField(max_length=64)
    # The ids that Telnyx listed before it was asked.
    known = models.JSONField(default=list)
    # When the call must have ended, answered or not.
    ends_at = models.DateTimeField()
    # Telnyx's id of what it became.
    telnyx_id = models.CharField(max_length=255, blank=True)
    # Why it is not settled, and what was found at Telnyx that may be it; for a person to read.
    evidence = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)

    objects = PendingApplicationQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["likeness"],
                condition=models.Q(state__in=["asking", "unsettled"]),
                name="pending_application_once",
            )
        ]
        indexes = [models.Index(fields=["-started_at", "-id"], name="pending_application_list")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("applications:pending", args=[self.pk])

    @property
    def name(self) -> str:
        return str(self.fields.get("application_name", ""))

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.ASKING, self.State.UNSETTLED)


class PhoneNumberQuerySet(models.QuerySet["PhoneNumber"]):
    def visible_to(self, user: AnyUser, *, at_least: Role = Role.VIEWER) -> Self:
        """Numbers of the user's teams; a number without a team belongs to the team of its application."""
        if is_admin(user):
            return self
        teams = team_ids(user, at_least=at_least)
        theirs = FaxApplication.objects.filter(team__in=teams, telnyx_id__isnull=False)
        inherited = models.Q(team=None, connection_id__in=theirs.values("telnyx_id"))
        return self.filter(models.Q(team__in=teams) | inherited)

    def attached_to(self, application: FaxApplication) -> Self:
        """The numbers that feed an application, whosever they are."""
        if not application.telnyx_id:
            return self.none()
        return self.filter(gone_at=None, connection_id=application.telnyx_id)

    def sendable(self) -> Self:
        """Numbers a fax can be sent from: attached to a living application, and belonging to a team."""
        living = FaxApplication.objects.filter(gone_at=None, telnyx_id__isnull=False).exclude(active=False)
        attached = self.filter(gone_at=None, connection_id__in=living.values("telnyx_id"))
        inherits = models.Q(connection_id__in=living.filter(team__isnull=False).values("telnyx_id"))
        return attached.filter(models.Q(team__isnull=False) | inherits)


class PhoneNumber(Mirrored):
    """A Telnyx phone number: https://developers.telnyx.com/api/numbers/list-phone-numbers."""

    # Theirs.
    phone_number = models.CharField(max_length=64, db_index=True)
    connection_id = models.CharField(max_length=255, blank=True, db_index=True)
    status = models.CharField(max_length=64, blank=True)
    # Ours.
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="numbers")
    label = models.CharField(max_length=100, blank=True)
    default_assignee = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    notify = models.ManyToManyField(
        User, blank=True, related_name="+", help_text="Who is told of faxes to this number."
    )
    # How many faxes usually come in each hour of the week, from Monday 0:00 UTC; empty where that is not known.
    usual = models.JSONField(default=list, blank=True)
    learned_at = models.DateTimeField(null=True, blank=True)
    # Since when it is silent though faxes were to be expected; and until when a person knows about that.
    quiet_since = models.DateTimeField(null=True, blank=True)
    quiet_dismissed_at = models.DateTimeField(null=True, blank=True)
    # What we last wrote to Telnyx, by column.
    written = models.JSONField(default=dict, blank=True)

    objects = PhoneNumberQuerySet.as_manager()

    class Meta:
        ordering = ["phone_number", "id"]

    def __str__(self) -> str:
        return self.phone_number

    def get_absolute_url(self) -> str:
        return reverse("applications:number", args=[self.pk])

    @property
    def application(self) -> FaxApplication | None:
        """The mirrored application the number is attached to, if we know it already."""
        if not self.connection_id:
            return None
        return FaxApplication.objects.select_related("team").filter(telnyx_id=self.connection_id).first()

    @property
    def owner(self) -> Team | None:
        """The team that sends and receives on this number: its own, else its application's, else nobody's."""
        if self.team:
            return self.team
        application = self.application
        return application.team if application else None
