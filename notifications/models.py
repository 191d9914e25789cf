"""What the portal tells people outside of its pages: e-mails, each a row before it is sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.models import Team


class Mail(models.Model):
    """One e-mail to one address. Its key says what it is about, so that nobody is told twice of the same thing."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        # It broke off at the moment of handing it over: it may have left, so it is not sent again.
        UNSURE = "unsure", "Perhaps sent"
        FAILED = "failed", "Not sent"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=200, unique=True)
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    # Gone once it is sent, as it may hold a link that opens something. What was not sent keeps its text only where it
    # tells of a fax, so that it can be sent again; for a link one asks anew.
    text = models.TextField(blank=True)
    # Does the text say who and which number?
    with_particulars = models.BooleanField(default=False)
    # The fax it tells of, and whether the pages travel along. What is deleted for good leaves nothing here.
    fax = models.ForeignKey("faxes.Fax", models.CASCADE, null=True, blank=True, related_name="+")
    with_pages = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    owner = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="mail_list"),
            models.Index(fields=["state", "due_at"], name="mail_due"),
            models.Index(fields=["to"], name="mail_to"),
        ]
        verbose_name_plural = "mails"

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"

    @property
    def kind(self) -> str:
        """What it is about in a word, by which its key begins: a topic, such as “received”, or “invitation”."""
        return self.key.partition(":")[0]


class Wish(models.Model):
    """What somebody, or a mailbox of the team, wants to be told of a team's faxes by e-mail.

    A person without a row has the defaults. A mailbox has an address in the place of a person.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="wishes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="wishes")
    address = models.EmailField(max_length=254, blank=True)
    received = models.BooleanField("faxes that come in", default=False)
    delivered = models.BooleanField("faxes that arrived", default=False)
    failed = models.BooleanField("faxes that failed", default=True)
    assigned = models.BooleanField("faxes given to me", default=True)

    class Meta:
        ordering = ["address", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "user"], condition=models.Q(user__isnull=False), name="wish_once_per_person"
            ),
            models.UniqueConstraint(
                fields=["team", "address"], condition=~models.Q(address=""), name="wish_once_per_box"
            ),
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) ^ ~models.Q(address=""), name="wish_of_a_person_or_a_box"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.address}, {self.team}"


class Told(models.Model):
    """Who has been told of what, so that they are not told again. Kept for as long as timelines are read back."""

    key = models.CharField(primary_key=True, max_length=200)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.key


class Cursor(models.Model):
    """How far the timelines have been read. Its row is locked by whoever reads them."""

    name = models.CharField(primary_key=True, max_length=40)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"
