from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, call_command

from faxportal.queue import create_queue


class Command(BaseCommand):
    help = "Create or update every table: the database's, the cache's and the queue's. Safe to repeat."
    # The tables that other checks may ask for are what this makes.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("createcachetable", verbosity=options["verbosity"])
        create_queue()
