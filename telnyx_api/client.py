"""Every operation of the Telnyx API that a fax portal needs.

    with Client(api_key=key) as telnyx:
        fax = telnyx.send_fax(connection_id="1293…", to="+13127367276", from_="+13125790015", media_name="letter")

Each raises a TelnyxError when it does not succeed (see errors.py), and ValueError for an id that cannot be one. GET and
DELETE repeat themselves. POST, PATCH and PUT are made exactly once, each over a connection of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Unpack

from telnyx_api.account import Account
from telnyx_api.body import Body, json_body, multipart_body
from telnyx_api.errors import BadAnswer
from telnyx_api.paging import walk
from telnyx_api.parameters import FaxFilters, MediaFilters, paging, query
from telnyx_api.payloads import Fax, Media, Page

PDF = "application/pdf"


class Client(Account):
    """An account with its faxes and its stored media."""

    # Faxes

    def send_fax(
        self,
        *,
        connection_id: str,
        to: str,
        from_: str,
        media_url: str | None = None,
        media_name: str | None = None,
        quality: str | None = None,
        from_display_name: str | None = None,
        t38_enabled: bool | None = None,
        monochrome: bool | None = None,
        black_threshold: int | None = None,
        store_media: bool | None = None,
        store_preview: bool | None = None,
        preview_format: str | None = None,
        webhook_url: str | None = None,
        client_state: str | None = None,
        deadline: float | None = None,
    ) -> Fax:
        """Send a fax, from one of `media_url` and `media_name`; the accepted fax, which has an id.

        Made once. NotSent when the `time.monotonic()` value `deadline` passes before the body has left, NoAnswer when
        it passes later; a server that trickles its answer can overrun it by one read time-out.
        https://developers.telnyx.com/api-reference/programmable-fax-commands/send-a-fax
        """
        if (media_url is None) == (media_name is None):
            raise ValueError("A fax needs either a media_url or a media_name.")
        fields = {
            "connection_id": connection_id,
            "to": to,
            "from": from_,
            "media_url": media_url,
            "media_name": media_name,
            "quality": quality,
            "from_display_name": from_display_name,
            "t38_enabled": t38_enabled,
            "monochrome": monochrome,
            "black_threshold": black_threshold,
            "store_media": store_media,
            "store_preview": store_preview,
            "preview_format": preview_format,
            "webhook_url": webhook_url,
            "client_state": client_state,
        }
        return self._accepted(json_body(_given(fields), deadline=deadline))

    def send_fax_file(
        self,
        *,
        connection_id: str,
        to: str,
        from_: str,
        contents: BinaryIO,
        filename: str,
        content_type: str = PDF,
        quality: str | None = None,
        t38_enabled: bool | None = None,
        monochrome: bool | None = None,
        store_media: bool | None = None,
        store_preview: bool | None = None,
        deadline: float | None = None,
    ) -> Fax:
        """Send a seekable file of up to 20 MB as a fax, as `send_fax` does.

        Telnyx documents no client_state and no webhook_url for this form, so such a fax cannot be told by a token.
        https://developers.telnyx.com/api-reference/programmable-fax-commands/send-a-fax
        """
        fields = {
            "connection_id": connection_id,
            "to": to,
            "from": from_,
            "quality": quality,
            "t38_enabled": t38_enabled,
            "monochrome": monochrome,
            "store_media": store_media,
            "store_preview": store_preview,
        }
        return self._accepted(
            multipart_body(
                _given(fields), "contents", contents, filename=filename, content_type=content_type, deadline=deadline
            )
        )

    def _accepted(self, body: Body) -> Fax:
        fax = self._object("POST", Fax, "faxes", body=body)
        if fax.id is None:
            raise BadAnswer("Telnyx accepted a fax without saying its id.")
        return fax

    def faxes_page(self, *, number: int = 1, size: int = 250, **filters: Unpack[FaxFilters]) -> Page[Fax]:
        """One page of the account's faxes; neither their order nor the largest size is documented.

        https://developers.telnyx.com/api-reference/programmable-fax-commands/view-a-list-of-faxes
        """
        return self._page(Fax, "faxes", query(FaxFilters, filters) + paging(number, size))

    def list_faxes(self, *, size: int = 250, **filters: Unpack[FaxFilters]) -> Iterator[Fax]:
        """The faxes of all pages, each once, page by page as they are asked for."""
        return walk(lambda number: self.faxes_page(number=number, size=size, **filters), lambda fax: fax.id)

    def get_fax(self, fax_id: str) -> Fax:
        """The fax as it is now. https://developers.telnyx.com/api-reference/programmable-fax-commands/view-a-fax"""
        return self._object("GET", Fax, "faxes", fax_id)

    def delete_fax(self, fax_id: str) -> None:
        """Delete it for good. https://developers.telnyx.com/api-reference/programmable-fax-commands/delete-a-fax"""
        self._transport.delete("faxes", fax_id)

    def cancel_fax(self, fax_id: str) -> None:
        """Ask Telnyx to stop an outbound fax; how it ends is what Telnyx reports next. Code 90080 when it is too late.

        https://developers.telnyx.com/api-reference/programmable-fax-commands/cancel-a-fax
        """
        self._transport.ask("POST", "faxes", fax_id, "actions", "cancel")

    def refresh_fax(self, fax_id: str) -> None:
        """Ask for a new link to an inbound fax's media; ask for the fax afterwards to see it.

        https://developers.telnyx.com/api-reference/programmable-fax-commands/refresh-a-fax
        """
        self._transport.ask("POST", "faxes", fax_id, "actions", "refresh")

    # Media

    def media_page(self, *, number: int = 1, **filters: Unpack[MediaFilters]) -> Page[Media]:
        """One page. https://developers.telnyx.com/api-reference/media-storage-api/list-uploaded-media"""
        # The answer is documented to have pages, but no parameter to ask for them: name one only where it is needed.
        page = [("page[number]", str(number))] if number > 1 else []
        return self._page(Media, "media", query(MediaFilters, filters) + page)

    def list_media(self, **filters: Unpack[MediaFilters]) -> Iterator[Media]:
        """The media of all pages, each once."""
        return walk(lambda number: self.media_page(number=number, **filters), lambda media: media.media_name)

    def upload_media(
        self,
        *,
        file: BinaryIO,
        filename: str,
        media_name: str,
        ttl_secs: int | None = None,
        content_type: str = PDF,
        deadline: float | None = None,
    ) -> Media:
        """Store a seekable file of up to 20 MB for `ttl_secs` seconds (Telnyx: 2 days); `deadline` as in `send_fax`.

        https://developers.telnyx.com/api-reference/media-storage-api/upload-media
        """
        fields = _given({"media_name": media_name, "ttl_secs": ttl_secs})
        body = multipart_body(fields, "media", file, filename=filename, content_type=content_type, deadline=deadline)
        return self._object("POST", Media, "media", body=body)

    def upload_media_url(self, *, media_url: str, media_name: str, ttl_secs: int | None = None) -> Media:
        """Let Telnyx fetch the file from `media_url`.

        https://developers.telnyx.com/api-reference/media-storage-api/upload-media
        """
        fields = _given({"media_url": media_url, "media_name": media_name, "ttl_secs": ttl_secs})
        return self._object("POST", Media, "media", body=json_body(fields))

    def get_media(self, media_name: str) -> Media:
        """What is stored under the name, without the file.

        https://developers.telnyx.com/api-reference/media-storage-api/retrieve-stored-media
        """
        return self._object("GET", Media, "media", media_name)

    def update_media(
        self,
        media_name: str,
        *,
        file: BinaryIO,
        filename: str,
        ttl_secs: int | None = None,
        content_type: str = PDF,
    ) -> Media:
        """Replace the file. https://developers.telnyx.com/api-reference/media-storage-api/update-stored-media"""
        fields = _given({"ttl_secs": ttl_secs})
        body = multipart_body(fields, "media", file, filename=filename, content_type=content_type)
        return self._object("PUT", Media, "media", media_name, body=body)

    def update_media_url(self, media_name: str, *, media_url: str, ttl_secs: int | None = None) -> Media:
        """Replace the file by the one at `media_url`.

        https://developers.telnyx.com/api-reference/media-storage-api/update-stored-media
        """
        fields = _given({"media_url": media_url, "ttl_secs": ttl_secs})
        return self._object("PUT", Media, "media", media_name, body=json_body(fields))

    def delete_media(self, media_name: str) -> None:
        """Delete the file. https://developers.telnyx.com/api-reference/media-storage-api/deletes-stored-media"""
        self._transport.delete("media", media_name)

    def download_media(self, media_name: str) -> Iterator[bytes]:
        """The stored file, piece by piece; NoAnswer in the middle means that it is not whole.

        https://developers.telnyx.com/api-reference/media-storage-api/download-stored-media
        """
        return self._transport.download("media", media_name, "download")


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _paging(number: int, size: int) -> list[tuple[str, str]]:
    return [("page[number]", str(number)), ("page[size]", str(size))]
