"""The server's log as a person reads it, whichever engine runs it: CloudNativePG writes it as JSON."""

import json

from harness.kubernetes import Cluster


def of_server(cluster: Cluster) -> str:
    """The log of the server's container. A line of JSON is as postgresql.conf of the other engine would have it."""
    lines = cluster.kubectl("logs", cluster.pod, f"--container={cluster.container}").splitlines()
    return "\n".join(_line(line) for line in lines)


def _line(line: str) -> str:
    try:
        told = json.loads(line)
    except json.JSONDecodeError:
        return line
    record = told.get("record", {})
    if "error_severity" not in record:
        return line
    named = dict.fromkeys(("user_name", "database_name", "connection_from", "application_name"), "") | record
    address, _, port = named["connection_from"].partition(":")
    who = f"{named['user_name']}@{named['database_name']} from {address}({port}) ({named['application_name']})"
    return f"{who} {record['error_severity']}:  {record['message']}"
