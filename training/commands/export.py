"""`gpo export`: an agent or a run's best agent becomes a file that other programs run."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from agents.files.agent_file import Agent
from agents.lookup import find
from agents.lookup_names import AGENTS
from environments.system.errors import UserError


def export_command(
    name: str, to: Path | None = None, greedy: bool = False, sb3: Path | None = None
) -> None:
    """Export an agent and say what was written.

    Args:
        name: an agent file, a run folder, or a run's name under runs/.
        to: the ONNX file; beside the agent and called like it if neither this nor `sb3` is given.
        greedy: the ONNX file always takes the likeliest action.
        sb3: a zip for Stable-Baselines3.

    Raises:
        UserError: no such agent, a wrong ending, or a file that would not act as the agent does.
    """
    found = find(name, AGENTS)
    for given, ending, option in ((to, ".onnx", "--to"), (sb3, ".zip", "--sb3")):
        if given is not None and given.suffix != ending:
            raise UserError(f"{option} is {given}; give it a name that ends in {ending}.")
    if greedy and to is None and sb3 is not None:
        raise UserError(
            "--greedy is for ONNX files: an SB3 zip is asked for the likeliest action itself."
        )
    agent, console = found.agent, Console(soft_wrap=True, highlight=False)
    if to is not None or sb3 is None:
        _onnx(console, agent, to or found.exported, greedy)
    if sb3 is not None:
        _sb3(console, agent, sb3)


def _onnx(console: Console, agent: Agent, path: Path, greedy: bool) -> None:
    from agents.export.onnx_export import OBSERVATIONS, export_onnx

    made = export_onnx(agent, path, greedy)
    console.print(
        f"{path}: {_size(path)}, an agent of {agent.world['world']}. On {OBSERVATIONS:,} observations it "
        f"says what torch says; the largest difference is {made.difference:.1e}.",
        markup=False,
    )
    for what, shapes in (("takes", made.file.inputs), ("gives", made.file.outputs)):
        words = ", ".join(f"{key} [{', '.join(map(str, shape))}]" for key, shape in shapes.items())
        console.print(f"It {what} {words}.", markup=False)
    for sentence in made.file.about["advice"]:
        console.print(sentence, markup=False)


def _sb3(console: Console, agent: Agent, path: Path) -> None:
    from agents.export.sb3_zip import OBSERVATIONS, export_sb3

    plain, difference = export_sb3(agent, path)
    needs = (
        "It is SB3's own MlpPolicy and needs nothing of GPO."
        if plain
        else "Its network is ours: where it is loaded, the folders of this checkout must be on the path."
    )
    console.print(
        f"{path}: {_size(path)}, for PPO.load of Stable-Baselines3. On {OBSERVATIONS:,} observations the "
        f"largest difference from the agent is {difference:.1e}. {needs}",
        markup=False,
    )


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB"
