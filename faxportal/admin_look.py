"""How the admin looks, and its menu: https://unfoldadmin.com/docs/configuration/settings/"""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.text import format_lazy


def _admin_link(title: str, icon: str, model: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(f"admin:{model}_changelist")}


UNFOLD = {
    "SITE_TITLE": "Faxportal",
    "STYLES": [lambda request: static("css/admin.css")],
    "SITE_HEADER": "Faxportal",
    "SITE_SUBHEADER": "Administration",
    "SITE_SYMBOL": "fax",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")}],
    "SITE_URL": "/",
    # The audit log is the history.
    "SHOW_HISTORY": False,
    "BORDER_RADIUS": "6px",
    # Shades of the one accent, #1d5fd1.
    "COLORS": {
        "primary": {
            "50": "#eff5fe",
            "100": "#dbe8fc",
            "200": "#bdd4fa",
            "300": "#8fb7f5",
            "400": "#5b93ee",
            "500": "#3775e3",
            "600": "#1d5fd1",
            "700": "#194eac",
            "800": "#19438c",
            "900": "#193a70",
            "950": "#122547",
        }
    },
    "SIDEBAR": {
        "navigation": [
            {
                "title": "Faxes",
                "items": [
                    _admin_link("Faxes", "description", "faxes_fax") | {"active": "faxes.admin.shows_faxes"},
                    {
                        "title": "Unrouted",
                        "icon": "move_to_inbox",
                        "link": format_lazy("{}?missing=team", reverse_lazy("admin:faxes_fax_changelist")),
                        "badge": "faxes.admin.unrouted",
                        "active": "faxes.admin.shows_unrouted",
                    },
                    _admin_link("Documents", "draft", "faxes_document"),
                    _admin_link("Tags", "label", "faxes_tag"),
                    _admin_link("Tombstones", "delete_forever", "faxes_tombstone"),
                    _admin_link("Correspondents", "contacts", "contacts_correspondent"),
                ],
            },
            {
                "title": "People",
                "items": [
                    _admin_link("Teams", "groups", "accounts_team"),
                    _admin_link("Users", "person", "accounts_user"),
                    _admin_link("Invitations", "forward_to_inbox", "accounts_invitation"),
                    _admin_link("E-mails", "mail", "notifications_mail"),
                    _admin_link("Audit log", "policy", "accounts_logentry"),
                ],
            },
            {
                "title": "Telnyx",
                "items": [
                    _admin_link("Numbers", "call", "applications_phonenumber"),
                    _admin_link("Applications", "settings_phone", "applications_faxapplication"),
                    _admin_link("Asked for", "pending", "applications_pendingapplication"),
                    _admin_link("Deliveries", "webhook", "webhooks_delivery"),
                    _admin_link("Refused events", "block", "webhooks_refusal"),
                    _admin_link("Sync runs", "sync", "sync_syncrun"),
                    _admin_link("Gaps", "difference", "sync_gap"),
                    _admin_link("Heartbeats", "monitor_heart", "sync_heartbeat"),
                ],
            },
        ]
    },
}
