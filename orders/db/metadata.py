"""What knows every table of the ledger, whichever module speaks of it."""

from sqlalchemy import MetaData

metadata = MetaData()
