"""The real processes that are measured: started with an environment of their own, stopped by their ids."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEY = "KEY0123456789"
SEED = "mfTzb5kVQm1y0CIhIqE1uZcV5lCPUgqYIKkKbVZLI4I="


def environment(folder: Path, **values: str) -> dict[str, str]:
    """A portal of its own in `folder`, with nothing of the developer's set-up."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "ENV_FILE": os.devnull,
        "DEBUG": "1",
        "SECRET_KEY": "for measuring only",
        "ALLOWED_HOSTS": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
        "QUEUE_URL": f"sqlite:///{folder}/queue.sqlite3",
        "CACHE_URL": "locmemcache://",
        "MEDIA_ROOT": f"{folder}/media",
        "TELNYX_API_KEY": KEY,
        "SEND_RATE_ACCOUNT": "0",
        "SEND_RATE_TEAM": "0",
        **{name: value for name, value in values.items() if value},
    }


def manage(*arguments: str, env: dict[str, str]) -> str:
    """Run a management command to its end and return what it printed."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def running(*arguments: str, env: dict[str, str], port: int = 0) -> Iterator[None]:
    """`python ARGUMENTS` until the block ends; with a port, from the moment it listens there."""
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        if port:
            _wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Nothing listens on port {port}.") from None
            time.sleep(0.05)
