"""How times are written where nobody says otherwise, as in the admin."""

DATETIME_FORMAT = "Y-m-d H:i:s T"
