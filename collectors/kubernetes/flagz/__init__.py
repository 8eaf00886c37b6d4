"""The flags of a component of a control plane, as it prints them itself."""
