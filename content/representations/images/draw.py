"""Draws what is kept of an autoencoder, from the data of the book's instruments.

python -m content.representations.images.draw
"""

from pathlib import Path

import numpy as np

from content.drawing import Plane, coloured, dots, line, picture, text, write
from latentbook_decoders.models.cards import card
from widgets import cells, faces_out_of_noise, heart_alarm

FOLDER = Path(__file__).parent
LABELS = (1, 2, 5, 10, 20, 50)  # of each digit
LEFT, RIGHT = (8, 170), (190, 352)
UPPER, LOWER = (26, 112), (152, 238)


def main() -> None:
    parts = [*the_code(), *the_error(), *the_decoder(), *the_encoder()]
    write(
        FOLDER,
        "four-uses.svg",
        picture(
            260,
            "What is kept of an autoencoder",
            "A map of cells, heartbeats with an alarm, faces, and right answers by labels.",
            *parts,
        ),
    )


def the_code() -> list[str]:
    """A map of cells, a colour for each of three groups of kinds."""
    found = cells.compute(**{**cells.instrument.defaults(), "code": "autoencoder"})
    named = np.array([name.lower() for name in cells.SHORT])[found["kinds"]]
    low, high = found["places"].min(0), found["places"].max(0)
    plane = Plane(LEFT[0], UPPER[0], LEFT[1], UPPER[1], (low[0], high[0]), (low[1], high[1]))
    places = plane.at(found["places"])
    t_cells = np.char.startswith(named, "t ")
    eaters = np.isin(named, ("monocyte", "dendritic"))
    return [
        text(89, 16, "the code: a map"),
        dots(places[t_cells], "data-1", 2.4),
        dots(places[eaters], "data-2", 2.4),
        dots(places[~t_cells & ~eaters], "ink-3", 2.4),
    ]


def the_error() -> list[str]:
    """Heartbeats, and where an alarm rings."""
    found = heart_alarm.compute(**heart_alarm.instrument.defaults())
    volts, start = found["strip"][:360], found["start"]
    times = start + np.arange(len(volts)) / heart_alarm.RATE
    plane = Plane(RIGHT[0], UPPER[0], RIGHT[1], UPPER[1], (times[0], times[-1]), (-1.1, 2.3))
    rings = found["seconds"][found["rings"]]
    rings = rings[(rings > times[0]) & (rings < times[-1])]
    return [
        text(271, 16, "the error: an alarm"),
        line(plane.at(np.stack([times, volts], -1)), "data-1", 1.2),
        dots(plane.at([(at, 2.15) for at in rings]), "data-2", 8),
    ]


def the_decoder() -> list[str]:
    """Faces that were drawn by chance."""
    faces = faces_out_of_noise.compute(**faces_out_of_noise.instrument.defaults())["faces"]
    return [
        text(89, 142, "the decoder: new faces"),
        *(coloured(face, 8 + 56 * i, 166, 50, levels=8) for i, face in enumerate(faces[:3])),
    ]


def the_encoder() -> list[str]:
    """How much is read right from a code and from pixels, by labels."""
    plane = Plane(RIGHT[0] + 34, LOWER[0], RIGHT[1], LOWER[1], (0, np.log(50)), (40, 100))
    lines = []
    for code, colour in (("contrastive", "data-2"), ("pixels", "data-1")):
        right = 100 * np.array(card(f"mnist_logistic_{code}")["metrics"])
        lines.append(line(plane.at(np.stack([np.log(LABELS), right], -1)), colour, 2))
    return [
        text(271, 142, "the encoder: few labels"),
        plane.frame(),
        *lines,
        text(282, 180, "a code", "data-2-text"),
        text(310, 222, "pixels", "data-1"),
        *(
            text(RIGHT[0] + 28, plane.at([0, percent])[1] + 5, f"{percent}", "ink-2", "end")
            for percent in (50, 100)
        ),
        *(
            text(plane.at([np.log(count), 0])[0], LOWER[1] + 16, f"{count}", "ink-2")
            for count in (1, 5, 50)
        ),
    ]


if __name__ == "__main__":
    main()
