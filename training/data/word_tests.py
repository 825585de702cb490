"""Questions about words, with people's answers: analogies, and the similarity of two words.

They serve only to measure; the book's files contain none of them.
"""

from dataclasses import dataclass

from training.data.packages import Wheel, load_files

FILES = ("questions-words.txt", "simlex999.txt", "wordsim353.tsv")

GENSIM = Wheel(
    name="word_tests",
    title="Questions about words",
    package="gensim==4.4.0",  # its tests contain the three files
    paths={file: f"gensim/test/test_data/{file}" for file in FILES},
    sha256={
        "questions-words.txt": "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
        "simlex999.txt": "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
        "wordsim353.tsv": "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
    },
)


@dataclass(frozen=True)
class WordTests:
    """Questions and ratings; words are in lower case.

    Attributes
    ----------
    analogies : by relation, questions a, b, c with the answer d: a is to b as c is to d
    alike : SimLex-999, two words and their similarity, 0 to 10: a cup is not like coffee
    related : WordSim-353, two words and their relatedness, 0 to 10
    """

    analogies: dict[str, list[tuple[str, ...]]]
    alike: list[tuple[str, str, float]]
    related: list[tuple[str, str, float]]


def load_word_tests() -> WordTests:
    """The analogies of Mikolov et al. 2013, SimLex-999 and WordSim-353.

    Raises
    ------
    DataUnavailable
        If the package index cannot be reached.
    DataMismatch
        If a file's sha256 is not the one written here.
    """
    texts = [content.decode().lower() for content in load_files(GENSIM).values()]
    return WordTests(read_analogies(texts[0]), read_ratings(texts[1]), read_ratings(texts[2]))


def read_analogies(text: str) -> dict[str, list[tuple[str, ...]]]:
    """Questions of four words each, under lines `: RELATION`."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for line in text.splitlines():
        if line.startswith(":"):
            questions = found[line[1:].strip()] = []
        else:
            questions.append(tuple(line.split()))
    return found


def read_ratings(text: str) -> list[tuple[str, str, float]]:
    """Lines of two words and a number, with tabs between; those with # are comments."""
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return [(row[0], row[1], float(row[2])) for row in rows]
