"""Grids over HTTP, compared with direct calls of the same decoder in the same process."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from latentbook.main import create_app
from latentbook.settings import Settings
from latentbook_decoders.api.grid import grid_codes
from latentbook_decoders.api.images import DELTA
from latentbook_decoders.decoding.inference import Inference
from latentbook_decoders.decoding.jobs import Floats, Job
from latentbook_decoders.decoding.mosaic import Levels
from latentbook_decoders.settings import DecoderSettings
from tools.bench import Measurement, Report
from tools.bench.line import slow_line
from tools.bench.readers import Answer, Readers, keeping_busy, reading
from tools.bench.serving import served

if TYPE_CHECKING:
    from latentbook_decoders.decoding.served_model import ServedModel

SIZES = {16: 40, 64: 20, 128: 6}
"""n -> rounds, each with one direct call and one request per format."""


@dataclass(frozen=True)
class Case:
    """What is measured of a model.

    Attributes
    ----------
    target : upper limit of HTTP as a multiple of the direct call: raw, one reader
    n : the grid for which that is the target, n x n images
    sizes : as `SIZES`
    """

    target: float
    n: int
    sizes: dict[int, int]


CASES = {
    "conv_vae_mnist": Case(1.15, 64, SIZES),
    "mlp_vae_mnist": Case(1.35, 64, SIZES),
    "conv_vae_faces": Case(1.15, 8, {8: 60}),
}

TOGETHER_TARGET = 0.9
"""Smallest share of the direct call's tiles per second that eight readers reach together."""

FORMS = {
    "raw": "application/octet-stream",
    "PNG": "image/png",
    "delta": DELTA,
}
READERS = 8
TOGETHER_ROUNDS = {8: 5, 16: 3, 64: 3, 128: 1}
TOGETHER_EACH = 3
"""Requests per reader and round."""

CLIENTS = 100
"""Clients that request grids while pages are read."""

PAGE = "/autoencoders/compress/"
PAGES = 200
PAGES_TARGET = 150.0
WARM_S = 3.0
"""Seconds until all clients have sent a request."""

SPAN = 3.0
MEGABITS, ROUND_TRIP_MS = 20, 40
CHUNKS = (16, 32, 64, 256, 512, 1024, 2048)
CORES = os.cpu_count() or 1
PARTS = {"decode": "decode", "write": "encoding"}


def direct_call(model: ServedModel, z: Floats, n: int, chunk: int, *, together: bool) -> Levels:
    """Draw a grid of n x n images, tile after tile.

    Parameters
    ----------
    together : use all cores on one chunk after another, else each core on a separate chunk
    """
    import torch

    from latentbook_decoders.decoding.served_model import grey

    decoder = model.fast or model.exact
    tiles = torch.empty((n * n, *model.image_shape), dtype=torch.uint8)

    def draw(start: int) -> None:
        with torch.inference_mode():
            codes = torch.from_numpy(z[start : start + chunk]).to(model.device)
            tiles[start : start + chunk] = grey(decoder(codes))

    starts = range(0, n * n, chunk)
    if together:
        threads = torch.get_num_threads()
        torch.set_num_threads(CORES)
        for start in starts:
            draw(start)
        torch.set_num_threads(threads)
    else:
        list(model.workers.map(draw, starts))
    return tiles.numpy()


class Direct:
    """The direct call, with the chunk size and use of cores that are fastest on this machine."""

    def __init__(self, inference: Inference, model: str, n: int) -> None:
        self.inference = inference
        self.model = model
        self.n = n
        latents = inference.models[model][1].latent_dim  # it has been asked for
        self.z = grid_codes(n, SPAN, (0, 1), np.zeros(latents))
        chunks = [chunk for chunk in CHUNKS if chunk <= n * n]
        candidates = [(chunk, together) for chunk in chunks for together in (False, True)]
        times: dict[tuple[int, bool], list[float]] = {each: [] for each in candidates}
        for _ in range(3):
            for each in candidates:
                times[each].append(self.seconds(*each))
        self.best = min(candidates, key=lambda each: median(times[each]))

    def seconds(self, chunk: int, together: bool) -> float:
        """Time one call on the inference thread, in seconds."""

        def work() -> float:
            model = self.inference.load(self.model)[1]
            start = time.perf_counter()
            direct_call(model, self.z, self.n, chunk, together=together)
            return time.perf_counter() - start

        return asyncio.run(self.inference.ask(Job(work)))

    def once(self) -> float:
        return self.seconds(*self.best)


