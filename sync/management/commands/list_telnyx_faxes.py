from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from sync.listed import faxes_listed
from sync.management.listing import moment, write


class Command(BaseCommand):
    help = "Print the faxes that Telnyx has, each with what is here. Changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--direction", choices=["inbound", "outbound"], help="only those that came in, or went out")
        parser.add_argument(
            "--from", dest="from_", metavar="NUMBER", help="only those from this number, as +13125550142"
        )
        parser.add_argument("--to", metavar="NUMBER", help="only those to this number")
        parser.add_argument("--since", metavar="2026-11-01", help="only those made since then, UTC")
        parser.add_argument("--until", metavar="2026-11-02", help="only those made before then, UTC")

    def handle(
        self,
        *,
        direction: str | None,
        from_: str | None,
        to: str | None,
        since: str | None,
        until: str | None,
        **options: Any,
    ) -> None:
        window = {"created_gte": moment(since), "created_lt": moment(until)}
        write(self.stdout, faxes_listed(direction=direction, from_=from_, to=to, **window))
