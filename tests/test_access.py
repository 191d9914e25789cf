"""Who gets what from every address there is: every page × everybody × their own, somebody else's and nobody's faxes,
those in the bin, too.

The addresses come from the URL configuration itself, and one without a rule fails. An answer is a status, or LOGIN.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.invitations import invite
from accounts.models import Invitation, Membership, Team, User
from applications.models import FaxApplication, PendingApplication, PhoneNumber
from faxes.links import link_to
from faxes.models import Attempt, Batch, Document, Fax, FaxEvent, Note, ReadMark, Tag
from faxes.states import Media, Outbox
from notifications.models import Mail
from sync.models import SyncRun
from tests import builders
from tests.admin.pages import ROW
from tests.papers import text_pdf
from tests.sheets import text_of
from tests.walking import TOKEN
from webhooks.models import Delivery

LOGIN = "to the log-in"
Answer = int | str | None


class Rank(IntEnum):
    """What somebody is in one team."""

    STRANGER = 0
    VIEWER = 1
    MEMBER = 2
    MANAGER = 3
    ADMINISTRATOR = 4


# Who they are in the team whose fax is asked for. Faxes of nobody are the administrators' alone.
PEOPLE = {
    "anonymous": {},
    "vera": {"ours": Rank.VIEWER},
    "bob": {"ours": Rank.MEMBER},
    "alice": {"ours": Rank.MANAGER},
    "charlie": {"theirs": Rank.MANAGER},
    "root": dict.fromkeys(("ours", "theirs", "nobody's"), Rank.ADMINISTRATOR),
}
WHOSE = ("ours", "theirs", "nobody's")
IN_BIN = ", in the bin"
IN_BINS = tuple(f"{whose}{IN_BIN}" for whose in WHOSE)
# Addresses of something that belongs to a team.
OF_A_TEAM = re.compile("fax_id|line_id|team_slug|application_id|pending_id|delivery_id")


@dataclass(frozen=True)
class Asker:
    """Somebody, and whose fax they ask for."""

    name: str
    whose: str

    @property
    def is_anonymous(self) -> bool:
        return self.name == "anonymous"

    @property
    def is_admin(self) -> bool:
        return self.name == "root"

    @property
    def rank(self) -> Rank:
        return PEOPLE[self.name].get(self.whose.removesuffix(IN_BIN), Rank.STRANGER)

    @property
    def sends(self) -> bool:
        return self.highest >= Rank.MEMBER

    @property
    def manages(self) -> bool:
        return self.highest >= Rank.MANAGER

    @property
    def highest(self) -> Rank:
        return max(PEOPLE[self.name].values(), default=Rank.STRANGER)


Expected = Callable[[Asker], Answer]


def everybody(answer: Answer) -> Expected:
    return lambda asker: answer


def people(answer: Answer) -> Expected:
    return lambda asker: LOGIN if asker.is_anonymous else answer


def visitors(answer: Answer) -> Expected:
    """For who is not logged in; whoever is gets led away."""
    return lambda asker: answer if asker.is_anonymous else 302


def senders(answer: Answer) -> Expected:
    return lambda asker: people(answer if asker.sends else 403)(asker)


def managers(answer: Answer) -> Expected:
    return lambda asker: people(answer if asker.manages else 403)(asker)


def sheet(answer: Answer, *, others: Answer = 403) -> Expected:
    """Bob's sheet is bob's, even before his manager and the administrators."""
    return lambda asker: senders(answer if asker.name == "bob" else others)(asker)


def fax(answer: Answer, *, at_least: Rank = Rank.VIEWER) -> Expected:
    """A stranger finds nothing, and who may only look is refused."""

    def expected(asker: Asker) -> Answer:
        if asker.rank is Rank.STRANGER:
            return people(404)(asker)
        return answer if asker.rank >= at_least else 403

    return expected


def managed(answer: Answer) -> Expected:
    return fax(answer, at_least=Rank.MANAGER)


def of_team(answer: Answer, *, at_least: Rank = Rank.VIEWER) -> Expected:
    """A team that is nobody's is none."""
    return lambda asker: (people(404) if asker.whose == "nobody's" else fax(answer, at_least=at_least))(asker)


