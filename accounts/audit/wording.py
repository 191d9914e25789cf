"""Entries as sentences: “Alice gave the fax from +17735550188 to Bob”. What nobody has words for shows as itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from accounts.models import LogEntry

LONGEST_WORD = 120


@dataclass(frozen=True)
class Words:
    """How an action reads: its name in a list of actions, what somebody did, and what comes after the thing.

    In braces stand words of the entry's data. Where one is empty it reads as `blank`, or else what follows the thing
    is left out. `alone` is what somebody did to nothing but what the words name.
    """

    label: str
    did: str
    more: str = ""
    blank: str = ""
    alone: bool = False


class Sentence(NamedTuple):
    """Four parts of which the last two may be empty."""

    who: str
    did: str
    it: str
    more: str

    def __str__(self) -> str:
        return " ".join(filter(None, self)).replace(" ,", ",")


class Change(NamedTuple):
    name: str
    before: str
    after: str


WORDS: Mapping[str, Mapping[str, Words]] = {
    "Looks": {
        "fax.view": Words("Looked at a fax", "looked at"),
        "fax.preview": Words("Looked at pages", "looked at pages of"),
        "fax.download": Words("Downloaded a fax", "downloaded"),
        "fax.print": Words("Printed a fax", "opened", "to print it"),
    },
    "Faxes": {
        "fax.send": Words("Sent a fax", "sent"),
        "fax.send_again": Words("Sent a fax again", "sent", "once more"),
        "fax.cancel": Words("Cancelled a fax", "cancelled"),
        "fax.decide_not_sent": Words("Settled a fax as not sent", "made sure that Telnyx does not have"),
        "fax.decide_sent": Words("Settled a fax as sent", "found", "at Telnyx, as {telnyx_id}"),
        "fax.fetch_again": Words("Asked for pages again", "asked once more for the pages of"),
        "fax.route": Words("Gave a fax to a team", "gave", "to this team"),
        "fax.assign": Words("Gave a fax to a person", "gave", "to {to}", blank="nobody"),
        "fax.handle": Words("Marked a fax as done", "marked", "as done"),
        "fax.reopen": Words("Opened a fax again", "opened", "again"),
        "fax.note": Words("Wrote a note", "wrote a note on"),
        "fax.tag": Words("Tagged a fax", "tagged", "“{tag}”"),
        "fax.untag": Words("Took a tag off", "took the tag “{tag}” off"),
        "fax.rotate": Words("Turned a page", "turned page {page} of"),
        "fax.forward": Words("Forwarded a fax", "forwarded"),
        "fax.mail": Words("Forwarded a fax by e-mail", "forwarded", "by e-mail to {to}"),
    },
    "Deleting and keeping": {
        "fax.trash": Words("Put a fax into the bin", "put", "into the bin"),
        "fax.restore": Words("Took a fax out of the bin", "took", "out of the bin"),
        "fax.hold": Words("Put a fax on legal hold", "put", "on legal hold"),
        "fax.release": Words("Ended a legal hold", "ended the legal hold of"),
        "fax.purge": Words("Deleted a fax for good", "deleted", "for good"),
        "fax.purge_media": Words("Deleted pages for good", "deleted the pages of", "for good"),
        "fax.ask_to_delete_at_telnyx": Words("Asked Telnyx to delete a fax", "asked Telnyx to delete its copy of"),
        "fax.delete_at_telnyx": Words("Deleted a fax at Telnyx", "deleted", "at Telnyx"),
    },
    "People and teams": {
        "member.set": Words("Gave somebody a role", "made {user} a {after}", ", who was a {before}", alone=True),
        "member.remove": Words("Removed a member", "removed {user}", ", who was a {before}", alone=True),
        "member.invite": Words("Invited somebody", "invited {email}", "as a {role}", alone=True),
        "member.accept_invitation": Words(
            "Accepted an invitation", "accepted the invitation of {email}", "as a {role}", alone=True
        ),
        "member.revoke_invitation": Words("Took an invitation back", "took the invitation of {email} back", alone=True),
        "user.create": Words("Made an account", "made the account of"),
        "user.change": Words("Changed an account", "changed the account of"),
        "user.change_own": Words("Changed their own account", "changed their own account", alone=True),
        "user.add_email": Words("Added an address", "added the address {email}", alone=True),
        "user.remove_email": Words("Removed an address", "removed the address {email}", alone=True),
        "user.change_email": Words("Changed their address", "changed their address", "to {after}", alone=True),
        "team.create": Words("Made a team", "made"),
        "team.rename": Words("Renamed a team", "renamed", "from “{before}” to “{after}”"),
        "team.set_retention": Words("Changed how long faxes are kept", "changed how long faxes are kept by"),
        "team.set_policy": Words("Changed a team's policy", "changed the policy of"),
        "team.set_mailbox": Words("Changed a team's mailbox", "changed the mailbox {address} of"),
    },
    "Signing in": {
        "session.login": Words("Signed in", "signed in", alone=True),
        "session.logout": Words("Signed out", "signed out", alone=True),
        "session.end": Words("Was signed out", "was signed out", ", being {why}", alone=True),
        "session.login_failed": Words("Failed to sign in", "failed to sign in as", "“{typed}”"),
        "session.more_failed": Words(
            "Failed more often than is kept", "failed to sign in more often in that minute than is kept", alone=True
        ),
        "session.login_locked": Words("Was locked out", "was locked out of the account of"),
        "second_factor.add": Words("Added a second step", "added a second step of signing in"),
        "second_factor.renew": Words("Renewed recovery codes", "renewed the recovery codes of"),
        "sign_on.connect": Words("Connected single sign-on", "connected single sign-on with"),
        "sign_on.disconnect": Words("Disconnected single sign-on", "disconnected single sign-on from"),
        "second_factor.fail": Words("Failed the second step", "failed the second step of signing in as"),
        "second_factor.remove": Words("Removed second steps", "removed the second steps of signing in as"),
        "user.change_password": Words("Changed their password", "changed their own password", alone=True),
        "user.set_password": Words("Set a password", "set a new password for"),
        "user.reset_password": Words("Reset a password", "set, by an e-mailed link, a new password for"),
    },
    "Applications and numbers": {
        "application.create": Words("Made an application", "made"),
        "application.not_made": Words("Gave up an application", "gave up making"),
        "application.update": Words("Changed an application", "changed"),
        "application.delete": Words("Deleted an application", "deleted"),
        "application.assign": Words(
            "Gave an application to a team", "moved", "from {before} to {after}", blank="no team"
        ),
        "application.set_deleting": Words("Changed deleting at Telnyx", "changed what is deleted at Telnyx of"),
        "application.keep_theirs": Words("Kept Telnyx's settings", "kept what Telnyx says of"),
        "number.assign": Words("Gave a number to a team", "moved", "from {before} to {after}", blank="no team"),
        "number.attach": Words("Attached a number", "attached", "to {after}", blank="no application"),
        "number.keep_theirs": Words("Kept Telnyx's word of a number", "kept what Telnyx says of"),
        "number.set_receiving": Words("Changed who receives", "changed who looks after faxes to"),
        "number.dismiss_quiet": Words("Knew of a silence", "took note that there is silence on"),
        "number.simulate": Words("Let a test fax arrive", "let a test fax arrive at"),
    },
    "The house": {
        "sync.request": Words("Asked for a sync", "asked for a sync with Telnyx", alone=True),
        "delivery.process_again": Words("Processed an event again", "had Telnyx's event processed again:"),
        "mail.send_again": Words("Sent an e-mail again", "had an e-mail to {to} sent again", alone=True),
        "audit.export": Words("Exported the log", "exported entries of this log", alone=True),
    },
}
KNOWN = {action: words for some in WORDS.values() for action, words in some.items()}
KINDS = {
    "accounts.team": "the team",
    "accounts.user": "",
    "applications.faxapplication": "the application",
    "applications.pendingapplication": "the application",
    "applications.phonenumber": "the number",
    "faxes.fax": "the",
    "webhooks.delivery": "",
}


def sentence_of(entry: LogEntry) -> Sentence:
    words = KNOWN.get(entry.action, Words(entry.action, entry.action))
    more = _filled(words.more, entry.data, words.blank)
    it = "" if words.alone else thing_of(entry)
    return Sentence(_who(entry), _filled(words.did, entry.data, "?") or "", it, more or "")


def thing_of(entry: LogEntry) -> str:
    """What was acted on, such as “the fax from +17735550188”; empty where there is nothing."""
    kind = KINDS.get(entry.object_type, entry.object_type)
    name = entry.object_name or entry.object_id
    if entry.object_type == "faxes.fax" and name.startswith("Fax "):
        name = f"fax {name.removeprefix('Fax ')}"
    return " ".join(filter(None, [kind, name]))


def changes_of(entry: LogEntry) -> list[Change]:
    """What was before and what is since, column by column. Of what was not said before, nothing is known."""
    before, after = entry.data.get("before"), entry.data.get("after")
    if isinstance(before, dict) or isinstance(after, dict):
        was, now = (value if isinstance(value, dict) else {} for value in (before, after))
        return [Change(str(name).replace("_", " "), _said(was.get(name)), _said(now.get(name))) for name in now | was]
    return [Change("", _said(before), _said(after))] if "after" in entry.data else []


def rest_of(entry: LogEntry) -> list[tuple[str, str]]:
    """What else the entry says."""
    shown = {"after": None, "before": None} if changes_of(entry) else {}
    return [(name.replace("_", " "), _said(value)) for name, value in entry.data.items() if name not in shown]


def _who(entry: LogEntry) -> str:
    return entry.actor_name or ("Somebody" if entry.address else "The portal")


def _filled(said: str, data: Mapping[str, Any], blank: str) -> str | None:
    """The words with the entry's own in their places; None where one of those is empty and has no `blank`."""
    values = {name: _said(data.get(name))[:LONGEST_WORD] or blank for name in re.findall(r"{(\w+)}", said)}
    return re.sub(r"{(\w+)}", lambda found: values[found[1]], said) if all(values.values()) else None


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
