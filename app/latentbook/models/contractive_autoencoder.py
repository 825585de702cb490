"""Contractive autoencoder: the code should move little when the input moves a little."""

from dataclasses import dataclass

from torch import Tensor, nn

from latentbook.models.autoencoder import PIXELS, Autoencoder


@dataclass(frozen=True)
class ContractiveAutoencoderConfig:
    """One hidden layer of sigmoid units; `weight` of the squared Jacobian norm."""

    latent_dim: int
    weight: float

    def build(self) -> "ContractiveAutoencoder":
        return ContractiveAutoencoder(self)


class ContractiveAutoencoder(Autoencoder):
    """|| x - g(f(x)) ||^2 + weight || df/dx ||_F^2.

    References
    ----------
    Rifai et al. 2011, ICML, eq. 3 and 7.
    """

    def __init__(self, config: ContractiveAutoencoderConfig) -> None:
        encoder = nn.Sequential(nn.Linear(PIXELS, config.latent_dim), nn.Sigmoid())
        decoder = nn.Sequential(nn.Linear(config.latent_dim, PIXELS))
        super().__init__(config.latent_dim, encoder, decoder)
        self.weight = config.weight

    def jacobian_norm(self, x: Tensor) -> Tensor:
        """|| df/dx ||_F^2 of each image, in closed form.

        h_j = s(w_j x + b_j) has the gradient h_j (1 - h_j) w_j, so the squared
        norm is the sum over j of (h_j (1 - h_j))^2 || w_j ||^2.

        Parameters
        ----------
        x : Tensor of shape (n, 784)

        Returns
        -------
        Tensor of shape (n,)
        """
        h = self.encode(x)[0]  # (n, latent_dim)
        rows = self.encoder.get_parameter("0.weight").square().sum(1)  # (latent_dim,)
        return ((h * (1 - h)).square() * rows).sum(1)

    def training_loss(self, x: Tensor, beta: float) -> Tensor:
        """Reconstruction and contraction, mean over the batch."""
        return super().training_loss(x, beta) + self.weight * self.jacobian_norm(x).mean()

    def own_metrics(self, x: Tensor) -> dict[str, Tensor]:
        """Squared Frobenius norm of the encoder's Jacobian."""
        return {"jacobian_norm": self.jacobian_norm(x)}
