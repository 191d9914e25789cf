"""What stands before the pages of managers: theirs are the applications of the teams they manage."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404

from accounts import access
from accounts.models import Role, User
from applications.models import FaxApplication


def fetch(user: User, application_id: UUID) -> FaxApplication:
    """The application, for who manages its team. A stranger gets 404, who is on the team without managing it 403;
    what belongs to no team is the administrators' alone."""
    applications = FaxApplication.objects.visible_to(user).select_related("team")
    application = get_object_or_404(applications, pk=application_id)
    access.require(user, application.team, at_least=Role.MANAGER)
    return application
