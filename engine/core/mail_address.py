"""Mail addresses: the one rule for what is one, at every door that takes any."""

import re

from houblon.engine.core.texts import remembered, visible

MAX_ADDRESS = 320
_LOCAL = re.compile(r"(?=.{1,64}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
_MOST_DOMAIN = 190


@remembered(4_096, MAX_ADDRESS)
def read_address(text: str) -> str | None:
    """The address as mail is sent to it: without what shows as nothing, a domain with accents in its ASCII form. None where it is not one."""
    if len(text) > MAX_ADDRESS:
        return None
    local, _at, domain = visible(text).rpartition("@")
    if not _LOCAL.fullmatch(local):
        return None
    try:
        ascii = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    if len(ascii) > _MOST_DOMAIN or not all(_LABEL.fullmatch(label) for label in ascii.split(".")):
        return None
    return f"{local}@{ascii}"
