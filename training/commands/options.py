"""Options of `gpo train`, `export`, `demo`, `recipe` and of the verbs without any."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from demos.data.options import StoreOptions
from environments.terminal.arguments import Argument, seed_number
from environments.terminal.shared_options import WorldOptions

OVERRIDES = (
    "Any setting of the recipe can be overridden: --refine.steps 2_000_000.\n"
    "`gpo recipe` lists them all, with default, unit and meaning."
)


@dataclass(frozen=True)
class NoOptions:
    """Nothing."""


@dataclass(frozen=True)
class TrainOptions:
    """Which recipe to run, and where."""

    recipe: Annotated[str, Argument("RECIPE", positional=True)]
    """A TOML file, or the name of one in training/recipes/."""
    run: Annotated[str | None, Argument("FOLDER")] = None
    """The run folder (runs/ and the recipe's name)."""
    seed: Annotated[int | None, Argument("N", seed_number)] = None
    """Seed, instead of the recipe's."""
    corrections: Annotated[str | None, Argument("NAME")] = None
    """A dataset recorded by gpo play --coach: the run's agent learns on from it."""

    accept_unsafe: bool = False
    """Where no agent keeps every limit, hand on the one that comes nearest (nothing is)."""

    @property
    def overrides(self) -> list[str]:
        """What it changes of the recipe, as `section.key=value`."""
        settings = {"data.corrections": self.corrections, "seed": self.seed}
        return [f"{name}={value}" for name, value in settings.items() if value is not None]


@dataclass(frozen=True)
class ExportOptions:
    """Which agent becomes which files."""

    name: Annotated[str, Argument("AGENT|RUN", positional=True)]
    """An agent file, a run folder, or a run's name under runs/."""
    to: Annotated[Path | None, Argument("FILE")] = None
    """An .onnx file (beside the agent, unless --sb3 is given)."""
    greedy: bool = False
    """The ONNX file always takes the likeliest action."""
    sb3: Annotated[Path | None, Argument("FILE")] = None
    """A .zip that PPO.load of Stable-Baselines3 opens."""


@dataclass(frozen=True)
class DemoOptions:
    """Which kitchen to show, and where."""

    run: Annotated[Path | None, Argument("FOLDER")] = None
    """The run folder (runs/demo-LAYOUT)."""
    layout: Annotated[str, Argument("LAYOUT")] = "counter_circuit"
    """The kitchen."""


@dataclass(frozen=True, kw_only=True)
class RecipeOptions(StoreOptions, WorldOptions):
    """Which settings to list, or for what to write a recipe."""

    section: Annotated[str | None, Argument("SECTION", positional=True)] = None
    """Only this part, such as refine or refine.kl (all of them)."""
    new: Annotated[tuple[str, str] | None, Argument("WORLD DATASET")] = None
    """Write a recipe that learns this world from this dataset and explains itself."""
    out: Annotated[Path | None, Argument("FILE")] = None
    """Where to write it (DATASET.toml)."""
