"""The ledger as the steps use it: its functions, and reads. The protocol itself is in the functions (migrations/0002)."""

from gridata.ledger.client import Batch, Forgotten, Intent, Ledger, Member, Superseded

__all__ = ["Batch", "Forgotten", "Intent", "Ledger", "Member", "Superseded"]