def admins(answer: Answer) -> Expected:
    return lambda asker: people(answer if asker.is_admin else 403)(asker)


def asked_for_a_team(asker: Asker) -> Answer:
    """Whether a number should be without a team of its own; one that has none has nothing to lose."""
    return managed(302 if asker.whose == "nobody's" else 200)(asker)


def given_away(asker: Asker) -> Answer:
    """Whether an application should be without a team; one that has none has nothing to lose."""
    return fax(302 if asker.whose == "nobody's" else 200, at_least=Rank.ADMINISTRATOR)(asker)


NOT_ALLOWED = everybody(405)
NOT_ASKED = None


@dataclass(frozen=True)
class Rule:
    get: Expected
    post: Expected = NOT_ALLOWED


def changes_fax(at_least: Rank = Rank.MEMBER) -> Rule:
    return Rule(get=NOT_ALLOWED, post=fax(302, at_least=at_least))


RULES = {
    "portal:home": Rule(people(200)),
    "faxes:inbox": Rule(people(200)),
    "faxes:bulk": Rule(NOT_ALLOWED, people(302)),
    "faxes:read_all": Rule(NOT_ALLOWED, people(302)),
    "faxes:unread_count": Rule(people(200)),
    "faxes:read": changes_fax(Rank.VIEWER),
    "faxes:unread": changes_fax(Rank.VIEWER),
    "faxes:handle": changes_fax(),
    "faxes:reopen": changes_fax(),
    "faxes:assign": changes_fax(),
    "faxes:note": changes_fax(),
    "faxes:tag": changes_fax(),
    "faxes:untag": changes_fax(),
    "faxes:rotate": changes_fax(),
    "faxes:trash": changes_fax(),
    "faxes:restore": changes_fax(),
    "faxes:hold": changes_fax(Rank.MANAGER),
    "faxes:release": changes_fax(Rank.MANAGER),
    "faxes:forward": changes_fax(),
    "faxes:route": changes_fax(Rank.ADMINISTRATOR),
    "faxes:sent": Rule(people(200)),
    "faxes:new": Rule(sheet(200, others=404), sheet(200)),
    "faxes:new_sentence": Rule(NOT_ALLOWED, senders(200)),
    "faxes:new_files": Rule(NOT_ALLOWED, sheet(200)),
    "faxes:new_file_remove": Rule(NOT_ALLOWED, sheet(200)),
    "faxes:new_file_page": Rule(lambda asker: people(200 if asker.name == "bob" else 404)(asker)),
    "faxes:new_order": Rule(NOT_ALLOWED, sheet(200)),
    "faxes:detail": Rule(fax(200)),
    "faxes:status": Rule(fax(200)),
    "faxes:log": Rule(managed(200)),
    "portal:audit": Rule(managers(200)),
    "portal:audit_export": Rule(managers(200)),
    "faxes:page": Rule(fax(200)),
    "faxes:dismiss_quiet": changes_fax(),
    "faxes:file": Rule(fax(200)),
    "faxes:cancel": changes_fax(),
    "faxes:again": changes_fax(),
    "faxes:fetch_again": changes_fax(),
    "faxes:refresh": changes_fax(),
    "faxes:delete_at_telnyx": changes_fax(Rank.MANAGER),
    "faxes:not_sent": changes_fax(),
    "faxes:is_it": changes_fax(),
    "applications:list": Rule(managers(200)),
    "applications:detail": Rule(managed(200)),
    "portal:teams": Rule(people(200), admins(200)),
    "portal:switch": Rule(NOT_ALLOWED, people(302)),
    "portal:team": Rule(of_team(200)),
    "portal:team_lines": Rule(of_team(200)),
    "portal:team_policies": Rule(of_team(200), of_team(200, at_least=Rank.MANAGER)),
    "portal:team_notifications": Rule(of_team(200), of_team(200, at_least=Rank.MANAGER)),
    "notifications:mine": Rule(people(302), people(302)),
    "notifications:mail": changes_fax(),
    "portal:team_invite": Rule(NOT_ALLOWED, of_team(200, at_least=Rank.MANAGER)),
    "portal:team_role": Rule(NOT_ALLOWED, of_team(302, at_least=Rank.MANAGER)),
    "portal:team_remove": Rule(NOT_ALLOWED, of_team(302, at_least=Rank.MANAGER)),
    "portal:team_revoke": Rule(NOT_ALLOWED, of_team(302, at_least=Rank.MANAGER)),
    # Here with a secret that opens nothing.
    "portal:invitation": Rule(everybody(404), everybody(404)),
    "portal:check": Rule(managed(302), managed(302)),
    "portal:mend": Rule(NOT_ALLOWED, managed(302)),
    "applications:new": Rule(managers(200), managers(200)),
    "applications:pending": Rule(managed(200)),
    "applications:look": Rule(NOT_ALLOWED, managed(302)),
    "applications:choose": Rule(NOT_ALLOWED, managed(302)),
    # The forms that come back say what is wrong.
    "applications:edit": Rule(managed(200), managed(200)),
    "applications:team": Rule(given_away, given_away),
    "applications:delete": Rule(managed(200), managed(200)),
    "applications:refresh": Rule(NOT_ALLOWED, managed(302)),
    "applications:keep": Rule(NOT_ALLOWED, managed(302)),
    "applications:restore": Rule(NOT_ALLOWED, managed(302)),
    "applications:drift": Rule(managers(200)),
    "applications:numbers": Rule(managers(200)),
    "applications:numbers_refresh": Rule(NOT_ALLOWED, managers(302)),
    "applications:number": Rule(managed(200), managed(302)),
    "applications:number_refresh": Rule(NOT_ALLOWED, managed(302)),
    # Without an application it is asked whether to take the number off. No Telnyx answers here.
    "applications:number_attach": Rule(managed(200), managed(200)),
    "applications:number_team": Rule(asked_for_a_team, asked_for_a_team),
    "applications:number_keep": Rule(NOT_ALLOWED, managed(302)),
    "applications:number_restore": Rule(NOT_ALLOWED, managed(302)),
    # A signed link, here a forged one.
    "for_telnyx": Rule(everybody(404)),
    "healthz": Rule(everybody(200)),
    "readyz": Rule(everybody(503)),
    "sync:overview": Rule(admins(200)),
    # A form that says what is to run.
    "sync:start": Rule(NOT_ALLOWED, admins(404)),
    "sync:runs": Rule(admins(200)),
    "sync:run": Rule(admins(200)),
    "webhooks:console": Rule(managers(200)),
    # There is a sandbox in development only.
    "webhooks:simulate": Rule(people(404), people(404)),
    "webhooks:detail": Rule(managed(200)),
    "webhooks:again": changes_fax(Rank.MANAGER),
    # Nobody but Telnyx can sign.
    "webhooks:telnyx": Rule(NOT_ALLOWED, everybody(403)),
    "webhooks:telnyx_slash": Rule(NOT_ALLOWED, everybody(403)),
    "admin:index": Rule(admins(200), admins(NOT_ASKED)),
    "admin:login": Rule(admins(302), admins(NOT_ASKED)),
    # Who is not in the admin has nothing to leave, and is led to its door.
    "admin:logout": Rule(lambda asker: 405 if asker.is_admin else 302, everybody(NOT_ASKED)),
    "admin:password_change": Rule(admins(302), admins(302)),
    "admin:password_change_done": Rule(admins(200), admins(NOT_ASKED)),
    "admin:autocomplete": Rule(admins(403), admins(NOT_ASKED)),
    "admin:jsi18n": Rule(admins(200), admins(NOT_ASKED)),
    "admin:view_on_site": Rule(admins(404), admins(NOT_ASKED)),
    "admin:search": Rule(admins(404), admins(404)),
    "admin:app_list": Rule(admins(200), admins(NOT_ASKED)),
    "admin:?": Rule(admins(404), admins(404)),
    "account_login": Rule(visitors(200), visitors(200)),
    "account_logout": Rule(lambda asker: 302 if asker.is_anonymous else 200, everybody(302)),
    "account_inactive": Rule(everybody(200)),
    # Closed: it says so.
    "account_signup": Rule(visitors(200), visitors(200)),
    "account_reauthenticate": Rule(people(200), people(200)),
    "account_email": Rule(people(200), people(302)),
    # Without a code under way, away from here.
    "account_email_verification_sent": Rule(people(302), people(302)),
    "account_change_password": Rule(people(200), people(200)),
    "account_set_password": Rule(people(302), people(302)),
    "account_reset_password": Rule(everybody(200), everybody(200)),
    "account_reset_password_done": Rule(everybody(200)),
    "account_reset_password_from_key": Rule(everybody(200), everybody(200)),
    "account_reset_password_from_key_done": Rule(everybody(200)),
    "account_confirm_login_code": Rule(visitors(LOGIN), visitors(LOGIN)),
    "mfa_index": Rule(people(200), people(405)),
    "mfa_authenticate": Rule(visitors(LOGIN), visitors(LOGIN)),
    "mfa_login_webauthn": Rule(visitors(LOGIN), visitors(LOGIN)),
    "mfa_list_webauthn": Rule(people(200), people(405)),
    "mfa_reauthenticate_webauthn": Rule(people(302), people(302)),
    "mfa_reauthenticate": Rule(people(302), people(302)),
    # First they ask for the password, and only then look for what the address names.
    "mfa_activate_totp": Rule(people(302), people(302)),
    "mfa_add_webauthn": Rule(people(302), people(302)),
    "mfa_remove_webauthn": Rule(people(302), people(302)),
    "mfa_edit_webauthn": Rule(people(302), people(302)),
    "mfa_generate_recovery_codes": Rule(people(302), people(302)),
    # Nobody has an app or codes.
    "mfa_deactivate_totp": Rule(people(404), people(404)),
    "mfa_view_recovery_codes": Rule(people(404), people(405)),
    "mfa_download_recovery_codes": Rule(people(404), people(404)),
    "usersessions_list": Rule(people(200), people(302)),
    "socialaccount_connections": Rule(people(200), people(200)),
    "socialaccount_signup": Rule(everybody(LOGIN), everybody(LOGIN)),
    "socialaccount_login_cancelled": Rule(everybody(200)),
    "socialaccount_login_error": Rule(everybody(401)),
    # There is no single sign-on here.
    "oidc_login": Rule(everybody(404), everybody(404)),
    "oidc_callback": Rule(everybody(404), everybody(404)),
    "accounts:account": Rule(everybody(302), everybody(302)),
    "accounts:me": Rule(people(200)),
    "accounts:save_profile": Rule(NOT_ALLOWED, people(302)),
    "accounts:save_preferences": Rule(NOT_ALLOWED, people(302)),
    "accounts:keys": Rule(NOT_ALLOWED, people(204)),
    "accounts:here": Rule(people(200), people(200)),
}
ADDED_BY_HAND = ("accounts_user", "accounts_team")
for model in admin.site._registry:
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    added = admins(200 if name in ADDED_BY_HAND else 403)
    RULES |= {
        f"admin:{name}_changelist": Rule(admins(200), admins(NOT_ASKED)),
        f"admin:{name}_add": Rule(added, admins(NOT_ASKED)),
        f"admin:{name}_change": Rule(admins(200), admins(NOT_ASKED)),
        f"admin:{name}_history": Rule(admins(200), admins(NOT_ASKED)),
        f"admin:{name}_delete": Rule(admins(403), admins(403)),
        # The old address of the form.
        f"admin:{name}_?": Rule(admins(302), admins(302)),
    }
