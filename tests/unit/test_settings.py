"""Settings: where they come from, and that each explains itself."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from latentbook.plugins import installed
from latentbook.settings import Settings
from latentbook_decoders.settings import DecoderSettings


def test_each_setting_has_a_default_and_a_help_text():
    for name, field in all_fields().items():
        assert not field.is_required(), name
        assert field.description and field.description.endswith((".", "example.")), name


def all_fields():
    kinds = (Settings, *installed().settings)
    return {name: field for kind in kinds for name, field in kind.model_fields.items()}


def shown(name: str) -> str:
    """A setting's default, as the table in docs/operation.md shows it."""
    field = all_fields()[name]
    if isinstance(field.default, Path):
        return "where the program is"
    if field.default_factory is not None:
        root = Path("/root")
        return f"`{getattr(Settings(root=root), name).relative_to(root)}` in `root`"
    return "" if field.default in ("", None) else f"`{field.default}`"


def settings_table() -> list[str]:
    rows = [
        f"| `LATENTBOOK_{name.upper()}` | {shown(name)} | {field.description} |"
        for name, field in all_fields().items()
    ]
    return ["| variable | default | meaning |", "|---|---|---|", *rows]


def test_the_docs_list_every_setting(root, rewrite):
    path = root / "docs" / "operation.md"
    text = path.read_text(encoding="utf-8")
    start = text.index("| variable | default |")
    written = text[start : text.index("\n\n", start)]
    table = "\n".join(settings_table())
    if rewrite:
        path.write_text(text.replace(written, table), encoding="utf-8")
    else:
        assert written == table, "pytest --rewrite writes it anew"


def test_the_environment_sets_and_code_wins(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENTBOOK_PORT", "8123")
    monkeypatch.setenv("LATENTBOOK_DEVICE", "cuda")
    assert Settings().port == 8123
    assert Settings(port=8124).port == 8124
    assert Settings().of(DecoderSettings).device == "cuda"


def test_folders_are_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings(course=Path("mine"), build=Path("mine", "build"))
    assert settings.course == tmp_path / "mine"
    assert settings.build == tmp_path / "mine" / "build"


def test_folders_follow_the_root(tmp_path):
    settings = Settings(root=tmp_path)
    assert settings.content == tmp_path / "content"
    assert settings.build == tmp_path / "build"
    assert Settings(root=tmp_path, build=tmp_path / "b").build == tmp_path / "b"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("frame_ancestors", "'self'; script-src *"),
        ("embed_ancestors", "*, 'self'"),
        ("base_path", "course"),
        ("max_body_bytes", "-1"),
    ],
)
def test_a_value_that_is_not_accepted_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"LATENTBOOK_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings()


@pytest.mark.parametrize(("name", "value"), [("device", "tpu"), ("queue_size", "0")])
def test_a_value_that_a_plugin_does_not_accept_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"LATENTBOOK_{name.upper()}", value)
    with pytest.raises(ValidationError, match=name):
        Settings().of(DecoderSettings)
