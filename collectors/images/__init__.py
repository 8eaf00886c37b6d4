"""Documents about images: reports of scanners, SBOMs, VEX, signatures."""
