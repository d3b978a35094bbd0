"""Cases written from the norms (`tests/data/law_cases.yaml`), asked of `dialer may-call` as anybody would ask it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from typer.main import get_command

from dialer.cli import app
from dialer.domain.errors import BadInput

DIALER = get_command(app)

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[1] / "data" / "law_cases.yaml").read_text("utf-8")
)


def asked(case: dict[str, Any], folder: Path) -> list[str]:
    """The command line of a case, its files written to `folder`."""
    words = ["may-call", "--jurisdiction", case["where"], "--at", case["at"], "--json"]
    for option in ("subdivision", "channel"):
        if option in case:
            words += [f"--{option}", case[option]]
    for option in ("history", "debtor"):
        if option in case:
            file = folder / f"{option}.json"
            file.write_text(json.dumps(case[option]), "utf-8")
            words += [f"--{option}", str(file)]
    return words


@pytest.mark.parametrize("case", CASES, ids=[f"{case['where']}: {case['says']}" for case in CASES])
def test_the_norm_is_answered(case: dict[str, Any], tmp_path: Path) -> None:
    result = CliRunner().invoke(DIALER, asked(case, tmp_path))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["allowed"], answer["rule"]) == ("rule" not in case, case.get("rule"))
    if "clears" in case:
        assert answer["clears_at"] == case["clears"]
    for key in ("norm", "source"):
        if key in case:
            assert answer[key] == case[key]
    assert not answer["ignored"]


@pytest.mark.parametrize(
    ("words", "history", "debtor", "said"),
    [
        (["--jurisdiction", "XX"], None, None, "no rules for 'XX'; there are: AR, BR, CL, CO,"),
        (["--jurisdiction", "../../etc/passwd"], None, None, "no rules for"),
        (["--jurisdiction", "EU"], None, None, "EU adds to other jurisdictions"),
        (
            ["--jurisdiction", "CO", "--subdivision", "CO-ZZZ"],
            None,
            None,
            "no subdivision (ISO 3166-2) of CO",
        ),
        (["--jurisdiction", "MX", "--subdivision", "BR-SP"], None, None, "no subdivision (ISO 3166-2) of MX"),
        (["--jurisdiction", "BR-SP", "--subdivision", "RJ"], None, None, "'RJ' is not in BR-SP"),
        (["--jurisdiction", "CO", "--channel", "fax"], None, None, "'fax' is none of voice, visit, sms,"),
        (["--jurisdiction", "CO", "--at", "2026-11-18T15:00"], None, None, "no offset; add Z or one like"),
        (["--jurisdiction", "CO"], "", None, "not JSON"),
        (["--jurisdiction", "CO"], '{"at": 1}', None, "it is a list of contacts"),
        (["--jurisdiction", "CO"], '[{"channel": "voice", "counts": []}]', None, "[0]: at is missing"),
        (
            ["--jurisdiction", "CO"],
            '[{"at": "2026-11-18T09:00:00Z", "channel": "voice", "counts": ["ring"]}]',
            None,
            "'ring' is none of attempt, answered_human, contact, conversation, message",
        ),
        (["--jurisdiction", "CO"], None, '{"zone": "Bogota"}', "'Bogota' is no time zone"),
        (
            ["--jurisdiction", "CO"],
            None,
            '{"zone": ["America/Bogota", "Bogota"]}',
            "'Bogota' is no time zone",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(
    words: list[str], history: str | None, debtor: str | None, said: str, tmp_path: Path
) -> None:
    words = ["may-call", "--at", "2026-11-18T15:00:00-05:00", *words]
    for option, text in (("history", history), ("debtor", debtor)):
        if text is not None:
            (tmp_path / option).write_text(text, "utf-8")
            words += [f"--{option}", str(tmp_path / option)]
    result = CliRunner().invoke(DIALER, words)
    assert isinstance(result.exception, BadInput)
    assert said in str(result.exception)
    assert result.stdout == ""


def test_files_from_other_editors(tmp_path: Path) -> None:
    """A byte order mark before the JSON is no fault; a file that is not there is one."""
    marked = tmp_path / "history.json"
    marked.write_bytes(b"\xef\xbb\xbf[]")
    words = ["may-call", "--at", "2026-11-18T15:00:00-05:00", "--jurisdiction", "CO", "--history"]
    assert CliRunner().invoke(DIALER, [*words, str(marked)]).exit_code == 0
    gone = CliRunner().invoke(DIALER, [*words, str(tmp_path / "gone.json")]).exception
    assert isinstance(gone, BadInput)
    assert "can't be read" in str(gone)
