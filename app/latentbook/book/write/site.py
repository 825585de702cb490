"""The files of a site: pages, bundles, Python for the page, search, exports."""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from latentbook.base.errors import Problems
from latentbook.base.hashing import content_hash
from latentbook.base.report import Report
from latentbook.book.compose.blocks import Block, Heading, NumberedBlock, all_blocks
from latentbook.book.compose.question import Question
from latentbook.book.compose.types import Book, Loaded, TextPage
from latentbook.book.directives.recall import Recall
from latentbook.book.read.contents import page_label
from latentbook.book.read.day import right_now
from latentbook.book.write.anki import packages
from latentbook.book.write.assets import Assets
from latentbook.book.write.compress import Compressor, link
from latentbook.book.write.exports import chapter_cells, notebook, script
from latentbook.book.write.offline import SERVICE_WORKER, service_worker, wire_bytes
from latentbook.book.write.render import BUILD_PLACE, Renderer, files_of, questions
from latentbook.book.write.search import search_index
from latentbook.book.write.snippets import snippets
from latentbook.book.write.written import Written
from latentbook.hooks import SitePart
from latentbook.runtime.dist import RuntimeDist, served_name
from latentbook.settings import Settings

MAX_ELEMENTS = 6000
"""Limit per page, because a page is laid out at once (docs/speed.md)."""

LABELS = "labels.json"
"""File in a site that lists the labels it shows, and those of questions shown with answers."""

PAPER = "#fcfbf8"
ICONS = ((192, "any"), (512, "any"), (512, "maskable"))
"""Pixels per side and purpose: the mark stays within the circle of a mask."""

UNKNOWN_SIZE = '"offline_bytes":0'
"""Placeholder in each page until all are written."""


