"""Ids of messages, made from what they are about, so that no fact is ever told twice."""

from hashlib import sha256
from uuid import UUID, uuid5

_NAMESPACE = UUID("6f1a2e0c-6c1b-5b57-9d0e-2f5f0d1f7a11")


def message_id(about: str) -> str:
    """The one id of a message about this; the same for ever."""
    return str(uuid5(_NAMESPACE, about))


def ordered_message_id(move: int, about: str) -> str:
    """The same for a message that tells a move, by its key: ids of later moves sort after those of earlier ones.

    A UUID of version 8 (RFC 9562, 5.8): 48 bits of the key, then 74 of a hash. An index of such ids grows at its
    end; among ids in no order, every message would write a page of its own.
    """
    digest = sha256(about.encode()).hexdigest()
    whole = f"{move & 0xFFFF_FFFF_FFFF:012x}"
    return f"{whole[:8]}-{whole[8:]}-8{digest[:3]}-{'89ab'[int(digest[3], 16) & 3]}{digest[4:7]}-{digest[7:19]}"
