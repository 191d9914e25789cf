"""Pictures of pages are drawn once and kept. What happens to the kept ones costs a drawing at most, never a picture."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from pytest_django import Settings

from documents import DocumentError, PageOutOfRange
from faxes.models import Document
from faxes.pictures import READING, ROW, page_picture, warm
from faxes.shelf import forget
from faxes.storage.local import LocalStorage
from faxes.storage.sealing import MAGIC
from tests import builders, papers
from tests.stores import KEY, use
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def letter() -> Document:
    return builders.document(papers.text_pdf(3), pages=3)


def picture(document: Document, number: int = 1, *, width: int = ROW, turn: int = 0) -> bytes:
    with page_picture(document, number, width=width, turn=turn) as file:
        return file.read()


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def kept(document: Document) -> list[Path]:
    """What is kept of its pages, by name."""
    return sorted((store(document) / "pages" / str(document.pk)).glob("*"))


def store(document: Document) -> Path:
    return Path(document.file.storage.path("."))


def lose(document: Document) -> None:
    """Put something in the file's place that nobody can draw: what is shown from now on was kept."""
    Path(document.file.path).write_bytes(b"not a page any more")


def test_a_page_is_drawn_once(letter: Document) -> None:
    drawn = picture(letter, 2)
    lose(letter)
    assert picture(letter, 2) == drawn
    assert [path.name for path in kept(letter)] == ["2-88.png"]
    with pytest.raises(DocumentError):
        picture(letter, 3)


def test_each_page_width_and_turn_is_a_picture_of_its_own(letter: Document) -> None:
    asked = [(1, 88, 0), (2, 88, 0), (1, 1200, 0), (1, 88, 90), (1, 88, 180), (1, 88, 270)]
    drawn = [picture(letter, number, width=width, turn=turn) for number, width, turn in asked]
    assert len(set(drawn)) == len(kept(letter)) == len(asked)
    lose(letter)
    assert [picture(letter, number, width=width, turn=turn) for number, width, turn in asked] == drawn


@pytest.mark.parametrize(
    ("asked", "given"), [(-1, 88), (88, 88), (100, 176), (1200, 1200), (1201, 1700), (10**9, 1700)]
)
def test_a_width_is_one_of_a_few(letter: Document, asked: int, given: int) -> None:
    assert opened(picture(letter, width=asked)).width == given
    assert [path.name for path in kept(letter)] == [f"1-{given}.png"]


@pytest.mark.parametrize(
    ("turn", "back"),
    [(90, Image.Transpose.ROTATE_90), (180, Image.Transpose.ROTATE_180), (270, Image.Transpose.ROTATE_270)],
)
def test_a_page_is_turned_clockwise(letter: Document, turn: int, back: Image.Transpose) -> None:
    turned = opened(picture(letter, turn=turn)).transpose(back)
    assert ImageChops.difference(turned, opened(picture(letter))).getbbox() is None


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def zeroed(path: Path) -> None:
    """As after a power cut: the size was written, the end was not."""
    size = path.stat().st_size
    os.truncate(path, size - 100)
    os.truncate(path, size)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [emptied, cut, zeroed, a_folder])
def test_a_spoilt_picture_is_found_out_and_replaced(letter: Document, spoil: Callable[[Path], None]) -> None:
    drawn = picture(letter)
    [path] = kept(letter)
    spoil(path)
    assert picture(letter) == drawn
    assert kept(letter) == [path] and path.read_bytes() == drawn


def test_pages_are_shown_where_nothing_can_be_kept(letter: Document) -> None:
    (store(letter) / "pages").write_bytes(b"a file in the way of the folder")
    assert opened(picture(letter)).width == ROW
    assert opened(picture(letter)).width == ROW
    warm(letter)


def test_a_picture_that_is_replaced_while_somebody_gets_it_is_whole(letter: Document) -> None:
    drawn = picture(letter)
    with page_picture(letter, 1, width=ROW) as on_its_way:
        forget(letter)
        assert on_its_way.read() == drawn


def test_several_who_look_at_once_all_see_the_page_and_one_picture_is_kept(letter: Document) -> None:
    drawn = picture(letter)
    forget(letter)

    def look() -> bytes:
        return picture(letter)

    assert at_once(*[look] * 6) == [drawn] * 6
    assert [path.name for path in kept(letter)] == ["1-88.png"]


def test_a_picture_being_written_is_not_shown_in_part(letter: Document) -> None:
    drawn = picture(letter, width=READING)
    [path] = kept(letter)
    with path.open("wb") as half:
        half.write(drawn[:1000])
        half.flush()
        assert picture(letter, width=READING) == drawn
        half.write(drawn[1000:])
    assert path.read_bytes() == drawn


def test_what_is_looked_at_first_can_be_drawn_in_advance(letter: Document) -> None:
    warm(letter)
    assert [path.name for path in kept(letter)] == ["1-1200.png", "1-88.png"]
    lose(letter)
    assert opened(picture(letter)).width == ROW
    assert opened(picture(letter, width=READING)).width == READING


@pytest.mark.parametrize("content", [b"%PDF-1.7 but broken", b"", b"<html>"])
def test_drawing_in_advance_stops_at_nothing(content: bytes) -> None:
    document = builders.document(content)
    warm(document)
    Path(document.file.path).unlink()
    warm(document)
    assert kept(document) == []


def test_what_is_forgotten_leaves_nothing_behind(letter: Document) -> None:
    other = builders.document(papers.text_pdf(1))
    for document in (letter, other):
        warm(document)
    picture(letter, 3, turn=180)
    forget(letter)
    assert not (store(letter) / "pages" / str(letter.pk)).exists()
    assert len(kept(other)) == 2
    forget(letter)


class Meanwhile(LocalStorage):
    """A storage in which somebody deletes every document at the moment before a picture is saved."""

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        if str(name).startswith("pages/"):
            for path in Path(self.path("outgoing")).rglob("*.pdf"):
                path.unlink()
        return super().save(name, content, max_length)


def test_a_page_drawn_while_its_document_is_deleted_leaves_nothing_behind(settings: Settings) -> None:
    backend = f"{Meanwhile.__module__}.{Meanwhile.__name__}"
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": backend}}
    document = builders.document(papers.text_pdf(1))
    assert opened(picture(document)).width == ROW
    assert kept(document) == []


def test_a_plain_picture_among_sealed_ones_is_drawn_anew(settings: Settings) -> None:
    """It may be one of the time before there were keys, or show what somebody wants us to see."""
    use(settings, keys=[KEY])
    document = builders.document(papers.text_pdf(1))
    right = picture(document)
    inner = document.file.storage.inner  # type: ignore[attr-defined]
    (path,) = (Path(inner.path(name)) for name in inner.walk() if name.startswith("pages/"))
    path.write_bytes(papers.screenshot_png())
    assert picture(document) == right
    assert path.read_bytes().startswith(MAGIC)


@pytest.mark.parametrize("number", [0, 4, -1])
def test_there_are_no_other_pages(letter: Document, number: int) -> None:
    with pytest.raises(PageOutOfRange):
        picture(letter, number)
    assert kept(letter) == []


def test_a_file_that_is_gone_says_so(letter: Document) -> None:
    Path(letter.file.path).unlink()
    with pytest.raises(FileNotFoundError):
        picture(letter)