RULES["admin:auth_user_password_change"] = Rule(admins(200), admins(NOT_ASKED))


@dataclass(frozen=True)
class Route:
    """A line of the URL configuration: the name its rule goes by, and the whole pattern."""

    name: str
    path: str


def routes(patterns: Any = None, above: str = "", spaces: tuple[str, ...] = ()) -> Iterator[Route]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = (*spaces, pattern.namespace) if pattern.namespace else spaces
            yield from routes(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            yield Route(":".join([*spaces, pattern.name or unnamed(path)]), path)


def unnamed(path: str) -> str:
    """Of the admin's addresses some have no name, one of them for each model."""
    of_model = re.match(r"admin/(\w+)/(\w+)/<", path)
    return f"{of_model[1]}_{of_model[2]}_?" if of_model else "?"


def filled_in(path: str, values: Mapping[str, object]) -> str:
    """The address, with its parameters in place."""
    bare = path.replace("^", "").replace("$", "")
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)", lambda found: str(values[found[1] or found[2]]), bare)


ROUTES = list(routes())


def test_no_address_is_there_twice() -> None:
    assert [path for path, times in Counter(route.path for route in ROUTES).items() if times > 1] == []


def test_no_rule_is_left_over() -> None:
    assert set(RULES) == {route.name for route in ROUTES}


