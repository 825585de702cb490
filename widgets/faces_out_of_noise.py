"""Faces out of noise: a U-Net walks from noise to codes of faces, and a decoder draws them.

Each step of the walk asks the network for the noise in the code twice, told the words and told
nothing, and goes beyond the first answer, away from the second:

    eps = (1 + w) eps(z, words) - w eps(z)

Beside it are draws without a walk: from the prior of a VAE with a flat code, and from Gaussians
fitted to its codes.

Drawings: Avatar Illustration System, Micah Lanier; CC BY 4.0.
"""

from functools import lru_cache

import numpy as np

from widgets.contract import Choice, Frame, Instrument, Readout, Seed, Slider, Tiles
from widgets.data import load
from widgets.kit.face_diffusion import decode, stored, unsaid, walk
from widgets.kit.faces import decode_faces, decoder

FACES = 4
MOMENTS = 6  # of the walk that are shown
ANY = "any"
ASKED = {  # factor, in the order of the network's words: what can be asked for, and its place
    "mouth": {"smile": ("Smiling", 3), "laughing": ("Laughing", 1), "sad": ("Sad", 4)},
    "eyes": {},
    "glasses": {"none": ("None", 0), "round": ("Round", 1), "square": ("Square", 2)},
    "beard": {"none": ("None", 0), "beard": ("Beard", 1), "scruff": ("Scruff", 2)},
    "hair": {
        "black": ("Black", 0),
        "blond": ("Blond", 3),
        "pink": ("Pink", 4),
        "blue": ("Blue", 5),
    },
    "skin": {"light": ("Light", 0), "dark": ("Dark", 2)},
}
TITLES = {"mouth": "Mouth", "glasses": "Glasses", "beard": "Beard", "hair": "Hair", "skin": "Skin"}
CREDIT = "after drawings by Micah Lanier, CC BY 4.0"


def asking(name):
    """The control for one factor."""
    options = {value: title for value, (title, _) in ASKED[name].items()}
    return Choice(name, TITLES[name], {ANY: "Any", **options}, ANY)


instrument = Instrument(
    name="faces_out_of_noise",
    title="Faces out of noise",
    challenge="Ask for a blond face in round glasses. How much guidance does it take until all "
    "four are what you asked for, and what else do they have in common then?",
    controls=(
        Slider("guidance", "Guidance", default=1.0, min=0.0, max=7.0, step=0.5, symbol="w"),
        *(asking(name) for name in TITLES),
        Slider("steps", "Steps", default=6, min=2, max=40, step=1),
        Seed("seed", "Draw", default=5),
    ),
    readouts=(
        Readout("asked", "Asked for"),
        Readout("passes", "Passes through the network", format="d"),
    ),
    references=("hosalimans2022", "song2021ddim", "ho2020"),
)


def compute(*, guidance, steps, seed, **words):
    """Draw four faces by diffusion, by the prior and by a mixture.

    Parameters
    ----------
    guidance : float, w, 0 to 7
    steps : int, steps from noise to a code, 2 to 40
    seed : int, of the noise
    words : str for each key of TITLES, "any" or what is asked for

    Returns
    -------
    dict
        ``walk``, (6, 64, 64, 3), what the network takes the first face for on its way; ``faces``,
        ``prior`` and ``mixture``, (4, 64, 64, 3); ``words``, what was asked for; ``passes``, how
        often the network was asked for the noise in a code.
    """
    asked = tuple(words[name] for name in TITLES)
    way = walked(asked, guidance, steps, seed)
    moments = np.rint(np.linspace(0, steps - 1, MOMENTS)).astype(int)
    prior, mixture = without_a_walk(seed)
    return {
        "walk": drawn(way[moments, 0]),
        "faces": drawn(way[-1]),
        "prior": prior,
        "mixture": mixture,
        "words": words,
        "passes": FACES * steps * (2 if guidance else 1),
    }


@lru_cache(maxsize=16)
def walked(asked, guidance, steps, seed):
    """Four walks: at each step, what the network takes for the codes, (steps, 4, 8, 8, 4)."""
    z = np.random.default_rng(seed).normal(size=(FACES, 8, 8, 4)).astype(np.float32)
    unet, said = stored("unet"), dict(zip(TITLES, asked, strict=True))
    words = [
        ASKED[name][said[name]][1] if said.get(name, ANY) != ANY else unsaid(unet)[factor]
        for factor, name in enumerate(ASKED)
    ]
    guesses = [guess for _, guess in walk(z, np.array([words] * FACES), guidance, steps, unet)]
    return np.stack(guesses)  # the last one is where the walk ends, but for a hundredth of noise


def drawn(codes):
    """The faces of codes (n, 8, 8, 4) of unit variance: (n, 64, 64, 3)."""
    return decode(load("face_diffusion")["scale"] * codes, stored("decoder"))


@lru_cache(maxsize=4)
def without_a_walk(seed):
    """Faces from the flat VAE's prior, and from Gaussians fitted to its codes, (4, 64, 64, 3)."""
    data, rng = load("face_diffusion"), np.random.default_rng([seed, FACES])
    shares = data["mixture_shares"].astype(float)
    which = rng.choice(len(shares), FACES, p=shares / shares.sum())
    means, roots = (data[f"mixture_{name}"][which].astype(float) for name in ("means", "roots"))
    normal = rng.normal(size=(FACES, means.shape[1]))
    mixed = means + np.einsum("nij,nj->ni", roots, normal)
    return tuple(decode_faces(codes, decoder()) for codes in (normal, mixed))


def frame(result):
    """The first face on its way, four faces, and as many without a walk."""
    asked = {name: word for name, word in result["words"].items() if word != ANY}
    said = ", ".join(
        f"{TITLES[name].lower()}: {ASKED[name][word][0].lower()}" for name, word in asked.items()
    )
    said = said or "anything"
    return Frame(
        readouts={"asked": said, "passes": result["passes"]},
        panels=[
            Tiles(
                "walk",
                result["walk"],
                alt=f"What the network takes the first face for, at {MOMENTS} times from noise to "
                "the end.",
                captions=("what the first face will be, guessed from ever less noise",),
                gap=2,
            ),
            Tiles(
                "faces",
                result["faces"],
                alt=f"Four faces drawn by diffusion; asked for: {said}.",
                captions=(f"out of noise, {CREDIT}",),
                gap=2,
            ),
            Tiles(
                "prior",
                result["prior"],
                alt="Four faces decoded from draws of a VAE's prior.",
                captions=("without a walk: the prior of the VAE with a flat code",),
                gap=2,
                half=True,
            ),
            Tiles(
                "mixture",
                result["mixture"],
                alt="Four faces decoded from draws of Gaussians fitted to the VAE's codes.",
                captions=("16 Gaussians fitted to its codes",),
                gap=2,
                half=True,
            ),
        ],
        note="Only the network was told the words.",
    )
