"""What can keep the laboratory from starting."""


class LabError(Exception):
    """Something the laboratory needs is missing or did not start; the message says what to do."""
