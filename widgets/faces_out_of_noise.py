"""Faces out of noise: a U-Net walks from noise to codes of faces, and a decoder draws them.

Each step of the walk asks the network for the noise in the code twice, told the words and told
nothing, and goes beyond the first answer, away from the second:

    eps = (1 + w) eps(z, words) - w eps(z)

Beside it are draws without a walk: from the prior of a VAE with a flat code, and from Gaussians
fitted to its codes.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import Choice, Frame, Instrument, Readout, Slider, Tiles
from widgets.data import load
from widgets.kit.face_diffusion import decode, stored, walk
from widgets.kit.faces import decode_face, decoder

FACES = 4
MOMENTS = 6  # of the walk that are shown
ANY = "any"
ASKED = {  # factor, in the order of the network's words: value to (place, title)
    "mouth": {"smile": (3, "Smiling"), "laughing": (1, "Laughing"), "sad": (4, "Sad")},
    "eyes": {},
    "glasses": {"none": (0, "None"), "round": (1, "Round"), "square": (2, "Square")},
    "beard": {"none": (0, "None"), "beard": (1, "Beard"), "scruff": (2, "Scruff")},
    "hair": {"black": (0, "Black"), "blond": (3, "Blond"), "pink": (4, "Pink"), "blue": (5, "Blue")},
    "skin": {"light": (0, "Light"), "dark": (2, "Dark")},
}
TITLES = {"mouth": "Mouth", "glasses": "Glasses", "beard": "Beard", "hair": "Hair", "skin": "Skin"}

instrument = Instrument(
    name="faces_out_of_noise",
    title="Faces out of noise",
    challenge="Ask for a blond face in glasses. How much guidance does it take until all four are "
    "what you asked for, and what do they have in common then?",
    controls=(
        *(
            Choice(
                name,
                title,
                {ANY: "Any", **{value: words for value, (_, words) in ASKED[name].items()}},
                ANY,
            )
            for name, title in TITLES.items()
        ),
        Slider("guidance", "Guidance", default=1.0, min=0.0, max=7.0, step=0.5, symbol="w"),
        Slider("steps", "Steps", default=10, min=2, max=40, step=1),
        Slider("draw", "Draw", default=1, min=1, max=20, step=1),
    ),
    readouts=(
        Readout("passes", "Passes through the network"),
        Readout("asked", "Words said"),
    ),
    references=("hosalimans2022", "song2021ddim", "ho2020"),
)


def compute(*, guidance, steps, draw, **words):
    """Draw four faces by diffusion, by the prior and by a mixture.

    Parameters
    ----------
    guidance : float, w, 0 to 7
    steps : int, steps from noise to a code, 2 to 40
    draw : int, seed of the noise
    words : str for each key of TITLES, "any" or what is asked for

    Returns
    -------
    dict
        ``walk``, (6, 64, 64, 3), what the network takes the first face for on its way; ``faces``,
        ``prior`` and ``mixture``, (4, 64, 64, 3); ``words``, and ``passes``, how often the network
        was asked for noise.
    """
    said = tuple(words[name] for name in TITLES)
    drawn = [walked(said, guidance, int(steps), int(draw), i) for i in range(FACES)]
    way = drawn[0][1]
    shown = np.rint(np.linspace(0, len(way) - 1, MOMENTS)).astype(int)
    prior, mixture = without_a_walk(int(draw))
    return {
        "walk": np.stack([decode(way[i], stored("decoder")) for i in shown]),
        "faces": np.stack([decode(z, stored("decoder")) for z, _ in drawn]),
        "prior": prior,
        "mixture": mixture,
        "words": [words[name] for name in TITLES if words[name] != ANY],
        "passes": FACES * int(steps) * (2 if guidance else 1),
    }


@lru_cache(maxsize=64)
def walked(said, guidance, steps, draw, which):
    """The end of one walk, (8, 8, 4), and the network's guess at the code at each step."""
    z = np.random.default_rng([draw, which]).normal(size=(8, 8, 4)).astype(np.float32)
    asked = dict(zip(TITLES, said, strict=True))
    words = tuple(
        ASKED[name][asked[name]][0] if asked.get(name, ANY) != ANY else unsaid(i)
        for i, name in enumerate(ASKED)
    )
    way = list(walk(z, words, guidance, steps, stored("unet")))
    scale = load("face_diffusion")["scale"]
    return way[-1][0] * scale, [guess * scale for _, guess in way]


def unsaid(factor):
    """The word that says nothing about a factor."""
    return len(stored("unet")[f"words.{factor}.weight"]) - 1


@lru_cache(maxsize=4)
def without_a_walk(draw):
    """Faces from the flat VAE's prior, and from Gaussians fitted to its codes, (4, 64, 64, 3)."""
    data, rng = load("face_diffusion"), np.random.default_rng([draw, FACES])
    shares = data["mixture_shares"].astype(float)
    which = rng.choice(len(shares), FACES, p=shares / shares.sum())
    normal = rng.normal(size=(2, FACES, data["mixture_means"].shape[1]))
    roots, means = data["mixture_roots"][which].astype(float), data["mixture_means"][which]
    mixed = means + np.einsum("nij,nj->ni", roots, normal[1])
    return [np.stack([decode_face(z, decoder()) for z in codes]) for codes in (normal[0], mixed)]


def frame(result):
    """The first face on its way, four faces, and as many without a walk."""
    said = ", ".join(result["words"]) or "nothing"
    return Frame(
        readouts={"passes": result["passes"], "asked": said},
        panels=[
            Tiles(
                "walk",
                result["walk"],
                alt=f"What the network takes the first face for, at {MOMENTS} places from noise to "
                "the end.",
                captions=("the first face, as the network guesses it: in pure noise", "at the end"),
                gap=2,
            ),
            Tiles(
                "faces",
                result["faces"],
                alt=f"Four faces drawn by diffusion; asked for: {said}.",
                captions=("out of noise",),
                gap=2,
            ),
            Tiles(
                "prior",
                result["prior"],
                alt="Four faces decoded from draws of a VAE's prior.",
                captions=("without a walk: the VAE's prior",),
                gap=2,
                half=True,
            ),
            Tiles(
                "mixture",
                result["mixture"],
                alt="Four faces decoded from draws of Gaussians fitted to the VAE's codes.",
                captions=("without a walk: Gaussians fitted to its codes",),
                gap=2,
                half=True,
            ),
        ],
        note="The words are told to the network alone; prior and Gaussians know none.",
    )
