"""Numbers of the tour."""

from latentbook_decoders.models.cards import card
from widgets import pipeline as _pipeline
from widgets.data import load

digit_error = _pipeline.compute(**_pipeline.instrument.defaults())["error"]

# MIG of the strokes, mean over five seeds, by β: held constant, or falling from 12
_strokes = load("strokes")
_at = {str(beta): place for place, beta in enumerate(_strokes["betas"].tolist())}
mig = {
    "constant": {
        "low": _strokes["mig_cold"][_at["0.1"]].mean(),
        "two": _strokes["mig_cold"][_at["2.0"]].mean(),
        "highest": _strokes["mig_cold"][_at["32.0"]].mean(),
    },
    "falling": {"low": _strokes["mig"][_at["0.1"]].mean()},
}

# Percent of draws from 16 latents that a classifier is sure of
_of_16 = card("draws")["metrics"]["16"]
drawn = {name: _of_16[name]["sure"] for name in ("plain_prior", "plain_mixture", "vae_prior")}

# Percent: of the true change to a smile that is made by the vector once, and of the pictures with
# three times the vector in which a classifier sees one
_smile = card("faces")["metrics"]["verdicts"]["smile"]
_amounts = card("faces")["metrics"]["amounts"]
smile = {
    "code": 100 * _smile["code"]["made"][_amounts.index(1)],
    "pixels_believed": 100 * _smile["pixels"]["says"][_amounts.index(3)],
}

# Percent of what there is to know about a factor that the best latent of the VAE of faces tells
_best = card("face_latents")["metrics"]["best"]["latents"]
latents = {"skin": 100 * _best["baseColor"][0], "mouth": 100 * _best["mouth"][0]}
