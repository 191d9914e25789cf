"""Files of a sheet: added one by one or together, refused by name, seen, moved and removed."""

from __future__ import annotations

import re
import uuid
from functools import partial

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from faxes import drafts
from faxes.models import Batch, Document
from tests import builders, papers
from tests.sheets import NEW, Sheet, text_of
from tests.threads import at_once

SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def sheet(bob, team, logged_in) -> Sheet:
    return Sheet(logged_in(bob), builders.number(team))


def names(sheet: Sheet) -> list[str]:
    return [document.name for document in Document.objects.filter(batch_id=sheet.batch)]


def stored_files() -> int:
    folders, files = default_storage.listdir("")
    return len(files) + sum(
        len(default_storage.listdir(f"upload/{f}")[1]) for f in default_storage.listdir("upload")[0]
    )


@pytest.mark.parametrize(
    ("name", "content", "pages"),
    [
        ("letter.pdf", papers.text_pdf(), 3),
        ("scan.pdf", papers.scanned_pdf(), 2),
        ("locked for printing.pdf", papers.owner_locked_pdf(), 3),
        ("fax.tif", papers.fax_tiff(), 2),
        ("photo.jpeg", papers.photo_jpeg(), 1),
        ("screen.png", papers.screenshot_png(), 1),
        ("really a picture.pdf", papers.screenshot_png(), 1),
    ],
)
def test_every_kind_of_document_is_taken_for_what_it_is(sheet, name, content, pages):
    answer = sheet.upload((name, content))
    assert answer.status_code == 200
    assert Document.objects.get().pages == pages
    assert f"{name} {pages} page" in text_of(answer)


@pytest.mark.parametrize(
    ("name", "content", "because"),
    [
        ("secret.pdf", papers.encrypted_pdf(), "is protected with a password"),
        ("noise.pdf", papers.broken_pdf(), "is damaged"),
        ("empty.pdf", papers.empty(), "is empty"),
        ("archive.pdf", papers.zip_renamed(), "is not a PDF, TIFF, JPEG or PNG file"),
        ("page.pdf", papers.html_renamed(), "is not a PDF, TIFF, JPEG or PNG file"),
        ("poster.png", papers.huge_dimension_png(), "unpacks to far more"),
        ("frames.tif", papers.many_frames_tiff(), "has more than 350 pages"),
        ("book.pdf", papers.text_pdf(pages=351), "has more than 350 pages"),
    ],
)
def test_a_refused_file_says_why_and_the_others_stay(sheet, name, content, because):
    sheet.upload(("kept.pdf", papers.text_pdf()))
    answer = sheet.upload((name, content), ("after.pdf", papers.text_pdf()), recipients="312 555 0142")
    assert answer.status_code == 422
    assert f"“{name}” {because}" in text_of(answer)
    assert names(sheet) == ["kept.pdf", "after.pdf"]
    assert "+1 312 555 0142" in text_of(answer)
    assert stored_files() == 2


def test_a_file_over_the_limit_is_refused_by_its_size(sheet):
    answer = sheet.upload(("film.pdf", bytes(70_000_000)))
    assert "“film.pdf” comes to 70.0 MB, and a fax takes at most 50 MB." in text_of(answer)
    assert names(sheet) == []


def test_no_more_of_a_file_is_kept_than_a_fax_may_have(rf):
    request = rf.post("/", {"upload": SimpleUploadedFile("film.pdf", bytes(70_000_000))})
    with request.FILES["upload"] as upload:
        assert upload.size == 70_000_000
        assert 50_000_000 <= sum(map(len, upload.chunks())) < 50_100_000


def test_the_pages_of_all_files_count_together(sheet, django_capture_on_commit_callbacks):
    sheet.upload(("long.pdf", papers.text_pdf(pages=349)))
    with django_capture_on_commit_callbacks(execute=True):
        answer = sheet.upload(("letter.pdf", papers.text_pdf(pages=2)))
    assert "With “letter.pdf” the fax has more than 350 pages. Send it separately." in text_of(answer)
    assert names(sheet) == ["long.pdf"] and stored_files() == 1
    assert sheet.upload(("one.pdf", papers.text_pdf(pages=1))).status_code == 200


def test_files_too_heavy_to_hand_over_are_pointed_out(sheet, settings):
    sheet.upload(("a.pdf", papers.big_pdf(12_000_000, 2)))
    answer = sheet.upload(("b.pdf", papers.big_pdf(12_000_000, 2)))
    assert "These files are more than 20 MB together" in text_of(answer)
    settings.PUBLIC_URL = "https://fax.example.com"
    assert "These files are more" not in text_of(sheet.post("sentence/"))


