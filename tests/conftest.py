"""How the tests are spread over several workers (`-n`)."""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a module's tests together, for they share what they installed; and all of tests/database, for they share servers."""
    for item in items:
        tier = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(tier if tier == "database" else f"{tier}/{item.path.stem}"))
