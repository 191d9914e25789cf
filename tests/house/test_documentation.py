"""What is written about the configuration is all of it."""

from __future__ import annotations

import re

from faxportal.settings import env
from tests.processes import ROOT


def test_every_variable_is_explained_in_the_example() -> None:
    named = set(re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(), flags=re.MULTILINE))
    assert named == set(env.scheme)


def test_every_variable_is_in_the_readme() -> None:
    named = set(re.findall(r"`([A-Z_]+)`", (ROOT / "README.md").read_text()))
    assert set(env.scheme) - named == set()


def test_every_test_that_shows_our_safety_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "SECURITY.md").read_text())
    assert len(named) > 40
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_requirement_is_decided_upon() -> None:
    decisions = (ROOT / "docs/decisions.md").read_text().lower()
    lines = "\n".join(path.read_text() for path in ROOT.glob("requirements*.in"))
    names = re.findall(r"^([\w-]+)", lines.lower(), flags=re.MULTILINE)
    assert names
    assert [name for name in names if name not in decisions and not name.startswith("types-")] == []
