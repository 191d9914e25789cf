"""Several files become one PDF: all pages, in order, or nothing at all."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pikepdf
import pytest

from documents import DocumentError, Inspected, inspect, merge
from documents.convert import to_pdf
from tests import papers
from tests.documents.desk import put, seen, texts


def refused(sources: list[tuple[Path, str]], out: Path, **limits: int) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        merge(sources, out, **limits)
    return caught.value


@pytest.fixture
def everything(tmp_path: Path) -> list[tuple[Path, str]]:
    """One file of each kind, eleven pages together."""
    files = {
        "letter.pdf": papers.text_pdf(),
        "photo.jpg": papers.photo_jpeg(),
        "fax.tif": papers.fax_tiff(),
        "screen.png": papers.screenshot_png(alpha=True),
        "scan.pdf": papers.scanned_pdf(),
        "form.pdf": papers.form_pdf(),
        "data-only.pdf": papers.form_pdf(need_appearances=True),
    }
    return [(put(tmp_path, data, f"{number}"), name) for number, (name, data) in enumerate(files.items())]


def test_all_pages_are_there_in_the_order_of_the_files(tmp_path: Path) -> None:
    titles = ["Zebra", "Apple", "Mango"]
    sources = [(put(tmp_path, papers.text_pdf(2, title), title), f"{title}.pdf") for title in titles]
    assert merge(sources, tmp_path / "fax.pdf").pages == 6
    expected = [(title, f"Page {page} of 2") for title in titles for page in (1, 2)]
    for text, (title, number) in zip(texts(tmp_path / "fax.pdf"), expected, strict=True):
        assert title in text and number in text


def test_every_kind_of_file_can_be_part_of_a_fax(everything: list[tuple[Path, str]], tmp_path: Path) -> None:
    merged = merge(everything, tmp_path / "fax.pdf")
    assert merged.pages == 11
    assert (merged.content_type, merged.extension) == ("application/pdf", "pdf")
    for page in range(1, 12):
        assert min(seen(tmp_path / "fax.pdf", page, width=100).tobytes()) < 200, f"page {page} is blank"


def test_the_answer_describes_the_file_written(everything: list[tuple[Path, str]], tmp_path: Path) -> None:
    merged = merge(everything, tmp_path / "fax.pdf")
    assert isinstance(merged, Inspected)
    assert merged == inspect(tmp_path / "fax.pdf", name="fax.pdf")


def test_the_same_files_make_the_same_bytes(everything: list[tuple[Path, str]], tmp_path: Path) -> None:
    first = merge(everything, tmp_path / "first.pdf")
    (tmp_path / "elsewhere").mkdir()
    # A PDF may hold the time it was written, to the second.
    written = int(time.time())
    while int(time.time()) == written:
        time.sleep(0.02)
    assert merge(everything, tmp_path / "elsewhere" / "second.pdf") == first


def test_one_file_can_be_sent_twice(tmp_path: Path) -> None:
    source = (put(tmp_path, papers.text_pdf(1)), "letter.pdf")
    assert merge([source, source], tmp_path / "fax.pdf").pages == 2


def test_a_file_locked_against_changes_becomes_an_open_one(tmp_path: Path) -> None:
    merge([(put(tmp_path, papers.owner_locked_pdf()), "locked.pdf")], tmp_path / "fax.pdf")
    with pikepdf.open(tmp_path / "fax.pdf") as pdf:
        assert not pdf.is_encrypted
    assert "Riverside Family Clinic" in texts(tmp_path / "fax.pdf")[0]


def test_the_file_at_fault_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    good = put(tmp_path, papers.text_pdf(), "good")
    error = refused([(good, "good.pdf"), (put(tmp_path, papers.encrypted_pdf()), "locked.pdf")], folder / "fax.pdf")
    assert error.code == "encrypted" and str(error).startswith("“locked.pdf”")
    assert list(folder.iterdir()) == []


def test_a_file_of_that_name_stays_as_it_is_when_merging_fails(tmp_path: Path) -> None:
    out = put(tmp_path, b"the fax of yesterday", "fax.pdf")
    refused([(put(tmp_path, papers.broken_pdf()), "broken.pdf")], out)
    assert out.read_bytes() == b"the fax of yesterday"
    refused([(put(tmp_path, papers.text_pdf()), "letter.pdf")], out, max_bytes=1000)
    assert out.read_bytes() == b"the fax of yesterday"
    merge([(put(tmp_path, papers.text_pdf()), "letter.pdf")], out)
    assert out.read_bytes().startswith(b"%PDF-")


def test_files_that_are_small_enough_alone_can_be_too_many_together(tmp_path: Path) -> None:
    letter = put(tmp_path, papers.text_pdf())
    sources = [(letter, "first.pdf"), (letter, "second.pdf"), (letter, "third.pdf")]
    error = refused(sources, tmp_path / "fax.pdf", max_pages=8)
    assert error.code == "too_many_pages"
    assert str(error).startswith("“first.pdf and 2 more” has more than 8 pages")
    assert merge(sources, tmp_path / "fax.pdf", max_pages=9).pages == 9


def test_once_there_are_too_many_pages_the_rest_is_not_looked_at(tmp_path: Path) -> None:
    letter = (put(tmp_path, papers.text_pdf()), "letter.pdf")
    broken = (put(tmp_path, papers.broken_pdf(), "broken"), "broken.pdf")
    assert refused([letter, letter, broken], tmp_path / "fax.pdf", max_pages=5).code == "too_many_pages"


def test_the_result_is_measured_not_the_sources(tmp_path: Path) -> None:
    sources = [(put(tmp_path, papers.scanned_pdf()), "scan.pdf"), (put(tmp_path, papers.text_pdf(), "b"), "letter.pdf")]
    size = merge(sources, tmp_path / "fax.pdf").bytes
    assert merge(sources, tmp_path / "fax.pdf", max_bytes=size).bytes == size
    error = refused(sources, tmp_path / "fax.pdf", max_bytes=size - 1)
    assert error.code == "too_large" and "“scan.pdf and 1 more”" in str(error)


def test_pictures_that_unfold_beyond_the_limit_are_stopped_on_the_way(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        to_pdf(put(tmp_path, papers.fax_tiff(3)), "image/tiff", "fax.tif", tmp_path / "part.pdf", max_bytes=50_000)
    assert caught.value.code == "too_large" and "“fax.tif”" in str(caught.value)
    assert not (tmp_path / "part.pdf").exists()


def test_without_files_there_is_nothing_to_fax(tmp_path: Path) -> None:
    error = refused([], tmp_path / "fax.pdf")
    assert error.code == "empty" and "Add at least one" in str(error)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """As on a disk that is full: no file may grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("make", [papers.scanned_pdf, papers.photo_jpeg, papers.fax_tiff])
def test_a_full_disk_is_not_blamed_on_the_document(make: papers.Maker, tmp_path: Path) -> None:
    source = put(tmp_path, make())
    folder = tmp_path / "out"
    folder.mkdir()
    with room_for(20_000), pytest.raises(OSError):
        merge([(source, "paper")], folder / "fax.pdf")
    assert list(folder.iterdir()) == []