@dataclass(frozen=True)
class House:
    """Something of everybody, to be asked for."""

    faxes: dict[str, Fax]
    lines: dict[str, PhoneNumber]
    applications: dict[str, FaxApplication]
    teams: dict[str, Team]
    seats: dict[str, Membership]
    invitations: dict[str, Invitation]
    wishes: dict[str, PendingApplication]
    deliveries: dict[str, Delivery]
    sheet: Batch
    upload: Document

    def address(self, route: Route, whose: str) -> str:
        return filled_in(route.path, self.values(route, whose))

    def values(self, route: Route, whose: str) -> dict[str, object]:
        fax, whose = self.faxes[whose], whose.removesuffix(IN_BIN)
        return {
            "fax_id": fax.pk,
            "line_id": self.lines[whose].pk,
            "application_id": self.applications[whose].pk,
            "pending_id": self.wishes[whose].pk,
            "delivery_id": self.deliveries[whose].pk,
            "run_id": SyncRun.objects.create(finished_at=timezone.now()).pk,
            "number": 1,
            "document_id": self.upload.pk,
            "team_slug": self.teams[whose].slug if whose in self.teams else "nowhere",
            "seat_id": self.seats[whose].pk if whose in self.seats else uuid.uuid4(),
            "invitation_id": self.invitations[whose].pk if whose in self.invitations else uuid.uuid4(),
            "token": "forged",
            "signed": "forged",
            "object_id": object_of(route),
            "id": User.objects.get(username="bob").pk,
            "content_type_id": 0,
            "app_label": "faxes",
            "url": "nowhere",
            "key": "forged",
            "uidb36": "1",
            "pk": 1,
        }

    def form(self) -> dict[str, Any]:
        upload = SimpleUploadedFile("letter.pdf", text_pdf(pages=1))
        return {"batch": str(self.sheet.pk), "documents": [str(self.upload.pk)], "upload": upload}


