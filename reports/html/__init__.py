"""The report as one page: readable without scripts, to be filtered with them, and to be printed."""
