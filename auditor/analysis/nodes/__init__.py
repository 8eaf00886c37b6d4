"""What runs on nodes beneath pods: kubelets and kube-proxies, and what they were told."""
