"""The compose page: one form, its files, and the one button that sends.

Everything works by plain POSTs of that one form. Asked by the page's script, the same addresses answer with only the
parts that changed; the id of each part says where it belongs.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.db.models import Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access
from accounts.guards import is_fragment
from accounts.models import Role, User
from applications.models import PhoneNumber
from contacts.numbers import format_number
from documents import MAX_BYTES, MAX_PAGES, UPLOAD_MAX
from documents.errors import SENTENCES
from faxes import drafts
from faxes.forms import ComposeForm, numbers_to_send_from
from faxes.links import can_link
from faxes.models import Batch, Document, Fax
from faxes.recipients import MOST, Recipient, Recipients
from faxes.services import send
from faxes.views.pictures import picture

P = ParamSpec("P")

CHECKED = "faxes/_compose_checked.html"
CHANGED = "faxes/_compose_changed.html"


@dataclass(frozen=True)
class Sheet:
    """What is on the sheet so far."""

    batch_id: UUID
    documents: Sequence[Document]
    read: Recipients
    number: PhoneNumber | None

    @property
    def pages(self) -> int:
        return sum(document.pages for document in self.documents)

    @property
    def pictures(self) -> list[tuple[Document, int]]:
        """Every page as it is sent, first to last: its document and its number there."""
        return [(document, number) for document in self.documents for number in range(1, document.pages + 1)]

    @property
    def only(self) -> Recipient | None:
        """The one it goes to, if it is one: then number and name are said, because a wrong number shows when read."""
        return self.read.entries[0] if len(self.read.entries) == 1 else None

    @property
    def sender(self) -> str:
        return format_number(self.number.phone_number) if self.number else ""

    @property
    def too_heavy(self) -> bool:
        """Is this more than can be handed to Telnyx from here? Said early; the merged document decides."""
        return not can_link() and sum(document.bytes for document in self.documents) > UPLOAD_MAX

    @property
    def missing(self) -> str:
        """What to do before this can be sent, as a sentence; empty when it can."""
        if self.number is None:
            return "Choose the number to send from."
        wanted = {"a file": not self.documents, "a recipient": not self.read.entries}
        if things := [thing for thing, is_missing in wanted.items() if is_missing]:
            return f"Add {' and '.join(things)} to send."
        bad = len(self.read.errors)
        return f"Mend or remove {bad} recipient{'s' if bad > 1 else ''} to send." if bad else ""


def for_senders(
    view: Callable[Concatenate[HttpRequest, User, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Only for people who may send from somewhere; the view gets the person. A log-in leads back to the sheet."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            draft = request.POST.get("batch") or request.GET.get("draft")
            return redirect_to_login(reverse("faxes:new", query={"draft": draft} if draft else None))
        access.require_somewhere(request.user, at_least=Role.MEMBER)
        return view(request, request.user, *args, **kwargs)

    return never_cache(checked)


@require_http_methods(["GET", "POST"])
@for_senders
def new(request: HttpRequest, user: User) -> HttpResponse:
    """The page, and its sending."""
    if request.method == "POST":
        return _send(request, user)
    batch_id = _uuid(request.GET["draft"]) if "draft" in request.GET else uuid.uuid4()
    batch = Batch.objects.filter(pk=batch_id).first()
    if batch and batch.created_by_id != user.pk:
        raise Http404
    if batch and batch.sent_at:
        return _sent(request, batch, again=True)
    number = _usual_number(user)
    team = number.owner if number else None
    begins_with = {"number": number, "quality": team.default_quality if team else ""}
    form = ComposeForm(by=user, initial={name: value for name, value in begins_with.items() if value})
    return _page(request, Sheet(batch_id, _documents(user, batch_id), form.read, number), form)


def _send(request: HttpRequest, user: User) -> HttpResponse:
    batch = drafts.open_batch(by=user, batch_id=_batch_id(request))
    if batch.sent_at:
        return _sent(request, batch, again=True)
    if request.FILES:
        # Chosen, but not seen yet: they are added and shown before anything is sent.
        return _add_files(request, user)
    form = ComposeForm(request.POST, by=user)
    if form.is_valid():
        said = form.cleaned_data
        try:
            batch = send(
                by=user,
                batch_id=batch.pk,
                number=said["number"],
                recipients=said["recipients"],
                options=form.options,
                shown=said["documents"],
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _sent(request, batch)
    return _page(request, _sheet(user, batch.pk, form), form, status=422)


def _sent(request: HttpRequest, batch: Batch, *, again: bool = False) -> HttpResponse:
    """To what the sheet has become: its fax, or the list when there are several."""
    fax_ids = list(batch.faxes.values_list("pk", flat=True))
    if again:
        messages.info(request, "This fax has been sent already. Nothing was sent twice.")
    elif len(fax_ids) > 1:
        messages.success(request, f"{len(fax_ids)} faxes are on their way.")
    return redirect("faxes:detail", fax_ids[0]) if len(fax_ids) == 1 else redirect("faxes:sent")


@require_POST
@for_senders
def new_sentence(request: HttpRequest, user: User) -> HttpResponse:
    """Read what is filled in so far, and say what would be sent."""
    form = _unfinished(request, user)
    return _page(request, _sheet(user, _batch_id(request), form), form, part=CHECKED)


@require_POST
@for_senders
def new_files(request: HttpRequest, user: User) -> HttpResponse:
    """Add the uploaded files to the sheet. Each one that is refused is named; the others stay."""
    return _add_files(request, user)


def _add_files(request: HttpRequest, user: User) -> HttpResponse:
    uploads = request.FILES.getlist("upload")
    problems = [] if uploads else ["No file has arrived. Choose a PDF, TIFF, JPEG or PNG file."]
    for upload in uploads:
        try:
            drafts.add_file(by=user, batch_id=_batch_id(request), upload=upload)
        except ValidationError as error:
            problems += error.messages
    return _changed(request, user, problems=problems)


@require_POST
@for_senders
def new_file_remove(request: HttpRequest, user: User, document_id: UUID) -> HttpResponse:
    batch_id = _batch_id(request)
    named = next((f"“{document}”" for document in _documents(user, batch_id) if document.pk == document_id), "The file")
    try:
        drafts.remove_file(by=user, batch_id=batch_id, document_id=document_id)
    except ValidationError as error:
        return _changed(request, user, problems=error.messages)
    return _changed(request, user, announcement=f"{named} is removed.")


@require_POST
@for_senders
def new_order(request: HttpRequest, user: User) -> HttpResponse:
    """Put the files in the order of the page's `documents`, or move the one named by `earlier` or `later` one place."""
    order = [_uuid(text) for text in request.POST.getlist("documents")]
    moved = _move(order, request)
    batch_id = _batch_id(request)
    try:
        drafts.reorder(by=user, batch_id=batch_id, document_ids=order)
    except ValidationError as error:
        return _changed(request, user, problems=error.messages)
    places = {document.pk: (place, document) for place, document in enumerate(_documents(user, batch_id), start=1)}
    if moved not in places:
        return _changed(request, user)
    place, document = places[moved]
    return _changed(request, user, announcement=f"“{document}” is now file {place} of {len(places)}.")


