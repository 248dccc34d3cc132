"""Grafana dashboard: a row of panels a file; `python -m harness.dashboard.document` writes chart/monitoring/dashboard.json."""
