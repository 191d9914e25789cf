from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.services import create_team
from applications.services import assign_application, assign_number, find_application, find_number


class Command(BaseCommand):
    help = "Create a team, or find it by its name, and give it fax applications and numbers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--application", action="append", default=[], metavar="ID", help="Telnyx's application id")
        parser.add_argument("--number", action="append", default=[], metavar="+1…", help="a number in E.164")

    @transaction.atomic
    def handle(self, *, name: str, application: list[str], number: list[str], **options: Any) -> None:
        try:
            team, created = create_team(by=None, name=name)
            for telnyx_id in application:
                assign_application(by=None, application=find_application(telnyx_id), team=team)
            for phone_number in number:
                assign_number(by=None, number=find_number(phone_number), team=team)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{'Created' if created else 'Found'} team {team.name} ({team.slug}).")
