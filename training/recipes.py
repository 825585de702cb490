"""How each model of `latentbook.models.registry` is trained."""

from training.recipe import Recipe

SEED = 0  # of every model

UNTIL_NO_BETTER = Recipe(
    epochs=60,
    learning_rate=1e-3,
    schedule="constant",
    ema=0.999,
    holdout=5000,
    patience=5,
)
"""Train until five epochs in a row improve nothing on held-out images."""

RECIPES = {
    "conv_vae_mnist": Recipe(epochs=20, learning_rate=4e-3, ema=0.995, augment=0.2),
    "mlp_vae_mnist": Recipe(epochs=40, learning_rate=4e-3, ema=0.995, augment=0.2),
    "autoencoder_mnist": Recipe(epochs=40, ema=0.995, augment=0.2),
    "reference_vae_mnist": Recipe(
        epochs=10,
        batch_size=128,
        learning_rate=1e-3,
        schedule="constant",
        precision="float32",
    ),
    "deep_autoencoder_mnist": Recipe(
        epochs=80,
        batch_size=1024,
        learning_rate=0.02,
        optimizer="muon",
        augment=0.6,
        holdout=5000,
    ),
    "conv_vae_fashion": Recipe(epochs=20, learning_rate=4e-3, ema=0.995),
    "conv_vae_mnist_16": Recipe(epochs=16, learning_rate=4e-3, ema=0.995, augment=0.2),
    "conv_vae_fashion_16": Recipe(epochs=16, learning_rate=4e-3, ema=0.995),
    "conv_vae_mnist_transposed": Recipe(epochs=12, learning_rate=4e-3, ema=0.995, augment=0.2),
    "denoising_autoencoder_mnist": UNTIL_NO_BETTER,
    "sparse_autoencoder_mnist": UNTIL_NO_BETTER,
    "contractive_autoencoder_mnist": UNTIL_NO_BETTER,
    "vqvae_mnist": Recipe(epochs=3, batch_size=128, holdout=5000),
}
