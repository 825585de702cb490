import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import percentileofscore
from sklearn.decomposition import PCA
from torch import nn

import widgets.data
from latentbook_decoders.models import registry
from latentbook_decoders.models.autoencoder import Autoencoder
from latentbook_decoders.models.cards import sha256
from training.data import Dataset, load_dataset, strokes, to_unit
from training.errors import DataUnavailable
from training.exports import EXPORTS
from training.exports.decoders import DECODED
from training.exports.encoders import ENCODED
from training.exports.images import DATASETS
from training.exports.mnist_pca import principal_components
from training.exports.planes import plane_codes_of_test
from training.recipes import SPECS
from widgets.kit.network import decode, encode

FOLDER = Path(widgets.data.__file__).parent


def dataset_of(name: str) -> Dataset:
    """Load a data set, fetched once; skip the test on a machine without a network."""
    try:
        return load_dataset(name)
    except DataUnavailable as error:
        pytest.skip(str(error))


def card_of(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def torch_network(arrays: Mapping[str, NDArray]) -> nn.Sequential:
    """Build the same network from torch's layers, in float64."""
    layers: list[nn.Module] = []
    for i in (0, 1, 2):
        weight, bias = (torch.from_numpy(arrays[f"{k}{i}"].copy()).double() for k in "wb")
        linear = nn.Linear(*weight.shape, dtype=torch.float64)
        linear.load_state_dict({"weight": weight.T, "bias": bias})
        layers += [linear, nn.SiLU()]
    return nn.Sequential(*layers[:-1]).requires_grad_(False)


def torch_decode(arrays: Mapping[str, NDArray], z: NDArray) -> NDArray:
    network = nn.Sequential(torch_network(arrays), nn.Hardtanh(0, 1))
    return network(torch.from_numpy(z).double()).numpy()


def numpy_decode(arrays: Mapping[str, NDArray], z: NDArray) -> NDArray:
    """Decode as an instrument does, to (n, 784)."""
    return decode(z, arrays).reshape(len(z), -1)


def shown_grid(arrays: Mapping[str, NDArray], span: float) -> NDArray:
    """Codes on a grid over the plane as shown."""
    return arrays["centre"] + arrays["scale"] * grid(span)


def grid(span: float, n: int = 20) -> NDArray:
    axis = np.linspace(-span, span, n, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)


PAGE = [export.name for export in EXPORTS if export.folder == FOLDER and export.arrays]


@pytest.mark.parametrize("name", PAGE)
def test_card_describes_the_file(name: str) -> None:
    card, arrays = card_of(name), widgets.data.load(name)
    assert card["command"] == f"latentbook train {name}"
    assert card["file"]["sha256"] == sha256((FOLDER / f"{name}.npz").read_bytes())
    assert {key: card["arrays"][key]["shape"] for key in arrays} == {
        key: list(array.shape) for key, array in arrays.items()
    }
    without = {"own"} if name == "mnist_cards" else set()  # not every encoder has a decoder
    numbers = {key for key, array in arrays.items() if array.dtype.kind != "U"}  # not text
    assert all(np.isfinite(arrays[key]).all() for key in numbers - without)
    assert not any(array.dtype == np.float16 for array in arrays.values())


def test_every_export_can_be_loaded_and_no_other() -> None:
    assert sorted(PAGE) == sorted(widgets.data.NAMES)
    with pytest.raises(KeyError, match=r"'voices'.*mnist_classifier.*mnist_pca.*strokes"):
        widgets.data.load("voices")


def test_loaded_arrays_are_read_only() -> None:
    arrays = widgets.data.load("mnist_pca")
    with pytest.raises(ValueError, match="read-only"):
        arrays["mean"][0] = 1
    with pytest.raises(TypeError):
        arrays["mean"] = np.zeros(784)


@pytest.mark.parametrize("name", DECODED)
def test_numpy_decoders_equal_torch(name: str) -> None:
    arrays = widgets.data.load(f"{name}_decoder")
    z = shown_grid(arrays, 8)
    np.testing.assert_allclose(numpy_decode(arrays, z), torch_decode(arrays, z), atol=1e-4)


def test_numpy_decoders_of_strokes_equal_torch() -> None:
    arrays = widgets.data.load("strokes")
    for i in range(len(arrays["betas"])):
        student = {key: arrays[key][i] for key in ("w0", "b0", "w1", "b1", "w2", "b2")}
        np.testing.assert_allclose(
            numpy_decode(student, grid(3)), torch_decode(student, grid(3)), atol=1e-4
        )


@pytest.mark.parametrize("name", ENCODED)
def test_numpy_encoders_equal_torch(name: str) -> None:
    arrays = widgets.data.load(f"{name}_encoder")
    x = np.random.default_rng(0).random((50, 28, 28))
    wanted = torch_network(arrays)(torch.from_numpy(x).flatten(1)).numpy()
    np.testing.assert_allclose(encode(x, arrays), wanted, atol=1e-4)


@pytest.mark.parametrize("name", [f"{name}_decoder" for name in DECODED])
def test_decoder_is_as_near_to_its_teacher_as_the_card_says(name: str) -> None:
    arrays, card = widgets.data.load(name), card_of(name)
    teacher = load_teacher(card)
    for span, stated in zip((2.0, 3.0, 8.0), card["metrics"]["to_teacher"], strict=True):
        z = shown_grid(arrays, span)
        wanted = teacher.decode(torch.from_numpy(z)).flatten(1).numpy()
        error = np.square(numpy_decode(arrays, z) - wanted).sum(1)
        assert error.mean() == pytest.approx(stated["squared_error_mean"], abs=2e-3)
        assert error.max() == pytest.approx(stated["squared_error_worst"], abs=2e-2)


def test_planes_are_as_near_to_their_teacher_as_the_card_says() -> None:
    arrays = widgets.data.load("conv_vae_mnist_16_planes")
    card = card_of("conv_vae_mnist_16_planes")
    teacher = load_teacher(card)
    for span, stated in zip((2.0, 3.0), card["metrics"]["to_teacher"], strict=True):
        z = plane_codes_of_test(span)
        wanted = teacher.decode(z).flatten(1).numpy()
        error = np.square(numpy_decode(arrays, z.numpy()) - wanted).sum(1)
        assert error.mean() == pytest.approx(stated["squared_error_mean"], abs=2e-3)


def load_teacher(card: dict) -> Autoencoder:
    """Load the teacher that a card names; fail if it has changed."""
    name = card["teacher"]["name"]
    assert card["teacher"]["sha256"] == registry.card(name)["weights"]["sha256"], (
        f"{name} was trained anew: run latentbook train {card['name']}"
    )
    return registry.load(name)


@pytest.mark.parametrize("name", DECODED)
def test_codes_are_those_of_test_images(name: str) -> None:
    arrays = widgets.data.load(f"{name}_decoder")
    dataset = dataset_of(SPECS[name].dataset)
    teacher = registry.load(name)
    mu, logvar = teacher.encode(to_unit(dataset.test_images[::16]))
    np.testing.assert_allclose(arrays["codes"], mu.numpy(), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(arrays["labels"], dataset.test_labels[::16])
    assert ("log_variances" in arrays) == (logvar is not None)
    if logvar is not None:
        np.testing.assert_allclose(arrays["log_variances"], logvar.numpy(), rtol=1e-3, atol=1e-3)
        np.testing.assert_array_equal(arrays["centre"], 0)
        assert arrays["scale"] == 1
    else:  # the plane shows standardised training codes
        codes = teacher.encode(to_unit(dataset.train_images))[0].numpy()
        np.testing.assert_allclose(arrays["centre"], codes.mean(0), atol=1e-3)
        assert arrays["scale"] == pytest.approx(np.sqrt(codes.var(axis=0).mean()), rel=1e-3)


@pytest.mark.parametrize("name", ENCODED)
def test_encoder_is_as_near_to_its_teacher_as_the_card_says(name: str) -> None:
    encoder, decoder = (widgets.data.load(f"{name}_{part}") for part in ("encoder", "decoder"))
    card = card_of(f"{name}_encoder")
    teacher, stated = load_teacher(card), card["metrics"]
    assert card["decoder"]["sha256"] == card_of(f"{name}_decoder")["file"]["sha256"]
    x = to_unit(dataset_of(SPECS[name].dataset).test_images)
    codes = teacher.encode(x)[0].numpy()
    z = encode(x.numpy(), encoder)
    distance = np.linalg.norm(z - codes, axis=1) / decoder["scale"]
    assert distance.mean() == pytest.approx(stated["distance_of_codes"]["mean"], abs=1e-3)
    error = np.square(numpy_decode(decoder, z) - x.numpy()).sum(1)
    stated_error = stated["squared_error_to_test_images"]["both_students"]
    assert error.mean() == pytest.approx(stated_error, abs=1e-2)
    # The percentile that an instrument reads from the quantiles, against scipy's on all images.
    levels = np.linspace(0, 100, 1001)
    for value in np.quantile(error, [0.01, 0.5, 0.9, 0.999]):
        read = np.interp(value, encoder["error_quantiles"], levels)
        assert read == pytest.approx(percentileofscore(error, value), abs=0.15)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_images_are_test_images_and_have_codes(name: str) -> None:
    arrays, dataset = widgets.data.load(f"{name}_images"), dataset_of(name)
    index = 16 * arrays["position"]
    np.testing.assert_array_equal(arrays["images"], dataset.test_images[index])
    np.testing.assert_array_equal(arrays["labels"], dataset.test_labels[index])
    assert np.bincount(arrays["labels"]).tolist() == [4] * 10


def test_strokes_decode_to_the_strokes_they_encode() -> None:
    arrays = widgets.data.load("strokes")
    curvature, orientation = torch.from_numpy(arrays["factors"].copy()).unbind(1)
    images = strokes(curvature, orientation).numpy()
    for i, student in enumerate(card_of("strokes")["metrics"]["student"]):
        weights = {key: arrays[key][i] for key in ("w0", "b0", "w1", "b1", "w2", "b2")}
        error = np.square(numpy_decode(weights, arrays["codes"][i]) - images).sum(1)
        stated = student["squared_error_to_test_strokes"]
        # 400 of the card's 2,000 strokes
        assert abs(error.mean() - stated) < 4 * error.std() / 20


def test_latents_of_strokes_are_in_the_order_of_the_factors() -> None:
    arrays = widgets.data.load("strokes")
    for i, beta in enumerate(arrays["betas"]):
        if beta > 8:  # beyond that, a latent carries nothing
            continue
        correlation = np.corrcoef(arrays["codes"][i].T, arrays["factors"].T)[:2, 2:]
        assert (np.diag(correlation) > np.abs(np.diag(correlation[::-1]))).all()


def test_kl_of_strokes_is_that_of_the_exported_codes() -> None:
    arrays = widgets.data.load("strokes")
    mu, logvar = arrays["codes"].astype(float), arrays["log_variances"].astype(float)
    kl = 0.5 * (np.exp(logvar) + mu**2 - 1 - logvar)
    # 400 of the 2,000 strokes in the mean
    error = kl.std(1) / 20
    assert (np.abs(kl.mean(1) - arrays["kl"]) < 4 * error + 1e-3).all()
    assert (arrays["mig"] >= 0).all() and (arrays["mig"] <= 1).all()


@pytest.mark.parametrize("name", DATASETS)
def test_classifier_is_as_right_and_as_certain_as_its_card_says(name: str) -> None:
    arrays, metrics = (
        widgets.data.load(f"{name}_classifier"),
        card_of(f"{name}_classifier")["metrics"],
    )
    dataset = dataset_of(name)
    chances = torch_network(arrays)(to_unit(dataset.test_images).double()).softmax(1).numpy()
    accuracy = (chances.argmax(1) == dataset.test_labels).mean()
    assert accuracy == pytest.approx(metrics["accuracy"], abs=2e-4)
    certainty = chances.max(1)
    assert certainty.mean() == pytest.approx(metrics["certainty_mean"]["test_images"], abs=1e-3)
    place = np.linspace(0, 1, len(arrays["certainty_quantiles"]))
    np.testing.assert_allclose(
        arrays["certainty_quantiles"], np.quantile(certainty, place), atol=1e-3
    )
    mean = to_unit(dataset.train_images).mean(0)
    unlike = torch.stack([torch.zeros(784), mean]).double()
    blank, middle = torch_network(arrays)(unlike).softmax(1).amax(1).tolist()
    assert blank == pytest.approx(metrics["certainty_mean"]["blank_page"], abs=1e-3)
    assert middle == pytest.approx(metrics["certainty_mean"]["mean_training_image"], abs=1e-3)


def test_principal_components_equal_sklearn(mnist: Dataset) -> None:
    arrays = widgets.data.load("mnist_pca")
    train, test = (to_unit(x).numpy() for x in (mnist.train_images, mnist.test_images))
    pca = PCA(n_components=64, svd_solver="covariance_eigh").fit(train.astype(np.float64))
    np.testing.assert_allclose(arrays["mean"], pca.mean_, atol=1e-6)
    with_1_over_n = pca.explained_variance_ * (len(train) - 1) / len(train)
    np.testing.assert_allclose(arrays["eigenvalues"][:64], with_1_over_n, rtol=1e-4)
    cosine = (arrays["components"] * pca.components_).sum(1)
    np.testing.assert_allclose(np.abs(cosine), 1, atol=1e-4)
    for k in (1, 30, 64):
        code = (test - pca.mean_) @ pca.components_[:k].T
        error = np.square(test - pca.mean_ - code @ pca.components_[:k]).sum(1).mean()
        assert arrays["test_error"][k] == pytest.approx(error, abs=0.01)
    assert arrays["test_error"][30] == pytest.approx(13.87, abs=0.01)  # Hinton & Salakhutdinov
    np.testing.assert_array_equal(
        arrays["digits"], mnist.test_images[arrays["digit_index"]].reshape(10, 784)
    )
    assert mnist.test_labels[arrays["digit_index"]].tolist() == list(range(10))


def test_sign_of_components_is_fixed() -> None:
    x = np.random.default_rng(0).normal(size=(50, 4)) * [4, 3, 2, 1]
    _, eigenvalues, components = principal_components(x)
    _, again, mirrored = principal_components(-x)
    np.testing.assert_allclose(eigenvalues, again)
    np.testing.assert_allclose(components, mirrored, atol=1e-12)
    np.testing.assert_allclose(components @ components.T, np.eye(4), atol=1e-12)


def test_atoms_have_length_one_and_patches_are_those_of_test_digits() -> None:
    arrays, dataset = widgets.data.load("digit_patches"), dataset_of("mnist")
    for size in (32, 64, 128, 256):
        lengths = np.linalg.norm(arrays[f"atoms_{size}"], axis=1)
        np.testing.assert_allclose(lengths, np.ones(size), atol=2e-3)
    test_digits = {digit.tobytes() for digit in dataset.test_images}
    assert all(digit.tobytes() in test_digits for digit in arrays["digits"])
    assert ((arrays["corners"] >= 0) & (arrays["corners"] <= 28 - 8)).all()
