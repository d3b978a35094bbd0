"""Settings: from the environment or from files, and what is missing is said in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer.config import Settings
from dialer.domain.errors import BadInput


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("CADENCIA_"):
            monkeypatch.delenv(name)


def test_a_missing_address_is_named() -> None:
    with pytest.raises(BadInput, match=r"^set CADENCIA_DATABASE_DSN \(or CADENCIA_DATABASE_DSN_FILE\)"):
        Settings.load()


def test_each_caller_names_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADENCIA_DATABASE_DSN", "postgresql://x")
    assert Settings.load().database_dsn.get_secret_value() == "postgresql://x"
    with pytest.raises(BadInput, match="CADENCIA_AMI_SECRET"):
        Settings.load("ami_secret")
    with pytest.raises(BadInput, match="CADENCIA_SPOOL_DIR"):
        Settings.load("spool_dir")


def test_a_wrong_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CADENCIA_DATABASE_DSN", "postgresql://x")
    monkeypatch.setenv("CADENCIA_AMI_PORT", "many")
    with pytest.raises(BadInput, match=r"^CADENCIA_AMI_PORT: .*integer"):
        Settings.load()


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    monkeypatch.setenv("CADENCIA_DATABASE_DSN", "postgresql://x")
    monkeypatch.setenv("CADENCIA_AMI_SECRET_FILE", str(secret))
    settings = Settings.load("ami_secret")
    assert settings.ami_secret.get_secret_value() == "hush"
    assert "hush" not in repr(settings)
    monkeypatch.setenv("CADENCIA_AMI_SECRET", "loud")
    with pytest.raises(BadInput, match="not both"):
        Settings.load()
    monkeypatch.setenv("CADENCIA_AMI_SECRET", "")
    monkeypatch.setenv("CADENCIA_AMI_SECRET_FILE", str(tmp_path / "none"))
    with pytest.raises(BadInput, match="CADENCIA_AMI_SECRET_FILE: can't read"):
        Settings.load()
