"""What is done to files, killed at every line of ours. Run as a process of its own, it forks a victim per line.

`doomed_files.py FOLDER` prints one JSON line per deed: how many victims there were, and what was wrong after them.
A victim gets SIGKILL before the n-th line that it comes to in a module of ours that touches rows or files, for every n
until it lives.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import django
from django.conf import settings
from django.core.files.storage import storages
from django.db import connection, connections

django.setup()

from documents import Inspected, inspect  # noqa: E402
from faxes import files  # noqa: E402
from faxes.models import Document  # noqa: E402
from faxes.reencrypt import reencrypt  # noqa: E402
from faxes.storage.sealing import parse_keys  # noqa: E402
from faxes.verify import Kind, Tally, verify  # noqa: E402
from tests.papers import text_pdf  # noqa: E402
from tests.stores import KEY, OTHER_KEY  # noqa: E402

MODULES = ("files.py", "reencrypt.py", "shelf.py", "storage/local.py")


def kill_at(line: int) -> None:
    """Kill this process when it comes to the n-th line of ours for the first time, counted from now."""
    seen: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.endswith(tuple(f"/faxes/{module}" for module in MODULES)):
            return None
        if event == "line" and (file, frame.f_lineno) not in seen:
            seen.add((file, frame.f_lineno))
            if len(seen) == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)


def store() -> Document:
    path = Path(settings.MEDIA_ROOT).parent / "source"
    return files.store(path, inspected(path), kind=Document.Kind.RECEIVED, name="fax.pdf")


@cache
def inspected(path: Path) -> Inspected:
    path.write_bytes(text_pdf(pages=1))
    return inspect(path, name="pages")


def seal_anew() -> None:
    storages["default"].keys = parse_keys([OTHER_KEY, KEY])  # type: ignore[attr-defined]
    list(reencrypt())


def nothing(document: Document | None) -> None:
    pass


def again(document: Document | None) -> None:
    seal_anew()


# What is there before, what is done, and what is done after a death.
DEEDS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], Callable[[Any], None]]] = {
    "store": (lambda: None, lambda _: store(), nothing),
    "discard": (store, files.discard, nothing),
    "remove": (store, files.remove, files.remove),
    "reencrypt": (store, lambda _: seal_anew(), again),
}


def victims(name: str) -> dict[str, Any]:
    before, deed, after = DEEDS[name]
    wrong, line, lived = [], 0, False
    while not lived:
        line += 1
        storages["default"].keys = parse_keys([KEY])  # type: ignore[attr-defined]
        document = before()
        lived = _lives(deed, document, line)
        if not lived:
            after(document)
        storages["default"].keys = parse_keys([OTHER_KEY, KEY])  # type: ignore[attr-defined]
        found = [str(one) for one in verify(Tally(), quick=False) if one.kind != Kind.UNFINISHED]
        names = list(storages["default"].walk())  # type: ignore[attr-defined]
        if found or len(names) > 1 or (document and name == "reencrypt" and len(names) != 1):
            wrong.append(f"before line {line}: {found or names}")
        _tidy()
    return {"deed": name, "victims": line - 1, "wrong": wrong}


def _lives(deed: Callable[[Any], Any], document: Document | None, line: int) -> bool:
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        kill_at(line)
        deed(document)
        # Never back into the parent's loop.
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return not os.WIFSIGNALED(status)


def _tidy() -> None:
    Document.objects.all().delete()
    for name in list(storages["default"].walk()):  # type: ignore[attr-defined]
        storages["default"].delete(name)


def main() -> None:
    folder = sys.argv[1]
    settings.MEDIA_ROOT = f"{folder}/media"
    connection.settings_dict["TEST"]["NAME"] = f"{folder}/doomed.sqlite3"
    connection.creation.create_test_db(verbosity=0, serialize=False)
    # What is there already need not be copied for each victim.
    gc.freeze()
    for name in DEEDS:
        print(json.dumps(victims(name)), flush=True)


main()
