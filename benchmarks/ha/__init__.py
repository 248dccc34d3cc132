"""High availability: what a fault costs a writing client, what a commit on two servers costs, and what recovery takes."""
