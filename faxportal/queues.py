"""Which queue QUEUE_URL means. Apart from queue.py, because settings need it before Django is ready."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from huey import Huey, MemoryHuey, PostgresHuey, PriorityRedisHuey, SqliteHuey

NAME = "faxportal"


def huey_from_url(url: str) -> Huey:
    """The huey behind `sqlite:///file`, `redis://…`, `rediss://…` or `postgres://…` (and `memory://`, for tests).

    Raises ValueError for any other. No connection is made and no table created here, because every command imports
    the settings, also where there is no server.
    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return MemoryHuey(NAME, results=False)
    if scheme == "sqlite":
        file = Path(url.removeprefix("sqlite:///"))
        file.parent.mkdir(parents=True, exist_ok=True)
        return SqliteHuey(NAME, filename=str(file), results=False, create_tables=False, timeout=20)
    if scheme in ("redis", "rediss"):
        return PriorityRedisHuey(NAME, url=url, results=False)
    if scheme in ("postgres", "postgresql"):
        return PostgresHuey(NAME, dsn=url, results=False, create_tables=False)
    raise ValueError(f"QUEUE_URL must start with sqlite:///, redis:// or postgres://, not {scheme!r}.")
