"""What the command line is wired to: one table a module, by what it wires."""
