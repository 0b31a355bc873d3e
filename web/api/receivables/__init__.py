"""Resources of the API about what is owed and paid: banks' files, reminders, statements of account, the bookkeeper's tables."""
