"""A real Kubernetes on this machine, built from source: one node, no image registry."""
