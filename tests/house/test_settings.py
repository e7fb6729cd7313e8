"""Settings: where they come from, and what is said when one is wrong."""

import re
from pathlib import Path
from typing import Any

import pytest

from shopkeeper.errors import SettingsError
from shopkeeper.settings import BudgetSettings, EngineSettings, Settings, load_settings

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_an_argument_beats_the_environment_and_the_environment_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text('port = 1\nhost = "0.0.0.0"\nshop_name = "Linden"\n')
    monkeypatch.setenv("SHOPKEEPER_PORT", "2")
    monkeypatch.setenv("SHOPKEEPER_HOST", "::1")
    settings = load_settings(config=file, port=3)
    assert (settings.port, settings.host, settings.shop_name) == (3, "::1", "Linden")


def test_an_unknown_variable_is_an_error_that_names_the_one_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOPKEEPER_PROT", "8000")
    with pytest.raises(SettingsError, match="SHOPKEEPER_PROT") as caught:
        load_settings()
    assert "SHOPKEEPER_PORT" in caught.value.hint


def test_an_unknown_key_of_the_file_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("prot = 8000\n")
    with pytest.raises(SettingsError, match=r"shop\.toml: key 'prot'"):
        load_settings(config=file)


@pytest.mark.parametrize(
    ("key", "value"),
    [("PORT", "99999"), ("CURRENCY", "dollars"), ("POOL_SIZE", "0"), ("MAX_UPLOAD_MB", "x")],
)
def test_a_value_out_of_range_is_an_error_that_names_variable_and_value(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    monkeypatch.setenv(f"SHOPKEEPER_{key}", value)
    with pytest.raises(SettingsError, match=f"SHOPKEEPER_{key} = '{value}'"):
        load_settings()


def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPKEEPER_DATABASE_URL", "postgresql://u:s3cret@h/d")
    settings = load_settings()
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in settings.model_dump_json()


def test_a_file_that_is_no_toml_is_an_error_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text("port = \n")
    with pytest.raises(SettingsError, match="line 1"):
        load_settings(config=file)


def test_every_setting_is_documented_and_nothing_else() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"`SHOPKEEPER_{name.upper()}`" in text
        assert field.description is not None
        assert field.description in text
    assert text.count("`SHOPKEEPER_") == len(Settings.model_fields) + 1  # and SHOPKEEPER_CONFIG


def test_every_key_of_an_engine_and_of_a_budget_is_documented() -> None:
    text = (DOCS.parent / "language-models.md").read_text(encoding="utf-8")
    for model in (EngineSettings, BudgetSettings):
        for name, field in model.model_fields.items():
            rows = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
            assert len(rows) == 1 and field.description and field.description in rows[0], name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"routes": {"support": ("nobody",)}}, "support names 'nobody'"),
        ({"engines": {"a/b": {"kind": "llama.cpp", "model": "m"}}}, "the name 'a/b'"),
        ({"engines": {"a": {"kind": "openai", "model": "m"}}}, "needs a url"),
        ({"budgets": {"all": {"tokens": 5}}}, "budgets"),
    ],
)
def test_engines_and_routes_that_lead_nowhere_are_refused(
    changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        load_settings(**changes)


def test_an_engines_key_is_never_shown() -> None:
    engine = {"kind": "openai", "model": "m", "url": "http://h/v1", "api_key": "s3cret"}
    assert "s3cret" not in repr(load_settings(engines={"a": engine}))
    with pytest.raises(SettingsError) as caught:
        load_settings(engines={"a": engine | {"parallel": 0}}, routes={"x": ("nobody",)})
    assert "s3cret" not in caught.value.message
