"""All settings, from environment variables named ``LATENTBOOK_NAME``."""

from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, PrivateAttr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

EditionChoice = Literal["current", "previous"]

SHIPPED = Path(__file__).resolve().parent / "shipped"
"""In a wheel: content, scripts, Pyodide and build caches."""

ROOT = SHIPPED if SHIPPED.is_dir() else Path(__file__).resolve().parents[2]
WIDGETS = (SHIPPED.parents[1] if SHIPPED.is_dir() else ROOT) / "widgets"
"""The book's own instruments."""


CONFIG = SettingsConfigDict(env_prefix="LATENTBOOK_", extra="forbid")


class PluginSettings(BaseSettings):
    """Settings of a plugin. A field with :func:`option` is also an option of
    ``latentbook serve``.
    """

    model_config = CONFIG


P = TypeVar("P", bound=PluginSettings)


def option(name: str, default: Any, **described: Any) -> Any:
    """A field of a plugin's settings that is also the option ``name`` of ``latentbook serve``."""
    return Field(default=default, json_schema_extra={"option": name}, **described)


class Settings(BaseSettings):
    """Settings of an operator. Values given in code override the environment."""

    model_config = CONFIG

    root: Path = Field(
        default=ROOT, description="Project folder, with static, widgets and node_modules."
    )
    course: Path | None = Field(
        default=None,
        description="Folder of a course to merge with the book; without one, the book is served.",
    )
    content: Path = Field(
        default_factory=lambda data: data["root"] / "content",
        description="Folder with book.toml and the chapters.",
    )
    build: Path = Field(
        default_factory=lambda data: _home(data["course"], data["root"]) / "build",
        description=(
            "Folder for the finished site, the Python runtime, caches and downloads; a course has "
            "its own."
        ),
    )
    host: str = Field(default="127.0.0.1", description="Address the server listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port; 0 picks a free one.")
    pyodide_url: str = Field(
        default="https://cdn.jsdelivr.net/pyodide/v{version}/full/",
        description=(
            "Where the build looks first for NumPy and other compiled packages of the page; empty "
            "skips this source. Each file is checked against the hash of the lock."
        ),
    )
    frame_ancestors: str = Field(
        default="'self'",
        pattern=r"^[^;,\r\n]+$",
        description=(
            "Sites that may show the book in a frame, written as in the CSP directive "
            "frame-ancestors: 'self' https://lms.example."
        ),
    )
    embed_ancestors: str = Field(
        default="*",
        pattern=r"^[^;,\r\n]+$",
        description=(
            "Sites that may show a single instrument, snippet, question or problem in a frame "
            "(pages under /embed/), in the same syntax; 'none' forbids it."
        ),
    )
    base_path: str = Field(
        default="/",
        pattern=r"^/(.*/)?$",
        description=(
            "Path of the site on its host, such as /course/book/. The Not Found page needs it, "
            "because a host shows that page at any depth, and so does the lecturer's cookie."
        ),
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning",
        description="Lowest level of log lines, written as JSON; info logs every request.",
    )
    max_body_bytes: int = Field(
        default=4 * 2**20, gt=0, description="Largest accepted request body."
    )
    code_timeout: float = Field(
        default=30,
        gt=0,
        description=(
            "Time limit in seconds for a plot, an instrument, a snippet or an answer when the book "
            "is checked or built; a listing may take ten times as long."
        ),
    )
    brotli_quality: int = Field(
        default=11,
        ge=0,
        le=11,
        description=(
            "How hard the build compresses the site: 11 makes the smallest files, 9 some 10 % "
            "larger ones in a twentieth of the time."
        ),
    )
    reload: bool = Field(
        default=False, description="For authors: rebuild on change and reload the page."
    )
    edition: EditionChoice = Field(
        default="current",
        description=(
            "Which of the last two good builds is served; with previous, nothing is built."
        ),
    )
    _of_plugins: dict[type[PluginSettings], PluginSettings] = PrivateAttr(default_factory=dict)

    def of(self, kind: type[P]) -> P:
        """The settings of a plugin: from :meth:`extended`, or else from the environment."""
        given = self._of_plugins.get(kind)
        return given if isinstance(given, kind) else kind()

    def extended(self, *given: PluginSettings) -> Self:
        """A copy with settings of plugins, which override the environment."""
        copy = self.model_copy()
        copy._of_plugins = {**self._of_plugins, **{type(each): each for each in given}}
        return copy

    @property
    def address(self) -> str:
        """URL at which the server listens."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def widgets(self) -> Path:
        own = self.root / "widgets"
        return own if own.is_dir() else WIDGETS

    @field_validator("root", "content", "build", "course")
    @classmethod
    def _absolute(cls, folder: Path | None) -> Path | None:
        return folder and folder.absolute()  # programs that the build starts run in other folders

    @property
    def practice(self) -> Path:
        """Folder of files that the text includes, complete or in part."""
        return self.content.parent / "practice"

    @property
    def site(self) -> Path:
        """The finished site; for authors, a draft without compression."""
        return self.build / ("draft" if self.reload else "site")

    @property
    def previous_site(self) -> Path:
        return self.site.with_name(f"{self.site.name}-previous")

    @property
    def served_site(self) -> Path:
        return self.previous_site if self.edition == "previous" else self.site


def beside(site: Path, name: str) -> Path:
    """Path of a file that the build writes next to a site, never into it."""
    return site.with_name(f"{site.name}-{name}.json")


def _home(course: Path | None, root: Path) -> Path:
    """The folder for ``build``: an installed program must not write into its own."""
    return course or (Path.cwd() if root == SHIPPED else root)
