"""What `since` and `until` mean."""

from datetime import date, datetime, time

from houblon.web.foundation.current_app import house


def beginning_of(asked: date | datetime | None) -> datetime | None:
    """The instant that is meant: of a day, its beginning on the installation's clocks."""
    if asked is None or isinstance(asked, datetime):
        return asked
    return datetime.combine(asked, time(), house().services.installation.zone)
