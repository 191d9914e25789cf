"""What every page has around it, and the pages for when something is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.views import defaults

from accounts.models import User
from tests.conftest import PASSWORD


def test_the_rail_leads_everywhere_a_member_may_go(logged_in: Any, bob: User) -> None:
    page = logged_in(bob).get("/faxes/sent/").content.decode()
    for address in ("/", "/faxes/new/", "/faxes/inbox/", "/faxes/sent/", "/accounts/me/", "/accounts/logout/"):
        assert f'"{address}"' in page
    assert '"/admin/"' not in page


def test_the_rail_leads_administrators_to_the_admin(logged_in: Any, root: User) -> None:
    assert '"/admin/"' in logged_in(root).get("/faxes/sent/").content.decode()


def test_the_rail_offers_no_new_fax_to_who_may_only_look(logged_in: Any, vera: User) -> None:
    assert "New fax" not in logged_in(vera).get("/faxes/inbox/").content.decode()


def test_the_rail_says_where_one_is(logged_in: Any, bob: User) -> None:
    page = logged_in(bob).get("/faxes/inbox/").content.decode()
    rail = page[page.index('class="rail"') : page.index("</nav>")]
    assert rail.index("/faxes/inbox/") < rail.index('aria-current="page"') < rail.index("/faxes/sent/")


def test_no_page_brings_a_script_or_a_style_inside_it(logged_in: Any, bob: User) -> None:
    page = logged_in(bob).get("/faxes/sent/").content.decode()
    assert "<style" not in page and "style=" not in page and "onclick" not in page
    assert page.count("<script") == page.count("<script src=")


def test_the_log_in_page_stands_alone(client: Client, db: None) -> None:
    page = client.get("/accounts/login/?next=/faxes/inbox/").content.decode()
    assert "Username or e-mail address" in page and 'value="/faxes/inbox/"' in page
    assert 'class="rail"' not in page
    assert "sign up" not in page.lower()


def test_a_wrong_password_is_told_and_the_name_is_kept(client: Client, alice: User) -> None:
    page = client.post("/accounts/login/", {"login": "alice", "password": "wrong"}).content.decode()
    assert 'role="alert"' in page and 'value="alice"' in page
    assert "wrong" not in page.replace('id="wrong"', "").replace('aria-describedby="wrong"', "")


def test_an_empty_log_in_says_what_is_wanted(client: Client, db: None) -> None:
    assert "Type your username and your password." in client.post("/accounts/login/").content.decode()


def test_the_log_in_leads_back_to_where_one_was_going(client: Client, alice: User) -> None:
    form = {"login": "alice", "password": PASSWORD, "next": "/faxes/inbox/"}
    assert client.post("/accounts/login/", form)["Location"] == "/faxes/inbox/"


def test_nobody_is_told_that_they_have_signed_in(client: Client, alice: User) -> None:
    response = client.post("/accounts/login/", {"login": "alice", "password": PASSWORD}, follow=True)
    assert response.redirect_chain[-1][0] == "/"
    assert "You have signed in" not in body_of(response) and "Successfully" not in body_of(response)


def test_sign_up_says_who_makes_accounts(client: Client, db: None) -> None:
    assert "made by your administrator" in client.get("/accounts/signup/").content.decode()


@pytest.mark.parametrize("path", ["password/change/", "logout/"])
def test_account_pages_stay_within_the_shell(logged_in: Any, bob: User, path: str) -> None:
    page = logged_in(bob).get(f"/accounts/{path}").content.decode()
    assert 'class="rail"' in page and 'class="btn btn-primary"' in page


def test_password_reset_looks_like_the_log_in(client: Client, db: None) -> None:
    page = client.get("/accounts/password/reset/").content.decode()
    assert 'class="lobby' in page and "form-control" in page


def body_of(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def request_() -> Any:
    return RequestFactory().get("/somewhere/")


def test_what_is_not_there_says_so_within_the_shell(logged_in: Any, bob: User) -> None:
    response = logged_in(bob).get("/nowhere/")
    assert response.status_code == 404
    page = body_of(response)
    assert "There is nothing here" in page and 'class="rail"' in page


def test_strangers_learn_no_more_from_a_wrong_address(client: Client, db: None) -> None:
    page = body_of(client.get("/nowhere/"))
    assert "There is nothing here" in page and 'class="rail"' not in page


def test_what_one_may_not_do_names_who_can_help(request_: Any) -> None:
    page = body_of(defaults.permission_denied(request_, PermissionDenied()))
    assert "ask your team&#x27;s manager" in page or "ask your team's manager" in page


def test_a_stale_form_says_that_nothing_was_changed(bob: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    response = client.post("/accounts/logout/")
    assert response.status_code == 403
    assert "Nothing was changed" in body_of(response)


def test_a_bad_request_says_what_to_do(request_: Any) -> None:
    page = body_of(defaults.bad_request(request_, SuspiciousOperation()))
    assert "load the page anew" in page


def test_too_many_tries_says_to_wait() -> None:
    assert "closed for a few minutes" in render_to_string("429.html")


def test_a_broken_page_needs_no_database(request_: Any) -> None:
    # Without the database fixture, any query would fail this test.
    response = defaults.server_error(request_)
    assert response.status_code == 500
    assert "Something broke on our side" in body_of(response)
