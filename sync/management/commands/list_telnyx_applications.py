from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sync.listed import applications_listed
from sync.management.listing import write

SORTS = [direction + name for name in ("created_at", "application_name", "active") for direction in ("", "-")]


class Command(BaseCommand):
    help = "Print the fax applications that Telnyx has, each with what is here. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--name", metavar="TEXT", help="only those with this in their name, three letters or more")
        parser.add_argument("--voice-profile", metavar="ID", help="only those that send by this outbound voice profile")
        parser.add_argument("--sort", choices=SORTS, help="in this order; with =-, the other way: --sort=-created_at")

    def handle(self, *, name: str | None, voice_profile: str | None, sort: str | None, **options: Any) -> None:
        found = applications_listed(application_name_contains=name, outbound_voice_profile_id=voice_profile, sort=sort)
        write(self.stdout, found)
