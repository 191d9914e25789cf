from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.management.commands import runserver

from faxportal.management.commands.load_demo import PASSWORD

WELCOME = """
Faxportal is at http://localhost:{port}

  ann    manages the team Front desk      password of each: {password}
  ben    is a member of it
  vera   may only look
  admin  administers the house

Telnyx's stand-in is at {sandbox}: let a fax arrive there. Ctrl-C stops everything.
"""


class Command(runserver.Command):
    help = "Django's development server, with a welcome for `make run`: where the portal is and who may log in."

    def on_bind(self, server_port: int) -> None:
        base = urlsplit(settings.TELNYX_API_BASE)
        sandbox = f"{base.scheme}://{base.netloc}/"
        self.stdout.write(WELCOME.format(port=server_port, password=PASSWORD, sandbox=sandbox))
        self.stdout.flush()
