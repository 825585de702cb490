"""A small site, small untrained models, and the app that serves them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import brotli
import httpx
import pytest
import torch
from fastapi import FastAPI

from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.errors import UnknownModel, WeightsMismatch, WeightsMissing
from latentbook_decoders.models.mlp import MLPVAEConfig
from latentbook_decoders.settings import DecoderSettings
from tools.bench.serving import served

PAGE = "<!doctype html><title>{0}</title><p>{0}</p>"
SCRIPT = b"console.log('the same thing, many times over');\n" * 40


def random_model(latent_dim: int) -> Autoencoder:
    """An untrained model whose pictures have all grey levels."""
    torch.manual_seed(latent_dim)
    model = MLPVAEConfig(latent_dim=latent_dim, encoder=(32,), decoder=(16, 32)).build()
    for parameter in model.decoder[-1].parameters():
        parameter.data.mul_(8)
    return model.eval().requires_grad_(False)


@dataclass
class TestRegistry:
    """Two models that load, one without a card, one whose weights were changed."""

    __test__ = False

    models: dict[str, Autoencoder] = field(
        default_factory=lambda: {"plane": random_model(2), "five": random_model(5)}
    )

    def names(self) -> tuple[str, ...]:
        return (*self.models, "missing", "changed")

    def card(self, name: str) -> dict[str, Any]:
        if name not in self.names():
            raise UnknownModel(name, self.names())
        if name == "missing":
            raise WeightsMissing("missing has no card. `latentbook train missing` makes it.")
        sha256 = f"{self.names().index(name)}" * 64
        return {"name": name, "title": name, "summary": "A test.", "weights": {"sha256": sha256}}

    def load(self, name: str) -> Autoencoder:
        self.card(name)
        if name == "changed":
            raise WeightsMismatch("changed.safetensors has sha256 ff; its card says 33.")
        return self.models[name]


@pytest.fixture(scope="module")
def registry() -> TestRegistry:
    return TestRegistry()


def app_with(settings: Settings, registry: TestRegistry | None = None) -> FastAPI:
    """The app, which decodes with these models instead of the book's."""
    app = create_app(settings)
    app.state.inference.registry = registry or TestRegistry()
    return app


def write_site(folder: Path, title: str = "Front page") -> None:
    """Write a site like one that the build makes."""
    files = {
        "index.html": PAGE.format(title).encode(),
        "vae/index.html": PAGE.format("Chapter").encode(),
        "404.html": PAGE.format("Not in the book").encode(),
        "vae/vae.ipynb": b"{}",
        "vae/vae.py": b"x = 1\n",
        "search-0a1b2c3d.json": b"{}",
        "assets/main-ABCD1234.js": SCRIPT,
        "assets/book-ABCD1234.css": b"p { color: red }",
        "assets/inter-ABCD1234.woff2": b"wOF2",
        "assets/manifest-ABCD1234.webmanifest": b"{}",
        "runtime/0123456789ab/pyodide.mjs": b"export {};",
        "runtime/0123456789ab/pyodide.asm.wasm": b"\0asm\1\0\0\0" * 9000,
        "runtime/0123456789ab/python_stdlib.zip": b"PK",
        "runtime/0123456789ab/numpy-2.4.3-py3-none-any.whl": b"PK",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if path.suffix in {".html", ".js", ".wasm"}:
            Path(f"{path}.br").write_bytes(brotli.compress(content))
            Path(f"{path}.gz").write_bytes(gzip.compress(content))


def write_own_book(folder: Path, code: str) -> None:
    """Write the folder of a book on another subject, with one instrument of this code."""
    (folder / "instruments").mkdir(parents=True)
    (folder / "instruments" / "tide.py").write_text(code)
    (folder / "course.toml").write_text(
        'title = "Tides"\nsubtitle = "."\ndescription = "."\nlanguage = "en"\n'
        'instruments = ["tide"]\n[[parts]]\ntitle = "All"\nchapters = ["seas"]\n'
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> Settings:
    build = tmp_path_factory.mktemp("build")
    write_site(build / "site")
    return Settings(build=build).extended(DecoderSettings(device="cpu", dtype="float32"))


@pytest.fixture(scope="module")
def client(settings, registry) -> Iterator[httpx.Client]:
    """A client of a server that all tests of a file share."""
    with served(app_with(settings, registry)) as url, httpx.Client(base_url=url) as client:
        yield client
