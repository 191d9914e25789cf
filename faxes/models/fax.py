"""The fax itself.

Columns of `Fax` are *theirs* (written by `faxes.mirror` only), *ours* (never written by it) or *identity* (written
once, by whoever creates the row). Every piece of pending work is a row with a state, a `due_at` and a lease; the queue
only wakes the steps that look for it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cache
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.db.models.base import ModelState
from django.db.models.functions import Lower
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from accounts.access import AnyUser, scope
from accounts.models import Team
from applications.models import Mirrored
from contacts.models import Correspondent
from faxes.models.documents import Batch, Document
from faxes.states import ENDED_OUTBOX, FINAL, Direction, Media, Outbox, is_final


class Tag(models.Model):
    """A word that a team sorts its faxes by."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("team", Lower("name"), name="tag_once_per_team")]

    def __str__(self) -> str:
        return self.name


class Plain(models.Value):
    """A word of ours in the statement's own text. SQLite sees by it that a partial index has all that is asked for."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[str | int, ...]]:
        return "'{}'".format(str(self.value).replace("'", "''")), ()


def under_way(word: Callable[[str], Any] = str) -> Q:
    """Faxes whose call is not over, nor called off: the condition of an index, and what leads to it."""
    ended = Q(status__in=[word(status) for status in sorted(FINAL)]) | Q(outbox__in=[word(end) for end in ENDED_OUTBOX])
    return Q(~ended, gone_at=None)


class FaxQuerySet(models.QuerySet["Fax"]):
    def visible_to(self, user: AnyUser) -> Self:
        """The faxes of the user's teams. Unrouted ones are for administrators alone."""
        return self.filter(**scope(user))

    def sent(self) -> Self:
        return self.filter(direction=Direction.OUTBOUND)

    def received(self) -> Self:
        return self.filter(direction=Direction.INBOUND)

    def kept(self) -> Self:
        """All but those in the bin."""
        return self.filter(trashed_at=None)

    def under_way(self) -> Self:
        """Those whose call is not over, nor called off."""
        return self.filter(under_way(Plain))

    def unsettled(self) -> Self:
        """Outbound faxes that Telnyx may hold without our knowing its id for them."""
        return self.filter(outbox__in=[Outbox.SUBMITTING, Outbox.UNCERTAIN])


