"""The report as a PDF: tagged, the same bytes for the same run, and bounded."""
