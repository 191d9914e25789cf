"""What people do about the lines themselves, from the bar on top of every page."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from applications.models import PhoneNumber
from applications.services import dismiss_quiet
from contacts.numbers import format_number


@never_cache
@require_POST
def dismiss(request: HttpRequest, line_id: UUID) -> HttpResponse:
    """“I know” that the line is silent. Leads back to the page on which that was said."""
    if not request.user.is_authenticated:
        # Not back to this address, which answers to POST alone.
        return redirect_to_login(reverse("faxes:inbox"))
    number = get_object_or_404(PhoneNumber.objects.visible_to(request.user), pk=line_id)
    dismiss_quiet(by=request.user, number=number)
    line = format_number(number.phone_number)
    messages.success(request, f"{line}: you are told again once a fax has come and the line goes quiet anew.")
    return HttpResponseRedirect(_came_from(request))


def _came_from(request: HttpRequest) -> str:
    """A page of ours, whatever the form says."""
    address = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if own else reverse("faxes:inbox")
