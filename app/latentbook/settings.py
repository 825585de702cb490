"""All settings, from environment variables named ``LATENTBOOK_NAME``."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DeviceChoice = Literal["auto", "cpu", "cuda", "mps"]
Dtype = Literal["float32", "bfloat16"]
DtypeChoice = Literal["auto", "float32", "bfloat16"]
EditionChoice = Literal["current", "previous"]

SHIPPED = Path(__file__).resolve().parent / "shipped"
"""In a wheel: content, scripts, Pyodide and build caches."""

ROOT = SHIPPED if SHIPPED.is_dir() else Path(__file__).resolve().parents[2]
WIDGETS = (SHIPPED.parents[1] if SHIPPED.is_dir() else ROOT) / "widgets"
"""The book's own instruments."""


class Settings(BaseSettings):
    """What an operator can set. Values given in code win over the environment."""

    model_config = SettingsConfigDict(env_prefix="LATENTBOOK_", extra="forbid")

    root: Path = Field(
        default=ROOT,
        description="Project folder, with static, widgets and node_modules.",
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
    device: DeviceChoice = Field(
        default="auto",
        description="Where decoders run; auto uses an NVIDIA GPU if there is one, else the CPU.",
    )
    dtype: DtypeChoice = Field(
        default="auto",
        description=(
            "Number format of the decoders; auto uses bfloat16 if the processor or GPU reports "
            "that it multiplies bfloat16 in hardware, else float32."
        ),
    )
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
    queue_size: int = Field(
        default=64, gt=0, description="Requests that may wait for a decoder; further ones get 503."
    )
    replicas: int = Field(
        default=0,
        ge=0,
        description="Decoder processes run by Ray Serve; 0 decodes in the server itself.",
    )
    max_replicas: int = Field(
        default=0,
        ge=0,
        description="While requests queue, replicas are added up to this number; 0 adds none.",
    )
    gpus_per_replica: float = Field(
        default=0,
        ge=0,
        description="GPUs per replica: 0.5 puts two on one GPU; 0 decodes on CPUs.",
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
    class_mode: bool = Field(
        default=False,
        description="Take live answers from phones (docs/class.md).",
    )
    class_file: Path = Field(
        default_factory=lambda data: data["build"] / "class.sqlite",
        description="SQLite file that stores classes until they end.",
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

    database: str = Field(
        default="",
        description=(
            "Database of a course with people (docs/classroom.md): the path of an SQLite file, or "
            "`postgresql://…`; empty serves the book alone."
        ),
    )
    local_platforms: bool = Field(
        default=False,
        description=(
            "To try platforms out (docs/lti.md) that run at http://localhost. A platform can then "
            "have the server ask other programs of this machine."
        ),
    )

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
        """Files that the text includes, complete or in parts."""
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


def class_data_of(site: Path) -> Path:
    """What class mode reads of a site: a file beside it."""
    return site.with_name(f"{site.name}-class.json")


def assignments_of(site: Path) -> Path:
    """What the classroom reads of a site, keys of questions included: a file beside it."""
    return site.with_name(f"{site.name}-assignments.json")


def _home(course: Path | None, root: Path) -> Path:
    """The folder for ``build``: an installed program must not write into its own."""
    return course or (Path.cwd() if root == SHIPPED else root)
