from django.urls import path

from faxes.views import bulk, compose, detail, inbox, lines, lists, media, pictures, triage

app_name = "faxes"

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/act/", bulk.bulk, name="bulk"),
    path("inbox/read/", bulk.read_all, name="read_all"),
    path("unread/", inbox.unread, name="unread_count"),
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
    path("<uuid:fax_id>/fetch-again/", triage.fetch_again, name="fetch_again"),
    path("<uuid:fax_id>/not-sent/", detail.not_sent, name="not_sent"),
    path("<uuid:fax_id>/is-it/", detail.is_it, name="is_it"),
    path("<uuid:fax_id>/read/", triage.read, name="read"),
    path("<uuid:fax_id>/unread/", triage.unread, name="unread"),
    path("<uuid:fax_id>/handle/", triage.handle, name="handle"),
    path("<uuid:fax_id>/reopen/", triage.reopen, name="reopen"),
    path("<uuid:fax_id>/assign/", triage.assign, name="assign"),
    path("<uuid:fax_id>/note/", triage.note, name="note"),
    path("<uuid:fax_id>/tag/", triage.tag, name="tag"),
    path("<uuid:fax_id>/untag/", triage.untag, name="untag"),
    path("<uuid:fax_id>/rotate/", triage.rotate, name="rotate"),
    path("<uuid:fax_id>/trash/", triage.trash, name="trash"),
    path("<uuid:fax_id>/restore/", triage.restore, name="restore"),
    path("<uuid:fax_id>/hold/", triage.hold, name="hold"),
    path("<uuid:fax_id>/release/", triage.release, name="release"),
    path("<uuid:fax_id>/forward/", triage.forward, name="forward"),
    path("<uuid:fax_id>/route/", triage.route, name="route"),
]
