"""What a refusal says to the person who reads it."""

from __future__ import annotations

import pytest

from documents import DocumentError
from documents.errors import SENTENCES, quoted, refusal, too_large


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("referral.pdf", "“referral.pdf”"),
        ("Überweisung für Müller.pdf", "“Überweisung für Müller.pdf”"),
        ("  two \n\t lines.pdf", "“two lines.pdf”"),
        ("bill\x00\x1b[31m.pdf", "“bill [31m.pdf”"),
        # The mark that turns the reading direction would show this as an innocent "gpj.exe" the other way round.
        ("photo\u202egpj.exe", "“photo gpj.exe”"),
        ("{file} {limit}", "“{file} {limit}”"),
        ("", "This file"),
        ("\n", "This file"),
    ],
)
def test_names_are_shown_as_given_without_what_disturbs_the_sentence(name: str, shown: str) -> None:
    assert quoted(name) == shown
    assert str(refusal("broken", name)).startswith(f"{shown} is damaged")


def test_a_long_name_keeps_its_beginning_and_its_ending() -> None:
    shown = quoted("Referral of the patient " + "very " * 100 + "important, second page.pdf")
    assert len(shown) <= 62
    assert shown.startswith("“Referral of the patient")
    assert shown.endswith("second page.pdf”")


def test_every_sentence_names_the_file_and_a_remedy() -> None:
    for reason, (code, sentence) in SENTENCES.items():
        error = refusal(reason, "x.pdf", size=51, limit=50)
        assert error.code == code
        assert str(error).startswith("“x.pdf” ") and str(error).endswith(".")
        assert str(error).count(". ") >= 1, sentence


def test_a_file_a_little_too_large_is_not_said_to_have_what_is_allowed() -> None:
    assert "50.1 MB, and a fax takes at most 50 MB" in str(too_large("x.pdf", 50_000_001, 50_000_000))


def test_a_refusal_is_a_value_error_with_a_code() -> None:
    error = refusal("encrypted", "referral.pdf")
    assert isinstance(error, DocumentError) and isinstance(error, ValueError)
    assert error.code == "encrypted"
    assert str(error) == "“referral.pdf” is protected with a password. Save it without a password and add it again."
