"""The files of ``practice``: each runs alone in an empty folder, and its loss is the paper's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import median_filter
from scipy.special import log_expit, logsumexp
from sklearn.decomposition import PCA  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.metrics import r2_score  # type: ignore[import-untyped]
from sklearn.neighbors import KNeighborsClassifier  # type: ignore[import-untyped]

torch = pytest.importorskip("torch")

FOLDER = Path(__file__).parents[2] / "practice"
TEXT = ("the cat sat on a mat, and its dog ran to the old red barn. " * 2000)[:110_000]
LONG = " ".join(
    f"w{chr(97 + i % 26)}{chr(97 + i * i % 11)}{chr(97 + i % 7)}" for i in range(20_000)
)
SMALL = {
    "simclr": ("pictures", "--batch", "16", "--size", "16", "--epochs", "1"),
    "mae": ("pictures", "--batch", "16", "--size", "16", "--patch", "4", "--epochs", "1"),
    "clip": ("pictures", "--batch", "16", "--size", "16", "--epochs", "1"),
    "autoencoder": ("pictures", "--batch", "16", "--size", "16", "--epochs", "1"),
    "vae": ("pictures", "--batch", "16", "--size", "16", "--epochs", "1"),
    "denoising": ("pictures", "--batch", "16", "--size", "16", "--width", "8", "--epochs", "1"),
    "sparse_autoencoder": ("features.npy", "--batch", "16", "--entries", "32", "--epochs", "1"),
    "conv_vae": ("pictures", "--batch", "16", "--size", "16", "--epochs", "1"),
    "ddpm": ("pictures", "--batch", "16", "--size", "16", "--width", "8", "--epochs", "1"),
    "gan": ("pictures", "--batch", "16", "--size", "16", "--epochs", "1"),
    "vqvae": ("pictures", "--batch", "16", "--size", "16", "--width", "8", "--epochs", "1"),
    "word2vec": ("long.txt", "--batch", "8000", "--least", "1", "--epochs", "1"),
    "attention": ("text.txt", "--batch", "2000", "--width", "4", "--epochs", "1"),
}
"""Arguments that give an epoch a few steps."""


def imported(name: str) -> ModuleType:
    spec = spec_from_file_location(f"practice_{name}", FOLDER / f"{name}.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with 40 pictures of two classes with captions, features, labels and two texts."""
    rng = np.random.default_rng(0)
    lines = []
    for kind in ("a", "b"):
        (tmp_path / "pictures" / kind).mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 256, (20, 24, 4 if number else 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / kind / f"{number}.png")
            lines.append(f"{kind}/{number}.png\tnumber {number}\n")
    (tmp_path / "pictures" / "captions.tsv").write_text("".join(lines), encoding="utf-8")
    labels = np.arange(60) % 3
    np.save(tmp_path / "features.npy", rng.normal(size=(60, 20)) + 3 * np.eye(3, 20)[labels])
    np.save(tmp_path / "labels.npy", labels)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "long.txt").write_text(LONG, encoding="utf-8")
    return tmp_path


