"""``state``: a state of an instrument that meets conditions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from latentbook.base.errors import Mistake, accepted_names
from latentbook.book.compose.blocks import Block
from latentbook.book.compose.compose import Composer
from latentbook.book.compose.pieces import Public
from latentbook.book.compose.question import (
    WRONG,
    Question,
    QuestionKind,
    Wrong,
    shared,
    wrong_answers,
)
from latentbook.book.directives.instrument import INSTRUMENT, read_state
from latentbook.book.directives.instrument import run as make_instrument
from latentbook.book.directives.questions.state.answers import StateAnswers
from latentbook.book.directives.questions.state.goal import Goal, missed, read_goal
from latentbook.book.read.nodes import DirectiveNode
from latentbook.book.read.options import Option, text


@dataclass(frozen=True)
class StateQuestion(Question):
    """key: {"instrument", "goal", "wrong": [goal], in the order of ``wrong``}."""

    kind = "state"
    said = ("question", "shown")
    instrument: Public[str]
    goal: Public[Goal]
    shown: Public[tuple[Block, ...]]
    wrong: tuple[Wrong, ...]


def build(node: DirectiveNode, options: dict[str, Any], composer: Composer) -> StateQuestion:
    inside = {"label": f"{node.label}-instrument"}
    if "set" in options:
        inside["set"] = options["set"]
    name, goal = options["instrument"], options["goal"]
    block = make_instrument(DirectiveNode(node.line, INSTRUMENT, name, inside), composer)
    wrong = wrong_answers(node, composer, read_goal)
    states = {name: options[name] for name in ("set", "answer") if name in options}
    try:
        start = _shown(name, states.get("set", ""), composer)
        goals = [goal, *(each.value for each in wrong)]
        named = [condition[0] for each in goals for condition in each]
        for unknown in (each for each in named if each not in start):
            names = accepted_names(unknown, start)
            raise Mistake(node.line, f"{name} shows no {unknown!r}. {names}")
        if not missed(goal, start):
            composer.problems.add(node.line, "the goal is reached at the beginning")
        if "answer" in states:
            reached = _shown(name, states["answer"], composer)
            for each in missed(goal, reached):
                message = f"the answer misses {' '.join(each)}: it shows {reached[each[0]]}"
                composer.problems.add(node.line, message)
    except ValueError as error:
        raise Mistake(node.line, f"option 'answer': {error}") from None
    key = {"instrument": name, "goal": goal, "wrong": goals[1:]}
    return StateQuestion(
        **shared(node, composer, node.text, key),
        instrument=name,
        goal=goal,
        shown=(replace(block, number=""),),
        wrong=wrong,
    )


def _shown(name: str, setting: str, composer: Composer) -> Mapping[str, str]:
    """The readouts of an instrument at a state, and its controls as written in addresses."""
    stills = composer.resources.stills
    instrument = stills.instrument(name)
    state = {**instrument.defaults(), **read_state(instrument, setting)}
    controls = {control.name: control.write(state[control.name]) for control in instrument.controls}
    return {**controls, **stills.frame(name, state, "")["readouts"]}


STATE = QuestionKind(
    StateQuestion,
    build,
    {
        "instrument": Option(text, required=True),
        "set": Option(text),
        "goal": Option(read_goal, required=True),
        "answer": Option(text, required=True),
    },
    public=("instrument", "set", "goal"),
    parts=(WRONG,),
    answers=StateAnswers(),
)
