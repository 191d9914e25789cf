"""The ledger: every event Telnyx delivered, kept raw, processed later; and how often somebody else was refused."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Self
from uuid import UUID

from django.db import connections, models
from django.db.models import OuterRef, Subquery, Window
from django.utils import timezone

from accounts.access import AnyUser, is_admin, team_ids
from applications.mirror import storable
from faxes.models import Fax
from telnyx_api import Event, InvalidEvent, parse_event
from telnyx_api.reading import text


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def pending(self) -> Self:
        return self.filter(state=Delivery.State.PENDING)

    def visible_to(self, user: AnyUser) -> Self:
        """Those about faxes of the user's teams; for administrators all. Whose a fax is, only the fax itself says."""
        return self if is_admin(user) else self.of_teams(team_ids(user))

    def of_teams(self, teams: Sequence[UUID]) -> Self:
        """Each row asks whose its fax is: asked whether the teams have it, PostgreSQL would gather all their faxes."""
        faxes = Fax.objects.filter(telnyx_id=OuterRef("fax_telnyx_id")).order_by()
        return self.alias(whose=Subquery(faxes.values("team")[:1])).filter(whose__in=teams)

    def await_faxes(self, telnyx_ids: Collection[str]) -> set[str]:
        """Those of the faxes of which something waits here to be applied."""
        return set(self.pending().filter(fax_telnyx_id__in=telnyx_ids).values_list("fax_telnyx_id", flat=True))

    def record(self, body: bytes) -> None:
        """Keep the body of one verified delivery, for good once this returns. A repeat only counts.

        One statement without a transaction around it: the sender waits, and gives up after about two seconds.
        https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks
        """
        values = _columns(body, timezone.now())
        statement, fields = _insert(tuple(values))
        database = connections[self.db]
        prepared = [field.get_db_prep_save(values[field.name], database) for field in fields]
        with database.cursor() as cursor:
            cursor.execute(statement, prepared)

    def last_received_at(self) -> datetime | None:
        """When the last event came that had not come before; None where none ever did."""
        return self.order_by("-received_at", "-id").values_list("received_at", flat=True).first()


