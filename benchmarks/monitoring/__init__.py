"""What it costs to be watched: a scrape's time, the server's and the exporter's share of a machine, and the service beside it."""
