"""Passwords that somebody would guess."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from accounts.models import User

# Guesses until it is found, as a power of ten. https://dropbox.tech/security/zxcvbn-realistic-password-strength-estimation
ENOUGH = 8
# Longer ones are weighed by their beginning, as weighing takes time with the square of the length.
WEIGHED = 64


class GuessableValidator:
    """Refuses what was in a breach, also in disguise: “Summer2025!” is no better than “summer”.

    zxcvbn brings the lists along, so nothing is asked for elsewhere. It takes 14 MB, and is imported when it is used.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        from zxcvbn import zxcvbn

        own = [user.username, user.first_name, user.last_name, user.email] if user else []
        found = zxcvbn(password[:WEIGHED], user_inputs=["faxportal", "telnyx", *filter(None, own)])
        if found["guesses_log10"] < ENOUGH:
            raise ValidationError(self.get_help_text(), code="password_guessable")

    def get_help_text(self) -> str:
        return "Common words, names and dates are guessed, also with digits behind them. Four random words are not."
