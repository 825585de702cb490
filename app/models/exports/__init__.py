"""What is computed here for the page: arrays in `widgets/data/`, each with its card."""

from app.models.exports.export import Export, Job
from app.models.exports.mnist_decoder import make_mnist_decoder
from app.models.exports.mnist_pca import make_mnist_pca
from app.models.exports.strokes import make_strokes

EXPORTS = (
    Export("strokes", "beta-VAEs of strokes for eight betas", make_strokes),
    Export("mnist_pca", "Principal components of MNIST", make_mnist_pca),
    Export("mnist_decoder", "Small decoder of conv_vae_mnist", make_mnist_decoder),
)

__all__ = ["EXPORTS", "Export", "Job"]
