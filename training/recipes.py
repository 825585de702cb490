"""Training settings of each model of `latentbook_decoders.models.registry`."""

from dataclasses import dataclass, replace

from training.recipe import Recipe

SEED = 0  # of every model


@dataclass(frozen=True)
class ModelSpec:
    """A model's title and summary, its recipe and its data set."""

    title: str
    summary: str
    recipe: Recipe
    dataset: str = "mnist"


UNTIL_NO_BETTER = Recipe(
    epochs=60,
    learning_rate=1e-3,
    schedule="constant",
    ema=0.999,
    holdout=5000,
    patience=5,
)
"""Train until five epochs in a row improve nothing on held-out images."""

FACES = Recipe(epochs=20, batch_size=64, precision="float32", ema=0.995)

SPECS = {
    "conv_vae_mnist": ModelSpec(
        title="Convolutional VAE, 2-D code, MNIST",
        summary="Handwritten digits from two numbers, drawn by resize and convolution.",
        recipe=Recipe(epochs=20, learning_rate=4e-3, ema=0.995, augment=0.2),
    ),
    "mlp_vae_mnist": ModelSpec(
        title="Dense VAE, 2-D code, MNIST",
        summary="Handwritten digits from two numbers, drawn by dense layers.",
        recipe=Recipe(epochs=40, learning_rate=4e-3, ema=0.995, augment=0.2),
    ),
    "autoencoder_mnist": ModelSpec(
        title="Plain autoencoder, 2-D code, MNIST",
        summary="The dense VAE without its prior: nothing fills the space between the codes.",
        recipe=Recipe(epochs=40, ema=0.995, augment=0.2),
    ),
    "reference_vae_mnist": ModelSpec(
        title="Reference VAE, 20-D code, MNIST",
        summary="The well-known first example of a VAE, 784-400-20, trained as it is everywhere.",
        recipe=Recipe(
            epochs=10,
            batch_size=128,
            learning_rate=1e-3,
            schedule="constant",
            precision="float32",
        ),
    ),
    "deep_autoencoder_mnist": ModelSpec(
        title="Deep autoencoder, 30-D code, MNIST",
        summary="784-1000-500-250-30 as in 2006, trained from end to end without pretraining.",
        recipe=Recipe(
            epochs=80,
            batch_size=1024,
            learning_rate=0.02,
            optimizer="muon",
            augment=0.6,
            holdout=5000,
        ),
    ),
    "conv_vae_fashion": ModelSpec(
        title="Convolutional VAE, 2-D code, Fashion-MNIST",
        summary="Clothes from two numbers, drawn by resize and convolution.",
        recipe=Recipe(epochs=20, learning_rate=4e-3, ema=0.995),
        dataset="fashion_mnist",
    ),
    "conv_vae_mnist_16": ModelSpec(
        title="Convolutional VAE, 16-D code, MNIST",
        summary="Sharper digits from sixteen numbers.",
        recipe=Recipe(epochs=16, learning_rate=4e-3, ema=0.995, augment=0.2),
    ),
    "conv_vae_fashion_16": ModelSpec(
        title="Convolutional VAE, 16-D code, Fashion-MNIST",
        summary="Sharper clothes from sixteen numbers.",
        recipe=Recipe(epochs=16, learning_rate=4e-3, ema=0.995),
        dataset="fashion_mnist",
    ),
    "conv_vae_mnist_transposed": ModelSpec(
        title="Convolutional VAE by transposed convolution, 2-D code, MNIST",
        summary="Kernel 3 and stride 2 overlap unevenly; training leaves a trace of it.",
        recipe=Recipe(epochs=12, learning_rate=4e-3, ema=0.995, augment=0.2),
    ),
    "denoising_autoencoder_mnist": ModelSpec(
        title="Denoising autoencoder, 200 units, MNIST",
        summary="Trained to undo Gaussian noise of standard deviation 0.5.",
        recipe=UNTIL_NO_BETTER,
    ),
    "sparse_autoencoder_mnist": ModelSpec(
        title="Sparse autoencoder, 200 units, MNIST",
        summary="Each unit is active for few digits: a mean activation of 0.05 is the target.",
        recipe=UNTIL_NO_BETTER,
    ),
    "contractive_autoencoder_mnist": ModelSpec(
        title="Contractive autoencoder, 200 units, MNIST",
        summary="The code resists small changes of the input.",
        recipe=UNTIL_NO_BETTER,
    ),
    "vqvae_mnist": ModelSpec(
        title="VQ-VAE, 7 x 7 places, 64 codes, MNIST",
        summary="Handwritten digits from 49 whole numbers between 0 and 63.",
        recipe=Recipe(epochs=3, batch_size=128, holdout=5000),
    ),
    "conv_vae_faces": ModelSpec(
        title="Convolutional VAE, 64-D code, faces",
        summary="Faces in colour from sixty-four numbers, drawn by transposed convolutions.",
        recipe=FACES,
        dataset="faces",
    ),
    "conv_vae_faces_spatial": ModelSpec(
        title="Convolutional VAE, 8 x 8 x 4 code, faces",
        summary="Faces in colour from four numbers at each of 8 x 8 places.",
        recipe=replace(FACES, epochs=12),
        dataset="faces",
    ),
}
"""Every model of the registry."""
