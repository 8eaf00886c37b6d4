"""What is read of each kind of a vCenter: the properties that rules need, and the form of each."""