def object_of(route: Route) -> object:
    """The id of something that the admin's address is about."""
    found = re.match(r"admin/(\w+)/(\w+)/", route.path)
    if found is None or f"{found[1]}.{found[2]}" not in ROW:
        return uuid.uuid4()
    ROW[f"{found[1]}.{found[2]}"]()
    row = model_of(found[1], found[2])._default_manager.order_by("pk").last()
    assert row is not None
    return row.pk


def model_of(app: str, name: str) -> type[models.Model]:
    return next(model for model in admin.site._registry if model._meta.label_lower == f"{app}.{name}")


@pytest.fixture
def house(team: Team, other_team: Team, alice: User, bob: User, vera: User, charlie: User, root: User) -> House:
    teams = {"ours": team, "theirs": other_team, "nobody's": None}
    paper = builders.document(text_pdf(pages=1))
    faxes = {whose: builders.outbound(one, outbox=Outbox.REJECTED, document=paper) for whose, one in teams.items()}
    faxes |= {
        f"{whose}{IN_BIN}": builders.inbound(
            one, document=paper, media=Media.ARCHIVED, status="received", trashed_at=timezone.now()
        )
        for whose, one in teams.items()
    }
    sheet = Batch.objects.create(created_by=bob)
    upload = builders.document(text_pdf(pages=1), kind=Document.Kind.UPLOAD, batch=sheet, position=1)
    lines = {whose: builders.number(one, phone_number=f"+1312579001{len(whose)}") for whose, one in teams.items()}
    applications = {whose: builders.application(one) for whose, one in teams.items()}
    real = {whose: one for whose, one in teams.items() if one is not None}
    seats = {whose: Membership.objects.filter(team=one).earliest("created_at") for whose, one in real.items()}
    invitations = {
        whose: invite(by=root, team=one, email=f"{whose}@x.example", role="viewer")[0] for whose, one in real.items()
    }
    wishes = {whose: builders.wish(one, by=root) for whose, one in teams.items()}
    told = {whose: builders.inbound(one) for whose, one in teams.items()}
    deliveries = {whose: builders.delivery(fax_telnyx_id=one.telnyx_id) for whose, one in told.items()}
    return House(faxes, lines, applications, real, seats, invitations, wishes, deliveries, sheet, upload)


