"""Real servers of each major in containers, the chart's Job run against them, and the schemas of released charts."""
