"""The node beneath a kubelet: the script that looks at it, and what it printed as resources."""
