"""What several people may edit: a change names the version it was made from, and is refused where there is a newer."""

from __future__ import annotations

from http import HTTPStatus

from dialer.api.problems import ProblemError


def etag(version: int) -> str:
    """The version as the header ETag (RFC 9110, 8.8.3)."""
    return f'"{version}"'


def demand_version(if_match: str | None, version: int, what: str) -> None:
    """Raise the problem 428 when If-Match is missing, 412 when it names another version than this one of `what`."""
    if if_match is None:
        raise ProblemError(
            HTTPStatus.PRECONDITION_REQUIRED,
            "if_match_missing",
            "send If-Match: <version> of the settings you saw",
        )
    if if_match.strip().strip('"') != str(version):
        raise ProblemError(
            HTTPStatus.PRECONDITION_FAILED,
            "version_mismatch",
            f"somebody changed the {what} meanwhile; it is at version {version}: read it again",
            {"ETag": etag(version)},
        )
