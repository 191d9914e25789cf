"""Temporary files with the pages of faxes: none outlives the process that made it by much."""

from __future__ import annotations

import os
import signal
import tempfile
from pathlib import Path

import pytest

from faxes.scratch import PREFIX, Scratch


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def killed_with_pages(scratch: Scratch) -> None:
    """A process that is killed while it has a file in its folder."""
    pid = os.fork()
    if pid == 0:
        try:
            (scratch.folder() / "received").write_bytes(b"%PDF")
            os.kill(os.getpid(), signal.SIGKILL)
        finally:
            # Never back into the tests, which this copy would go on with.
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_what_a_killed_process_left_is_cleared_by_the_next(temporary: Path) -> None:
    killed_with_pages(Scratch())
    assert [path.read_bytes() for path in temporary.glob("*/received")] == [b"%PDF"]
    scratch = Scratch()
    folder = scratch.folder()
    assert list(temporary.iterdir()) == [folder]
    scratch.clear()


def test_what_a_living_process_has_and_what_is_not_ours_stays(temporary: Path) -> None:
    other = temporary / f"{PREFIX}is-a-file"
    other.touch()
    (temporary / "somebody elses").mkdir()
    (temporary / f"{PREFIX}leads-away").symlink_to(temporary / "somebody elses")
    living, next_one = Scratch(), Scratch()
    folder = living.folder()
    assert next_one.folder() != folder and folder.stat().st_mode & 0o777 == 0o700
    assert other.exists() and (temporary / f"{PREFIX}leads-away").exists()
    # A child that ends does not let go of what its parent holds.
    killed_with_pages(living)
    last = Scratch()
    assert last.folder().exists() and folder.exists()
    for scratch in (living, next_one, last):
        scratch.clear()
    assert {path.name for path in temporary.glob(f"{PREFIX}*")} == {other.name, f"{PREFIX}leads-away"}


def test_a_folder_that_somebody_tidied_up_is_made_anew() -> None:
    scratch = Scratch()
    first = scratch.folder()
    first.rmdir()
    assert scratch.folder().is_dir() and scratch.folder() == scratch.folder()
    scratch.clear()
