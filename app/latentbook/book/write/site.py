"""The files of a site: pages, bundles, Python for the page, search, exports."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latentbook.book.compose.loaded import Loaded
from latentbook.book.write.assets import Assets
from latentbook.book.write.class_data import class_data
from latentbook.book.write.compress import Compressor, link
from latentbook.book.write.exports import Export, notebook, script
from latentbook.book.write.offline import SERVICE_WORKER, service_worker, wire_bytes
from latentbook.book.write.render import Renderer
from latentbook.book.write.search import search_index
from latentbook.book.write.snippets import snippets
from latentbook.book.write.web_manifest import web_manifest
from latentbook.errors import Problems
from latentbook.hashing import content_hash
from latentbook.report import Report
from latentbook.runtime.dist import RuntimeDist, served_name
from latentbook.settings import Settings

MAX_ELEMENTS = 6000
"""Per page: it is laid out at once (docs/speed.md)."""

START_TAG = re.compile("<[a-z]")
UNNAMED_BUILD, UNKNOWN_SIZE = '"build":""', '"offline_bytes":0'
"""Placeholders in each page until all are written: a build is named by its content."""


class SiteWriter:
    """Writes one site into an empty folder."""

    def __init__(
        self,
        settings: Settings,
        loaded: Loaded,
        assets: Assets,
        runtime: RuntimeDist,
        folder: Path,
        report: Report,
    ) -> None:
        self.settings = settings
        self.loaded = loaded
        self.assets = assets
        self.runtime = runtime
        self.folder = folder
        self.report = report
        self.to_compress: list[Path] = []
        self.digests: dict[str, bytes] = {}

    def write(self) -> bytes:
        """Write every file; what class mode reads, which is none of them, is returned."""
        for place, path in self.assets.files.items():
            self.put_file(place, path)
        for place, data in self.loaded.media.files.items():
            self.put(place, data)
        for path in sorted(self.runtime.path.iterdir()):
            name = served_name(path.name, self.runtime.hashes[path.name])
            self.put_file(f"runtime/{name}", path)
        index = search_index(self.loaded.book)
        search = f"search-{content_hash(index)}.json"
        self.put(search, index)
        book, loaded = self.loaded.book, self.loaded
        web_app = web_manifest(book, self.assets)
        manifest = f"assets/manifest-{content_hash(web_app)}.webmanifest"
        self.put(manifest, web_app)
        for chapter, source in zip(book.chapters, loaded.sources, strict=True):
            place = f"{chapter.slug}/{chapter.slug}"
            export = Export(
                chapter,
                source,
                loaded.labels,
                loaded.notation,
                loaded.facts,
                book.content_language,
            )
            self.put(f"{place}.ipynb", notebook(export))
            self.put(f"{place}.py", script(export))
            self.put(f"{chapter.slug}/snippets.json", snippets(chapter))
        words = ""
        if said := book.language.words_script():
            words = f"assets/words-{content_hash(said)}.js"
            self.put(words, said)
        base_path = self.settings.base_path
        config = self.config(search)
        renderer = Renderer(book, self.assets, config, manifest, base_path, words)
        pages = dict(renderer.pages())
        _refuse_large(loaded, pages)
        self.compress()
        build = content_hash(*sorted(self.digests.values()), *pages.values())
        offline_bytes = sum(wire_bytes(self.folder / place) for place in self.digests)
        offline_bytes += sum(len(zlib.compress(html.encode())) for html in pages.values())
        for place, html in pages.items():
            html = html.replace(UNNAMED_BUILD, f'"build":"{build}"', 1)
            html = html.replace(UNKNOWN_SIZE, f'"offline_bytes":{offline_bytes}', 1)
            self.put(place, html.encode())
        self.compress()
        config = {**config, "build": build, "offline_bytes": offline_bytes}
        if not self.settings.reload:  # an author sees each build at once, not one that was kept
            self.put(
                SERVICE_WORKER, service_worker(self.settings, config, self.folder, self.digests)
            )
            self.compress()
        return class_data(renderer, config)

    def compress(self) -> None:
        """Write compressed copies of files written since the last call."""
        if not self.settings.reload:  # an author waits for the page, not for its compressed copies
            settings = self.settings
            cache = settings.build / "cache" / "compressed"
            compressor = Compressor(cache, settings.brotli_quality)
            compressor.add_variants(self.to_compress, self.report)
        self.to_compress.clear()

    def config(self, search: str) -> Mapping[str, Any]:
        """What scripts are told on every page."""
        return {
            "runtime": {
                "base": "runtime/",
                "version": self.runtime.version,
                "sizes": dict(self.runtime.sizes),
                "hashes": self.runtime.start_hashes,
            },
            "assets": self.assets.on_demand,
            "search": search,
            "build": "",
            "offline_bytes": 0,
            "reload": self.settings.reload,
        }

    def put(self, place: str, data: bytes) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.digests[place] = hashlib.sha256(data).digest()
        self.to_compress.append(path)

    def put_file(self, place: str, source: Path) -> None:
        """Link one existing file."""
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        link(source, path)
        self.digests[place] = hashlib.sha256(source.read_bytes()).digest()
        self.to_compress.append(path)


def _refuse_large(loaded: Loaded, pages: Mapping[str, str]) -> None:
    problems = Problems(loaded.laid.origins)
    for source in loaded.sources:
        for page in source.pages:
            count = len(START_TAG.findall(pages[f"{page.place}/index.html"]))
            if count > MAX_ELEMENTS:
                line = page.document.front_lines.get("title", 1)
                message = f"the page has {count:,} HTML elements; at most {MAX_ELEMENTS:,}"
                problems.add(page.path, line, f"{message}: move some of it to another section")
    problems.raise_all()
