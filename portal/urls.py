from django.urls import path

from portal.views import audit, check
from portal.views import home as dashboard
from portal.views.teams import house, joining, lines, members, notifications, policies

app_name = "portal"

urlpatterns = [
    path("", dashboard.home, name="home"),
    path("teams/", house.teams, name="teams"),
    # Not below teams/, where a team could have this address.
    path("switch-team/", house.switch, name="switch"),
    path("teams/<slug:team_slug>/", members.members, name="team"),
    path("teams/<slug:team_slug>/invite/", members.invite, name="team_invite"),
    path("teams/<slug:team_slug>/members/<uuid:seat_id>/role/", members.role, name="team_role"),
    path("teams/<slug:team_slug>/members/<uuid:seat_id>/remove/", members.remove, name="team_remove"),
    path("teams/<slug:team_slug>/invitations/<uuid:invitation_id>/revoke/", members.revoke, name="team_revoke"),
    path("teams/<slug:team_slug>/lines/", lines.lines, name="team_lines"),
    path("teams/<slug:team_slug>/policies/", policies.policies, name="team_policies"),
    path("teams/<slug:team_slug>/notifications/", notifications.notifications, name="team_notifications"),
    path("invitations/<str:token>/", joining.invitation, name="invitation"),
    path("audit/", audit.log, name="audit"),
    path("audit/export/", audit.log_export, name="audit_export"),
    path("applications/<uuid:application_id>/check/", check.check, name="check"),
    path("applications/<uuid:application_id>/mend/", check.mend, name="mend"),
]
