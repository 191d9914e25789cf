from django.urls import path

from faxes.views import compose, detail, lines, lists, media, pictures

app_name = "faxes"

urlpatterns = [
    path("inbox/", lists.inbox, name="inbox"),
    path("sent/", lists.sent, name="sent"),
    path("new/", compose.new, name="new"),
    path("new/sentence/", compose.new_sentence, name="new_sentence"),
    path("new/files/", compose.new_files, name="new_files"),
    path("new/files/<uuid:document_id>/remove/", compose.new_file_remove, name="new_file_remove"),
    path("new/files/<uuid:document_id>/pages/<int:number>.png", compose.new_file_page, name="new_file_page"),
    path("new/order/", compose.new_order, name="new_order"),
    path("lines/<uuid:line_id>/dismiss/", lines.dismiss, name="dismiss_quiet"),
    path("<uuid:fax_id>/", detail.detail, name="detail"),
    path("<uuid:fax_id>/status/", detail.status, name="status"),
    path("<uuid:fax_id>/pages/<int:number>.png", pictures.page, name="page"),
    path("<uuid:fax_id>/file/", media.file, name="file"),
    path("<uuid:fax_id>/cancel/", detail.cancel, name="cancel"),
    path("<uuid:fax_id>/again/", detail.again, name="again"),
    path("<uuid:fax_id>/fetch-again/", detail.fetch_again, name="fetch_again"),
    path("<uuid:fax_id>/not-sent/", detail.not_sent, name="not_sent"),
    path("<uuid:fax_id>/is-it/", detail.is_it, name="is_it"),
]
