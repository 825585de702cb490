"""The word transformer in NumPy against torch, counts worked by hand, and any typed text."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

import widgets.data
from tests.figures import check_figures
from training.errors import DataUnavailable
from training.exports.masked_words import RECIPE, WORDS, split_texts
from training.masked_words import MaskedWords
from widgets import fill_in
from widgets.data import load
from widgets.kit.words import (
    END,
    LONGEST,
    MASK,
    SPECIAL,
    UNKNOWN,
    count_guesses,
    encode_words,
    network_guesses,
    read_text,
    stored_weights,
    vocabulary,
)

CARD = json.loads((Path(widgets.data.__file__).parent / "masked_words.json").read_text())
SENTENCES = (
    "a ___ who writes books",
    "the ___ of or relating to the ___",
    "___",
    "of " * LONGEST,
    "an animal with xyzzy and a long ___",
)
HOSTILE = (
    "",
    "?",
    "<b>a</b> ___ &amp; <script>",
    "___" * 40,
    "_ " * 60,
    "\u202eabc \u0301\u0301 ___ 漢字 ßİ",
    "W" * 120,
    "[MASK] [mask [[mask]]",
    "12 345 !!! ...",
    "🐈‍⬛ ___ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
)


def compute(**changed):
    return fill_in.compute(**{**fill_in.instrument.defaults(), **changed})


@pytest.fixture(scope="module")
def model() -> MaskedWords:
    """Torch's network with the weights of the page."""
    built = MaskedWords(WORDS, RECIPE).double()
    linear = {f"{n}.weight" for n, m in built.named_modules() if isinstance(m, torch.nn.Linear)}
    built.load_state_dict(
        {k: torch.tensor(v.T if k in linear else v).double() for k, v in stored_weights().items()}
    )
    return built.requires_grad_(False)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_numpy_guesses_what_torch_guesses(model, sentence):
    _, tokens = read_text(sentence)
    encoded, _ = encode_words(tokens[None], stored_weights())
    wanted = model.encode(torch.from_numpy(tokens)[None])
    np.testing.assert_allclose(encoded, wanted.numpy(), atol=1e-9)
    logits = model.guesses(wanted)[0, :, SPECIAL:]
    guessed = network_guesses(encoded[0], stored_weights())
    np.testing.assert_allclose(guessed[:, SPECIAL:], logits.softmax(1).numpy(), atol=1e-9)
    assert not guessed[:, :SPECIAL].any()


@pytest.mark.parametrize("sentence", SENTENCES)
def test_attention_mixes_the_values_as_torch_does(model, sentence):
    """The attention weights of the first block are those computed by torch."""
    _, tokens = read_text(sentence)
    _, attention = encode_words(tokens[None], stored_weights())
    np.testing.assert_allclose(attention.sum(axis=-1), 1, atol=1e-12)
    block, row = model.blocks[0], torch.from_numpy(tokens)
    h = RECIPE.width**0.5 * model.embed[row] + model.place[: len(tokens)]
    q, k, _ = block.qkv(block.norm0(h)).view(len(tokens), 3, RECIPE.heads, -1).unbind(1)
    for head in range(RECIPE.heads):
        fit = q[:, head] @ k[:, head].T / (RECIPE.width / RECIPE.heads) ** 0.5
        np.testing.assert_allclose(attention[0, 0, head], fit.softmax(1).numpy(), atol=1e-9)


def held_out():
    """Yield each known word of the stored definitions: tokens that hide it, place and number."""
    for row in load("masked_words")["held_out"].astype(int):
        text = row[: LONGEST - (row == END).sum()]
        for place in np.flatnonzero(text >= SPECIAL):
            tokens = np.array([*text, END])
            tokens[place] = MASK
            yield tokens, place, text[place]


def test_shares_of_right_guesses_are_the_card_s():
    right = []
    for tokens, place, word in held_out():
        encoded, _ = encode_words(tokens[None], stored_weights())
        network = network_guesses(encoded[0, [place]], stored_weights())[0]
        around = [END, *tokens.tolist()]
        counts = count_guesses(around[place], around[place + 2], load("masked_words"))
        right.append([network.argmax() == word, counts.argmax() == word])
    share = 100 * np.mean(right, axis=0)
    wanted = CARD["metrics"]["percent_first_choice_in_the_page"]
    assert len(right) > 500
    assert share == pytest.approx([wanted["network"], wanted["neighbours"]], abs=0.25)


