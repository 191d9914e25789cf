"""A way in that is half configured is refused, with its remedy, in development too."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.models import Role
from accounts.sign_in.groups import Line, parse
from faxportal.checks import check_sign_in

WHOLE = {
    "OIDC_SERVER_URL": "https://login.example.com/realms/office",
    "OIDC_CLIENT_ID": "faxportal",
    "OIDC_CLIENT_SECRET": "secret",
}


@pytest.fixture
def sign_on(settings: Settings) -> Settings:
    for name, value in WHOLE.items():
        setattr(settings, name, value)
    return settings


def test_without_and_with_single_sign_on_all_is_well(settings: Settings) -> None:
    assert check_sign_in() == []
    for name, value in (WHOLE | {"OIDC_GROUPS": "a = front-desk:member", "LOCAL_LOGIN": False}).items():
        setattr(settings, name, value)
    assert check_sign_in() == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("OIDC_CLIENT_ID", "", "E008"),
        ("OIDC_CLIENT_SECRET", "", "E008"),
        ("OIDC_SERVER_URL", "", "E008"),
        ("OIDC_SERVER_URL", "http://login.example.com", "E009"),
        ("OIDC_SERVER_URL", "login.example.com", "E009"),
        ("OIDC_LOGIN_ORIGIN", "http://login.example.com", "E009"),
        ("OIDC_GROUPS", "fax-desk", "E010"),
        ("OIDC_GROUPS", "fax-desk = front-desk", "E010"),
        ("OIDC_GROUPS", "fax-desk = front-desk:boss", "E010"),
        ("OIDC_GROUPS", "= front-desk:member", "E010"),
        ("OIDC_GROUPS", "fax-desk = :member", "E010"),
        ("IDLE_SECONDS", 0, "E012"),
        ("IDLE_SECONDS", 100_000, "E012"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(sign_on: Settings, name: str, value: object, code: str) -> None:
    setattr(sign_on, name, value)
    (problem,) = check_sign_in()
    assert problem.id == f"faxportal.{code}"
    assert problem.hint
    assert name.replace("SECONDS", "MINUTES") in problem.msg


@pytest.mark.parametrize("name", ["OIDC_GROUPS", "OIDC_LOGIN_ORIGIN"])
def test_a_part_without_the_rest_is_half(settings: Settings, name: str) -> None:
    setattr(settings, name, {"OIDC_GROUPS": "a = b:member"}.get(name, "https://login.example.com"))
    (problem,) = check_sign_in()
    assert problem.id == "faxportal.E008"


def test_somebody_must_be_able_to_come_in(settings: Settings) -> None:
    settings.LOCAL_LOGIN = False
    (problem,) = check_sign_in()
    assert problem.id == "faxportal.E011"


def test_groups_may_hold_what_separates_elsewhere() -> None:
    lines = parse(" CN=Fax Desk,OU=Groups = front-desk:member ;; /fax/leads = records:manager; ")
    assert lines == [
        Line("CN=Fax Desk,OU=Groups", "front-desk", Role.MEMBER),
        Line("/fax/leads", "records", Role.MANAGER),
    ]
    assert parse("") == []