def _move(order: list[UUID], request: HttpRequest) -> UUID | None:
    """Swap the file that a button named with its neighbour. Returns its id; None when no button did."""
    for name, step in (("earlier", -1), ("later", 1)):
        if name in request.POST:
            moved = _uuid(request.POST[name])
            if moved in order:
                old = order.index(moved)
                order.remove(moved)
                order.insert(max(0, old + step), moved)
            return moved
    return None


@require_safe
@login_required
def new_file_page(request: HttpRequest, document_id: UUID, number: int) -> HttpResponseBase:
    """A page of an uploaded file as a picture, for whoever uploaded it."""
    uploads = Document.objects.filter(kind=Document.Kind.UPLOAD, batch__created_by=cast(User, request.user))
    return picture(request, get_object_or_404(uploads, pk=document_id), number)


def _unfinished(request: HttpRequest, user: User) -> ComposeForm:
    """The form as it is filled in so far: what is still missing is no error yet."""
    form = ComposeForm(request.POST, by=user)
    for field, errors in list(form.errors.as_data().items()):
        if all(error.code == "required" for error in errors):
            del form.errors[field]
    return form


def _sheet(user: User, batch_id: UUID, form: ComposeForm) -> Sheet:
    return Sheet(batch_id, _documents(user, batch_id), form.read, form.cleaned_data.get("number"))


def _changed(request: HttpRequest, user: User, *, problems: Sequence[str] = (), announcement: str = "") -> HttpResponse:
    """The files have changed, or a change to them was refused."""
    form = _unfinished(request, user)
    sheet = _sheet(user, _batch_id(request), form)
    status = 422 if problems else 200
    return _page(
        request, sheet, form, part=CHANGED, status=status, problems=dict.fromkeys(problems), announcement=announcement
    )


def _page(
    request: HttpRequest, sheet: Sheet, form: ComposeForm, *, part: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    """The part that changed for the page's script, which reads what it says; else the whole page."""
    team = sheet.number.owner if sheet.number else None
    context = {"form": form, "sheet": sheet, "about_team": team, "limits": LIMITS, "can_link": can_link(), **more}
    if part and is_fragment(request):
        return render(request, part, context)
    return render(request, "faxes/compose.html", context, status=status)


LIMITS = {
    "most_recipients": MOST,
    "bytes": MAX_BYTES,
    "megabytes": MAX_BYTES // 1_000_000,
    "pages": MAX_PAGES,
    "merged_megabytes": UPLOAD_MAX // 1_000_000,
    "too_large": SENTENCES["too_large"][1],
}


def _documents(user: User, batch_id: UUID) -> list[Document]:
    return list(Document.objects.filter(batch_id=batch_id, batch__created_by=user))


def _usual_number(user: User) -> PhoneNumber | None:
    """The number that the team they sent for last begins with, else the one they sent from, else the first one."""
    numbers = numbers_to_send_from(user)
    last = Fax.objects.filter(created_by=user).order_by("-created_at").values("from_number")[:1]
    number = numbers.filter(phone_number=Subquery(last)).first() or numbers.first()
    team = number.owner if number else None
    wanted = team.default_number if team else ""
    return (numbers.filter(phone_number=wanted).first() if wanted else None) or number


def _batch_id(request: HttpRequest) -> UUID:
    return _uuid(request.POST.get("batch", ""))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
