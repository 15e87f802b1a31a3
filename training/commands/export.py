"""`gpo export`: an agent or a run's best agent becomes a file that other programs run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from agents.files.agent_file import Agent
from agents.lookup import find
from agents.lookup_names import AGENTS
from agents.schema.space_schema import printable
from environments.system.errors import UserError
from environments.terminal.consoles import plain_console
from training.commands.options import ExportOptions


def export_command(given: ExportOptions) -> None:
    """Export an agent and say what was written.

    Raises:
        UserError: no such agent, a wrong ending, or a file that would not act as the agent does.
    """
    found = find(given.name, AGENTS)
    for file, ending, option in ((given.to, ".onnx", "--to"), (given.sb3, ".zip", "--sb3")):
        if file is not None and file.suffix != ending:
            raise UserError(f"{option} is {file}; give it a name that ends in {ending}.")
    if given.greedy and given.to is None and given.sb3 is not None:
        raise UserError(
            "--greedy is for ONNX files: an SB3 zip is asked for the likeliest action itself."
        )
    agent, console = found.agent, plain_console(soft_wrap=True, highlight=False)
    if given.to is not None or given.sb3 is None:
        _onnx(console, agent, given.to or found.exported, given.greedy)
    if given.sb3 is not None:
        _sb3(console, agent, given.sb3)


def _onnx(console: Console, agent: Agent, path: Path, greedy: bool) -> None:
    from agents.export.onnx_export import OBSERVATIONS, export_onnx

    judged_so = bool(agent.facts.get("greedy", False))
    made = export_onnx(agent, path, greedy or judged_so)
    console.print(
        f"{path}: {_size(path)}, an agent of {agent.world['world']}. On {OBSERVATIONS:,} observations it "
        f"says what torch says; the largest difference is {made.difference:.1e}.",
        markup=False,
    )
    for what, shapes in (("takes", made.file.inputs), ("gives", made.file.outputs)):
        words = ", ".join(f"{key} [{', '.join(map(str, shape))}]" for key, shape in shapes.items())
        console.print(f"It {what} {words}.")
    if len(layout := made.file.about["layout"]) > 1:
        parts = "; ".join(map(_part, layout))
        console.print(f"An observation is, end to end: {parts}.", markup=False)
    if judged_so:
        console.print("It always takes its likeliest action: so it was judged, and handed on.")
    for sentence in made.file.about["advice"]:
        console.print(sentence)


def _sb3(console: Console, agent: Agent, path: Path) -> None:
    from agents.export.sb3_zip import OBSERVATIONS, export_sb3

    made = export_sb3(agent, path)
    needs = (
        f"It is SB3's own {made.kind} and needs nothing of GPO."
        if made.plain
        else "Its network is ours: where it is loaded, the folders of this checkout must be on the path."
    )
    console.print(
        f"{path}: {_size(path)}, for PPO.load of Stable-Baselines3. On {OBSERVATIONS:,} observations the "
        f"largest difference from the agent is {made.difference:.1e}. {needs}",
        markup=False,
    )
    if made.kind == "MultiInputPolicy":
        console.print("It is shown the environment's own dicts.")


def _part(told: dict[str, Any]) -> str:
    """A part of an observation, as a host has to fill it."""
    name, numbers = printable(told["name"]), told["numbers"]
    if told["space"] == "mask":
        return f"{name} [{numbers}], 1 for what is allowed"
    if told["space"] == "Discrete":
        return f"{name} one-hot [{numbers}], of {told['start']} onward"
    if told["space"] == "MultiDiscrete":
        return f"{name} one-hot of each of {told['nvec']}, [{numbers}], of {told['start']} onward"
    return f"{name} {told.get('dtype', '')} {told.get('shape', [numbers])}".replace("  ", " ")


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB"
