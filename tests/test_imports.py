"""Who may know whom. Imports inside functions count, and so do dotted names given to import_string()."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.module_loading import import_string

from faxportal.queue import STEPS

ROOT = Path(__file__).resolve().parent.parent

# Each may import from the sets above its own.
LAYERS = [
    {"accounts", "telnyx_api", "documents", "wake"},
    {"contacts"},
    {"applications"},
    {"faxes"},
    {"sync"},
    {"webhooks", "notifications"},
    {"portal"},
    {"faxportal"},
]
RANK = {package: rank for rank, layer in enumerate(LAYERS) for package in layer}
APART = {"telnyx_sandbox"}
OURS = set(RANK) | APART
WITHOUT_DJANGO = {"telnyx_api", "documents", "wake", "telnyx_sandbox"}
DJANGO = {"django", "rest_framework", "huey", "allauth"}
LONGEST_MODULE = 400


def modules() -> list[Path]:
    """Every module of the product, migrations included."""
    folders = [path for name in sorted(OURS) for path in (ROOT / name).rglob("*.py")]
    return folders + [ROOT / "wake.py", ROOT / "manage.py"]


def package_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The dotted names a module imports, wherever in it. A relative import stays in its package and is left out."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("import_string", "import_module"):
            yield from (str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))


def packages_imported(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def complaints(package: str, path: Path) -> list[str]:
    """What is wrong with the imports of one module of the package, in words."""
    known = packages_imported(path)
    others = (known & OURS) - {package}
    wrong = others if package in APART else {other for other in others if not _is_left_of(other, package)}
    if package in WITHOUT_DJANGO:
        wrong |= known & DJANGO
    return [f"{package}, {path.name}: may not import {name}" for name in sorted(wrong)]


def _is_left_of(other: str, package: str) -> bool:
    return other in RANK and RANK[other] < RANK.get(package, len(LAYERS))


def test_every_module_imports_only_what_stands_left_of_it() -> None:
    assert [complaint for path in modules() for complaint in complaints(package_of(path), path)] == []


def test_nothing_of_the_product_imports_its_tests() -> None:
    assert [path for path in modules() if "tests" in packages_imported(path)] == []


def test_every_module_can_be_read_in_one_sitting() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in modules()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_only_the_house_knows_the_queue() -> None:
    assert {package_of(path) for path in modules() if "huey" in packages_imported(path)} == {"faxportal"}


def test_every_wake_reaches_a_step_that_exists() -> None:
    woken = {name for path in modules() for name in re.findall(r"\bwake\(\s*\"(\w+)\"", path.read_text())}
    assert woken
    assert woken <= set(STEPS)
    for drain in STEPS.values():
        assert callable(import_string(drain))


def test_imports_in_functions_and_dotted_names_are_seen(tmp_path: Path) -> None:
    module = tmp_path / "late.py"
    module.write_text('def go():\n    from webhooks.views import x\n    import_string("sync.services.y")()\n')
    assert packages_imported(module) == {"webhooks", "sync"}


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("faxes", "from webhooks.models import Delivery"),
        ("accounts", "import telnyx_api"),
        ("telnyx_sandbox", "import telnyx_api"),
        ("telnyx_api", "from django.conf import settings"),
        ("webhooks", "from faxportal import settings"),
    ],
)
def test_a_wrong_import_is_told(package: str, source: str, tmp_path: Path) -> None:
    module = tmp_path / "wrong.py"
    module.write_text(source)
    assert len(complaints(package, module)) == 1