@pytest.fixture
def browsers(house: House, logged_in: Callable[[User], Client]) -> dict[str, Client]:
    everyone = {user.username: logged_in(user) for user in User.objects.all()}
    return {name: everyone.get(name, Client()) for name in PEOPLE}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_everybody_gets_what_is_theirs(route: Route, house: House, browsers: dict[str, Client]) -> None:
    assert route.name in RULES, f"Say in RULES who may see /{route.path}."
    rule = RULES[route.name]
    for asker in [Asker(name, whose) for name in PEOPLE for whose in kinds(route)]:
        address = house.address(route, asker.whose)
        for method, expected in (("get", rule.get(asker)), ("post", rule.post(asker))):
            if expected is not NOT_ASKED:
                answer = ask(browsers[asker.name], method, address, house)
                assert (method, asker, answer) == (method, asker, expected), address


def kinds(route: Route) -> tuple[str, ...]:
    """Whose things the address can be about. Of what belongs to teams, faxes alone are put into a bin."""
    if not OF_A_TEAM.search(route.path):
        return WHOSE[:1]
    return (*WHOSE, *IN_BINS) if "fax_id" in route.path else WHOSE


DEEDS = [route for route in ROUTES if "fax_id" in route.path and RULES[route.name].post is not NOT_ALLOWED]
# Deeds that are for faxes in the bin, too; and those that find nothing to do with this one, wherever it lies.
STILL_DONE = {"faxes:restore", "faxes:hold"}
NOTHING_TO_DO = {
    *("faxes:read", "faxes:unread", "faxes:release", "faxes:trash", "faxes:route", "faxes:fetch_again"),
    *("faxes:cancel", "faxes:refresh", "faxes:delete_at_telnyx", "faxes:not_sent", "faxes:is_it"),
}


@pytest.mark.parametrize("route", DEEDS, ids=lambda route: route.name)
def test_what_lies_in_the_bin_is_put_back_first(
    route: Route, house: House, team: Team, root: User, logged_in: Callable[[User], Client]
) -> None:
    """Neither sent nor changed, whoever asks for it."""
    Team.objects.update(mail_domains="clinic.example")
    fax, browser = house.faxes[f"ours{IN_BIN}"], logged_in(root)
    browser.get(f"/faxes/{fax.pk}/")
    before = all_of(fax)
    to = "ann@clinic.example" if route.name == "notifications:mail" else "me"
    form: dict[str, Any] = {"to": to, "token": uuid.uuid4()}
    form |= {"batch": uuid.uuid4(), "text": "Call them.", "name": "urgent", "page": 1, "degrees": 90, "team": team.slug}
    said = browser.post(house.address(route, f"ours{IN_BIN}"), form, follow=True)
    assert (all_of(fax) != before) == (route.name in STILL_DONE)
    refused = "is in the bin. Put it back first." in text_of(said)
    assert refused == (route.name not in STILL_DONE | NOTHING_TO_DO)


def all_of(fax: Fax) -> list[Any]:
    """What there is of a fax, and what may leave with it."""
    rows: list[Any] = list(Fax.objects.filter(pk=fax.pk).values())
    rows += ReadMark.objects.filter(fax=fax).values("user", "read_at")
    return [*rows, *(model._default_manager.count() for model in (Batch, Document, Fax, FaxEvent, Mail, Note, Tag))]


def ask(browser: Client, method: str, address: str, house: House) -> Answer:
    """What comes back; whatever it changed is undone."""
    cookies = dict(browser.cookies)
    # Not `atomic()`, in which nothing may be stored.
    before = transaction.savepoint()
    if method == "post":
        response = browser.post(address, house.form())
    else:
        response = browser.get(address, {"draft": str(house.sheet.pk)} if address == "/faxes/new/" else {})
    answer = answer_of(response, browser)
    transaction.savepoint_rollback(before)
    browser.cookies.clear()
    browser.cookies.update(cookies)
    return answer


