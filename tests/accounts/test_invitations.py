"""Invitations: for one address, once, for a week; and the managers that a team keeps."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.models import Invitation, LogEntry, Membership, Role, Team, User
from accounts.services import change_role, dismiss, remove_member, set_member, set_policy
from tests.threads import at_once

pytestmark = pytest.mark.django_db

NEW = "dana@clinic.example"


@pytest.fixture
def dana(db: None) -> User:
    return User.objects.create_user("dana", NEW, "correct horse battery")


@pytest.fixture
def boss(team: Team) -> User:
    """Another manager."""
    user = User.objects.create_user("boss", "boss@clinic.example", "correct horse battery")
    Membership.objects.create(user=user, team=team, role=Role.MANAGER)
    return user


def invite(by: User, team: Team, email: str = NEW, role: str = "member") -> tuple[Invitation, str]:
    return invitations.invite(by=by, team=team, email=email, role=role)


def accepted_as_new(invitation: Invitation, **said: Any) -> User:
    said = {"name": "Dana Reyes", "password": "nine green bottles"} | said
    return invitations.accept_as_new(invitation=invitation, **said)


def test_an_invited_person_joins_with_the_role(team: Team, alice: User, dana: User) -> None:
    invitation, token = invite(alice, team, " Dana@Clinic.Example ")
    assert invitations.find(token) == invitation
    invitations.accept(invitation=invitation, user=dana)
    assert Membership.objects.get(user=dana).role == Role.MEMBER
    assert [entry.action for entry in LogEntry.objects.order_by("sequence")][-3:] == [
        "member.invite",
        "member.accept_invitation",
        "member.set",
    ]


def test_the_secret_is_kept_nowhere(team: Team, alice: User) -> None:
    _, token = invite(alice, team)
    kept = [str(value) for row in Invitation.objects.values() for value in row.values()]
    kept += [str(row) for row in LogEntry.objects.values()]
    assert not any(token in value for value in kept)


def test_it_is_good_once(team: Team, alice: User, dana: User) -> None:
    invitation, token = invite(alice, team)
    invitations.accept(invitation=invitation, user=dana)
    dana.memberships.all().delete()
    assert invitations.find(token) is None
    with pytest.raises(ValidationError, match="has been used"):
        invitations.accept(invitation=invitation, user=dana)
    assert not dana.memberships.exists()


def test_it_ends_after_a_week(team: Team, alice: User, dana: User) -> None:
    invitation, token = invite(alice, team)
    Invitation.objects.update(expires_at=timezone.now())
    assert invitations.find(token) is None and not invitations.open_invitations(team)
    with pytest.raises(ValidationError, match="too old"):
        invitations.accept(invitation=invitation, user=dana)


def test_a_new_invitation_ends_the_one_before(team: Team, alice: User) -> None:
    _, first = invite(alice, team)
    second, token = invite(alice, team, role="viewer")
    assert invitations.find(first) is None and invitations.find(token) == second
    assert list(invitations.open_invitations(team)) == [second]


def test_what_is_taken_back_opens_nothing(team: Team, alice: User) -> None:
    invitation, token = invite(alice, team)
    invitations.revoke(by=alice, invitation=invitation)
    assert invitations.find(token) is None
    with pytest.raises(ValidationError, match="taken back already"):
        invitations.revoke(by=alice, invitation=invitation)


def test_nobody_else_can_use_it(team: Team, alice: User, charlie: User, dana: User) -> None:
    invitation, _ = invite(alice, team)
    # Claimed, and not proven.
    EmailAddress.objects.create(user=charlie, email=NEW, verified=False)
    with pytest.raises(ValidationError, match="is for dana@clinic.example"):
        invitations.accept(invitation=invitation, user=charlie)
    invitations.accept(invitation=invitation, user=dana)


def test_a_proven_second_address_counts(team: Team, alice: User, charlie: User) -> None:
    invitation, _ = invite(alice, team)
    EmailAddress.objects.create(user=charlie, email=NEW.upper(), verified=True)
    assert invitations.account_of(invitation) == charlie
    invitations.accept(invitation=invitation, user=charlie)


def test_a_new_person_gets_an_account_of_that_address(team: Team, alice: User) -> None:
    User.objects.create_user("dana", "somebody@else.example")
    invitation, _ = invite(alice, team, role="viewer")
    user = accepted_as_new(invitation)
    assert (user.username, user.email, str(user)) == ("dana2", NEW, "Dana Reyes")
    assert EmailAddress.objects.get(user=user).verified and user.check_password("nine green bottles")
    assert not user.is_superuser and Membership.objects.get(user=user).role == Role.VIEWER


@pytest.mark.parametrize("name", ["DANA", "Dana"])
def test_nobody_is_shut_out_of_their_name_by_another_in_other_letters(team: Team, alice: User, name: str) -> None:
    User.objects.create_user(name, "somebody@else.example")
    invitation, _ = invite(alice, team)
    assert accepted_as_new(invitation).username == "dana2"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user("dAnA")


@pytest.mark.django_db(transaction=True)
def test_two_new_people_of_one_name_at_once(team: Team, other_team: Team, alice: User, charlie: User) -> None:
    made = [
        invite(by, to, f"dana@{host}.example")[0] for by, to, host in ((alice, team, "a"), (charlie, other_team, "b"))
    ]

    def click(invitation: Invitation) -> str:
        try:
            return accepted_as_new(invitation).username
        except ValidationError as error:
            return "".join(error.messages)

    names = at_once(*[lambda one=one: click(one) for one in made])
    assert set(names) <= {"dana", "dana2", "That did not work this time. Press the button once more."}


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_account(team: Team, alice: User) -> None:
    invitation, _ = invite(alice, team)

    def click() -> str:
        try:
            return accepted_as_new(invitation).username
        except ValidationError as error:
            return "".join(error.messages)

    assert sorted(at_once(*[click] * 3)) == [invitations.OVER, invitations.OVER, "dana"]


def test_a_closed_account_is_not_invited(team: Team, alice: User, charlie: User) -> None:
    User.objects.filter(pk=charlie.pk).update(is_active=False)
    with pytest.raises(ValidationError, match="Ask an administrator") as refused:
        invite(alice, team, charlie.email)
    assert "charlie" not in "".join(refused.value.messages).lower() and not Invitation.objects.exists()


@pytest.mark.parametrize(
    ("said", "field"), [({"name": " "}, "name"), ({"name": "x" * 151}, "name"), ({"password": "12345678"}, "password")]
)
def test_a_weak_password_or_no_name_is_told_and_nothing_is_made(
    team: Team, alice: User, said: dict[str, str], field: str
) -> None:
    invitation, token = invite(alice, team)
    with pytest.raises(ValidationError) as refused:
        accepted_as_new(invitation, **said)
    assert field in refused.value.message_dict
    assert invitations.find(token) and not User.objects.filter(email=NEW).exists()


def test_who_has_an_account_makes_no_second_one(team: Team, alice: User, dana: User) -> None:
    invitation, _ = invite(alice, team)
    with pytest.raises(ValidationError, match="has an account already"):
        accepted_as_new(invitation)


def test_nobody_loses_a_role_by_an_invitation(team: Team, alice: User, bob: User) -> None:
    invitation, _ = invite(alice, team, role="viewer")
    User.objects.filter(pk=bob.pk).update(email=NEW)
    bob.refresh_from_db()
    invitations.accept(invitation=invitation, user=bob)
    assert Membership.objects.get(user=bob, team=team).role == Role.MEMBER
    entry = LogEntry.objects.get(action="member.accept_invitation")
    assert (entry.actor_name, entry.data) == ("Bob", {"email": NEW, "role": "viewer"})


@pytest.mark.parametrize(
    ("email", "role", "field"),
    [("nobody", "member", "email"), ("a@b.example\nBcc: c@d.example", "member", "email"), (NEW, "king", "role")],
)
def test_what_is_no_address_or_no_role_is_told(team: Team, alice: User, email: str, role: str, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        invite(alice, team, email, role)
    assert field in refused.value.message_dict


def test_who_is_on_the_team_needs_no_invitation(team: Team, alice: User, bob: User) -> None:
    with pytest.raises(ValidationError, match="on the team already"):
        invite(alice, team, bob.email.upper())


def test_only_managers_invite(team: Team, alice: User, bob: User, charlie: User) -> None:
    for person in (bob, charlie):
        with pytest.raises(PermissionDenied):
            invite(person, team)
        invitation, _ = invite(alice, team)
        with pytest.raises(PermissionDenied):
            invitations.revoke(by=person, invitation=invitation)


def test_a_team_has_so_many_open_invitations(team: Team, alice: User) -> None:
    for number in range(invitations.MOST_OPEN):
        invite(alice, team, f"p{number}@clinic.example")
    with pytest.raises(ValidationError, match="are open"):
        invite(alice, team)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_member(team: Team, alice: User, dana: User) -> None:
    invitation, _ = invite(alice, team)

    def click() -> bool:
        try:
            invitations.accept(invitation=invitation, user=dana)
        except ValidationError:
            return False
        return True

    assert sorted(at_once(*[click] * 4)) == [False, False, False, True]
    assert Membership.objects.filter(user=dana).count() == 1


def seat(user: User, team: Team) -> Membership:
    return Membership.objects.select_related("team", "user").get(user=user, team=team)


def test_a_team_keeps_a_manager(team: Team, alice: User, bob: User, root: User) -> None:
    for act in (lambda: dismiss(by=alice, membership=seat(alice, team)), lambda: change_to(alice, team, "viewer")):
        with pytest.raises(ValidationError, match="only manager"):
            act()
    change_role(by=alice, membership=seat(bob, team), role="manager")
    change_to(alice, team, "member")
    assert seat(alice, team).role == Role.MEMBER
    # Who administers the house can give it another one.
    dismiss(by=root, membership=seat(bob, team))


def test_a_closed_account_manages_nothing(team: Team, alice: User, boss: User) -> None:
    boss.is_active = False
    boss.save()
    with pytest.raises(ValidationError, match="only manager"):
        dismiss(by=alice, membership=seat(alice, team))
    dismiss(by=alice, membership=seat(boss, team))


def change_to(user: User, team: Team, role: str) -> None:
    change_role(by=user, membership=seat(user, team), role=role)


def test_members_change_nobody(team: Team, alice: User, bob: User) -> None:
    with pytest.raises(PermissionDenied):
        change_role(by=bob, membership=seat(bob, team), role="manager")
    with pytest.raises(PermissionDenied):
        dismiss(by=bob, membership=seat(alice, team))
    with pytest.raises(ValidationError, match="Choose a role"):
        change_role(by=alice, membership=seat(bob, team), role="king")


def test_a_policy_is_logged_with_what_it_was(team: Team, alice: User) -> None:
    set_policy(by=alice, team=team, phi_free_mail=False, deleting_role="manager")
    set_policy(by=alice, team=team, phi_free_mail=False)
    entry = LogEntry.objects.get(action="team.set_policy")
    assert entry.data["before"] == {"phi_free_mail": True, "deleting_role": "member"}
    with pytest.raises(ValidationError):
        set_policy(by=alice, team=team, deleting_role="king")


@pytest.mark.parametrize("how", ["removed", "changed", "by groups"])
def test_what_a_manager_offered_ends_with_their_role(team: Team, alice: User, boss: User, how: str) -> None:
    invitation, token = invite(alice, team, "private@evil.example", "manager")
    _, by_boss = invite(boss, team)
    match how:
        case "removed":
            dismiss(by=boss, membership=seat(alice, team))
        case "changed":
            change_role(by=boss, membership=seat(alice, team), role="member")
        case _:
            set_member(by=None, team=team, user=alice, role=Role.VIEWER, source=Membership.Source.GROUPS)
    assert invitations.find(token) is None and invitations.find(by_boss) is not None
    with pytest.raises(ValidationError, match="taken back"):
        accepted_as_new(invitation)
    entry = LogEntry.objects.get(action="member.revoke_invitation")
    assert entry.data == {"email": "private@evil.example", "role": "manager"}


def test_an_administrator_goes_on_inviting_without_a_seat(team: Team, root: User, boss: User) -> None:
    Membership.objects.create(user=root, team=team, role=Role.MANAGER)
    _, token = invite(root, team)
    dismiss(by=boss, membership=seat(root, team))
    assert invitations.find(token) is not None


def test_what_somebody_was_offered_ends_when_they_are_removed(team: Team, alice: User, charlie: User) -> None:
    EmailAddress.objects.create(user=charlie, email="Charlie@private.example", verified=True)
    tokens = [invite(alice, team, email)[1] for email in (charlie.email, "charlie@private.example", NEW)]
    set_member(by=alice, team=team, user=charlie, role=Role.VIEWER)
    remove_member(by=alice, team=team, user=charlie)
    assert [invitations.find(token) is not None for token in tokens] == [False, False, True]


def test_what_a_closed_account_offered_opens_nothing(
    team: Team, alice: User, root: User, dana: User, logged_in: Callable[[User], Client]
) -> None:
    invitation, token = invite(alice, team)
    said = {"username": "alice", "first_name": "Alice", "email": alice.email}
    logged_in(root).post(f"/admin/accounts/user/{alice.pk}/change/", said)
    alice.refresh_from_db()
    assert not alice.is_active and invitations.find(token) is None
    assert LogEntry.objects.filter(action="member.revoke_invitation", chain=str(team.pk)).exists()


def test_who_may_not_invite_any_more_has_invited_nobody(team: Team, alice: User, dana: User) -> None:
    """However they lost that."""
    invitation, _ = invite(alice, team)
    Membership.objects.filter(user=alice).update(role=Role.MEMBER)
    with pytest.raises(ValidationError, match="Ask for a new one"):
        invitations.accept(invitation=invitation, user=dana)
    assert not dana.memberships.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_invites_while_they_are_removed(team: Team, alice: User, boss: User) -> None:
    def invite_somebody() -> None:
        with suppress(PermissionDenied):
            invite(alice, team, "private@evil.example", "manager")

    at_once(invite_somebody, lambda: dismiss(by=boss, membership=seat(alice, team)))
    assert not invitations.open_invitations(team)
