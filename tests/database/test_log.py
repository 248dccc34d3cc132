"""What the server's log does not hold: it is read by more people than the database is."""

import psycopg
import pytest

from harness.database.servers import Server

SECRET = "010-1234-5678"


def test_values_that_a_client_binds_are_not_in_the_log(server: Server) -> None:
    with server.connect(database="postgres") as client:
        assert client.execute("SELECT 'slow', %s::text", [SECRET]).fetchone() == ("slow", SECRET)
    assert "SELECT 'slow', $1::text" in server.log()
    assert SECRET not in server.log()


def test_values_that_a_client_binds_are_not_in_the_log_of_an_error(server: Server) -> None:
    with server.connect(database="postgres") as client, pytest.raises(psycopg.errors.DivisionByZero):
        client.execute("SELECT 1 / 0, %s::text", [SECRET])
    assert "STATEMENT:  SELECT 1 / 0, $1::text" in server.log()
    assert SECRET not in server.log()
