"""The atlas against the server's tiles, torch, scipy and a picture laid out by hand."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2

from latentbook_decoders.api.atlas import DEEPEST, EDGE, tile_codes
from latentbook_decoders.models import registry
from training.data import faces
from training.exports.face_latents import POSE
from widgets import latent_atlas
from widgets.data import load
from widgets.kit.faces import decode_faces, decoder


def compute(**changed):
    values = {**latent_atlas.instrument.defaults(), **changed}
    return latent_atlas.compute(**values)


def decoded(z, model="conv_vae_mnist"):
    """Decode by the small decoder in torch, in float64: greys of shape (n, 28, 28)."""
    wide = model == latent_atlas.WIDE
    weights = load(f"{model}_planes" if wide else f"{model}_decoder")
    h = torch.as_tensor(z, dtype=torch.float64)
    if h.shape[1] < len(weights["w0"]):  # the first two latents vary
        h = torch.nn.functional.pad(h, (0, len(weights["w0"]) - h.shape[1]))
    for i in range(3):
        h = h @ torch.tensor(weights[f"w{i}"]).double() + torch.tensor(weights[f"b{i}"])
        h = torch.nn.functional.silu(h) if i < 2 else h.clamp(0, 1)
    return 255 * h.reshape(-1, 28, 28).numpy()


@pytest.mark.parametrize("address", [(0, 0, 0), (2, 3, 1), (9, 100, 411), (18, 5, 2**18 - 1)])
def test_the_codes_of_a_tile_are_those_of_the_server(address):
    at = np.zeros(2)
    np.testing.assert_allclose(
        latent_atlas.tile_codes(*address), tile_codes(*address, (0, 1), at), rtol=0, atol=1e-6
    )


def test_the_map_is_the_servers():
    view = next(each for each in latent_atlas.instrument.controls if each.name == "view")
    assert (view.limit, view.max_zoom) == (EDGE, DEEPEST)


@pytest.mark.parametrize(
    ("view", "address"),
    [
        ((0.1, 0.1, 0.0), (0, 0, 0)),
        ((-7.9, 7.9, 1.0), (1, 0, 0)),
        ((7.9, -7.9, 1.0), (1, 1, 1)),
        ((8.0, -8.0, 3.0), (3, 7, 7)),
        ((0.1, 0.1, 2.4), (2, 2, 1)),
    ],
)
def test_the_tile_around_a_place(view, address):
    assert tuple(compute(view=view)["address"]) == address


def test_the_tile_holds_the_codes_around_the_centre():
    rng = np.random.default_rng(0)
    for _ in range(20):
        z_1, z_2, level = *rng.uniform(-8, 8, 2), rng.integers(0, 19)
        codes = latent_atlas.tile_codes(*latent_atlas.tile_around((z_1, z_2, float(level))))
        half = 16 / 2**level / 2
        middle = codes.mean(axis=0)
        assert np.abs(middle - (z_1, z_2)).max() <= half * (1 + 1e-9)


def test_each_image_lies_in_the_middle_of_its_cell():
    """Checked cell by cell against the contract of the tiles."""
    result = compute(view=(0.7, -0.4, 3.0))
    expected = decoded(latent_atlas.tile_codes(*result["address"]))
    for i, image in enumerate(expected):
        top, left = 32 * (i // 8), 32 * (i % 8)
        cell = result["tile"][top : top + 32, left : left + 32].astype(float)
        assert np.abs(cell[2:30, 2:30] - image).max() < 0.51
        cell[2:30, 2:30] = 0
        assert cell.max() == 0


@pytest.mark.parametrize("model", [*latent_atlas.MODELS][:-1])
def test_the_large_image_is_the_code_at_the_centre(model):
    z = (1.25, -0.75)
    image = compute(view=(*z, 2.0), model=model)["image"]
    assert np.abs(image - decoded([z], model)[0]).max() < 0.51


@pytest.mark.parametrize("z", [(0.0, 0.0), (1.0, 0.0), (-1.5, 2.0), (8.0, 8.0)])
def test_the_prior_farther_out(z):
    """|z|^2 of a standard normal in the plane is chi-squared with two degrees of freedom."""
    assert compute(view=(*z, 1.0))["outside"] == pytest.approx(chi2(2).sf(z[0] ** 2 + z[1] ** 2))


def test_places_are_printed_finely_enough_to_tell_neighbours_apart():
    def printed(z_1, zoom):
        return latent_atlas.frame(compute(view=(z_1, 0.0, zoom))).readouts["z"]

    for zoom in (0.0, 4.0, 18.0):
        step = 16 / 8 / 2**zoom
        assert printed(1.0, zoom) != printed(1.0 + step, zoom)
    assert printed(-1.0, 0.0) == "(−1.00, 0.00)"


def test_dots_on_demand_with_the_class_at_the_median():
    assert latent_atlas.frame(compute()).panels[0].dots is None
    dots = latent_atlas.frame(compute(dots=True)).panels[0].dots
    data = load("conv_vae_mnist_decoder")
    fours = np.sort(data["codes"][data["labels"] == 4], axis=0)
    low, high = fours[(len(fours) - 1) // 2], fours[len(fours) // 2]
    np.testing.assert_allclose(dots.places[4], (low + high) / 2, rtol=1e-5)
    assert dots.names[4] == "4"


def test_far_from_the_prior_it_says_so():
    far = latent_atlas.frame(compute(view=(3.0, 3.0, 1.0)))
    assert "than a hundredth of the prior" in far.note
    assert latent_atlas.frame(compute(view=(1.0, 1.0, 1.0))).note == ""


def test_rings_where_there_is_a_prior():
    for model in latent_atlas.MODELS:
        frame = latent_atlas.frame(compute(model=model))
        prior = registry.config(model).build().variational
        around_0 = model != latent_atlas.FACES
        assert frame.panels[0].rings == ({"1σ": 1.0, "2σ": 2.0} if prior and around_0 else {})
        assert (frame.readouts["outside"] is not None) == prior
        assert frame.panels[0].server == model


@pytest.mark.parametrize(("across", "up"), [(1, 2), (16, 3), (7, 7), (16, 16)])
def test_of_sixteen_latents_the_two_chosen_vary_as_on_the_server(across, up):
    result = compute(model=latent_atlas.WIDE, across=across, up=up, view=(0.5, -1.5, 3.0))
    axes = tuple(result["axes"].tolist())
    assert axes[0] == across - 1 and axes[1] == (up - 1 if up != across else up % 16)
    codes = tile_codes(*result["address"].tolist(), axes, np.zeros(16))
    expected = decoded(codes, latent_atlas.WIDE)
    top = result["tile"][2:30, 2:30].astype(float)
    assert np.abs(top - expected[0]).max() < 0.51
    assert latent_atlas.frame(result).panels[0].axes == axes
    for axis, change in zip(axes, result["change"], strict=True):
        ends = np.zeros((2, 16))
        ends[:, axes] = 0.5, -1.5
        ends[:, axis] = -2, 2
        low, high = decoded(ends, latent_atlas.WIDE) / 255
        assert change == pytest.approx(np.square(high - low).sum(), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(("across", "up"), [(1, 2), (16, 16)])
def test_of_faces_the_latents_with_most_nats_vary_as_on_the_server(across, up):
    model = latent_atlas.FACES
    result = compute(model=model, across=across, up=up, view=(0.5, -1.5, 3.0))
    by_nats = sorted(range(64), key=lambda j: -load("face_latents")["kl"][j])
    axes = by_nats[across - 1], by_nats[up - 1 if up != across else 0]
    assert result["axes"].tolist() == list(axes)
    at = latent_atlas.frame(result).panels[0].at
    np.testing.assert_allclose(at, load("faces")["codes"][0], atol=1e-3)
    codes = tile_codes(*result["address"].tolist(), axes, np.array(at), images=4)
    for i, face in enumerate(decode_faces(codes, decoder())):
        top, left = 64 * (i // 4), 64 * (i % 4)
        drawn = result["tile"][top : top + 64, left : left + 64]
        np.testing.assert_allclose(drawn, face, atol=1e-5)
    middle = np.array([at], np.float32)
    middle[:, axes] += 0.5, -1.5
    np.testing.assert_allclose(result["z"], middle[0, axes], rtol=1e-6)
    of_server = registry.load(model).decode(torch.from_numpy(middle)).detach().numpy()
    assert np.abs(result["image"] - of_server[0]).mean() < 0.03  # weights are single bytes here
    assert latent_atlas.frame(result).panels[0].axes == axes


def test_a_latent_of_faces_says_most_about_what_its_note_names():
    assert len(latent_atlas.FACTORS) == len(faces.FACTORS) + len(POSE)
    assert [name for name in latent_atlas.FACTORS if name in faces.FACTORS] == [
        name for name in faces.FACTORS if name in latent_atlas.FACTORS
    ]
    result = compute(model=latent_atlas.FACES)
    first = load("face_latents")["share"][:, result["axes"][0]]
    assert first.max() <= 1 and first.min() >= 0
    name = latent_atlas.FACTORS[np.argmax(first)]
    assert f": {100 * first.max():.0f} % of what there is to know about {name}," in (
        latent_atlas.frame(result).note
    )


def test_some_of_the_sixteen_latents_carry_nothing_and_move_nothing():
    """Checks the claim of the text in the trained model itself."""
    kl = load(f"{latent_atlas.WIDE}_planes")["kl"]
    card = registry.card(latent_atlas.WIDE)
    assert kl.sum() == pytest.approx(card["metrics"]["kl"]["mean"], rel=0.01)
    silent = np.flatnonzero(kl < 0.02)
    np.testing.assert_array_equal(silent + 1, [4, 6, 11, 14, 16])
    assert kl[kl >= 0.02].min() > 0.5
    ends = np.zeros((32, 16), np.float32)
    ends[np.arange(32), np.arange(32) // 2] = np.tile([-2, 2], 16)
    images = registry.load(latent_atlas.WIDE).decode(torch.from_numpy(ends)).flatten(1)
    moved = (images[::2] - images[1::2]).square().sum(1).numpy()
    assert moved[silent].max() < 0.5
    assert np.delete(moved, silent).min() > 10


@pytest.mark.parametrize(("model", "latents"), [("conv_vae_mnist", 2), ("conv_vae_mnist_16", 16)])
def test_as_much_of_the_prior_is_farther_out_as_draws_are(model, latents):
    draws = np.random.default_rng(0).standard_normal((100_000, latents))
    share = np.mean(np.linalg.norm(draws, axis=1) > np.hypot(2.0, 3.0))
    assert compute(model=model, view=(2.0, 3.0, 2.0))["outside"] == pytest.approx(share, abs=0.006)
