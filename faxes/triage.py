"""What a team does with its faxes: whose they are, what is settled, words and tags, the bin, the legal hold.

Each function takes many faxes as it takes one: all or none of them, under locks, checked anew. What is asked for twice
is done once: two people who press the same key are no error and no second line. What comes back are the faxes that
really changed. All raise PermissionDenied for whom the role does not reach, and ValidationError with a sentence that
names the fax and the remedy.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Value
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import access, audit
from accounts.models import Role, Team, User
from contacts.numbers import format_number
from documents import DocumentError, inspect, turn_pages
from faxes import reading, typed
from faxes.drafts import open_batch
from faxes.files import discard, local_path, store
from faxes.models import Batch, Document, Fax, FaxEvent, Note, Tag

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 500
LONGEST_NOTE = 4000
LONGEST_TAG = 40
MOST_TAGS = 20
# The same words of the same person on the same fax within this time are one note whose form was sent twice.
SAME_NOTE = timedelta(minutes=1)
TAGGED = Fax.tags.through


def assignees(team: Team) -> list[User]:
    """To whom the team's faxes can be given, by name: those who may do something with them."""
    return sorted(access.people(team, at_least=Role.MEMBER), key=lambda user: str(user).casefold())


def tags_of(teams: Iterable[Team]) -> list[Tag]:
    """The tags that are on any fax of the teams. Others stay for a while, and are shown to nobody."""
    return list(Tag.objects.filter(Exists(TAGGED.objects.filter(tag=OuterRef("pk"))), team__in=list(teams)))


def assign(*, by: User, faxes: Iterable[Fax], to: User | None) -> list[Fax]:
    """Give the faxes to a person, who must be on the team of each; or, with None, back to all."""
    with transaction.atomic():
        rows = _locked(by, faxes)
        if to is not None:
            _check_assignee(to, _teams(rows))
        to_id = to.pk if to else None
        changed = [fax for fax in rows if fax.assigned_to_id != to_id]
        before = _assigned(changed)
        _change(changed, assigned_to_id=to_id)
        _tell(by, changed, "assigned", "fax.assign", before, to=str(to or ""), to_id=to_id, own=to == by)
    return changed


def handle(*, by: User, faxes: Iterable[Fax]) -> list[Fax]:
    """Mark the faxes as handled. Whoever has done that has read them, too."""
    with transaction.atomic():
        rows = _locked(by, faxes)
        changed = [fax for fax in rows if fax.handled_at is None]
        _change(changed, handled_at=timezone.now())
        _tell(by, changed, "handled", "fax.handle")
    reading.mark_read(by, rows)
    return changed


def reopen(*, by: User, faxes: Iterable[Fax]) -> list[Fax]:
    """Put handled faxes back among the open ones."""
    with transaction.atomic():
        changed = [fax for fax in _locked(by, faxes) if fax.handled_at is not None]
        _change(changed, handled_at=None)
        _tell(by, changed, "reopened", "fax.reopen")
    return changed


def note(*, by: User, fax: Fax, text: str) -> Note:
    """Write on a fax, for the team to read. A form that was sent twice gives the one note."""
    text = typed.lines(text)
    if not text:
        raise ValidationError("Write something in the note first.")
    if len(text) > LONGEST_NOTE:
        raise ValidationError(
            f"A note has at most {LONGEST_NOTE:,} characters, and this one {len(text):,}. Shorten it."
        )
    with transaction.atomic():
        rows = _locked(by, [fax])
        same = Note.objects.filter(fax=fax, by=by, text=text, at__gte=timezone.now() - SAME_NOTE).first()
        if same is not None:
            return same
        written = Note.objects.create(fax=rows[0], by=by, text=text)
        # Not its words: what is deleted with the fax must not live on in the audit log.
        _tell(by, rows, "noted", "fax.note", note=str(written.pk))
    return written


def tag(*, by: User, faxes: Iterable[Fax], name: str) -> list[Fax]:
    """Put a tag of that name on the faxes. Of names that differ in capitals only, a team keeps the first."""
    name = _tag_name(name)
    with transaction.atomic():
        rows = _locked(by, faxes)
        tags = _tags_made(_teams(rows), name)
        tagged = set(TAGGED.objects.filter(fax__in=rows, tag__in=tags.values()).values_list("fax", flat=True))
        changed = [fax for fax in rows if fax.pk not in tagged]
        _check_room(changed)
        TAGGED.objects.bulk_create([TAGGED(fax=fax, tag=tags[fax.team_id]) for fax in changed])
        _tell(by, changed, "tagged", "fax.tag", tag=name)
    return changed


def untag(*, by: User, faxes: Iterable[Fax], name: str) -> list[Fax]:
    """Take the tag of that name off the faxes."""
    name = _tag_name(name)
    with transaction.atomic():
        rows = _locked(by, faxes)
        links = TAGGED.objects.filter(fax__in=rows, tag__in=_tags(_teams(rows), name).values())
        tagged = set(links.values_list("fax", flat=True))
        changed = [fax for fax in rows if fax.pk in tagged]
        links.delete()
        _tell(by, changed, "untagged", "fax.untag", tag=name)
    return changed


