"""A search for the defaults of refining: Optuna over what the plan fills in, on environments of other people.

    python -m tests.studies.search run --cache DIR --trials 40 [--steps 60000] [--env NAME ...]
    python -m tests.studies.search show --cache DIR

`run` begins with the defaults and what would be cheaper, goes on where it stopped, and takes DIR as it is
left by `python -m tests.studies.strangers record --cache DIR`. A trial trains once in each environment, with
a seed of its own, and has two values: the score (0 as chance plays, 1 the best known, mean over environments)
and the processor seconds. `show` lists the trials that none beats in both, beside the defaults.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.studies.strangers.ours import curve_of, trained
from training.ppo.plan import EPOCHS, MINIBATCHES, RATE, STEP_KL, UPDATES
from training.ppo.settings import LossSettings, RefineSettings, RolloutSettings

# Returns of chance and the best known, by environment: what scores 0 and 1.
SPANS = {
    "cartpole-v1": (25.1, 500.0),
    "acrobot-v1": (-496.1, -80.0),
    "pendulum-v1": (-1264.0, -150.0),
    "lunarlander-v3": (-191.7, 270.0),
    "mountaincarcontinuous-v0": (-33.6, 95.0),
    "hopper-v5": (15.0, 2500.0),
    "reacher-v5": (-42.6, -5.0),
}
LAST = 3  # judgements at the end of a run, whose mean is scored: a curve's last point is luck
DEFAULT = {
    "updates": UPDATES,
    "minibatches": MINIBATCHES,
    "epochs": EPOCHS,
    "learning_rate": RATE,
    "step_kl": STEP_KL,
    "entropy": LossSettings().entropy[0],
    "gae_lambda": RolloutSettings().gae_lambda,
    "clip": LossSettings().clip,
    "max_gradient": RefineSettings().max_gradient,
}
GAMES = 16
# Tried before the sampler chooses: the defaults, more of everything, and what would be cheaper still.
FIRST: tuple[dict[str, Any], ...] = (
    {},
    {"minibatches": 16, "epochs": 10, "learning_rate": 1e-3},
    {"updates": 25},
    {"epochs": 3},
    {"minibatches": 4},
)


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=("run", "show"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--steps", type=int, default=60_000, help="of each training")
    parser.add_argument("--env", nargs="+", choices=SPANS, default=list(SPANS)[:4])
    given = parser.parse_args()
    given.cache = given.cache.resolve()
    import optuna  # here, so that the rest runs without the extra `strangers`

    study = optuna.create_study(
        storage=f"sqlite:///{given.cache / 'search.db'}",
        study_name=f"{'+'.join(given.env)} {given.steps}",
        directions=("maximize", "minimize"),
        sampler=optuna.samplers.TPESampler(seed=0, multivariate=True),
        load_if_exists=True,
    )
    if given.verb == "run":
        if not study.trials:
            for changes in FIRST:
                study.enqueue_trial(DEFAULT | changes)
        study.optimize(lambda trial: evaluated(trial, given), n_trials=given.trials)
    print(shown(study.trials, study.best_trials))


def suggested(trial: Any) -> dict[str, Any]:
    """What a trial is made of."""
    return {
        "updates": trial.suggest_categorical("updates", (25, 50, 100)),
        "minibatches": trial.suggest_categorical("minibatches", (4, 8, 16, 32)),
        "epochs": trial.suggest_int("epochs", 3, 12),
        "learning_rate": trial.suggest_float("learning_rate", 2e-4, 4e-3, log=True),
        "step_kl": trial.suggest_float("step_kl", 0.003, 0.05, log=True),
        "entropy": trial.suggest_categorical("entropy", (0.0, 0.003, 0.01, 0.03)),
        "gae_lambda": trial.suggest_categorical("gae_lambda", (0.9, 0.95, 0.98)),
        "clip": trial.suggest_categorical("clip", (0.1, 0.2, 0.3)),
        "max_gradient": trial.suggest_categorical("max_gradient", (0.5, 1.0, 2.0)),
    }


def words(chosen: Mapping[str, Any], steps: int) -> list[str]:
    """Words of `gpo train` for it; rollouts are powers of two as the plan's are."""
    together = 2 ** round(math.log2(steps / chosen["updates"]))
    settings = {
        "games": GAMES,
        "rollout.steps": together // GAMES,
        "batch_size": max(32, together // chosen["minibatches"]),
        "epochs": chosen["epochs"],
        "learning_rate": chosen["learning_rate"],
        "step_kl": chosen["step_kl"],
        "rollout.gae_lambda": chosen["gae_lambda"],
        "loss.clip": chosen["clip"],
        "loss.entropy": [chosen["entropy"], 0.0],
        "max_gradient": chosen["max_gradient"],
    }
    told = [word for name, value in settings.items() for word in (f"--refine.{name}", str(value))]
    return [*told, "--refine.judge.games", "8", "--evaluate.games", "4"]


def evaluated(trial: Any, given: argparse.Namespace) -> tuple[float, float]:
    """Score and processor seconds of a trial."""
    changes, scores, seconds = words(suggested(trial), given.steps), [], 0.0
    for name in given.env:
        row = {"env": name, "who": "ours", "seed": trial.number, "steps": given.steps}
        row |= {"data": "good", "label": f"trial{trial.number}"}
        folder, spent = trained(given.cache, row, changes)
        scores.append(score(name, curve_of(folder)))
        seconds += spent
        trial.set_user_attr(name, round(scores[-1], 3))
    return float(np.mean(scores)), seconds


def score(name: str, curve: Sequence[Sequence[float]]) -> float:
    """Of the end of a run: 0 as chance plays, 1 the best known; at most 1.1, so that none pays for others."""
    chance, best = SPANS[name]
    end = float(np.mean([value for _, value in curve[-LAST:]]))
    return float(np.clip((end - chance) / (best - chance), -0.5, 1.1))


def shown(trials: Sequence[Any], best: Sequence[Any]) -> str:
    """The trials that none beats in both values, cheapest first, and the first one, as markdown."""
    rows = [t for t in trials[:1] if t.values] + sorted(best, key=lambda t: t.values[1])
    lines = ["| trial | score | CPU s | settings |", "|---|---|---|---|"]
    for trial in rows:
        settings = ", ".join(f"{k} {v:.3g}" for k, v in trial.params.items())
        lines.append(
            f"| {trial.number} | {trial.values[0]:.3f} | {trial.values[1]:.0f} | {settings} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
