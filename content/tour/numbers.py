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
