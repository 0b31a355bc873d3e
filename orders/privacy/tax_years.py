"""How long taxes ask for a retailer's orders and invoices: some years from the end of the last tax year."""

from datetime import date

import msgspec


class TaxYears(msgspec.Struct, frozen=True):
    """So many years after the end of the tax year, which ends on a day of a month."""

    years: int = 6
    month: int = 12
    day: int = 31

    def kept_until(self, last: date) -> date:
        """The last day on which something of `last` must still be kept."""
        end = self._end(last.year)
        return self._end((end if last <= end else self._end(last.year + 1)).year + self.years)

    def _end(self, year: int) -> date:
        return date(year, self.month, min(self.day, 28) if self.month == 2 else self.day)
