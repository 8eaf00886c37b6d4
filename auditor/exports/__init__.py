"""Rules in the language of other programs, which then decide as a scan does."""
