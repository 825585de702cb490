"""Numbers of the appendix: what another seed changes."""

from latentbook.models.cards import card

_bounds = [run["negative_elbo"] for run in card("reference_vae_mnist")["by_seed"].values()]
reference = {"seeds": len(_bounds), "least": min(_bounds), "most": max(_bounds)}
