"""Facts of vSphere."""
