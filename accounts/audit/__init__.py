"""The audit log: append-only, one hash chain per team and one for the house.

Who changes something calls `record()` last in its transaction; who shows something calls
`record_alone()` right before.
"""

from accounts.audit.record import HOUSE, Entry, NotRecorded, chain_of, digest, record, record_alone

__all__ = ["HOUSE", "Entry", "NotRecorded", "chain_of", "digest", "record", "record_alone"]
