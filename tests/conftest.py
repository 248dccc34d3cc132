"""What all tests start from."""

import signal

# A shell starts a job in the background with SIGINT ignored, and every child would inherit that: Ctrl-C is under test.
signal.signal(signal.SIGINT, signal.default_int_handler)
