"""The tables and indexes at size: the chart's beside those that the design lists."""
