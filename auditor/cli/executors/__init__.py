"""Who reads and judges live targets: this machine, or workers elsewhere."""