def measure(settings: Settings, report: Report) -> list[Measurement]:
    """Measure every model, size and format: one reader, eight readers, and over a slow line."""
    rows: list[Measurement] = []
    app = create_app(settings.extended(DecoderSettings(queue_size=2 * READERS)))
    with served(app, timeout_keep_alive=600) as base, reading(READERS) as readers:
        for model, case in CASES.items():
            readers.ask(base, f"/api/models/{model}", {}, readers=READERS)
            for n in case.sizes:
                report(f"{model}, n = {n}")
                direct = Direct(app.state.inference, model, n)
                rows += alone(base, readers, direct)
                rows += together(base, readers, direct)
            with slow_line(base, MEGABITS, ROUND_TRIP_MS) as slow:
                rows += over_a_slow_line(slow, readers, model)
        report(f"A page, beside {CLIENTS} clients of grids")
        rows += pages_beside_grids(base, readers, next(iter(CASES)), max(SIZES))
    return rows


def request(model: str, n: int, form: str) -> tuple[str, dict[str, str]]:
    """Return path and headers of a grid in a format."""
    headers = {"Accept": FORMS[form], "Accept-Encoding": "gzip, zstd"}
    return f"/api/models/{model}/grid?n={n}&span={SPAN}", headers


def alone(base: str, readers: Readers, direct: Direct) -> list[Measurement]:
    """Measure one reader: each format in turn with the direct call."""
    model, n = direct.model, direct.n
    calls: list[float] = []
    answers: dict[str, list[Answer]] = {form: [] for form in FORMS}
    for _ in range(CASES[model].sizes[n]):
        calls.append(direct.once())
        for form in FORMS:
            answers[form] += readers.ask(base, *request(model, n, form))
    call = median(calls)
    chunk, together = direct.best
    name = f"{model} n={n}"
    how = f"chunks of {chunk}, {'all cores on each' if together else 'one a core'}"
    rows = [
        Measurement(f"{name} direct call ({how})", 1000 * call, "ms"),
        Measurement(f"{name} direct call", n * n / call, "tiles/s"),
    ]
    for form, seen in answers.items():
        seconds = median(answer.seconds for answer in seen)
        target = CASES[model].target if (form, n) == ("raw", CASES[model].n) else None
        rows += [
            Measurement(f"{name} {form}", 1000 * seconds, "ms"),
            Measurement(f"{name} {form} / direct call", seconds / call, "x", target),
            Measurement(f"{name} {form} size", seen[0].size / 1e6, "MB"),
        ]
        if n == CASES[model].n:
            rows += shares(f"{name} {form}", seen)
    return rows


def shares(name: str, answers: list[Answer]) -> list[Measurement]:
    """Divide a request's time into its parts."""
    rest = median(each.seconds - sum(each.timing.values()) for each in answers)
    whole = median(each.seconds for each in answers)
    parts = {
        said: median(each.timing[part] for each in answers) for part, said in PARTS.items()
    } | {"HTTP": rest}
    return [
        Measurement(f"{name}: {part}", 100 * seconds / whole, "%")
        for part, seconds in parts.items()
    ]


def together(base: str, readers: Readers, direct: Direct) -> list[Measurement]:
    """Measure eight readers at once, in turn with the direct call."""
    model, n = direct.model, direct.n
    rows = []
    for form in FORMS:
        rates, calls = [], []
        for _ in range(TOGETHER_ROUNDS[n]):
            calls += [direct.once() for _ in range(3)]
            start = time.perf_counter()
            readers.ask(base, *request(model, n, form), readers=READERS, count=TOGETHER_EACH)
            rates.append(READERS * TOGETHER_EACH * n * n / (time.perf_counter() - start))
        rate, bare = median(rates), n * n / median(calls)
        target = TOGETHER_TARGET if (form, n) == ("raw", CASES[model].n) else None
        name = f"{model} n={n} {form}, {READERS} readers"
        rows += [
            Measurement(name, rate, "tiles/s"),
            Measurement(f"{name} / direct call", rate / bare, "x", target, at_least=True),
        ]
    return rows


def pages_beside_grids(base: str, readers: Readers, model: str, n: int) -> list[Measurement]:
    """Measure how long a reader waits for a page, alone and while others draw the largest grids."""

    def slowest() -> float:
        answers = readers.ask(base, PAGE, {"Accept-Encoding": "br"}, count=PAGES)
        return 1000 * float(np.quantile([each.seconds for each in answers], 0.95))

    alone = slowest()
    with keeping_busy(base, *request(model, n, "delta"), CLIENTS):
        time.sleep(WARM_S)
        busy = slowest()
    name = f"{model} n={n}, {CLIENTS} clients"
    return [
        Measurement("page, p95", alone, "ms"),
        Measurement(f"page beside {name}, p95", busy, "ms", PAGES_TARGET),
    ]


def over_a_slow_line(slow: str, readers: Readers, model: str) -> list[Measurement]:
    rows = []
    line = f"{MEGABITS} Mbit/s and {ROUND_TRIP_MS} ms"
    for n in CASES[model].sizes:
        for form in FORMS:
            (answer,) = readers.ask(slow, *request(model, n, form))
            rows.append(Measurement(f"{model} n={n} {form}, {line}", 1000 * answer.seconds, "ms"))
    return rows
