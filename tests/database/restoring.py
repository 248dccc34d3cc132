"""What the tests of restores and drills share."""

from pathlib import Path
from typing import Any

import psycopg

from harness import paths
from harness.database import repositories
from harness.database.backups import Backups
from harness.database.servers import Server
from harness.database.states import ROWS


def made_backup(server: Server, name: str, files: dict[str, str] | None = None, change: str = "") -> Backups:
    """A repository of the database's own with one backup of it, after it got rows and this change."""
    with server.connect(database=name) as connection:
        connection.execute(ROWS.encode() + change.encode())
    repositories.make(server.folder / "repository" / name)
    Backups(server, repository=name, files=files or {}).apply(database=name)
    return Backups(server, repository=name)


def newest_result(server: Server, name: str, kind: str) -> tuple[bool, str | None, str | None]:
    """What the newest run of a kind left in the database: whether it succeeded, the backup, and the message."""
    query = "SELECT succeeded, backup, message FROM audit.backup_run WHERE kind = %s ORDER BY id DESC LIMIT 1"
    with server.connect(database=name) as connection:
        found = connection.execute(query, [kind]).fetchone()
    assert found
    return found


def patched(file: str, before: str, after: str) -> dict[str, str]:
    """A script of the backups with another text in the place of this one."""
    text = (paths.CHART / "hooks" / "backup" / file).read_text()
    assert before in text
    return {file: text.replace(before, after)}


def databases(server: Server, name: str) -> set[str]:
    """The database and those whose names begin with its own and an underscore."""
    with server.connect(database="postgres") as connection:
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE datname = %s OR starts_with(datname, %s)", [name, f"{name}_"]
        )
        return {str(database) for [database] in found}


def one(connection: psycopg.Connection, query: str) -> Any:
    """The one value that the query gives."""
    found = connection.execute(query.encode()).fetchone()
    assert found
    return found[0]


def flip_a_byte(server: Server, repository: str) -> Path:
    """Change a byte in the middle of the repository's largest file of data."""
    pack = max(
        (server.folder / "repository" / repository / "data").rglob("*"), key=lambda file: file.is_file() and file.stat().st_size
    )
    content = bytearray(pack.read_bytes())
    content[len(content) // 3] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(content)
    return pack
