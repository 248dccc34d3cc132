"""The harness: renders the chart, runs a Kubernetes for it, and looks at what it installed."""
