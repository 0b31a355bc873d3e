"""The one form of a mail address in which accounts are kept, looked up and counted."""

from email_validator import EmailNotValidError, validate_email

# The longest that a mail server takes; what is longer is no address, and is looked at no further.
_LONGEST = 254


def normal_address(typed: str) -> str | None:
    """The address as accounts have it, however it was typed; None for what is no address.

    Full-width letters of a domain, capitals and composed accents are other spellings of one address.
    """
    text = typed.strip() if len(typed) <= 2 * _LONGEST else ""
    if not 3 <= len(text) <= _LONGEST:
        return None
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        return None


def kept_address(typed: str) -> str:
    """The address as accounts have it; of what is no address, as much as can be compared."""
    return normal_address(typed) or typed.strip().lower()
