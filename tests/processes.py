"""Real processes for tests: start one, wait for what it should do, and be sure that it is gone afterwards."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A folder in memory where the system has one: for tests that write hundreds of files and keep none.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def environment(**values: str) -> dict[str, str]:
    """An environment in which nothing of ours is set but these values: what a new server has."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "ENV_FILE": os.devnull, **values}


@contextmanager
def running(*arguments: str, env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`python ARGUMENTS`, its output in `log`. At the end it is asked to stop, and killed if it does not."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        stop(process)


@contextmanager
def serving(*arguments: str, env: dict[str, str], log: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """As `running`, from the moment the process listens on the port. Raises AssertionError if it never does."""
    with running(*arguments, env=env, log=log) as process:
        wait_for(lambda: process.poll() is not None or is_open(port), what=f"a server on port {port}")
        assert process.poll() is None, f"The server has ended. {last_lines(log)}"
        yield process


def stop(process: subprocess.Popen[bytes]) -> None:
    """A server that is killed leaves its own children behind for a while; one that is asked takes them along."""
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def finished(*arguments: str, env: dict[str, str], timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """`python ARGUMENTS`, run to its end, with standard error in its output."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
    )


def wait_for(condition: Callable[[], object], *, within: float = 60, what: str = "the condition") -> None:
    """Ask again and again until the condition holds. Raises AssertionError after `within` seconds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {within} s."
        time.sleep(0.05)


def last_lines(log: Path, count: int = 30) -> str:
    """The end of a log, with a heading."""
    return "\n".join([f"The end of {log.name}:", *log.read_text(errors="replace").splitlines()[-count:]])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