def answer_of(response: Any, browser: Client) -> Answer:
    address = response.headers.get("Location", "")
    if address.startswith("/admin/login/?next="):
        # The admin's door decides what this means.
        return answer_of(browser.get(address), browser)
    if response.streaming:
        response.getvalue()
    return LOGIN if address.startswith("/accounts/login/") else response.status_code


IDS = {"fax_id", "line_id", "application_id", "pending_id", "delivery_id", "seat_id", "invitation_id", "document_id"}
OF_OTHERS = [(route, name) for route in ROUTES for name in sorted({*IDS, "team_slug"}) if f":{name}>" in route.path]


@pytest.mark.parametrize(("route", "name"), OF_OTHERS, ids=lambda part: getattr(part, "name", part))
def test_what_is_not_theirs_answers_like_what_does_not_exist(
    route: Route, name: str, house: House, browsers: dict[str, Client]
) -> None:
    """Word for word, and by as many questions to the database, so that nor does the time tell."""
    nowhere = uuid.uuid4() if name in IDS else "nowhere"
    for person, own, others in (("charlie", "theirs", "ours"), ("vera", "ours", "theirs")):
        values = house.values(route, own)
        found = [house.values(route, whose)[name] for whose in (others, f"{others}{IN_BIN}", "nobody's")]
        for method in ("get", "post"):
            # The first one reads what is then remembered.
            answers = [
                answer_in_full(browsers[person], method, filled_in(route.path, values | {name: value}), value, house)
                for value in (nowhere, nowhere, *found)
            ]
            assert answers[1:] == [answers[1]] * (1 + len(found)), (person, method)


def answer_in_full(browser: Client, method: str, address: str, value: object, house: House) -> tuple[object, ...]:
    """All that can be seen of an answer, but for the id that was asked for; and how many questions it took."""
    cookies = dict(browser.cookies)
    before = transaction.savepoint()
    with CaptureQueriesContext(connection) as asked:
        response: Any = browser.post(address, house.form()) if method == "post" else browser.get(address)
        body = response.getvalue() if response.streaming else response.content
    transaction.savepoint_rollback(before)
    browser.cookies.clear()
    browser.cookies.update(cookies)
    said = [TOKEN.sub("", body.decode(errors="replace")), response.headers.get("Location", "")]
    return response.status_code, *(part.replace(str(value), "") for part in said), len(asked)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_nothing_is_taken_without_the_token_of_a_form(route: Route, house: House, root: User) -> None:
    """Else a page of somebody else could have a person's browser do it."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(root)
    assert browser.post(house.address(route, "ours"), house.form()).status_code == 403


@pytest.mark.parametrize(
    "listing", ["/faxes/inbox/", "/faxes/sent/", "/faxes/inbox/?show=bin", "/faxes/sent/?show=bin"]
)
def test_a_list_shows_what_is_theirs(house: House, browsers: dict[str, Client], team: Team, listing: str) -> None:
    teams = {"ours": team, "theirs": Team.objects.get(slug="records"), "nobody's": None}
    build = builders.inbound if "inbox" in listing else builders.outbound
    column = "from_number" if "inbox" in listing else "to_number"
    for place, one in enumerate(teams.values()):
        build(one, **{column: f"+1415555010{place}"}, trashed_at=timezone.now() if "bin" in listing else None)
    for name, ranks in PEOPLE.items():
        text = browsers[name].get(listing, follow=True).content.decode()
        seen = {whose for place, whose in enumerate(teams) if f"415 555 010{place}" in text}
        assert seen == set(ranks), name


def test_a_signed_link_needs_no_log_in_and_ends_with_its_attempt(house: House) -> None:
    fax = builders.outbound(house.faxes["ours"].team, outbox=Outbox.SUBMITTING, document=house.faxes["ours"].document)
    attempt = builders.attempt(fax, Attempt.State.POSTING)
    address = link_to(attempt).removeprefix(settings.PUBLIC_URL)
    response = Client().get(address)
    assert (response.status_code, response.getvalue()) == (200, text_pdf(pages=1))
    Attempt.objects.filter(pk=attempt.pk).update(state=Attempt.State.NOT_SENT)
    assert Client().get(address).status_code == 404
