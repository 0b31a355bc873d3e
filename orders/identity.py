"""Ids of messages, made from what they are about, so that no fact is ever told twice."""

from uuid import UUID, uuid5

_NAMESPACE = UUID("6f1a2e0c-6c1b-5b57-9d0e-2f5f0d1f7a11")


def message_id(about: str) -> str:
    """The one id of a message about this; the same for ever."""
    return str(uuid5(_NAMESPACE, about))