def rotate(*, by: User, fax: Fax, page: int, degrees: int) -> list[Fax]:
    """Show a page turned clockwise by so many degrees from how it came, for everybody, from now on. 0 is as it came."""
    if degrees % 90:
        raise ValidationError("A page is turned by quarters: 90, 180 or 270 degrees.")
    with transaction.atomic():
        rows = _locked(by, [fax])
        document = _pages_of(rows[0])
        if not 1 <= page <= document.pages:
            raise ValidationError(f"This fax has no page {page}. Its pages are 1 to {document.pages}.")
        before = rows[0].rotation
        rotation = {key: value for key, value in before.items() if key != str(page)}
        if degrees % 360:
            rotation[str(page)] = degrees % 360
        changed = rows if rotation != before else []
        _change(changed, rotation=rotation)
        was = {fax.pk: before.get(str(page), 0) for fax in changed}
        _tell(by, changed, "rotated", "fax.rotate", was, page=page, degrees=degrees % 360)
    return changed


def trash(*, by: User, faxes: Iterable[Fax]) -> list[Fax]:
    """Put the faxes into the bin, from which they come back until it is emptied.

    Not while they are on their way out, nor under legal hold. Pages that are still being fetched are fetched there.
    """
    with transaction.atomic():
        changed = [fax for fax in _locked(by, faxes, in_bin=True) if fax.trashed_at is None]
        for team in {fax.team for fax in changed}:
            if not access.may_delete(by, team):
                raise ValidationError(f"In {team}, managers alone put faxes into the bin.")
        for fax in changed:
            if fax.legal_hold:
                raise ValidationError(f"{fax} is under legal hold. A manager of the team can release it.")
            if fax.is_outbound and not fax.is_over:
                raise ValidationError(f"{fax} is still on its way. Cancel it, or wait for its end.")
        _change(changed, trashed_at=timezone.now())
        _tell(by, changed, "trashed", "fax.trash")
    return changed


def restore(*, by: User, faxes: Iterable[Fax]) -> list[Fax]:
    """Take the faxes out of the bin again, as they were."""
    with transaction.atomic():
        changed = [fax for fax in _locked(by, faxes, in_bin=True) if fax.trashed_at is not None]
        _change(changed, trashed_at=None)
        _tell(by, changed, "restored", "fax.restore")
    return changed


def hold(*, by: User, faxes: Iterable[Fax]) -> list[Fax]:
    """Keep the faxes whatever the team's policy says, those in the bin too. For managers."""
    return _set_hold(by, faxes, True, "held", "fax.hold")


def release(*, by: User, faxes: Iterable[Fax]) -> list[Fax]:
    """End a legal hold. For managers."""
    return _set_hold(by, faxes, False, "released", "fax.release")


def forward(*, by: User, fax: Fax) -> Batch:
    """A new sheet with the fax's pages, turned as they are shown here. The copy is a file of its own, and outlives it.

    Raises ValidationError where the pages are not here or cannot be faxed.
    """
    with transaction.atomic():
        (fax,) = _locked(by, [fax])
        document = _pages_of(fax)
    copy = _turned_copy(fax, document)
    try:
        with transaction.atomic():
            rows = _locked(by, [fax])
            # Only now does the file belong to a sheet: there is no sheet with half of its pages.
            batch = open_batch(by=by, batch_id=uuid4())
            Document.objects.filter(pk=copy.pk).update(batch=batch, position=1)
            _tell(by, rows, "forwarded", "fax.forward", batch=str(batch.pk))
    except (ValidationError, PermissionDenied):
        discard(copy)
        raise
    return batch


def _turned_copy(fax: Fax, document: Document) -> Document:
    name = f"fax {'to' if fax.is_outbound else 'from'} {format_number(fax.other_number)}.pdf"
    rotation = {int(page): degrees for page, degrees in fax.rotation.items()}
    try:
        with local_path(document) as source, tempfile.TemporaryDirectory() as folder:
            turned = Path(folder, "turned.pdf")
            turn_pages(source, turned, rotation, name=name)
            inspected = inspect(turned, name=name)
            return store(turned, inspected, kind=Document.Kind.UPLOAD, name=name)
    except DocumentError as error:
        raise ValidationError(str(error)) from error
    except OSError as error:
        log.error("forward.storage", fax_id=str(fax.pk), error=str(error))
        raise ValidationError(
            f"{fax}: its pages cannot be read or stored at the moment. Try again, and tell your administrator."
        ) from error