def test_nothing_chosen_is_said(sheet):
    assert "No file has arrived. Choose a PDF, TIFF, JPEG or PNG file." in text_of(sheet.post("files/"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('<img src=x onerror="alert(1)">.pdf', "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;.pdf"),
        ("a\"b'c&d.pdf", "a&quot;b&#x27;c&amp;d.pdf"),
        ("tab\there\x01\x7f.pdf", "tabhere.pdf"),
        ("exe.\u202efdp.pdf", "exe.fdp.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("Ärztebrief 😀.pdf", "Ärztebrief 😀.pdf"),
    ],
)
def test_a_hostile_name_is_only_text(sheet, name, shown):
    page = sheet.upload((name, papers.text_pdf())).content.decode()
    assert f'title="{shown}"' in page
    assert "<img src=x" not in page
    refused = sheet.upload((name, papers.broken_pdf())).content.decode()
    assert "is damaged" in refused and "<img src=x" not in refused


def test_a_very_long_name_is_cut_and_keeps_its_ending(sheet):
    answer = sheet.upload(("x" * 5000 + ".pdf", papers.text_pdf()))
    assert answer.status_code == 200
    [name] = names(sheet)
    assert len(name) <= 255 and name.endswith(".pdf")
    assert sheet.upload(("y" * 5000 + ".pdf", papers.broken_pdf())).status_code == 422


def test_files_keep_the_order_in_which_they_came(sheet):
    sheet.upload(("1.pdf", papers.text_pdf()), ("2.pdf", papers.text_pdf()))
    sheet.upload(("3.pdf", papers.text_pdf()))
    assert names(sheet) == ["1.pdf", "2.pdf", "3.pdf"]


@pytest.mark.django_db(transaction=True)
def test_two_uploads_at_once_get_two_places_and_share_one_limit(bob):
    batch_id = uuid.uuid4()
    content = papers.text_pdf(pages=100)

    def add(name: str) -> bool:
        try:
            drafts.add_file(by=bob, batch_id=batch_id, upload=SimpleUploadedFile(name, content))
        except ValidationError:
            return False
        return True

    added = at_once(*[partial(add, f"{number}.pdf") for number in range(4)])
    documents = Document.objects.all()
    assert [document.position for document in documents] == [1, 2, 3]
    assert sum(document.pages for document in documents) == 300
    assert sorted(added) == [False, True, True, True]


def test_a_file_moves_by_its_buttons(sheet):
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        sheet.upload((name, papers.text_pdf(pages=1)))
    answer = sheet.post("order/", earlier=sheet.documents[2])
    assert names(sheet) == ["a.pdf", "c.pdf", "b.pdf"]
    assert "“c.pdf” is now file 2 of 3." in text_of(answer)
    sheet.post("order/", later=sheet.documents[0])
    assert names(sheet) == ["c.pdf", "a.pdf", "b.pdf"]
    sheet.post("order/", earlier=sheet.documents[0])
    assert names(sheet) == ["c.pdf", "a.pdf", "b.pdf"]


def test_the_order_of_the_page_becomes_the_order_of_the_sheet(sheet):
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        sheet.upload((name, papers.text_pdf(pages=1)))
    a, b, c = sheet.documents
    sheet.post("order/", documents=[c, a, b])
    assert names(sheet) == ["c.pdf", "a.pdf", "b.pdf"]
    assert sheet.documents == [c, a, b]


@pytest.mark.parametrize("field", ["documents", "earlier", "later"])
def test_an_order_of_things_that_are_no_files_is_not_found(sheet, field):
    sheet.upload()
    assert sheet.post("order/", **{field: "not-an-id"}).status_code == 404
    assert sheet.post("order/", **{field: str(uuid.uuid4())}).status_code == 200
    assert names(sheet) == ["letter.pdf"]


def test_a_file_is_removed_and_nothing_else_is_lost(sheet):
    sheet.upload(("wrong patient.pdf", papers.text_pdf()), ("right.pdf", papers.text_pdf()))
    answer = sheet.post(f"files/{sheet.documents[0]}/remove/", recipients="312 555 0142")
    assert "“wrong patient.pdf” is removed." in text_of(answer)
    assert "+1 312 555 0142" in text_of(answer)
    assert names(sheet) == ["right.pdf"]
    assert sheet.post(f"files/{uuid.uuid4()}/remove/").status_code == 200


def test_the_file_of_a_removed_one_leaves_the_storage(sheet, django_capture_on_commit_callbacks):
    sheet.upload()
    with django_capture_on_commit_callbacks(execute=True):
        sheet.post(f"files/{sheet.documents[0]}/remove/")
    assert stored_files() == 0


def test_the_script_gets_only_what_changed(sheet):
    answer = sheet.post(
        "files/", headers=SCRIPT, upload=[SimpleUploadedFile("a.pdf", papers.text_pdf())], recipients="312 555 0142"
    )
    page = answer.content.decode()
    assert "<html" not in page
    assert re.findall(r'id="(\w+)" data-part', page) == ["files", "preview", "sentence", "announcement"]
    assert "Send 3 pages to +1 312 555 0142 from +1 312 579 0015." in text_of(answer)


def test_pages_are_seen_by_whoever_uploaded_them_and_by_nobody_else(sheet, alice, root, vera, client, logged_in):
    sheet.upload(("fax.tif", papers.fax_tiff(pages=2)))
    picture = f"{NEW}files/{sheet.documents[0]}/pages/2.png"
    answer = sheet.client.get(picture)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png" and answer.getvalue().startswith(b"\x89PNG")
    for other in (alice, root, vera):
        assert logged_in(other).get(picture).status_code == 404
    assert client.get(picture).status_code == 302
    assert sheet.client.post(picture).status_code == 405


@pytest.mark.parametrize("number", [0, 4, 10**12])
def test_a_page_that_is_not_there_is_not_found(sheet, number):
    sheet.upload()
    assert sheet.client.get(f"{NEW}files/{sheet.documents[0]}/pages/{number}.png").status_code == 404


def test_only_uploads_are_seen_at_their_address(sheet, bob):
    outgoing = builders.document(papers.text_pdf(), pages=3, batch=Batch.objects.create(created_by=bob))
    assert sheet.client.get(f"{NEW}files/{outgoing.pk}/pages/1.png").status_code == 404


def test_a_picture_whose_file_is_gone_is_not_found(sheet):
    sheet.upload()
    document = Document.objects.get()
    default_storage.delete(str(document.file.name))
    assert sheet.client.get(f"{NEW}files/{document.pk}/pages/1.png").status_code == 404
