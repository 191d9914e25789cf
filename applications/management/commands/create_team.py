from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.services import create_team
from applications.services import assign_application, assign_number, find_application, find_number


class Command(BaseCommand):
    help = "Create a team, or find it by its name, and give it fax applications and numbers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--application", action="append", default=[], metavar="ID", help="Telnyx's application id")
        parser.add_argument("--number", action="append", default=[], metavar="+1…", help="a number in E.164")

    def handle(self, *, name: str, application: list[str], number: list[str], **options: Any) -> None:
        try:
            # All that is named is there, or nothing is done. Then each by itself: the log of several teams is locked in
            # one order, which whoever gives them one after the other in one transaction would not keep.
            applications = [find_application(telnyx_id) for telnyx_id in application]
            numbers = [find_number(phone_number) for phone_number in number]
            team, created = create_team(by=None, name=name)
            for given in applications:
                assign_application(by=None, application=given, team=team)
            for line in numbers:
                assign_number(by=None, number=line, team=team)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{'Created' if created else 'Found'} team {team.name} ({team.slug}).")