def test_counts_by_hand():
    """Five words; the text "3 4 5" twice and "3 6 5" once, in fractions."""
    counts = {
        "prior": np.array([2.0, 1.0]),
        "single": np.array([0, 0, 3, 3, 2, 3, 1]),
        "pair_left": np.array([2, 3, 3, 4, 5, 6]),
        "pair_right": np.array([3, 4, 6, 5, 2, 5]),
        "pair": np.array([3, 2, 1, 2, 3, 1]),
        "triple_left": np.array([2, 2, 3, 3, 4, 6]),
        "triple_right": np.array([4, 6, 5, 5, 2, 2]),
        "triple_word": np.array([3, 3, 4, 6, 5, 5]),
        "triple": np.array([2, 1, 2, 1, 2, 1]),
    }
    p = [Fraction(n, 9) for n in (3, 2, 3, 1)]
    seen = (0, 2, 0, 1)  # after 3, before 5 and between them
    beside = [(n + 2 * share) / 5 for n, share in zip(seen, p, strict=True)]
    product = [b * b / share for b, share in zip(beside, p, strict=True)]
    q = [each / sum(product) for each in product]
    wanted = [(n + each) / 4 for n, each in zip(seen, q, strict=True)]
    found = count_guesses(3, 5, counts)
    np.testing.assert_allclose(found, [0, 0, 0, *map(float, wanted)], atol=1e-12)
    np.testing.assert_allclose(count_guesses(3, MASK, counts)[3:], list(map(float, beside)))
    np.testing.assert_allclose(count_guesses(MASK, MASK, counts)[3:], list(map(float, p)))


def test_counts_look_at_the_neighbours_only_and_the_network_further():
    near = compute(sentence="a ___ who writes books")
    far = compute(sentence="a ___ who commands ships")
    np.testing.assert_array_equal(near["counts"], far["counts"])
    assert abs(near["network"] - far["network"]).max() > 0.01


@pytest.mark.parametrize(
    "gap", ["___", "_", "[mask]", "[MASK]", "?", "________", "(___)", "___,", "[mask]."]
)
def test_forms_of_a_gap(gap):
    assert read_text(f"a {gap} who writes")[1].tolist() == read_text("a ___ who writes")[1].tolist()


def test_a_question_mark_at_a_word_is_no_gap():
    assert MASK not in read_text("who is it?")[1]


def test_words_are_read_as_they_were_for_training():
    pieces, tokens = read_text("A Person's xyzzy, the 3rd")
    assert pieces == ["A", "Person", "s", "xyzzy", "the", "rd"]
    assert [vocabulary()[t] for t in tokens[[0, 1, 4, 6]]] == ["a", "person", "the", "[end]"]
    assert tokens[3] == UNKNOWN


def test_several_gaps_and_the_last_one_for_what_is_missing():
    sentence = "the ___ of a ___"
    assert compute(sentence=sentence, gap=1)["place"] == 1
    assert compute(sentence=sentence, gap=2)["place"] == 4
    assert compute(sentence=sentence, gap=4)["place"] == 4


def test_the_reader_is_told_what_is_missing():
    def told(sentence):
        return fill_in.frame(compute(sentence=sentence)).note

    assert "no gap" in told("a person who writes")
    assert "no word" in told("")
    assert "xyzzy" in told("a xyzzy ___")
    assert "24 words" in told("a " * 25 + "___")
    assert told("a ___ who writes books") == ""


@pytest.mark.parametrize("sentence", HOSTILE)
@pytest.mark.parametrize("gap", [1, 4])
def test_whatever_is_typed_is_drawn(sentence, gap):
    box = next(c for c in fill_in.instrument.controls if c.name == "sentence")
    result = compute(sentence=box.parse(sentence)[: box.max_length], gap=gap)
    assert np.isfinite(result["network"]).all() and np.isfinite(result["counts"]).all()
    np.testing.assert_allclose(result["attention"].sum(axis=1), 1)
    check_figures(fill_in.frame(result))


def test_held_out_definitions_are_in_no_training_text():
    try:
        split = split_texts()
    except DataUnavailable as error:
        pytest.skip(str(error))
    trained = {tuple(text) for text in split.train}
    assert not trained & {tuple(t) for t in (*split.test, *split.chooses) if UNKNOWN not in t}
    assert list(vocabulary()[SPECIAL:]) == split.words
