"""The command line. stdout is the product, stderr is for people."""
