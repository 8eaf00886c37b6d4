"""The components of a control plane, and the flags that each was started with."""
