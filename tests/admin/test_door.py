"""The admin is for administrators, by the house's own log-in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client

from accounts.models import User
from tests.conftest import PASSWORD

LOGIN = "/accounts/login/"


@pytest.mark.parametrize("path", ["/admin/", "/admin/faxes/fax/", "/admin/login/"])
def test_who_is_not_logged_in_is_asked_to(client: Client, db: None, path: str) -> None:
    response = client.get(path, follow=True)
    assert [address.split("?")[0] for address, _ in response.redirect_chain][-1] == LOGIN


def test_the_log_in_leads_back(client: Client, db: None) -> None:
    response = client.get("/admin/faxes/fax/", follow=True)
    assert response.redirect_chain[-1][0] == f"{LOGIN}?next=/admin/faxes/fax/"


@pytest.mark.parametrize("columns", [{}, {"is_staff": True}, {"is_superuser": True, "is_active": False}])
def test_nobody_else_comes_in(alice: User, logged_in: Callable[[User], Client], columns: dict[str, bool]) -> None:
    browser = logged_in(alice)
    User.objects.filter(pk=alice.pk).update(**columns)
    response = browser.get("/admin/", follow=True)
    # An account that was closed is nobody's any more, and may log in anew.
    assert response.status_code == 403 or response.redirect_chain[-1][0].startswith(LOGIN)
    assert "Audit log" not in response.text


def test_an_administrator_is_led_past_the_log_in(office: Client) -> None:
    assert office.get("/admin/login/")["Location"] == "/admin/"


def test_the_log_in_of_the_admin_takes_no_password(client: Client, root: User) -> None:
    client.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert "_auth_user_id" not in client.session


def test_the_menu_leads_to_every_list(office: Client) -> None:
    page = office.get("/admin/")
    items = [item for group in page.context["sidebar_navigation"] for item in group["items"]]
    links = {str(item["link"]).partition("?")[0] for item in items}
    assert len(links) == len(admin.site._registry)
    assert {office.get(link).status_code for link in links} == {200}


def test_nothing_of_elsewhere_has_a_list(office: Client) -> None:
    ours = {"accounts", "applications", "contacts", "faxes", "notifications", "sync", "webhooks"}
    assert {model._meta.app_label for model in admin.site._registry} == ours
