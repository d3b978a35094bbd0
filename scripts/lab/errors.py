"""What can keep the laboratory from starting."""


class LabError(Exception):
    """Something the laboratory needs is missing or did not start; the message says what to do."""


class SessionOver(LabError):
    """Who was logged in is so no more: logged out elsewhere, disabled, or given another password."""
