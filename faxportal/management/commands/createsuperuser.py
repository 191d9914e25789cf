from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction

from accounts import audit
from accounts.models import People, User


class Recording(People):
    """Makes an administrator together with an entry in the log."""

    def create_superuser(self, *args: Any, **fields: Any) -> User:
        with transaction.atomic():
            person = super().create_superuser(*args, **fields)
            after = {"username": person.username, "email": person.email, "is_superuser": True}
            audit.record(audit.Entry("user.create", on=person, data={"by": "createsuperuser", "after": after}))
        return person


class Users:
    """The model as Django's command knows it, with that manager. The command asks for a while and then makes the
    account: a transaction around all of it would keep everybody else from writing."""

    def __init__(self) -> None:
        self._default_manager = Recording()
        self._default_manager.model = User

    def __getattr__(self, name: str) -> Any:
        return getattr(User, name)

    def __call__(self, **fields: Any) -> User:
        return User(**fields)


class Command(createsuperuser.Command):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.UserModel: Any = Users()
