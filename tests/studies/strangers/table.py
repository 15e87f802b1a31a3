"""The table of the study: medians over seeds, what was to be reached, and whether it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

from tests.studies.strangers.environments import STRANGERS
from tests.studies.strangers.results import Row

HEAD = (
    "environment",
    "steps",
    "people",
    "clone",
    "**refined**",
    "SB3",
    "SB3 sampled",
    "Zoo",
    "refined - SB3",
    "steps to SB3's",
    "CPU s",
    "SB3's",
    "seeds",
)
Figures = dict[str, Any]


def used(row: Row, who: str) -> Figures:
    """What an agent comes to as it is handed on: ours as its file says, Stable-Baselines3's greedy."""
    if row["who"] != "ours":
        return dict(row["greedy"])
    how = "greedy" if who in row.get("played greedily", ()) else "sampled"
    return dict(row[f"{who} {how}"])


def steps_to(curve: Sequence[Sequence[float]], goal: float) -> float:
    """Steps after which a curve is first at a goal; infinite if it never is."""
    return next((steps for steps, value in curve if value >= goal), np.inf)


def compared(rows: Sequence[Row], name: str, label: str = "", data: str = "good") -> Figures:
    """An environment's figures: medians over the seeds that each has, and ours beside SB3's by seed."""
    mine = _by_seed(rows, name, "ours", label, data)
    sb3, zoo = (_by_seed(rows, name, who) for who in ("sb3", "zoo"))
    both = sorted(mine.keys() & sb3.keys())
    found: Figures = {
        "people": _median(row["people"]["mean"] for row in mine.values()),
        "clone": _median(used(row, "clone")["mean"] for row in mine.values()),
        "refined": _median(used(row, "refined")["mean"] for row in mine.values()),
        "sb3": _median(used(row, "")["mean"] for row in sb3.values()),
        "sampled": _median(row["sampled"]["mean"] for row in sb3.values()),
        "zoo": _median(used(row, "")["mean"] for row in zoo.values()),
        "cpu": _median(row["cpu"] for row in mine.values()),
        "sb3 cpu": _median(row["cpu"] for row in sb3.values()),
        "noise": _median(_half(used(row, "refined")) for row in mine.values()),
        "seeds": f"{len(mine)}/{len(sb3)}/{len(zoo)}",
    }
    found["less"] = [used(mine[s], "refined")["mean"] - used(sb3[s], "")["mean"] for s in both]
    goals = {s: min(sb3[s]["sampled"]["low"], used(sb3[s], "")["low"]) for s in both}
    found["steps"] = _median(
        steps_to(mine[s]["curve"], goals[s]) / _at_most(steps_to(sb3[s]["curve"], goals[s]), sb3[s])
        for s in both
    )
    return found


def show(rows: Sequence[Row], label: str = "") -> str:
    """The table as markdown, and below it how much of what was to be reached was."""
    found = {name: compared(rows, name, label) for name in STRANGERS}
    lines = [HEAD, ["---"] * len(HEAD)]
    for name, one in found.items():
        goal = STRANGERS[name].steps
        lines.append(
            [
                name,
                f"{goal // 1000}k",
                *(_number(one[k]) for k in ("people", "clone", "refined", "sb3", "sampled", "zoo")),
                _interval(one["less"]),
                _ratio(one["steps"]),
                *(_number(one[k]) for k in ("cpu", "sb3 cpu")),
                one["seeds"],
            ]
        )
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{goals(found.values())}\n\n{_bad(rows, label)}"


def goals(found: Any) -> str:
    """What was to be reached: a line each. "Level" is within the noise of 100 games."""
    every = [one for one in found if np.isfinite(one["refined"])]
    said = []
    for what in ("sb3", "zoo", "people", "clone"):
        pairs = [
            (one["refined"] - one[what], one["noise"]) for one in every if np.isfinite(one[what])
        ]
        above = sum(less > 0 for less, _ in pairs)
        level = sum(-noise <= less <= 0 for less, noise in pairs)
        said.append(f"- refined beside {what}: above in {above}, level in {level} of {len(pairs)}")
    for what, other in (("cpu", "sb3 cpu"), ("steps", None)):
        shares = [one[what] / one[other] if other else one[what] for one in every]
        shares = [share for share in shares if not np.isnan(share)]
        if shares:
            low, high = _bootstrapped(np.array(shares))
            said.append(
                f"- {what} as a share of SB3's: median {np.median(shares):.2f} [{low:.2f}, {high:.2f}] "
                f"of {len(shares)} environments"
            )
    return "\n".join(said)


def _bad(rows: Sequence[Row], label: str) -> str:
    """Bad demonstrations beside starting from nothing (whose label ends in "nothing")."""
    lines = [
        "| environment | from nothing | random player's | constant action's |",
        "|---|---|---|---|",
    ]
    for name in STRANGERS:
        nothing = _by_seed(rows, name, "ours", f"{label}nothing", "good")
        kinds = [_by_seed(rows, name, "ours", label, bad) for bad in ("random", "constant")]
        if nothing or any(kinds):
            told = [
                _median(used(r, "refined")["mean"] for r in k.values()) for k in (nothing, *kinds)
            ]
            lines.append(f"| {name} | {' | '.join(map(_number, told))} |")
    return "\n".join(lines) if len(lines) > 2 else ""


def _by_seed(
    rows: Sequence[Row], name: str, who: str, label: str = "", data: str = "good"
) -> dict[int, Row]:
    wanted = {"env": name, "who": who, "steps": STRANGERS[name].steps}
    wanted |= {"label": label, "data": data} if who == "ours" else {}
    return {row["seed"]: row for row in rows if all(row.get(k) == v for k, v in wanted.items())}


def _at_most(steps: float, row: Row) -> float:
    """All of a run's steps, where its curve never was at the goal itself."""
    return float(min(steps, row["played"]))


def _median(values: Any) -> float:
    found = list(values)
    return float(np.median(found)) if found else np.nan


def _half(spread: Figures) -> float:
    return float(spread["high"] - spread["low"]) / 2


def _bootstrapped(values: np.ndarray) -> tuple[float, float]:
    """95 % interval of the median."""
    if len(values) < 2 or np.ptp(values) == 0 or not np.isfinite(values).all():
        draws = np.random.default_rng(0).choice(values, (2000, len(values)))
        low, high = np.percentile(np.median(draws, 1), [2.5, 97.5], method="nearest")
        return float(low), float(high)
    made = stats.bootstrap((values,), np.median, method="percentile", random_state=0)
    return float(made.confidence_interval.low), float(made.confidence_interval.high)


def _interval(values: list[float]) -> str:
    if not values:
        return ""
    if len(values) == 1:
        return f"{values[0]:+.1f}"
    return f"{np.mean(values):+.1f} [{min(values):.1f}, {max(values):.1f}]"


def _number(value: float) -> str:
    if np.isnan(value):
        return ""
    return (
        f"{value:.2f}"
        if abs(value) < 10
        else f"{value:.0f}"
        if abs(value) >= 1000
        else f"{value:.1f}"
    )


def _ratio(value: float) -> str:
    return "" if np.isnan(value) else "never" if np.isinf(value) else f"{value:.2f}"
