"""The command line: one function a verb, no logic, and heavy imports only inside the verbs."""

import sys


def _uncaught(kind, error, trace):  # type: ignore[no-untyped-def]
    """Ctrl-C before `main`, or after it, is one sentence, too; so this stands before all other imports."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("gpo: stopped.\n")
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _uncaught

import os  # noqa: E402
from collections.abc import Callable, Mapping, Sequence  # noqa: E402
from contextlib import suppress  # noqa: E402
from importlib.util import find_spec  # noqa: E402
from pathlib import Path  # noqa: E402

ROOMS = ("environments", "agents", "demos", "training")
HERE = Path(__file__).resolve().parent


def hidden_folder() -> str | None:
    """One sentence if one of our folders is hidden by another package of its name, else None."""
    for room in ROOMS:
        spec = find_spec(room)  # finds without importing
        places = (spec and spec.submodule_search_locations) or ()
        found = [Path(place).resolve() for place in places]
        if HERE / room not in found:
            what = f"is another package, at {found[0]}" if found else "is missing"
            return (
                f"the folder '{room}' should lie beside gpo.py but {what}; install a checkout of GPO "
                "in a virtual environment of its own (openai-agents, for one, also owns 'agents')."
            )
    return None


if (_why := hidden_folder()) is not None:
    sys.exit(f"gpo: {_why}")

# Only after we know whose folders these are; they are light.
from demos.cli.dataset_verbs import DEMOS as DEMOS  # noqa: E402
from demos.cli.window_verbs import controls, play, record, run, watch  # noqa: E402
from environments.system.errors import UserError  # noqa: E402
from environments.system.library_folders import settle_places  # noqa: E402
from environments.system.os_errors import require_folder, system_sentence  # noqa: E402
from environments.system.streams import drop_output, is_output, printed, settle_streams  # noqa: E402
from environments.system.suggestions import closest  # noqa: E402
from environments.system.termination import exit_code, terminable  # noqa: E402
from environments.terminal.command_line import read_options  # noqa: E402

ABOUT = (
    "GPO turns recorded human play into agents that play better than the people they learned from."
)
Verb = Callable[[list[str]], int]


def take_overrides(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part `--refine.steps 5` and `--refine.steps=5` (the dot tells) from the verb's own options."""
    own: list[str] = []
    overrides: list[str] = []
    rest = iter(arguments)
    for word in rest:
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or "." not in name:
            own.append(word)
            continue
        if not equals and (value := next(rest, "")) == "":
            raise UserError(f"--{name} has no value; type `gpo train RECIPE --{name} VALUE`.")
        overrides.append(f"{name}={value}")
    return own, overrides


def doctor(arguments: list[str]) -> int:
    """Show versions, threads, screen and GPU, and what to type if something is missing."""
    from training.commands.options import NoOptions

    read_options(NoOptions, doctor, arguments)
    from training.commands.doctor import examine

    return examine()


def worlds(arguments: list[str]) -> int:
    """List the worlds: their ids, terms and costs."""
    from training.commands.options import NoOptions

    read_options(NoOptions, worlds, arguments)
    from environments.catalog import describe

    describe()
    return 0


def demos(arguments: list[str]) -> int:
    """Collect, list, check, edit, import and export recorded play."""
    return dispatch("demos ", DEMOS, demos.__doc__, arguments)


def train(arguments: list[str]) -> int:
    """Run a recipe into a run folder: clone, then refine. Repeat the command to resume."""
    from training.commands.options import OVERRIDES, TrainOptions

    own, overrides = take_overrides(arguments)
    given = read_options(TrainOptions, train, own, trust=True, more=OVERRIDES)
    from training.commands.train import train_from_file

    changes = [*overrides, *given.overrides]
    return train_from_file(given.recipe, given.run, changes, given.accept_unsafe)


