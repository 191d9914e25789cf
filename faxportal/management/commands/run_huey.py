from __future__ import annotations

import os
import signal
import threading
from typing import Any

from django.core.management.base import CommandParser
from huey.contrib.djhuey.management.commands import run_huey

from faxportal.checks import refuse_start

# What huey would do otherwise: interrupt running tasks on SIGTERM, and poll an idle queue every ten seconds.
# https://huey.readthedocs.io/en/latest/consumer.html
DEFAULTS = {"worker_type": "thread", "workers": 8, "max_delay": 0.5, "graceful_signal": "TERM", "shutdown_timeout": 30}


class Command(run_huey.Command):  # type: ignore[misc]
    help = "Run the worker: it sends, receives, archives and reconciles. SIGTERM lets running work finish."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(**DEFAULTS)

    def handle(self, *args: Any, **options: Any) -> None:
        refuse_start()
        signal.signal(signal.SIGTERM, put_off)
        super().handle(*args, **options)


def put_off(signum: int, frame: object) -> None:
    """Send the signal again in a moment. Huey listens last, when its workers are at work already, and to die then would
    cut that work off.
    """
    again = threading.Timer(0.1, os.kill, [os.getpid(), signum])
    # Where huey's start fails, nobody is to wait for this, or it would go on for ever.
    again.daemon = True
    again.start()
