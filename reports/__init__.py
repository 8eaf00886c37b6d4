"""Report formats: report in, bytes out. They tell, and never decide."""