def run(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of one file in a folder without the rest of the book."""
    (folder / f"{name}.py").write_bytes((FOLDER / f"{name}.py").read_bytes())
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, f"{name}.py", *arguments],
        cwd=folder,
        env={**environment, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"},
        capture_output=True,
        encoding="utf-8",
    )


def losses(output: str) -> list[str]:
    return re.findall(r"loss (\S+)", output)


@pytest.mark.long
@pytest.mark.parametrize("name", SMALL)
def test_a_copy_runs_and_resumes_where_it_stopped(desk: Path, name: str) -> None:
    folder, *options = SMALL[name]
    once = run(desk, name, folder, *options)
    assert once.returncode == 0, once.stderr
    assert np.isfinite(np.array(losses(once.stdout), dtype=float)).all()
    with Image.open(desk / f"{name}.png") as figure:
        assert min(figure.size) > 30
    again = run(desk, name, folder, *options[:-1], "2", "--resume")
    assert again.returncode == 0, again.stderr
    through = run(desk, name, folder, *options[:-1], "2", "--out", "through")
    states = [torch.load(desk / f"{each}.pt")["model"] for each in (name, "through")]
    for key, value in states[0].items():
        assert torch.allclose(value.float(), states[1][key].float(), atol=1e-6), key
    assert losses(through.stdout) == losses(once.stdout) + losses(again.stdout)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("simclr", ("empty",), "empty contains 0 images"),
        ("mae", ("empty",), "accepted: 10 or more, or MNIST's four files"),
        ("simclr", ("wrong",), "3.png cannot be read as an image"),
        ("simclr", ("pictures", "--batch", "1"), "--batch accepts 2 to 32"),
        ("mae", ("pictures", "--patch", "5"), "--size is a multiple of --patch"),
        ("conv_vae", ("pictures", "--size", "20"), "--size is a multiple of 8; got 20"),
        ("ddpm", ("pictures", "--size", "18"), "--size is a multiple of 4, --width of 8; got 18"),
        ("gan", ("empty",), "empty contains 0 images"),
        ("autoencoder", ("pictures", "--epochs", "0"), "--epochs accepts numbers above 0; got 0"),
        ("vae", ("wrong",), "3.png cannot be read as an image"),
        ("denoising", ("pictures", "--size", "18"), "--size is a multiple of 4; got 18"),
        ("sparse_autoencoder", ("labels.npy",), "accepted: finite numbers of shape (n, d)"),
        ("sparse_autoencoder", ("features.npy", "--active", "2000"), "--active is 1024 at most"),
        ("probe", ("features.npy", "features.npy"), "accepted: one label for each of the 60 rows"),
        ("probe", ("missing.npy", "labels.npy"), "No such file or directory: 'missing.npy'"),
        ("vqvae", ("pictures", "--size", "18"), "--size is a multiple of 4; got 18"),
        ("clip", ("pictures", "--lr", "-1"), "--lr accepts numbers above 0; got -1.0"),
        ("clip", ("wrong",), "captions.tsv"),
        ("clip", ("unnamed",), "has no line for"),
        ("word2vec", ("short.txt",), "short.txt contains 2 words; accepted: 10000 or more"),
        ("attention", ("short.txt",), "contains 9 characters; accepted: 100000 or more"),
        ("attention", ("text.txt", "--resume"), "No such file or directory: 'attention.pt'"),
    ],
)
def test_messages_say_what_is_accepted(
    desk: Path, name: str, arguments: tuple[str, ...], words: str
) -> None:
    for folder in ("empty", "wrong", "unnamed"):
        (desk / folder).mkdir()
    (desk / "short.txt").write_text("too short", encoding="utf-8")
    for number in range(12):
        (desk / "wrong" / f"{number}.png").write_bytes(b"no picture")
        if number != 3:
            Image.new("L", (9, 9)).save(desk / "wrong" / f"{number}.png")
    Image.new("L", (9, 9)).save(desk / "unnamed" / "one.png")
    (desk / "unnamed" / "captions.tsv").write_text("", encoding="utf-8")
    done = run(desk, name, *arguments)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())


@pytest.mark.long
def test_a_probe_of_features_that_know_the_label_beats_its_controls(desk: Path) -> None:
    done = run(desk, "probe", "features.npy", "labels.npy")
    assert done.returncode == 0, done.stderr
    right = dict(re.findall(r"^(.*): (\S+) % right", done.stdout, re.MULTILINE))
    assert float(right["linear probe"]) > 80
    assert float(right["linear probe"]) > float(right["linear probe of shuffled labels"]) + 20
    assert float(right["linear probe"]) > float(right["the commonest label"]) + 20
    with Image.open(desk / "probe.png") as figure:
        assert min(figure.size) > 30


def codes(seed: int, n: int = 6, width: int = 5) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, width))


def test_simclr_loss() -> None:
    loss = imported("simclr").nt_xent
    z1, z2 = codes(0), codes(1)
    views = [each / np.sqrt(each @ each) for each in (*z1, *z2)]
    terms = []
    for i, view in enumerate(views):
        others = [view @ each / 0.3 for j, each in enumerate(views) if j != i]
        terms.append(logsumexp(others) - view @ views[(i + 6) % 12] / 0.3)
    assert loss(torch.tensor(z1), torch.tensor(z2), 0.3).item() == pytest.approx(np.mean(terms))
    assert loss(torch.tensor(z1), torch.tensor(z2), 1e6).item() == pytest.approx(
        np.log(11), rel=1e-5
    )


def test_clip_loss() -> None:
    loss, logits = imported("clip").clip_loss, codes(2, 7, 7)
    terms = [2 * logits[i, i] - logsumexp(logits[i]) - logsumexp(logits[:, i]) for i in range(7)]
    assert loss(torch.tensor(logits)).item() == pytest.approx(-np.mean(terms) / 2)
    assert loss(torch.zeros(9, 9)).item() == pytest.approx(np.log(9))


def test_principal_components_are_scikit_learns() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(size=(60, 5)) @ rng.normal(size=(5, 32)) + 0.1 * rng.normal(size=(60, 32))
    x = x.reshape(60, 2, 4, 4)
    flat = x.reshape(60, 32)
    pca = PCA(5, svd_solver="full").fit(flat[:50])
    expected = pca.inverse_transform(pca.transform(flat[50:]))
    torch.manual_seed(0)
    found = imported("autoencoder").by_components(
        torch.tensor(flat[:50]), torch.tensor(flat[50:]), 5
    )
    np.testing.assert_allclose(found, expected, atol=0.05 * expected.std())
    found = imported("denoising").by_components(torch.tensor(x[:50]), torch.tensor(x[50:]), 5)
    np.testing.assert_allclose(found.flatten(1), expected, atol=0.05 * expected.std())


def test_autoencoder_loss_is_the_energy_of_the_difference() -> None:
    x = torch.rand(3, 7)
    assert imported("autoencoder").reconstruction_loss(x + 2, x).item() == pytest.approx(4 * 7)


def test_vae_loss() -> None:
    rng = np.random.default_rng(5)
    logits, x = (
        torch.tensor(rng.normal(size=(4, 9))),
        torch.tensor(rng.random((4, 9)) > 0.5).double(),
    )
    mu, logvar = torch.tensor(rng.normal(size=(2, 4, 6)))
    recon, kl = imported("vae").terms(logits, x, mu, logvar)
    expected = -torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(1).mean()
    assert recon.item() == pytest.approx(expected.item())
    posterior = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    of_prior = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0))
    assert kl.item() == pytest.approx(of_prior.sum(1).mean().item())


def test_denoising_medians_are_scipys_and_its_noise_is_as_said() -> None:
    denoising, x = imported("denoising"), torch.rand(2, 3, 6, 5)
    expected = median_filter(x.numpy(), (1, 1, 3, 3), mode="nearest")
    np.testing.assert_allclose(denoising.by_median(x), expected)
    torch.manual_seed(0)
    off = denoising.damaged(torch.zeros(100, 1, 20, 20), 0.3)
    assert off.std().item() == pytest.approx(0.3, rel=0.02)
    assert denoising.denoising_loss(x + 1, x).item() == pytest.approx(3 * 6 * 5)


def test_sparse_autoencoder_uses_a_few_entries_of_length_one() -> None:
    sparse = imported("sparse_autoencoder")
    torch.manual_seed(0)
    model = sparse.SparseAutoencoder(6, 40, 4)
    x = torch.randn(50, 6)
    s = model.encode(x)
    assert ((s > 0).sum(1) <= 4).all() and (s >= 0).all()
    model.dictionary.data *= 3
    model.normalise()
    assert torch.allclose(model.dictionary.norm(dim=1), torch.ones(40))
    x_hat = x + 0.1 * torch.randn(50, 6)
    explained = r2_score(x.numpy(), x_hat.numpy(), multioutput="variance_weighted")
    assert sparse.unexplained(x_hat, x).item() == pytest.approx(1 - explained, rel=1e-5)


def test_probe_and_neighbours_are_scikit_learns() -> None:
    probe, rng = imported("probe"), np.random.default_rng(9)
    y = rng.integers(0, 3, 90)
    x = (rng.normal(size=(90, 8)) + np.eye(3, 8)[y]).astype(np.float32)
    theirs = LogisticRegression(C=1 / (2 * 0.01 * 60), tol=1e-8, max_iter=1000).fit(x[:60], y[:60])
    tensors = torch.tensor(x[:60]), torch.tensor(y[:60]), torch.tensor(x[60:])
    assert (probe.probe(*tensors, 0.01, 200).numpy() == theirs.predict(x[60:])).all()
    nearest = KNeighborsClassifier(1, metric="cosine").fit(x[:60], y[:60])
    assert (probe.neighbours(*tensors, 1).numpy() == nearest.predict(x[60:])).all()


def test_conv_vae_loss() -> None:
    loss, rng = imported("conv_vae").negative_elbo, np.random.default_rng(5)
    x, x_hat = torch.tensor(rng.random((2, 4, 3, 8, 8)))
    mu, logvar = torch.tensor(rng.normal(size=(2, 4, 6)))
    of_pixels = torch.distributions.Normal(x_hat, 0.2)
    constant = of_pixels.log_prob(x_hat).flatten(1).sum(1)  # of a perfect picture
    posterior = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    kl = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).sum(1)
    expected = (kl + constant - of_pixels.log_prob(x).flatten(1).sum(1)).mean().item()
    assert loss(x_hat, x, mu, logvar, 0.2).item() == pytest.approx(expected)


def test_conv_vae_keeps_the_size_of_its_pictures() -> None:
    model = imported("conv_vae").ConvVAE(3, 24, 4, 5)
    x = torch.rand(2, 3, 24, 24)
    assert model.rebuild(x).shape == x.shape
    assert [each.shape for each in model.encode(x)] == [(2, 5), (2, 5)]


def test_vqvae_loss_and_gradient() -> None:
    """One code of zeros, one of ones: the encoder's slope comes straight through and from gamma."""
    vqvae = imported("vqvae")
    model = vqvae.VQVAE(1, 4, 2)
    model.table.data = torch.tensor([[0.0] * 8, [1.0] * 8])
    z = torch.full((1, 8, 4, 4), 0.6, requires_grad=True)  # nearer to ones
    del model.encoder, model.decoder
    model.encoder, model.decoder = lambda x: z, lambda e: e.sum(1, keepdim=True)
    assert (model.tokens(z) == 1).all()
    loss = vqvae.vq_loss(model, torch.full((1, 1, 4, 4), 7.0))
    assert loss.item() == pytest.approx(16 * (1 + 8 * 0.16 + 8 * 0.04))
    loss.backward()
    assert z.grad is not None
    assert z.grad.unique().item() == pytest.approx(2 * (8 - 7) + 2 * 0.25 * (0.6 - 1))
    assert model.table.grad[1].tolist() == pytest.approx([16 * 2 * 0.4] * 8)
    assert (model.table.grad[0] == 0).all()


def test_vqvae_prior_sees_only_the_tokens_before() -> None:
    torch.manual_seed(0)
    prior = imported("vqvae").Prior(5, 9, 8, 2).eval()
    tokens = torch.tensor([[0, 1, 2, 3, 4]])
    later = torch.tensor([[0, 1, 4, 0, 2]])
    same = (prior(tokens) - prior(later)).abs().amax(2)[0] < 1e-5
    assert same.tolist() == [True, True, True, False, False, False]


def test_gan_losses() -> None:
    gan, real, fake = imported("gan"), codes(6)[0], codes(7)[0]
    loss = gan.discriminator_loss(torch.tensor(real), torch.tensor(fake)).item()
    assert loss == pytest.approx(-np.mean(log_expit(real)) - np.mean(log_expit(-fake)))
    assert gan.generator_loss(torch.tensor(fake)).item() == pytest.approx(-np.mean(log_expit(fake)))
    w = torch.tensor([3.0, 4.0])
    slope = gan.steepness(lambda x: x.flatten(1) @ w, torch.rand(5, 1, 1, 2))
    assert slope.item() == pytest.approx(12.5)


def test_ddpm_is_asked_for_the_noise() -> None:
    loss, x = imported("ddpm").noise_loss, torch.full((400, 1, 4, 4), 0.3)
    y = torch.ones(400, dtype=torch.int64)
    torch.manual_seed(0)
    nothing = loss(lambda x_t, t, y: torch.zeros_like(x_t), x, y).item()
    assert nothing == pytest.approx(1, abs=0.05)  # the variance of the noise

    def of_one_picture(x_t: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return (x_t - 0.3 * t.cos()[:, None, None, None]) / t.sin()[:, None, None, None]

    assert loss(of_one_picture, x, y).item() < 1e-6


@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize(("w", "end"), [(0.0, 0.4), (0.5, 0.7), (9.0, 1.0)])
def test_ddpm_walks_to_the_only_picture_of_a_class(steps: int, w: float, end: float) -> None:
    """Class 1 is grey 0.4, all classes together -0.2: guidance goes on from there, cut at 1."""

    def exact(x: torch.Tensor, t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        grey = torch.where(y == 0, -0.2, 0.4)[:, None, None, None]
        return (x - t.cos()[:, None, None, None] * grey) / t.sin()[:, None, None, None]

    torch.manual_seed(0)
    drawn = imported("ddpm").draw(exact, torch.randn(3, 1, 4, 4), torch.ones(3).long(), steps, w)
    assert torch.allclose(drawn, torch.full_like(drawn, end), atol=1e-5)


def test_word2vec_loss() -> None:
    loss, positive, negative = imported("word2vec").negative_sampling, codes(3), codes(4)
    terms = [
        -log_expit(value) - sum(log_expit(-other) for other in negatives)
        for row, negatives in zip(positive, negative, strict=True)
        for value in row
    ]
    found = loss(torch.tensor(positive), torch.tensor(negative)).item()
    assert found == pytest.approx(np.mean(terms))
    zeros = torch.zeros(4, 5)
    assert loss(zeros, zeros).item() == pytest.approx(6 * np.log(2))


def test_mae_error_is_that_of_hidden_patches_only() -> None:
    mae = imported("mae")
    visible = mae.draw_visible(3, 16)
    assert visible.shape == (3, 4)
    patches, off = torch.rand(3, 16, 9), torch.full((3, 16, 9), 0.5)
    seen = torch.zeros(3, 16, dtype=torch.bool).scatter(1, visible, True)
    off[seen] = 100.0
    assert mae.hidden_error(patches + off, patches, visible).item() == pytest.approx(0.25, rel=1e-5)


def test_an_untrained_transformer_knows_nothing() -> None:
    attention = imported("attention")
    torch.manual_seed(0)
    model = attention.Encoder(50, 12, 8, 4, 2)
    text = torch.randint(2, 50, (40, 12))
    shown, hidden = attention.hide(text)
    assert (shown[hidden] == 0).all() and (shown[~hidden] == text[~hidden]).all()
    loss = torch.nn.functional.cross_entropy(model(shown, hidden), text[hidden]).item()
    assert loss == pytest.approx(np.log(50), abs=0.4)


def test_attention_is_torchs() -> None:
    """The heads equal scaled_dot_product_attention with the positions as its mask."""
    torch.manual_seed(0)
    ours = imported("attention").Attention(12, 3, 5)
    x = torch.randn(2, 5, 12)
    q, k, v = (
        torch.stack(layer(x).chunk(3, dim=2), dim=1)
        for layer in (ours.queries, ours.keys, ours.values)
    )
    far = [
        [[float(ours.position[h, i - j + 4].detach()) for j in range(5)] for i in range(5)]
        for h in range(3)
    ]
    heads = torch.nn.functional.scaled_dot_product_attention(q, k, v, torch.tensor(far))
    expected = ours.out(torch.cat([*heads.unbind(1)], dim=2))
    assert torch.allclose(ours(x), expected, atol=1e-5)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_a_file_is_short_and_needs_nothing_of_the_book(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert not any(
        f"{word} {name}" in text
        for word in ("import", "from")
        for name in ("latentbook", "widgets", "training")
    )
