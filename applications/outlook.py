"""What becomes of a number's faxes: whose they are, and whether it can send. As it is, or as it would be."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Team
from applications.models import FaxApplication, PhoneNumber


@dataclass(frozen=True)
class Outlook:
    """A number with a team of its own or none, attached to an application or to none."""

    own_team: Team | None
    application: FaxApplication | None

    @property
    def team(self) -> Team | None:
        """Whose its faxes are: its own team's, else its application's team's, else nobody's."""
        return self.own_team or (self.application.team if self.application else None)

    @property
    def comes_in(self) -> bool:
        """Does anything? Telnyx takes no faxes either through what is switched off."""
        return self.application is not None and not self.application.gone_at and self.application.active is not False

    @property
    def receives(self) -> str:
        """Where faxes to it come in, in a sentence."""
        if not self.comes_in:
            return "No faxes come in."
        if self.team is None:
            return "Faxes to it come in without a team, and only administrators see them."
        return f"Faxes to it come in for {self.team}."

    @property
    def sends(self) -> str:
        """Whether faxes can be sent from it, and where not, why."""
        if why := self._why_it_cannot_send():
            return f"Nothing can be sent from it: {why}."
        return f"{self.team} can send from it."

    def _why_it_cannot_send(self) -> str:
        if self.application is None:
            return "it is attached to no fax application"
        if self.application.gone_at:
            return "Telnyx has its application no more"
        if self.application.active is False:
            return "its application is switched off"
        if self.team is None:
            return "it belongs to no team"
        if not self.application.outbound_voice_profile_id:
            return "its application has no outbound voice profile"
        return ""


def outlook_of(number: PhoneNumber) -> Outlook:
    """As it is now, by what we know."""
    return Outlook(number.team, number.application)


def what_changes(before: Outlook, after: Outlook) -> list[str]:
    """What a person should know before they move a number, a sentence each."""
    said = [f"{after.receives} So far they come in for {before.team}." if _moves(before, after) else after.receives]
    said.append(after.sends)
    if before.team and before.team != after.team:
        said.append(f"What arrived before stays with {before.team}.")
    return said


def _moves(before: Outlook, after: Outlook) -> bool:
    return before.comes_in and before.team is not None and after.comes_in and after.team != before.team
