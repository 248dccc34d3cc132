"""What a person can meet and mend, apart from the harness's own mistakes."""


class UserError(Exception):
    """The message says what was found and what to do; no traceback is shown."""
