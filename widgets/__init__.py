"""The instruments of the book: NumPy code that runs in the build and in the reader's browser."""

from importlib import import_module
from types import ModuleType

from widgets.renamed import accept_old_names

WIDGETS: tuple[str, ...] = (
    "neighbours",
    "invariance_lab",
    "layers",
    "bottleneck",
    "linear_ae_pca",
    "denoiser",
    "score_field",
    "sparse_code",
    "contractive",
    "latent_holes",
    "morph",
    "amortisation_gap",
    "elbo_balance",
    "train_vae",
    "vae_sampler",
    "latent_atlas",
    "reparameterization",
    "draw_a_digit",
    "pipeline",
    "permuted_pixels",
    "receptive_field",
    "checkerboard",
    "masking",
    "analogies",
    "latent_diffusion",
    "sae_features",
    "infonce",
    "pmi",
    "two_views",
    "collapse",
    "linear_probe",
    "control_task",
    "confound",
    "report_card",
    "transfer_curve",
    "code_map",
    "compare_codes",
    "vq_codebook",
    "rate_distortion",
    "flow_matching",
)
"""Every instrument by name: its file, its directive's argument, its test."""


def names(registered: tuple[str, ...] = WIDGETS) -> tuple[str, ...]:
    """The registered names.

    Raises
    ------
    ValueError
        If a name is registered twice.
    """
    if twice := sorted({name for name in registered if registered.count(name) > 1}):
        raise ValueError(f"WIDGETS contains a name more than once: {', '.join(twice)}.")
    return registered


def get(name: str) -> ModuleType:
    """The module of one instrument: it has ``instrument``, ``compute`` and ``frame``.

    Raises
    ------
    ValueError
        If there is no instrument of that name.
    """
    if name not in names():
        raise ValueError(f"There is no instrument {name!r}. Accepted names: {', '.join(names())}.")
    return import_module(f"widgets.{name}")


accept_old_names()
