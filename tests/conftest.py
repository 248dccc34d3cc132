"""What all tests start from."""

import signal

from tests.order import pytest_collection_modifyitems as pytest_collection_modifyitems

# A shell starts a job in the background with SIGINT ignored, and every child would inherit that: Ctrl-C is under test.
signal.signal(signal.SIGINT, signal.default_int_handler)