def _set_hold(by: User, faxes: Iterable[Fax], wanted: bool, kind: str, action: str) -> list[Fax]:
    with transaction.atomic():
        rows = _locked(by, faxes, at_least=Role.MANAGER, in_bin=True)
        changed = [fax for fax in rows if fax.legal_hold != wanted]
        _change(changed, legal_hold=wanted)
        _tell(by, changed, kind, action)
    return changed


def _locked(by: User, faxes: Iterable[Fax], *, at_least: Role = Role.MEMBER, in_bin: bool = False) -> list[Fax]:
    """The faxes as they are now, locked in the order of their ids, if the user may do this to every one of them."""
    ids = {fax.pk for fax in faxes}
    if len(ids) > MOST_AT_ONCE:
        raise ValidationError(f"That is more than {MOST_AT_ONCE} faxes at once. Choose fewer.")
    rows = list(
        Fax.objects.select_for_update(of=("self",))
        .select_related("team", "document")
        .defer("raw")
        .filter(pk__in=ids)
        .order_by("pk")
    )
    for team in {fax.team for fax in rows}:
        access.require(by, team, at_least=at_least)
    if len(rows) < len(ids):
        raise ValidationError("Some of these faxes have been deleted meanwhile. Load the page again.")
    for fax in rows:
        if fax.trashed_at and not in_bin:
            raise ValidationError(f"{fax} is in the bin. Put it back first.")
    return rows


def _change(faxes: Sequence[Fax], **columns: Any) -> None:
    Fax.objects.filter(pk__in=[fax.pk for fax in faxes]).update(**columns)
    for fax in faxes:
        for column, value in columns.items():
            setattr(fax, column, value)


def _assigned(faxes: Sequence[Fax]) -> dict[UUID, str]:
    """To whom each is given now."""
    people = User.objects.in_bulk({fax.assigned_to_id for fax in faxes if fax.assigned_to_id})
    return {fax.pk: str(people.get(fax.assigned_to_id or 0, "")) for fax in faxes}


def _tell(
    by: User, faxes: Sequence[Fax], kind: str, action: str, before: Mapping[UUID, object] | None = None, **data: Any
) -> None:
    """A line in the timeline of each fax, and an entry in the log: last in the transaction. Only the log keeps what was
    there before."""
    source = FaxEvent.Source.PERSON
    FaxEvent.objects.bulk_create([FaxEvent(fax=fax, kind=kind, source=source, by=by, data=data) for fax in faxes])
    was = {pk: {"before": said} for pk, said in (before or {}).items()}
    audit.record(*[audit.Entry(action, by=by, on=fax, team=fax.team, data=data | was.get(fax.pk, {})) for fax in faxes])


def _teams(faxes: Sequence[Fax]) -> list[Team]:
    """Whose faxes they are, in the order of their ids: in that order new tags wait for those that others make."""
    for fax in faxes:
        if fax.team is None:
            raise ValidationError(f"{fax} belongs to no team yet. Give it to a team first.")
    return sorted({fax.team for fax in faxes if fax.team}, key=lambda team: team.pk)


def _check_assignee(user: User, teams: Iterable[Team]) -> None:
    for team in teams:
        if not access.belongs(user, team, at_least=Role.MEMBER):
            raise ValidationError(f"{user} cannot be given faxes of {team}. Choose somebody who works on that team.")


def _pages_of(fax: Fax) -> Document:
    if fax.document is None or not fax.document.is_here:
        purged = fax.document is not None and fax.document.purged_at
        raise ValidationError(f"{fax}: its pages {'are no longer kept' if purged else 'are not here yet'}.")
    return fax.document


def _tags(teams: Iterable[Team], name: str) -> dict[UUID | None, Tag]:
    """The tag of that name of each team that has one, by the team's id. Compared here: SQLite knows no “Ü” from “ü”."""
    tags = Tag.objects.filter(team__in=teams)
    return {tag.team_id: tag for tag in tags if tag.name.casefold() == name.casefold()}


def _tags_made(teams: Sequence[Team], name: str) -> dict[UUID | None, Tag]:
    tags = _tags(teams, name)
    lacking = [team for team in teams if team.pk not in tags]
    Tag.objects.bulk_create([Tag(team=team, name=name) for team in lacking], ignore_conflicts=True)
    made = Tag.objects.alias(lower=Lower("name")).filter(team__in=lacking, lower=Lower(Value(name)))
    return tags | {tag.team_id: tag for tag in made}


def _check_room(faxes: Sequence[Fax]) -> None:
    ids = [fax.pk for fax in faxes]
    full = Fax.objects.alias(tagged=Count("tags")).filter(pk__in=ids, tagged__gte=MOST_TAGS).defer("raw").first()
    if full is not None:
        raise ValidationError(f"{full} has {MOST_TAGS} tags already. Take one off first.")


def _tag_name(name: str) -> str:
    name = typed.one_line(name)
    if not 1 <= len(name) <= LONGEST_TAG:
        raise ValidationError(f"A tag has 1 to {LONGEST_TAG} characters.")
    return name