class Fax(Mirrored):
    """One fax: one row per Telnyx fax, and the row exists before Telnyx knows of it when it is sent from here.

    The carrier's object: https://developers.telnyx.com/api/programmable-fax/view-fax.
    """

    class Cancel(models.TextChoices):
        REQUESTED = "requested", "Asked for"
        ACCEPTED = "accepted", "Accepted by Telnyx"
        REFUSED = "refused", "Came too late"

    # Identity.
    direction = models.CharField(max_length=10, choices=Direction.choices)
    from_number = models.CharField("from", max_length=64)
    to_number = models.CharField("to", max_length=64)
    # Theirs.
    connection_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=64, blank=True)
    failure_reason = models.CharField(max_length=255, blank=True)
    client_state = models.TextField(blank=True)
    media_name = models.CharField(max_length=255, blank=True)
    media_url = models.TextField(blank=True)
    page_count = models.IntegerField(null=True, blank=True)
    call_duration_secs = models.IntegerField(null=True, blank=True)
    # Theirs, else ours: the time Telnyx made the fax, or until it says so, the time we did.
    created_at = models.DateTimeField(default=timezone.now)
    # Ours: whose it is.
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="faxes", db_index=False)
    correspondent = models.ForeignKey(
        Correspondent, models.SET_NULL, null=True, blank=True, related_name="faxes", db_index=False
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="faxes", db_index=False)
    retry_of = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="retries", db_index=False)
    attempt = models.PositiveIntegerField(default=1)
    document = models.ForeignKey(Document, models.PROTECT, null=True, blank=True, related_name="faxes", db_index=False)
    # Ours: the way out. `options` holds Telnyx's parameters of POST /faxes as the sender chose them.
    outbox = models.CharField(max_length=10, choices=Outbox.choices, blank=True)
    options = models.JSONField(default=dict, blank=True)
    problem = models.JSONField(default=dict, blank=True)
    line_held = models.BooleanField(default=False)
    cancel = models.CharField(max_length=10, choices=Cancel.choices, blank=True)
    # Ours: the way in.
    media = models.CharField(max_length=10, choices=Media.choices, blank=True)
    # When we first heard of it: “unread” goes by this, because a fax may be found days after it was made.
    heard_at = models.DateTimeField(default=timezone.now)
    link_dies_at = models.DateTimeField(null=True, blank=True)
    # The file as it came, where `document` is a PDF made of it.
    original = models.ForeignKey(Document, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    # Ours: what people do with it. `rotation` has the degrees, clockwise, by the number of the page.
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    handled_at = models.DateTimeField(null=True, blank=True)
    trashed_at = models.DateTimeField(null=True, blank=True)
    legal_hold = models.BooleanField(default=False)
    rotation = models.JSONField(default=dict, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="faxes")
    # Ours: the work that is due on this row, and who is at it.
    due_at = models.DateTimeField(null=True, blank=True)
    owner = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    # When to ask Telnyx about this fax by its id, because no event has told its end.
    poll_at = models.DateTimeField(null=True, blank=True)

    objects = FaxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "faxes"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["to_number"], condition=Q(line_held=True), name="fax_one_call_per_number"),
            models.CheckConstraint(
                condition=~Q(outbox__in=["ready", "submitting", "accepted", "uncertain"]) | Q(document__isnull=False),
                name="fax_ready_only_with_document",
            ),
        ]
        indexes = [
            models.Index(
                fields=["team", "direction", "-created_at", "-id"], name="fax_list", condition=Q(trashed_at=None)
            ),
            models.Index(
                fields=["team", "direction", "-created_at", "-id"],
                name="fax_open",
                condition=Q(handled_at=None, trashed_at=None),
            ),
            models.Index(fields=["team", "direction", "heard_at"], name="fax_heard", condition=Q(trashed_at=None)),
            models.Index(fields=["team", "direction", "status", "-created_at", "-id"], name="fax_status"),
            models.Index(fields=["direction", "to_number", "-created_at", "-id"], name="fax_number"),
            models.Index(
                fields=["direction", "from_number", "-created_at", "-id"],
                name="fax_sender",
                condition=Q(direction="outbound"),
            ),
            models.Index(fields=["correspondent", "-created_at", "-id"], name="fax_correspondent"),
            models.Index(
                fields=["assigned_to", "-created_at", "-id"],
                name="fax_assignee",
                condition=Q(assigned_to__isnull=False),
            ),
            models.Index(
                fields=["assigned_to", "direction", "-created_at", "-id"],
                name="fax_mine",
                condition=Q(assigned_to__isnull=False, handled_at=None, trashed_at=None),
            ),
            models.Index(fields=["team", "-trashed_at"], name="fax_bin", condition=Q(trashed_at__isnull=False)),
            models.Index(fields=["-created_at", "-id"], name="fax_all"),
            models.Index(fields=["team", "-created_at", "-id"], name="fax_under_way", condition=under_way()),
            # Of all rows: SQLite does not see that `outbox = 'ready'` implies `outbox <> ''`, and would read the table.
            models.Index(fields=["outbox", "due_at"], name="fax_outbox_due"),
            models.Index(fields=["media", "due_at"], name="fax_media_due"),
            models.Index(fields=["poll_at"], name="fax_poll_due", condition=Q(poll_at__isnull=False)),
            # What most faxes do not have, those that a sync finds above all: each index of all rows would cost each of
            # them as much as a column, or more. Of the team's faxes there are several that begin with the team.
            *(
                models.Index(fields=[name], name=f"fax_{name}", condition=Q(**{f"{name}__isnull": False}))
                for name in ("created_by", "batch", "retry_of", "document", "original")
            ),
        ]

    def __str__(self) -> str:
        return f"Fax to {self.to_number}" if self.is_outbound else f"Fax from {self.from_number}"

    @property
    def is_outbound(self) -> bool:
        return self.direction == Direction.OUTBOUND

    @property
    def other_number(self) -> str:
        """The far end: whom we sent to, or who sent to us."""
        return self.to_number if self.is_outbound else self.from_number

    @property
    def our_number(self) -> str:
        return self.from_number if self.is_outbound else self.to_number

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to this fax by itself."""
        if self.outbox in ENDED_OUTBOX:
            return True
        return (is_final(self.status) or self.gone_at is not None) and self.media != Media.WAITING

    @property
    def is_to_go_at_telnyx(self) -> bool:
        """Its pages are safe here, and the worker is about to delete it there."""
        return self.media == Media.ARCHIVED and self.due_at is not None

    @property
    def got_nowhere(self) -> bool:
        """It was sent and did not get through: it failed, but not because we stopped it, or it was refused."""
        failed = self.status == "failed" and self.cancel != Fax.Cancel.ACCEPTED
        return self.is_outbound and (failed or self.outbox == Outbox.REJECTED)


def blank(**columns: Any) -> Fax:
    """A new fax as `Fax(**columns)` makes it, in a tenth of the time: for those that come by the thousand."""
    same, made = _defaults()
    fax = Fax.__new__(Fax)
    anew = {name: make() for name, make in made if name not in columns}
    vars(fax).update({**same, **anew, **columns, "_state": ModelState()})
    return fax


@cache
def _defaults() -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    """The columns whose default is the same for all faxes, and what makes that of the others anew for each."""
    fields = Fax._meta.concrete_fields
    made = {field.attname: field.default for field in fields if field.has_default() and callable(field.default)}
    same = {field.attname: field.get_default() for field in fields if field.attname not in made}
    return same, [*made.items()]