def recipe(arguments: list[str]) -> int:
    """List every setting of a recipe, or write a recipe that explains itself."""
    from training.commands.options import RecipeOptions

    given = read_options(RecipeOptions, recipe, arguments, trust=True)
    from training.commands.recipe import recipe_command

    recipe_command(given)
    return 0


def evaluate(arguments: list[str]) -> int:
    """Play an agent on held-out seeds and report means with 95 % intervals."""
    from training.evaluation.options import EvaluateOptions

    given = read_options(EvaluateOptions, evaluate, arguments, trust=True)
    from training.commands.evaluate import evaluate_command

    evaluate_command(given)
    return 0


def export(arguments: list[str]) -> int:
    """Write an agent as one ONNX file, or a Stable-Baselines3 zip, and check that it acts alike."""
    from training.commands.options import ExportOptions

    given = read_options(ExportOptions, export, arguments, trust=True)
    from training.commands.export import export_command

    export_command(given)
    return 0


def demo(arguments: list[str]) -> int:
    """From recorded people to a better teammate: import, clone, refine, compare."""
    from training.commands.options import DemoOptions

    given = read_options(DemoOptions, demo, arguments)
    from training.commands.demo import demo as show

    show(given.run, given.layout)
    return 0


VERBS: Mapping[str, Verb] = {
    "demo": demo,
    "record": record,
    "watch": watch,
    "play": play,
    "run": run,
    "controls": controls,
    "train": train,
    "recipe": recipe,
    "evaluate": evaluate,
    "export": export,
    "demos": demos,
    "worlds": worlds,
    "doctor": doctor,
}


def dispatch(
    prefix: str, verbs: Mapping[str, Verb], about: str | None, arguments: Sequence[str]
) -> int:
    """Hand the arguments to the verb they begin with, or print the table of verbs."""
    name, *rest = arguments or ["--help"]
    if name in ("-h", "--help"):
        rows = [f"  gpo {prefix}{verb:<9} {todo.__doc__}" for verb, todo in verbs.items()]
        print("\n".join([about or "", "", *rows, "", f"More: gpo {prefix}VERB --help"]))
        return 0
    if name not in verbs:
        near = closest(name, verbs)
        hint = f"did you mean `gpo {prefix}{near}`?" if near else f"type `gpo {prefix}--help`."
        raise UserError(f"there is no verb '{prefix}{name}'; {hint}")
    return verbs[name](rest)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; what goes wrong outside of our code is one sentence and exit code 2."""
    # Before anything heavy is imported: on busy cores the libraries' own default is several times slower.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    given = sys.argv[1:] if arguments is None else list(arguments)
    settle_streams()
    try:
        require_folder()
        settle_places()
        with terminable(), printed():
            return dispatch("", VERBS, ABOUT, given)
    except UserError as problem:
        return say(str(problem), 2)
    except KeyboardInterrupt as stop:
        return say(
            "stopped; repeat the command to go on from the last checkpoint.", exit_code(stop)
        )
    except ModuleNotFoundError as missing:
        from training.commands.doctor import what_to_type

        if (cure := what_to_type(missing.name or "")) is None:
            raise  # not a package one can install: our own mistake
        return say(f"the package '{missing.name}' is missing; type `{cure}`.", 2)
    except BrokenPipeError as error:
        if not is_output(error):
            return say(system_sentence(error) or "", 2)
        drop_output()  # the reader (head, less) has gone
        return 0
    except (OSError, MemoryError, RuntimeError, ImportError) as error:
        if (sentence := system_sentence(error)) is None:
            raise  # our own mistake
        return say(sentence, 2)


def say(sentence: str, code: int) -> int:
    """The last word to the person, and the exit code."""
    drop_output()
    with suppress(OSError):  # the terminal is gone
        for line in sentence.split("\n"):  # several mistakes are told one a line
            print(f"gpo: {line}", file=sys.stderr)
    drop_output()
    return code


if __name__ == "__main__":
    sys.exit(main())
