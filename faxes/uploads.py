"""How much of an upload is kept while it arrives."""

from __future__ import annotations

from django.core.files.uploadhandler import TemporaryFileUploadHandler

from documents import MAX_BYTES


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Keeps no more of a file than a fax may have, so that nobody fills the disk; its `size` is that of the whole.

    Takes the place of Django's own: https://docs.djangoproject.com/en/5.2/ref/files/uploads/.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start < MAX_BYTES:
            super().receive_data_chunk(raw_data, start)
