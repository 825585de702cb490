"""GANs of the instrument `by_contest`: how many of eight groups they draw, by loss and balance."""

import numpy as np
import torch

from latentbook_decoders.models.cards import Card
from training.cards import made_on
from training.exports.export import Job
from widgets import by_contest
from widgets.by_contest import BALANCES, LOSSES, MAX_STEPS, counted, draws, forward

SEEDS = 5
EVERY = 100  # steps from one count to the next


def played(loss: str, balance: float, seed: int) -> Card:
    """One contest: groups and the share of near draws at its end, and the groups along the way."""
    settings = {"seed": seed, "loss": loss, "balance": balance}
    state, z = by_contest.start(**settings), draws()[0]
    along = []
    for t in range(1, MAX_STEPS + 1):
        state = by_contest.step(state, **settings)
        if t % EVERY == 0:
            found = counted(forward(state["g"], 2, z)[0])
            along.append(found["groups"])
    points = forward(state["likely"], 2, z)[0] + by_contest.SPREAD * draws()[1]
    likely = counted(points)
    return {
        "groups": found["groups"],
        "near": round(float(found["near"]), 4),
        "along": along,
        "likely_groups": likely["groups"],
        "likely_near": round(float(likely["near"]), 4),
    }


def make_contest(job: Job) -> Card:
    """Play every contest from several seeds."""
    torch.set_num_threads(1)
    runs: dict[str, dict[str, list[Card]]] = {}
    total, done = len(LOSSES) * len(BALANCES) * SEEDS, 0
    for loss in LOSSES:
        runs[loss] = {}
        for balance in BALANCES:
            runs[loss][f"{balance:g}"] = []
            for seed in range(SEEDS):
                runs[loss][f"{balance:g}"].append(played(loss, balance, seed))
                done += 1
                job.on_step(done, total, float(runs[loss][f"{balance:g}"][-1]["groups"]))
    ends = [run for each in runs.values() for seeds in each.values() for run in seeds]
    return {
        "name": "contest",
        "command": "latentbook train contest",
        "title": "Contests in the plane, by loss and by the discriminator's rate",
        "steps": MAX_STEPS,
        "seeds": list(range(SEEDS)),
        "counted": f"groups that get at least a third of their fair share of {by_contest.DRAWS:,} "
        f"draws; near: share of them within {by_contest.NEAR} standard deviations of a centre",
        **made_on(torch.device("cpu")),
        "metrics": {
            "runs": runs,
            "likely_groups_least": min(run["likely_groups"] for run in ends),
            "likely_near": round(float(np.mean([run["likely_near"] for run in ends])), 4),
        },
    }
