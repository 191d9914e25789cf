"""Workers that die over a received fax. Run as a process of its own, it forks a real worker per order.

It reads orders as JSON lines and answers each with a JSON line: "new" makes a fax whose pages wait behind a link; "run"
has a worker archive it that gets SIGKILL at its n-th moment; "forget" has one delete it at Telnyx in the same way;
"recover" lets leases run out, has healthy workers finish the job and tells what is there then. A moment is before and
after each database call, before each connection, and before each change of a file or folder in the storage.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

django.setup()

from accounts.models import LogEntry  # noqa: E402
from faxes.models import Document, Fax  # noqa: E402
from faxes.states import Media  # noqa: E402
from faxes.steps import archive, forget  # noqa: E402
from tests import builders  # noqa: E402

Order = dict[str, Any]
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.chmod", "os.truncate")


class Fate:
    """Counts the moments of this process and kills it at the appointed one."""

    def __init__(self, at: int | None) -> None:
        self.at, self.moments = at, 0

    def strikes(self) -> None:
        self.moments += 1
        if self.moments == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around_query(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.strikes()
        result = execute(sql, params, many, context)
        self.strikes()
        return result

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """https://docs.python.org/3/library/audit_events.html"""
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if event == "socket.connect" or ((writes or event in CHANGES) and in_storage(arguments[0])):
            self.strikes()


def in_storage(path: Any) -> bool:
    return isinstance(path, str | os.PathLike) and str(path).startswith(settings.MEDIA_ROOT)


def new(order: Order) -> Order:
    Fax.objects.all().delete()
    Document.objects.all().delete()
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
    columns = {"telnyx_id": order["telnyx_id"], "media_url": order["link"], "status": "received"}
    fax = builders.inbound(None, media=Media.WAITING, due_at=timezone.now(), **columns)
    if order.get("forget"):
        archive.archive_next()
        Fax.objects.filter(pk=fax.pk).update(due_at=timezone.now())
    return {}


def run(order: Order) -> Order:
    """How many moments the worker had, or None where it did not live to tell."""
    connections.close_all()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            os.write(writer, str(_work(order)).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            # Never back into the parent's loop, which this copy would go on with.
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    return {"moments": int(said) if said else None}


def _work(order: Order) -> int:
    fate = Fate(order.get("at"))
    # It stays until the process ends, which is soon.
    sys.addaudithook(fate.hook)
    with connection.execute_wrapper(fate.around_query):
        forget.forget_next() if order["do"] == "forget" else archive.archive_next()
    return fate.moments


def recover(order: Order) -> Order:
    Fax.objects.exclude(leased_until=None).update(leased_until=timezone.now() - timedelta(seconds=1))
    archive.recover_abandoned()
    Fax.objects.filter(media=Media.WAITING).update(due_at=timezone.now())
    while archive.archive_next():
        pass
    forget.drain()
    fax = Fax.objects.get()
    log = LogEntry.objects.filter(action="fax.delete_at_telnyx", object_id=str(fax.pk))
    kept = {str(document.file.name): document.sha256 for document in Document.objects.all()}
    call_command("verify_archive", stdout=sys.stderr)
    return {
        "media": fax.media,
        "archived": fax.events.filter(kind="archived").count(),
        "deleted": [fax.gone_at is not None, fax.events.filter(kind="deleted_at_telnyx").count(), log.count()],
        "original": str((fax.original or fax.document or Document()).sha256),
        "documents": len(kept),
        "as_recorded": files() == kept,
    }


def files() -> dict[str, str]:
    """What is in the storage, less the pictures of pages: the SHA-256 by name."""
    root = Path(settings.MEDIA_ROOT)
    found = [path for path in root.rglob("*") if path.is_file() and path.relative_to(root).parts[0] != "pages"]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


ORDERS = {"new": new, "run": run, "forget": run, "recover": recover}


def main() -> None:
    """`doomed_archive.py FOLDER API_BASE API_KEY HOST…`: pages may be fetched from the hosts."""
    folder, settings.TELNYX_API_BASE, settings.TELNYX_API_KEY, *settings.PRIVATE_HOSTS_ALLOWED = sys.argv[1:]
    settings.MEDIA_ROOT = f"{folder}/media"
    name = f"doomed_{os.getpid()}" if connection.vendor == "postgresql" else f"{folder}/doomed.sqlite3"
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, serialize=False)
    # What is there already need not be copied for each worker.
    gc.freeze()
    try:
        for line in sys.stdin:
            order = json.loads(line)
            print(json.dumps(ORDERS[order["do"]](order)), flush=True)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


main()
