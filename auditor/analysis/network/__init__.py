"""What can reach what in the network of a cluster, by its policies."""