@dataclass
class SiteWriter:
    """Writes one site into an empty folder.

    Attributes
    ----------
    parts : additions of plugins
    served : first parts of the addresses that plugins serve
    failed : called with a block whose own markup fails
    """

    settings: Settings
    loaded: Loaded
    assets: Assets
    runtime: RuntimeDist
    folder: Path
    report: Report
    parts: Sequence[SitePart]
    served: Sequence[str]
    failed: Callable[[Block, Exception], None]
    to_compress: list[Path] = field(default_factory=list)
    digests: dict[str, bytes] = field(default_factory=dict)

    def write(self) -> dict[str, bytes]:
        """Write every file; return those that go next to the site, by name."""
        self.copy()
        self.export()
        book = self.loaded.book
        search = self.put_hashed("search-{}.json", search_index(book))
        web_app = web_manifest(book, self.assets)
        manifest = self.put_hashed("assets/manifest-{}.webmanifest", web_app)
        words = self.words()
        sections = self.put_hashed("assets/sections-{}.json", section_digests(book))
        config = self.config(search, sections)
        renderer = Renderer(
            *(book, self.assets, config, manifest, self.settings.base_path, words),
            assignments=next((part.assignments for part in self.parts if part.assignments), ""),
            served_scripts=tuple(script for part in self.parts for script in part.scripts),
            failed=self.failed,
        )
        pages = dict(renderer.pages())
        refuse_large(self.loaded, renderer.sizes)
        self.put(LABELS, labels(book))
        config = self.put_pages(pages, config)
        if not self.settings.reload:  # authors need each new build, not a stored one
            worker = service_worker(self.settings, config, self.folder, self.digests)
            self.put(SERVICE_WORKER, worker)
            self.compress()
        written = Written(self.settings, self.loaded, renderer, config)
        return {name: make(written) for part in self.parts for name, make in part.beside.items()}

    def copy(self) -> None:
        """Write the output of other build steps: bundles, pictures, Python for the page."""
        for place, path in self.assets.files.items():
            self.put_file(place, path)
        for place, data in self.loaded.media.files.items():
            self.put(place, data)
        shown = (all_blocks(page.blocks) for page in self.loaded.book.pages)
        for kind in {type(block) for blocks in shown for block in blocks}:
            for file, data in files_of(kind).items():
                self.put(file, data)
        for path in sorted(self.runtime.path.iterdir()):
            name = served_name(path.name, self.runtime.hashes[path.name])
            self.put_file(f"runtime/{name}", path)

    def export(self) -> None:
        """Write the chapters as notebooks and programs, and their cards."""
        for chapter, source in zip(self.loaded.book.chapters, self.loaded.sources, strict=True):
            place = f"{chapter.slug}/{chapter.slug}"
            cells = chapter_cells(chapter, source, self.loaded)
            self.put(f"{place}.ipynb", notebook(chapter, cells))
            self.put(f"{place}.py", script(cells))
            self.put(f"{chapter.slug}/snippets.json", snippets(chapter))
        for place, data in packages(self.loaded, right_now().date()).items():
            self.put(place, data)

    def words(self) -> str:
        """Write the messages of the scripts; return their place, or "" for English."""
        language, explanations = self.loaded.book.language, ""
        if said := language.explanations():
            explanations = self.put_hashed("assets/explanations-{}.json", said)
        said = language.words_script(explanations=explanations)
        return self.put_hashed("assets/words-{}.js", said) if said else ""

    def put_pages(self, pages: dict[str, str], config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Write the pages; return the configuration of their scripts."""
        self.compress()
        build = content_hash(*sorted(self.digests.values()), *pages.values())
        offline_bytes = sum(wire_bytes(self.folder / place) for place in self.digests)
        offline_bytes += sum(len(zlib.compress(html.encode())) for html in pages.values())
        for place, html in pages.items():
            html = html.replace(BUILD_PLACE, build)
            html = html.replace(UNKNOWN_SIZE, f'"offline_bytes":{offline_bytes}', 1)
            self.put(place, html.encode())
        self.compress()
        return {**config, "build": build, "offline_bytes": offline_bytes}

    def compress(self) -> None:
        """Write compressed copies of files written since the last call."""
        if not self.settings.reload:  # an author waits for the page, not for its compressed copies
            settings = self.settings
            cache = settings.build / "cache" / "compressed"
            compressor = Compressor(cache, settings.brotli_quality)
            compressor.add_variants(self.to_compress, self.report)
        self.to_compress.clear()

    def config(self, search: str, sections: str) -> Mapping[str, Any]:
        return {
            "runtime": {
                "base": "runtime/",
                "version": self.runtime.version,
                "sizes": dict(self.runtime.sizes),
                "hashes": self.runtime.start_hashes,
            },
            "assets": self.assets.on_demand,
            "search": search,
            "sections": sections,
            "build": BUILD_PLACE,
            "offline_bytes": 0,
            "reload": self.settings.reload,
            "served": ["api", *self.served],
        }

    def put(self, place: str, data: bytes) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.digests[place] = hashlib.sha256(data).digest()
        self.to_compress.append(path)

    def put_hashed(self, place: str, data: bytes) -> str:
        """Write a file that browsers store; return its place, with its hash in place of ``{}``."""
        place = place.format(content_hash(data))
        self.put(place, data)
        return place

    def put_file(self, place: str, source: Path) -> None:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        link(source, path)
        self.digests[place] = hashlib.sha256(source.read_bytes()).digest()
        self.to_compress.append(path)


def refuse_large(loaded: Loaded, sizes: Mapping[str, int]) -> None:
    """Report pages with too many elements; ``sizes`` are by place."""
    problems = Problems(loaded.overlay.origins)
    for source in loaded.sources:
        for page in source.pages:
            if (count := sizes[page.place]) > MAX_ELEMENTS:
                line = page.document.front_lines.get("title", 1)
                message = f"the page has {count:,} HTML elements; at most {MAX_ELEMENTS:,}"
                problems.add(page.path, line, f"{message}: move some of it to another section")
    problems.raise_all()


def labels(book: Book) -> bytes:
    blocks = [block for page in book.pages for block in all_blocks(page.blocks)]
    shown = {page_label(page.place) for page in book.pages}
    shown |= {block.label for block in blocks if isinstance(block, Heading | NumberedBlock)}
    answered = [each.label for each in blocks if isinstance(each, Question) and not each.opens]
    return json.dumps({"shown": sorted(shown - {""}), "answered": sorted(answered)}).encode()


def section_digests(book: Book) -> bytes:
    """Each section's title, digest, stretches with cards and labels of questions, by its place.

    For static/js/page/changes.js, study/ask.js and page/progress.js.
    """
    sections = {
        each.place: [
            f"{each.number} {each.title}",
            each.digest,
            stretches(each),
            [question.label for question in questions(each.blocks)],
        ]
        for chapter in book.chapters
        for each in chapter.sections
    }
    return json.dumps(sections, ensure_ascii=False, separators=(",", ":")).encode()


def stretches(page: TextPage) -> list[str]:
    """Ids of headings after which cards are asked; an empty one is the beginning of the page."""
    return list(dict.fromkeys(card.after.id for card in page.cards if isinstance(card, Recall)))


def web_manifest(book: Book, assets: Assets) -> bytes:
    """The manifest as JSON, for a file in the site's folder ``assets``.

    References
    ----------
    https://www.w3.org/TR/appmanifest/
    """
    icons = [
        {
            "src": Path(assets.place(f"icon-{size}.png")).name,
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for size, purpose in ICONS
    ]
    manifest = {
        "name": book.title,
        "short_name": book.name,
        "description": book.description,
        "lang": book.language.tag,
        "dir": book.language.direction,
        "start_url": "../",
        "scope": "../",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": icons,
    }
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()
