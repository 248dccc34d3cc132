"""Backup and restore of the chart's database at size: beside pg_dump and pg_restore, day after day, and beside the service."""
