"""Folders for temporary files, which hold the pages of faxes: gone with their process, however that ends.

A process that is killed cleans up nothing. So each holds a lock on its folder, which the system opens when it dies, and
the next one to make a folder removes those that nobody holds: https://man7.org/linux/man-pages/man2/flock.2.html
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

PREFIX = "faxportal-scratch-"


class Scratch:
    """The folder of one process, readable by its owner alone; made when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._held: int | None = None
        self._pid = 0

    def folder(self) -> Path:
        """Raises OSError where none can be made."""
        with self._lock:
            # Of another process after a fork, and away where somebody tidies up old temporary files.
            if self._folder is None or self._pid != os.getpid() or not self._folder.is_dir():
                self._let_go()
                _clear_the_dead()
                self._folder, self._held = _held_folder()
                self._pid = os.getpid()
            return self._folder

    def clear(self) -> None:
        """Take the folder away. That of the process that was forked belongs to its parent."""
        with self._lock:
            if self._folder is not None and self._pid == os.getpid():
                shutil.rmtree(self._folder, ignore_errors=True)
            self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            os.close(self._held)
        self._folder = self._held = None


def _held_folder() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        held = os.open(folder, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_SH)
        if folder.is_dir():
            return folder, held
        # Somebody cleared it away between the two lines, as it was not held yet.
        os.close(held)


def _clear_the_dead() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Not ours to open, or removed by somebody else just now, or held by one who lives.
        with suppress(OSError):
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(held).st_uid == os.getuid():
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(held)


_scratch = Scratch()
atexit.register(_scratch.clear)


def folder() -> Path:
    """The folder of this process. Raises OSError."""
    return _scratch.folder()