class Delivery(models.Model):
    """One event, however often it was delivered. The raw body is kept as it was signed."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        DONE = "done", "Applied"
        IGNORED = "ignored", "Nothing to do"
        FAILED = "failed", "Needs a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event_id = models.CharField(max_length=255, unique=True)
    event_type = models.CharField(max_length=255, blank=True)
    fax_telnyx_id = models.CharField(max_length=255, blank=True, db_index=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    # Telnyx's count of the last delivery of this event; `repeats` is ours of those after the first.
    attempt = models.IntegerField(null=True, blank=True)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    repeats = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField(null=True, blank=True)
    owner = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)
    processed_at = models.DateTimeField(null=True, blank=True)
    fax = models.ForeignKey("faxes.Fax", models.SET_NULL, null=True, blank=True, related_name="deliveries")
    outcome = models.TextField(blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        ordering = ["-received_at", "-id"]
        indexes = [
            models.Index(fields=["-received_at", "-id"], name="delivery_list"),
            models.Index(fields=["due_at"], name="delivery_due", condition=models.Q(state="pending")),
            # Of those that need a person. They are few, so that it costs nothing at the door.
            models.Index(fields=["received_at"], name="delivery_failed", condition=models.Q(state="failed")),
        ]

    def __str__(self) -> str:
        return f"{self.event_type or 'event'} {self.event_id}"

    @property
    def about(self) -> Fax | None:
        """The fax it tells of, also where it has not been applied to it."""
        faxes = Fax.objects.select_related("team", "correspondent")
        return faxes.filter(telnyx_id=self.fax_telnyx_id).first() if self.fax_telnyx_id else None


@dataclass(frozen=True)
class Refused:
    """How often the door refused somebody, and the last of those times. The address is empty where it is not known."""

    count: int
    last_at: datetime
    last_address: str
    last_reason: str

    def __add__(self, other: Refused) -> Refused:
        last = max(self, other, key=lambda refused: refused.last_at)
        return replace(last, count=self.count + other.count)


class RefusalQuerySet(models.QuerySet["Refusal"]):
    def summary(self) -> Refused | None:
        """All that is on record, which is a month; None where nobody was refused."""
        last = self.annotate(total=Window(models.Sum("count"))).order_by("-last_at").first()
        return Refused(vars(last)["total"], last.last_at, last.last_address, last.reason) if last else None

    def add(self, counts: Sequence[Refused]) -> None:
        """Add to the row of each reason and day, in one statement. It locks them in one order, so that two processes
        never wait for each other."""
        if not counts:
            return
        rows = sorted((one.last_at.date(), one.last_reason, one.count, one.last_at, one.last_address) for one in counts)
        names = ["day", "reason", "count", "last_at", "last_address"]
        columns = {field.name: field for field in Refusal._meta.concrete_fields}
        database = connections[self.db]
        values = [
            columns[name].get_db_prep_save(value, database)
            for row in rows
            for name, value in zip(names, row, strict=True)
        ]
        with database.cursor() as cursor:
            cursor.execute(_add_up(names, len(rows)), values)


class Refusal(models.Model):
    """How often the door refused somebody for one reason on one day (UTC). Nothing of what was sent is kept."""

    day = models.DateField()
    reason = models.CharField(max_length=100)
    count = models.PositiveBigIntegerField()
    last_at = models.DateTimeField()
    last_address = models.CharField(max_length=64, blank=True)

    objects = RefusalQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at"]
        constraints = [models.UniqueConstraint(fields=["day", "reason"], name="refusal_once_per_day_and_reason")]

    def __str__(self) -> str:
        return f"{self.count} on {self.day:%Y-%m-%d}: {self.reason}"


def _columns(body: bytes, now: datetime) -> dict[str, Any]:
    """Everything a new row says, by column."""
    columns = {
        "id": uuid.uuid4(),
        "event_id": "",
        "event_type": "",
        "fax_telnyx_id": "",
        "occurred_at": None,
        "attempt": None,
        "body": body,
        "received_at": now,
        "repeats": 0,
        "state": Delivery.State.PENDING,
        "due_at": now,
        "tries": 0,
        "processed_at": None,
        "outcome": "",
    }
    try:
        columns |= _said(parse_event(body))
    except InvalidEvent as error:
        outcome = f"{error} It is kept as it came."
        columns |= {"state": Delivery.State.FAILED, "due_at": None, "processed_at": now, "outcome": outcome}
    # Telnyx repeats an event under its own id; without one, only the same bytes are known to be the same event.
    columns["event_id"] = columns["event_id"] or hashlib.sha256(body).hexdigest()
    return columns


def _said(event: Event) -> dict[str, Any]:
    return {
        "event_id": _key(event.id or ""),
        "event_type": storable(event.event_type or "")[:255],
        "fax_telnyx_id": storable(text(event.payload, "fax_id") or "")[:255],
        "occurred_at": event.occurred_at,
        "attempt": event.attempt,
    }


def _key(event_id: str) -> str:
    """The id as it is where the column can hold it, else its SHA-256: cut short, two of them could become one."""
    if len(event_id) <= 255 and event_id == storable(event_id):
        return event_id
    return hashlib.sha256(event_id.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _insert(names: tuple[str, ...]) -> tuple[str, list[models.Field[Any, Any]]]:
    """The statement for these columns, the same on SQLite and PostgreSQL, and how to prepare a value for each."""
    table = Delivery._meta.db_table
    places = ", ".join(["%s"] * len(names))
    statement = (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({places}) ON CONFLICT (event_id) DO UPDATE"
        f" SET repeats = {table}.repeats + 1, attempt = COALESCE(excluded.attempt, {table}.attempt)"
    )
    fields = {field.name: field for field in Delivery._meta.concrete_fields}
    return statement, [fields[name] for name in names]


def _add_up(names: Sequence[str], rows: int) -> str:
    """The statement that adds so many rows to what is there, the same on SQLite and PostgreSQL."""
    table = Refusal._meta.db_table
    places = ", ".join([f"({', '.join(['%s'] * len(names))})"] * rows)
    # Processes write a second late, and in any order.
    is_later = f"excluded.last_at > {table}.last_at"
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES {places} ON CONFLICT (day, reason) DO UPDATE"
        f" SET count = {table}.count + excluded.count,"
        f" last_address = CASE WHEN {is_later} THEN excluded.last_address ELSE {table}.last_address END,"
        f" last_at = CASE WHEN {is_later} THEN excluded.last_at ELSE {table}.last_at END"
    )
