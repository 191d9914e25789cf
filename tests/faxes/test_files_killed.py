"""Whoever is killed over a file, at whatever line, leaves none that nobody knows and no row that promises one."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

import pytest

from tests.processes import MEMORY, ROOT, environment

pytestmark = pytest.mark.process


def test_a_kill_at_any_line_leaves_no_file_without_a_row() -> None:
    env = environment(DJANGO_SETTINGS_MODULE="tests.settings")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        command = [sys.executable, "-m", "tests.faxes.doomed_files", folder]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = {deed["deed"]: deed for deed in map(json.loads, done.stdout.splitlines())}
    assert {deed: one["wrong"] for deed, one in told.items()} == {deed: [] for deed in told}
    assert all(one["victims"] > 10 for one in told.values()) and len(told) == 4, told
