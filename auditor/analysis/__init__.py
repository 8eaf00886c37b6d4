"""Pure derivations: resources in, facts out. They derive, and never judge."""
