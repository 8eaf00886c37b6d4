"""What is between a workload and the hardware, layer by layer."""
