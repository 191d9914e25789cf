"""The compose page as somebody without a script uses it: the form is posted as a whole, with what the page showed."""

from __future__ import annotations

import html
import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from applications.models import PhoneNumber
from tests.papers import text_pdf

NEW = "/faxes/new/"


@dataclass
class Sheet:
    client: Client
    number: PhoneNumber | None = None
    batch: str = field(default_factory=lambda: str(uuid.uuid4()))
    documents: list[str] = field(default_factory=list)

    def post(self, path: str = "", *, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        """Post the form to an address below the page, and remember which files the answer shows."""
        form: dict[str, Any] = {"batch": self.batch, "documents": self.documents, "recipients": "", **fields}
        if self.number:
            form.setdefault("number", self.number.pk)
        answer = self.client.post(NEW + path, form, headers=headers)
        if 'name="batch"' in answer.content.decode(errors="replace") or headers:
            self.documents = re.findall(r'name="documents"\s+value="([^"]+)"', answer.content.decode())
        return answer

    def upload(self, *papers: tuple[str, bytes], **fields: Any) -> Any:
        """Upload files, each a name and its bytes; a letter of three pages when none is named."""
        papers = papers or (("letter.pdf", text_pdf()),)
        return self.post("files/", upload=[SimpleUploadedFile(name, content) for name, content in papers], **fields)

    def send(self, recipients: str = "(312) 555-0142", **fields: Any) -> Any:
        return self.post(recipients=recipients, **fields)


def text_of(answer: Any) -> str:
    """What a person reads: without tags and with single spaces."""
    within_words = re.sub(r"</?(a|strong|span)\b[^>]*>", "", answer.content.decode())
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", within_words)).split())
