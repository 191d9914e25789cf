"""The outbound voice profiles of the account: Telnyx's list, to choose from, and their names.

https://developers.telnyx.com/api-reference/outbound-voice-profiles/get-all-outbound-voice-profiles
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from django.core.cache import cache

from applications.telnyx import WHILE_SOMEBODY_WAITS, client
from telnyx_api import OutboundVoiceProfile, TelnyxError

NAMES = "outbound_voice_profiles"
A_DAY = 86_400
NONE = ("", "None: faxes can be received, but not sent")


class Profiles:
    """Asked for when they are first looked at. `present` are ids that must be there to be chosen, listed or not."""

    def __init__(self, *present: str) -> None:
        self._present = [profile_id for profile_id in present if profile_id]

    @property
    def choices(self) -> list[tuple[str, str]]:
        listed = [(profile.id, _label(profile)) for profile in self._listed if profile.id]
        missing = [one for one in dict.fromkeys(self._present) if one not in dict(listed)]
        return [NONE, *listed, *((one, name_of(one)) for one in missing)]

    @property
    def only(self) -> str:
        """The id of the one profile there is; empty where there are more, or none."""
        return self._listed[0].id or "" if len(self._listed) == 1 else ""

    @property
    def problem(self) -> str:
        """Why Telnyx's list is not there, for people; empty where it is."""
        return self._found[1]

    @property
    def _listed(self) -> Sequence[OutboundVoiceProfile]:
        return self._found[0]

    @cached_property
    def _found(self) -> tuple[Sequence[OutboundVoiceProfile], str]:
        try:
            with client(WHILE_SOMEBODY_WAITS) as telnyx:
                found = list(telnyx.list_outbound_voice_profiles())
        except (TelnyxError, ValueError):
            return [], "Telnyx's list of profiles could not be fetched just now, so only the present choice is here."
        remember(*found)
        return found, ""


def remember(*profiles: OutboundVoiceProfile) -> None:
    """Keep the names of profiles that Telnyx just told, for pages that show an id."""
    names = {profile.id: profile.name for profile in profiles if profile.id and profile.name}
    cache.set(NAMES, cache.get(NAMES, {}) | names, A_DAY)


def name_of(profile_id: str) -> str:
    """A profile for people: by its name, where it was listed lately, and its id."""
    name = cache.get(NAMES, {}).get(profile_id)
    return f"{name} ({profile_id})" if name else profile_id


def _label(profile: OutboundVoiceProfile) -> str:
    name = profile.name or profile.id or ""
    return f"{name}, switched off at Telnyx" if profile.enabled is False else name
