from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from accounts.models import User
from accounts.services import set_password

TRIES = 3


class Command(changepassword.Command):
    """As Django's, but for the entry in the log."""

    def handle(self, *args: Any, **options: Any) -> str:
        name = options["username"] or getpass.getuser()
        person = User.objects.filter(username=name).first()
        if person is None:
            raise CommandError(f"There is nobody called “{name}”.")
        self.stdout.write(f"A new password for “{person}”.")
        for _ in range(TRIES):
            password = getpass.getpass()
            try:
                if password != getpass.getpass("Once more: "):
                    raise ValidationError("These are not the same.")
                validate_password(password, person)
            except ValidationError as error:
                self.stderr.write("\n".join(error.messages))
            else:
                set_password(by=None, user=person, password=password)
                return f"“{person}” has a new password, and is signed out everywhere."
        raise CommandError(f"Nothing has changed, after {TRIES} tries.")
