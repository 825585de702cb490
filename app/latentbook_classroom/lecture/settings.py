"""The settings of class mode."""

from pathlib import Path

from pydantic import Field

from latentbook.settings import PluginSettings, Settings, option


class ClassSettings(PluginSettings):
    class_mode: bool = option(
        "--class", False, description="Take live answers from phones (docs/classroom/class.md)."
    )
    new_key: bool = option("--new-key", False, description="Create a new key for the lecturer.")
    class_file: Path | None = Field(
        default=None,
        description=(
            "SQLite file that stores classes until they end; without one, `class.sqlite` in the "
            "folder `build`."
        ),
    )
    class_hours: float = Field(
        default=12,
        gt=0,
        le=168,
        description="A class and its answers are deleted after this many hours.",
    )
    class_max_phones: int = Field(
        default=1000, gt=0, le=10_000, description="Phones that may join one class."
    )


def file_of(settings: Settings) -> Path:
    """The file that stores classes."""
    return settings.of(ClassSettings).class_file or settings.build / "class.sqlite"
