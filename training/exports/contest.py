"""GANs of the instrument `by_contest`: how many of eight groups they draw, by loss and balance."""

from typing import Any

import numpy as np
import torch

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.exports.export import Job
from widgets import by_contest
from widgets.by_contest import BALANCES, CENTRES, LOSSES, MAX_STEPS, counted, draws, forward

SEEDS = 5
EVERY = 100  # steps from one count to the next
BRANCH = 800  # step at which all groups are drawn
AFTER = 1000  # steps with other settings, from the end of a contest
LONGER = 6000
COLLAPSING = {"loss": "non_saturating", "balance": 4.0}
EVEN = {"loss": "non_saturating", "balance": 1.0}
PENALTY = {"loss": "penalty", "balance": 4.0}

State = dict[str, Any]


def played(state: State, steps: int, settings: dict[str, Any]) -> tuple[State, int | None]:
    """A contest played on to a step: its state, and the first count on the way of all groups."""
    first = None
    while state["t"] < steps:
        state = by_contest.step(state, **settings)
        if first is None and state["t"] % EVERY == 0 and judged(state)["groups"] == len(CENTRES):
            first = state["t"]
    return state, first


def judged(state: State) -> Card:
    """Groups, and the share of near draws."""
    found = counted(forward(state["g"], 2, draws()[0])[0])
    return {"groups": found["groups"], "near": round(float(found["near"]), 4)}


def judged_likely(state: State) -> Card:
    """The same of the generator that was trained by maximum likelihood."""
    found = counted(forward(state["likely"], 2, draws()[0])[0] + by_contest.SPREAD * draws()[1])
    return {
        "likely_groups": found["groups"],
        "likely_near": round(float(found["near"]), 4),
    }


def make_contest(job: Job) -> Card:
    """Play every contest from several seeds, and some of them on."""
    torch.set_num_threads(1)
    runs: dict[str, dict[str, list[Card]]] = {loss: {} for loss in LOSSES}
    total, done = len(LOSSES) * len(BALANCES) * SEEDS, 0
    for loss in LOSSES:
        for balance in BALANCES:
            runs[loss][f"{balance:g}"] = []
            for seed in range(SEEDS):
                settings = {"seed": seed, "loss": loss, "balance": balance}
                state, first = played(by_contest.start(**settings), MAX_STEPS, settings)
                run = {**judged(state), "all_at": first, **judged_likely(state)}
                runs[loss][f"{balance:g}"].append(run)
                done += 1
                job.on_step(done, total, float(run["groups"]))
    ends = [run for each in runs.values() for seeds in each.values() for run in seeds]
    return {
        "name": "contest",
        "command": "latentbook train contest",
        "title": "Contests in the plane, by loss and by the discriminator's rate",
        "steps": MAX_STEPS,
        "seeds": list(range(SEEDS)),
        "counted": f"groups that get at least a third of their fair share of {by_contest.DRAWS:,} "
        f"draws; near: share of them within {by_contest.NEAR} standard deviations of a centre; "
        f"all_at: the first step with all, of every {EVERY}; rarest: near draws of the group "
        "that has the fewest",
        **made_on(torch.device("cpu")),
        "metrics": {
            "runs": runs,
            "likely_groups_least": min(run["likely_groups"] for run in ends),
            "likely_near": round(float(np.mean([run["likely_near"] for run in ends])), 4),
            **played_on(),
        },
    }


def played_on() -> Card:
    """The contest that loses groups with other settings from a step on, and one played longer."""
    found: dict[str, list[Card]] = {
        name: []
        for name in ("lost", "branch_penalty", "branch_even", "back_penalty", "back_even", "longer")
    }
    for seed in range(SEEDS):
        start = by_contest.start(seed=seed)
        losing = {"seed": seed, **COLLAPSING}
        at, _ = played(start, BRANCH, losing)
        end, _ = played(at, MAX_STEPS, losing)
        rarest = counted(forward(end["g"], 2, draws()[0])[0])["rarest"]
        found["lost"].append({**judged(end), "rarest": rarest})
        for name, later in (("penalty", PENALTY), ("even", EVEN)):
            settings = {"seed": seed, **later}
            found[f"branch_{name}"].append(judged(played(at, MAX_STEPS, settings)[0]))
            found[f"back_{name}"].append(judged(played(end, MAX_STEPS + AFTER, settings)[0]))
        state, _ = played(start, LONGER, {"seed": seed, **EVEN})
        found["longer"].append({**judged(state), **judged_likely(state)})
    return found
