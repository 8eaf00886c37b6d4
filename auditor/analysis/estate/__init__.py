"""What all layers come to together: which node is which machine, and who is on which GPU."""
