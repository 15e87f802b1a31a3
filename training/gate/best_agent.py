"""The floor: the best agent so far is kept, and nothing worse than the clone is ever handed on.

At a fixed rhythm the policy plays the same seeds that the clone has played. The latest is kept whose 95 %
interval of the north star begins above the clone's mean and reaches up to the highest mean so far: among
agents that the games cannot tell apart, the one trained longest, not the one with the luckiest average. The
same moments are the run's checkpoints.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from agents.evaluation.games import EpisodeTotals, interval
from agents.networks.policy import AgentPolicy
from agents.players.player import NetworkPlayer, Player
from environments.files.checked_json import LinesFile, read_lines
from training.gate.judge import JUDGE_SEEDS, Judge, judged_totals
from training.run.checkpoint import Checkpoint, optimiser_tensors, write_checkpoint


class BestAgentKeeper(BaseCallback):
    """Judges, keeps the best, writes metrics and checkpoints.

    Args:
        judge: plays the agent.
        north_star: the term that counts.
        clone: what the result must not fall below.
        clone_player: the clone as it is meant to be played.
        every: updates between two judgements.
        folder: of the run.
        guard: hand on the clone rather than something worse. Without it the best is simply the best,
            which is for comparisons with runs that do not start from the clone.
        weights: by term, what the agent is paid for before anything fades: the proxy that a row of metrics
            holds beside the north star, so that one rising while the other falls can be seen.
        limits: by cost, what an agent that is handed on may cost per episode: the upper end of its interval.
        budget: how far from the clone it may be, in nats per state.
    """

    def __init__(
        self,
        judge: Judge,
        north_star: str,
        clone: AgentPolicy,
        clone_player: Player,
        every: int,
        folder: Path,
        guard: bool = True,
        weights: Mapping[str, float] | None = None,
        limits: Mapping[str, float] | None = None,
        budget: float | None = None,
    ) -> None:
        super().__init__()
        self.judge, self.north_star, self.every, self.folder = judge, north_star, every, folder
        self.clone_mean = float(judged_totals(judge(clone_player), north_star).mean())
        self.best: AgentPolicy = copy.deepcopy(clone)
        self.least = self.clone_mean if guard else -math.inf
        self.best_mean, self.best_update = self.clone_mean, -1  # -1: the clone itself
        self.highest = self.least
        self.metrics = LinesFile(folder / "metrics.jsonl")
        self.refused = ""  # why the last agent that was not kept for its costs or distance was not
        self.weights = dict(weights or {})
        self.limits, self.budget = dict(limits or {}), budget
        self.trouble = ""  # why refining stopped early, in a sentence
        self.spent = ""  # where the time went, in words

    def resume(self, start: Checkpoint) -> None:
        """Take up where a checkpoint left off."""
        self.best.load_tensors(start.part("best"))
        self.best_mean, self.best_update = start.facts["best_mean"], start.facts["best_update"]
        if start.facts["highest"] is not None:
            self.highest = start.facts["highest"]
        self.refused = start.facts.get("refused", "")

    def drop_rows(self, update: int) -> None:
        """Remove the rows of metrics from `update` on, which will be written again."""
        if self.metrics.path.exists():
            rows = read_lines(self.metrics.path, bare=True).rows
            self.metrics.rewrite(row for row in rows if row["update"] < update)

    @property
    def verdict(self) -> str:
        """What is handed on, in a sentence, after another if refining stopped early."""
        before = f"{self.trouble} " if self.trouble else ""
        if self.best_update < 0:
            before += f"{self.refused} " if self.refused else ""
            return (
                f"{before}No refined agent was reliably better than the clone ({self.north_star} "
                f"{self.clone_mean:.2f}), so the clone itself is handed on."
            )
        return (
            f"{before}The best agent is from update {self.best_update}: {self.north_star} "
            f"{self.best_mean:.2f} against the clone's {self.clone_mean:.2f} on the same seeds."
        )

    def _complaint(self, played: list[EpisodeTotals], policy: AgentPolicy) -> str:
        """Why an agent may not be handed on, in a sentence; nothing if it may."""
        for name, limit in self.limits.items():
            high = interval(judged_totals(played, name)).high
            if high > limit:
                return f"The last agent refused may cost {high:.2f} {name}, more than its limit of {limit:g}."
        distance = getattr(getattr(self.model, "anchor", None), "distance", 0.0)
        if self.budget is not None and distance > self.budget:
            return (
                f"The last agent refused was {distance:.2f} nats away, its budget {self.budget:g}."
            )
        return ""

    def _on_rollout_start(self) -> None:
        if self._update % self.every == 0:
            self._judge()

    def _on_training_end(self) -> None:
        self._judge()
        self.logger.dump(self.num_timesteps)  # for TensorBoard: no rollout follows that would do it

    def _on_step(self) -> bool:
        return True

    @property
    def _update(self) -> int:
        """Updates done so far."""
        model: Any = self.model
        return int(self.num_timesteps // (model.n_steps * model.n_envs))

    def _judge(self) -> None:
        model: Any = self.model
        with model.clock.part("evaluation"):
            row = self._play(model.policy)
        logged = self._logged()
        parts = {
            "policy": model.policy.tensors(),
            "best": self.best.tensors(),
            "optimiser": optimiser_tensors(model.policy.optimizer),
        }
        facts = {
            "refiner": model.facts(),
            "best_mean": self.best_mean,
            "highest": self.highest if math.isfinite(self.highest) else None,
            "best_update": self.best_update,
            "refused": self.refused,
            "logged": {n: value if math.isfinite(value) else None for n, value in logged.items()},
        }
        for name, value in row.items():
            if name.startswith("play/"):
                self.logger.record(name, value)
        self.metrics.add({**row, **logged})
        write_checkpoint(self.folder / "checkpoints", self._update, parts, facts)

    def _play(self, policy: AgentPolicy) -> dict[str, Any]:
        """Judge the policy, keep it if it is the best, and return the row of metrics."""
        played = self.judge(NetworkPlayer(policy, JUDGE_SEEDS))
        found = interval(judged_totals(played, self.north_star))
        complaint = self._complaint(played, policy)
        if complaint:
            self.refused = complaint
        elif found.high >= self.highest and found.low > self.least:
            self.best.load_state_dict(policy.state_dict())
            self.best_mean, self.best_update = found.mean, self._update
        if not complaint:
            self.highest = max(self.highest, found.mean)
        high = {f"high/{name}": interval(judged_totals(played, name)).high for name in self.limits}
        world = {
            name: judged_totals(played, name).mean()
            for name in (*played[0].terms, *played[0].costs)
        }
        acted = {name: judged_totals(played, name).mean() for name in played[0].shield}
        proxy = sum(w * world[name] for name, w in self.weights.items())
        return {
            "update": self._update,
            "steps": self.num_timesteps,
            "north_star": found.mean,
            "low": found.low,
            "high": found.high,
            "proxy": float(proxy),
            "clone": self.clone_mean,
            "best": self.best_mean,
            **high,
            **{f"play/{name}": float(value) for name, value in (world | acted).items()},
        }

    def _logged(self) -> dict[str, float]:
        """What the last update said; nothing of it depends on how long anything took."""
        said: Any = self.logger.name_to_value
        return {n: float(said[n]) for n in sorted(said) if not n.startswith("play/")}
