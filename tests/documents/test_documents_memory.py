"""A large fax passes through in little memory, measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests import papers
from tests.documents.desk import put
from tests.documents.test_documents_hostile import LINE, one_page, packed, stream

ROOT = Path(__file__).parents[2]
MEASURE = """
import resource, sys
from pathlib import Path
from documents import DocumentError, inspect, merge, render_page
{work}
if sys.platform == "linux":
    # Not from getrusage, which counts what the parent had before this program began.
    kilobytes = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(int(kilobytes) // 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2)
"""


def megabytes(work: str, path: Path) -> int:
    """The most memory that a process needs which does nothing but this work on the file."""
    program = MEASURE.format(work=work.format(path=f"Path({str(path)!r})"))
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return int(done.stdout)


MERGE = "merge([({path}, 'large')], {path}.with_name('fax.pdf'))"
REFUSED = """
try:
    inspect({path}, name='bomb')
except DocumentError as error:
    assert error.code == 'bomb'
"""
PREVIEW = (
    "pages = inspect({path}, name='large').pages; [render_page({path}, page, width=1000) for page in (1, 2, pages)]"
)


@pytest.mark.parametrize("pages", [20, 350])
def test_merging_fifty_megabytes(pages: int, tmp_path: Path) -> None:
    data = papers.big_pdf(49_900_000, pages)
    assert len(data) > 49_000_000
    assert megabytes(MERGE, put(tmp_path, data)) < 150


def test_a_preview_of_fifty_megabytes(tmp_path: Path) -> None:
    assert megabytes(PREVIEW, put(tmp_path, papers.big_pdf(49_900_000, 350))) < 110


def test_a_drawing_that_unpacks_to_a_quarter_of_a_gigabyte_is_not_unpacked(tmp_path: Path) -> None:
    bomb = one_page(stream(packed(LINE, 256 * 1024 * 1024), b"/Filter/FlateDecode"), b"null")
    assert megabytes(REFUSED, put(tmp_path, bomb)) < 120


def test_merging_a_screen_of_fifteen_million_dots(tmp_path: Path) -> None:
    Image.new("RGBA", (5120, 2880), (0, 0, 0, 20)).save(tmp_path / "screen.png", compress_level=1)
    assert megabytes(MERGE, tmp_path / "screen.png") < 150


def test_merging_a_photo_of_fifty_million_dots(tmp_path: Path) -> None:
    photo = Image.linear_gradient("L").resize((8160, 6120), Image.Resampling.NEAREST).convert("RGB")
    photo.save(tmp_path / "photo.jpg", "JPEG")
    assert megabytes(MERGE, tmp_path / "photo.jpg") < 130
