"""Labels for a masked autoencoder: the recorded results, and one repeated training."""

import numpy as np
import pytest
import torch

from latentbook_decoders.models.cards import read_card
from training.data import load_dataset
from training.errors import DataUnavailable
from training.exports.export import WIDGET_DATA
from training.exports.few_labels import RIDGES
from training.exports.transfer import Task, right
from training.fine_tuned import RATES, SEEDS, STEPS, by_probe, by_training, page_encoder
from widgets.data import load
from widgets.kit.masked import mean_token

RECORDED = read_card(WIDGET_DATA / "controls.json")["metrics"]["fine_tuned"]
WAYS = {"fine_tuned": RATES, "scratch": RATES, "probe": RIDGES, "pixels": RIDGES}


@pytest.fixture(scope="module")
def task() -> Task:
    try:
        return Task.of(load_dataset("mnist"))
    except DataUnavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("count", STEPS)
def test_each_way_is_recorded_for_each_draw(count):
    of_count = RECORDED[str(10 * count)]
    assert of_count["steps"] == STEPS[count]
    for way, settings in WAYS.items():
        shares = of_count[way]["percent_right"]
        assert len(shares) == SEEDS and all(10 < share < 100 for share in shares)
        assert of_count[way]["chosen"] in settings
        assert of_count[way]["mean"] == pytest.approx(np.mean(shares), abs=0.01)
        spread = of_count[way]["standard_deviation"]
        assert spread == pytest.approx(np.std(shares, ddof=1), abs=0.01)


def test_the_encoder_begins_as_the_page_s():
    x = load("mnist_gallery")["images"][:20] / 255
    code = page_encoder().code(torch.from_numpy(x).float().flatten(1)).detach()
    wanted = mean_token(x, load("mnist_masked"))
    np.testing.assert_allclose(code.numpy(), wanted, atol=1e-4)


def test_a_probe_of_pixels_is_as_good_as_recorded(task):
    recorded = RECORDED["100"]["pixels"]
    answers = by_probe(lambda x: x, task, 10, 0, recorded["chosen"])(task.tests[0])
    assert 100 * right(answers, task.wanted) == pytest.approx(recorded["percent_right"][0], abs=0.1)


def test_training_fits_its_labels(task):
    x, labels = task.draw(10, 0)
    answers = by_training(page_encoder, task, 10, 0, 3e-3)(x)
    assert right(answers, labels) > 0.95
