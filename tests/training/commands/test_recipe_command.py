"""`gpo recipe`: the list of settings, and a new recipe that explains itself and trains."""

import tomllib

import pytest

import gpo
from training.commands.recipe_rows import ENTRY, REQUIRED, as_toml, chosen, sections
from training.run.recipe import Recipe, read_recipe

BALANCE = "gpo/Balance-v0"


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """What a command of `gpo recipe` prints, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def told(*arguments, code=0):
        assert gpo.main(["recipe", *arguments]) == code
        out, wrong = capsys.readouterr()
        assert wrong.count("\n") == (code != 0)
        return wrong if code else out

    return told


@pytest.fixture
def dataset(said):
    """A small dataset of the cart, in `datasets`."""
    games = ("--player", "random", "--episodes", "12", "--horizon", "20")
    assert gpo.main(["demos", "collect", "small", BALANCE, *games]) == 0
    return "small"


def rows(text):
    """The settings in what was printed: place, then the rest."""
    return dict(line.split(maxsplit=1) for line in text.splitlines()[1:])


# ------------------------------------------------------------------ the list


def test_every_setting_of_a_recipe_is_listed_once_with_its_default(said):
    listed = rows(said())
    places = [setting.place for section in sections() for setting in section.settings]
    assert list(listed) == places
    assert len(places) == len(set(places))
    assert listed["refine.steps"].startswith("2_400_000")
    assert listed["world.id"].startswith("required")
    assert listed["data.held_out"].startswith("left out")


def test_every_setting_says_what_it_means(said):
    for section in sections():
        assert section.meaning[0].isupper()
        assert section.meaning.endswith(".")
        for setting in section.settings:
            meaning = setting.meaning
            assert len(meaning) > 8, f"{setting.place} has no docstring"
            assert meaning[0].isupper(), setting.place
            assert meaning.endswith("."), setting.place
            assert setting.unit == setting.unit.strip()
            assert not set("[]\n") & set(setting.unit)


def test_a_setting_with_a_time_has_a_unit():
    by_place = {one.place: one for section in sections() for one in section.settings}
    assert by_place["world.patience"].unit == "s"
    assert by_place["refine.steps"].unit == "steps"
    assert by_place["world.horizon"].unit == "steps"


def test_what_is_listed_can_be_set():
    """Every listed setting, set to the default that is listed, is one of a recipe and changes nothing."""
    plain = read_recipe("duel")
    for section in sections():
        if section.is_array or section.name.endswith(ENTRY):
            continue
        for setting in section.settings:
            if setting.default is REQUIRED or setting.default is None:
                continue
            changed = read_recipe("duel", [f"{setting.place}={as_toml(setting.default)}"])
            *tables, key = setting.place.split(".")
            before, after = plain, changed
            for table in tables:
                before, after = getattr(before, table), getattr(after, table)
            assert getattr(after, key) == setting.default
            same = {key: getattr(before, key)}
            assert after.model_copy(update=same) == before


@pytest.mark.parametrize("section", ["refine", "world", "costs", "partner", "clone", "evaluate"])
def test_a_section_lists_its_own_settings_and_those_within_it(said, section):
    listed = rows(said(section))
    assert listed
    assert all(place.startswith(f"{section}.") for place in listed)
    assert set(listed) == {place for place in rows(said()) if place.startswith(f"{section}.")}


def test_a_section_within_a_section_and_a_single_setting_are_listed(said):
    assert list(rows(said("refine.kl"))) == ["refine.kl.target", "refine.kl.budget"]
    assert list(rows(said("refine.steps"))) == ["refine.steps"]
    assert list(rows(said("seed"))) == ["seed"]
    assert len(chosen("costs")) == len(chosen(f"costs.{ENTRY}")) == 1
    assert chosen("ref") == []


@pytest.mark.parametrize(
    ("name", "near"),
    [("refnie", "refine"), ("refine.k", "refine.kl"), ("clone.dropuot", "clone.dropout")],
)
def test_an_unknown_section_is_told_with_the_nearest(said, name, near):
    assert f"no section '{name}'; did you mean `gpo recipe {near}`?" in said(name, code=2)


def test_a_section_like_no_other(said):
    assert "type `gpo recipe` for all" in said("xyzzyxyzzy", code=2)


@pytest.mark.parametrize(
    "value", [True, 3, 1e-5, 0.25, 'a "b"\\ é', [1, 2.5], (0.0, 1.0), {"a b": 1, "c": [2]}, {}, []]
)
def test_values_are_written_as_toml(value):
    plain = list(value) if isinstance(value, tuple) else value
    assert tomllib.loads(f"value = {as_toml(value)}")["value"] == plain


# ------------------------------------------------------------------ a new one


def test_a_new_recipe_says_every_setting_and_means_the_defaults(said, dataset, tmp_path):
    out = said("--new", BALANCE, dataset)
    assert "gpo train small.toml" in out
    text = (tmp_path / "small.toml").read_text()
    for section in sections():
        for setting in section.settings:
            assert f"{setting.key} =" in text
        assert section.name.removesuffix(f".{ENTRY}") in text
    assert max(map(len, text.splitlines())) <= 100
    found = read_recipe("small.toml")
    plain = {"world": {"id": BALANCE}, "data": {"train": dataset}}
    assert found == Recipe.model_validate(plain)
    set_here = [line for line in text.splitlines() if line and line[0] not in "#["]
    assert [line.split(" =")[0] for line in set_here] == ["seed", "id", "train", "steps"]


def test_every_comment_of_a_new_recipe_can_be_made_a_setting(said, dataset, tmp_path):
    said("--new", BALANCE, dataset)
    tables: dict[str, dict[str, object]] = {}
    table: dict[str, object] = {}
    skipped = []
    for line in (tmp_path / "small.toml").read_text().splitlines():
        bare = line.removeprefix("# ")
        if bare.startswith("[") and bare.endswith("]"):
            table = {}
            tables[bare.strip("[]")] = table
        elif " =" in bare and bare.split(" =")[0].isidentifier() and not bare.endswith("="):
            table |= tomllib.loads(bare)
        elif bare.endswith(" ="):
            skipped.append(bare)
    assert "held_out =" in skipped
    defaults = {s.name: {x.key: x.default for x in s.settings} for s in sections()}
    assert tables["refine"]["steps"] == defaults["refine"]["steps"]
    assert tables["costs.off_centre"]["tighten"] == defaults[f"costs.{ENTRY}"]["tighten"]
    for name, content in tables.items():
        if name in defaults:
            for key, value in content.items():
                default = defaults[name][key]
                if default is not REQUIRED and f"{name}.{key}" != "data.train":  # which it names
                    assert as_toml(value) == as_toml(default), f"{name}.{key}"


def test_a_new_recipe_trains(said, dataset, tmp_path):
    said("--new", BALANCE, dataset, "--out", "mine/small.toml")
    small = "--refine.steps=2_000 --refine.games=10 --clone.epochs=1 --evaluate.games=2"
    assert gpo.main(["train", "mine/small.toml", "--run", "runs/new", *small.split()]) == 0
    assert (tmp_path / "runs" / "new" / "agent.safetensors").is_file()


def test_a_new_recipe_has_the_dataset_s_parameters(said, tmp_path):
    games = ("--player", "random", "--episodes", "2", "--horizon", "5", "--param", "gravity=3.5")
    assert gpo.main(["demos", "collect", "light", BALANCE, *games]) == 0
    said("--new", BALANCE, "light")
    assert read_recipe("light.toml").world.params == {"gravity": 3.5}
    said("--new", BALANCE, "light", "--param", "gravity=4", "--out", "other.toml")
    assert read_recipe("other.toml").world.params == {"gravity": 4}


def test_a_new_recipe_overwrites_nothing(said, dataset, tmp_path):
    (tmp_path / "small.toml").write_text("mine")
    assert "small.toml is there already" in said("--new", BALANCE, dataset, code=2)
    assert (tmp_path / "small.toml").read_text() == "mine"


def test_what_no_new_recipe_can_be_written_for(said, dataset, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    assert "no dataset smal" in said("--new", BALANCE, "smal", code=2)
    other = said("--new", "gpo/Courier-v0", dataset, code=2)
    assert "was played in gpo/Balance-v0, not in gpo/Courier-v0" in other
    assert "ends in .toml" in said("--new", BALANCE, dataset, "--out", "a.txt", code=2)
    assert "--new takes two values: give WORLD DATASET" in said("--new", BALANCE, code=2)
    assert "leave 'refine' out" in said("refine", "--new", BALANCE, dataset, code=2)
    assert sorted(tmp_path.rglob("*")) == before
