"""Gates that look at the output as a whole: totals, combinations, small groups."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from securexfer.errors import ExtractChangedError, GateError, RecipeError, UsageError
from securexfer.planning import Input, open_extracts
from securexfer.privacy.extract import Extract, RecordBlock
from tests.unit.test_groups import reference
from tests.world import World, csv_bytes, csv_rows, read, recipe_text

KEEP = '{ action = "keep" }'
PERSON = '{ from = "id", action = "pseudonymise", domain = "person" }'
COLUMNS = ("year", "sex", "area", "note", "flag")


def limits(**keys: Any) -> str:
    """A [limits] section; values are TOML."""
    return "[limits]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def people(chance: random.Random, n_rows: int) -> list[list[str]]:
    """Rows whose groups are of all sizes."""
    return [
        [
            chance.choice(["1980", "1981", ""]),
            chance.choice("FM"),
            chance.choice(["N1", "N1", "N1", "N2", "E3"]),
            chance.choice(["0", "1", "2"]),
            chance.choice(["x", ""]),
        ]
        for _ in range(n_rows)
    ]


def grouped(**keys: Any) -> str:
    """A recipe with three quasi-identifiers."""
    table = '[tables.t]\nquasi_identifiers = ["year", "sex", "area"]\n'
    if distinct := keys.pop("min_distinct", None):
        table += f'sensitive = ["note", "flag"]\nmin_distinct = {distinct}\n'
    fields = dict.fromkeys(COLUMNS, KEEP)
    return recipe_text({"t": fields}, before=limits(**keys) + table)


def refusal(world: World, tables: dict[str, bytes], recipe: str) -> GateError:
    """Pack, be refused, and find nothing left."""
    before = world.ann.register.entries(), sorted(world.drive.glob("*.zip*"))
    with pytest.raises(GateError) as caught:
        world.ann.pack(tables, recipe, [world.bob], world.drive)
    assert (world.ann.register.entries(), sorted(world.drive.glob("*.zip*"))) == before
    return caught.value


def gate(manifest: Any, name: str) -> dict[str, Any]:
    found = [one for table in manifest.tables for one in table.gates] + manifest.gates
    (only,) = [one for one in found if one["gate"] == name]
    return dict(only)


class TestTotals:
    def test_as_many_rows_as_may_leave_do_and_one_more_does_not(self, world: World) -> None:
        tables = {"a": b"x\n1\n2\n", "b": b"x\n3\n"}
        recipe = recipe_text({"a": {"x": KEEP}, "b": {"x": KEEP}}, before=limits(max_rows=3))
        manifest = world.ann.pack(tables, recipe, [world.bob], world.drive).manifest
        assert gate(manifest, "max_rows") == {
            "gate": "max_rows",
            "result": "passed",
            "limit": 3,
            "n": 3,
            "n_is": "exact",
        }
        error = refusal(world, tables, recipe.replace("max_rows = 3", "max_rows = 2"))
        assert error.problems == ("limits.max_rows: 3 rows would leave, at most 2 may.",)
        assert error.exit_code == 90

    def test_people_are_counted_once_over_all_tables(self, world: World) -> None:
        tables = {"a": b"id\np1\np2\n\np1\n", "b": b"id\nP2 \np3\n"}
        recipe = recipe_text(
            {"a": {"p": PERSON}, "b": {"p": PERSON}}, before=limits(max_subjects=3)
        )
        manifest = world.ann.pack(tables, recipe, [world.bob], world.drive).manifest
        assert [(t.n_subjects, t.n_subjects_is) for t in manifest.tables] == [
            (2, "exact"),
            (2, "exact"),
        ]
        assert gate(manifest, "max_subjects")["n"] == 3
        error = refusal(world, tables, recipe.replace("max_subjects = 3", "max_subjects = 2"))
        assert error.problems == (
            "limits.max_subjects: 3 data subjects would leave, at most 2 may.",
        )

    def test_the_subjects_are_those_of_the_named_domain(self, world: World) -> None:
        officer = '{ from = "officer", action = "pseudonymise", domain = "officer" }'
        data = {"t": b"id,officer\n1,o\n2,o\n3,o\n"}
        for subject, expected in (
            ('subject = "officer"', (1, "exact")),
            ('subject = "person"', (3, "exact")),
            ("", (3, "upper bound")),
        ):
            recipe = recipe_text(
                {"t": {"p": PERSON, "o": officer}}, before=f"[tables.t]\n{subject}\n"
            )
            (table,) = world.ann.pack(data, recipe, [world.bob], world.drive).manifest.tables
            assert (table.n_subjects, table.n_subjects_is) == expected

    def test_a_field_without_a_name_is_nobody(self, world: World) -> None:
        recipe = recipe_text({"t": {"": KEEP, "x": KEEP}})
        (table,) = world.ann.pack(
            {"t": b'"",x\n:,1\n'}, recipe, [world.bob], world.drive
        ).manifest.tables
        assert (table.n_subjects, table.n_subjects_is) == (1, "upper bound")

    def test_every_field_of_the_domain_holds_subjects(self, world: World) -> None:
        victim = PERSON.replace('"id"', '"victim"')
        recipe = recipe_text({"t": {"p": PERSON, "v": victim}})
        data = {"t": b"id,victim\n1,2\n1,3\n1,\n"}
        (table,) = world.ann.pack(data, recipe, [world.bob], world.drive).manifest.tables
        assert (table.n_subjects, table.n_subjects_is) == (3, "exact")

    def test_rows_about_nobody_known_may_be_about_anybody(self, world: World) -> None:
        recipe = recipe_text({"t": {"p": PERSON, "x": KEEP}}, before=limits(max_subjects=3))
        data = {"t": b"id,x\n1,a\n ,b\n,c\n"}
        packed = world.ann.pack(data, recipe, [world.bob], world.drive)
        (table,) = packed.manifest.tables
        assert (table.n_subjects, table.n_subjects_is) == (3, "upper bound")
        assert gate(packed.manifest, "max_subjects")["n"] == 3
        error = refusal(world, {"t": b"id,x\n1,a\n1,d\n,b\n,c\n,d\n"}, recipe)
        assert "up to 4 data subjects would leave" in error.problems[0]

    def test_where_nobody_can_be_counted_every_row_may_be_somebody(self, world: World) -> None:
        recipe = recipe_text({"t": {"x": KEEP}}, before=limits(max_subjects=1))
        error = refusal(world, {"t": b"x\n1\n1\n"}, recipe)
        assert error.problems == (
            "limits.max_subjects: up to 2 data subjects would leave, at most 1 may. "
            "Pseudonymise a person's identifier, so that people can be counted.",
        )


class TestCombinations:
    BEFORE = (
        '[[limits.never_together]]\nfields = ["Name", "photo", "vetting"]\n'
        'reason = "identifies an officer"\n'
    )

    @pytest.mark.parametrize(
        "tables",
        [
            {"t": {"name": KEEP, "photo": KEEP, "vetting": KEEP}},
            {"t": {"who": '{ from = "name", action = "keep" }', "photo": KEEP, "VETTING": KEEP}},
            {"t": {"name": KEEP}, "u": {"photo": KEEP, "vetting": KEEP}},
        ],
    )
    def test_it_is_refused_before_a_byte_is_read(
        self, world: World, tables: dict[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Extract, "blocks", None)
        columns = dict.fromkeys(tables, b"name,photo,vetting,VETTING\n1,2,3,4\n")
        error = refusal(world, columns, recipe_text(tables, before=self.BEFORE))
        assert error.problems == (
            "limits.never_together: Name, photo, vetting would leave together, which the recipe "
            "rules out: identifies an officer.",
        )

    def test_all_but_one_may_leave(self, world: World) -> None:
        data = {"t": b"name,photo,vetting\n1,2,3\n"}
        recipe = recipe_text({"t": {"name": KEEP, "photo": KEEP}}, before=self.BEFORE)
        manifest = world.ann.pack(data, recipe, [world.bob], world.drive).manifest
        assert gate(manifest, "never_together")["result"] == "passed"
        assert gate(manifest, "never_together")["reason"] == "identifies an officer"


class TestSmallGroups:
    @pytest.mark.parametrize("block_bytes", [1, 40, 10**6])
    @pytest.mark.parametrize("min_distinct", [None, 2])
    def test_they_are_suppressed_as_an_independent_count_says(
        self,
        world: World,
        block_bytes: int,
        min_distinct: int | None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        whole = Extract.blocks

        def in_small_blocks(extract: Extract) -> Iterator[RecordBlock]:
            extract._block_bytes = block_bytes
            return whole(extract)

        monkeypatch.setattr("securexfer.privacy.extract._FIRST_READ_BYTES", 1)
        monkeypatch.setattr(Extract, "blocks", in_small_blocks)
        for seed in range(4):
            rows = people(random.Random(seed), 90)
            expected = reference(rows, 4, min_distinct or 1)
            recipe = grouped(
                min_group_size=4, on_small_group='"suppress"', min_distinct=min_distinct
            )
            data = csv_bytes([COLUMNS, *rows])
            packed = world.ann.pack({"t": data}, recipe, [world.bob], world.drive)
            folder = world.folder / f"out{seed}"
            world.bob.unpack(packed.path, folder)
            kept = [row for row in rows if tuple(row[:3]) not in expected["small"]]
            assert csv_rows((folder / "t.csv").read_bytes())[1:] == kept
            found = gate(packed.manifest, "min_group_size")
            assert found["result"] == "suppressed"
            assert found["n_suppressed"] == expected["n_small_rows"]
            after = reference(kept, 1, 1)
            assert (found["k"], found["n_unique_rows"]) == (after["k"], after["n_unique"])
            (table,) = packed.manifest.tables
            assert (table.n_rows_in, table.n_rows_out) == (90, len(kept))

    def test_they_are_refused_with_what_drives_them(self, world: World) -> None:
        rows = [["1980", "F", area, "0", ""] for area in ["N1"] * 5 + ["N2"] * 4 + ["E3"]]
        error = refusal(world, {"t": csv_bytes([COLUMNS, *rows])}, grouped(min_group_size=5))
        (problem,) = error.problems
        assert problem.startswith(
            "tables.t.quasi_identifiers: 5 of 10 rows are in groups with fewer than 5 rows "
            "(rows in the smallest group: 1; it would be 1 without year, 1 without sex, "
            "10 without area)."
        )
        assert "limits.min_group_size" in problem
        assert not any(cell in problem for cell in ("N1", "N2", "E3", "1980"))

    def test_groups_of_one_opinion_are_refused(self, world: World) -> None:
        rows = [["1980", "F", "N1", "same", flag] for flag in "abcd"]
        error = refusal(
            world, {"t": csv_bytes([COLUMNS, *rows])}, grouped(min_group_size=2, min_distinct=2)
        )
        assert "fewer than 2 values of note, flag" in error.problems[0]

    @pytest.mark.parametrize("other", ["same ", "SAME"])
    def test_another_spelling_is_no_other_opinion(self, world: World, other: str) -> None:
        rows = [["1980", "F", "N1", note, flag] for note, flag in (("same", "a"), (other, "b"))]
        recipe = grouped(min_group_size=2, min_distinct=2)
        error = refusal(world, {"t": csv_bytes([COLUMNS, *rows])}, recipe)
        assert "fewer than 2 values" in error.problems[0]

    def test_groups_are_those_of_what_leaves_after_redaction(self, world: World) -> None:
        before = limits(echo='"redact"', min_group_size=2, on_small_group='"suppress"')
        before += '[tables.t]\nidentifying = ["surname"]\nquasi_identifiers = ["job"]\n'
        rows = [["surname", "job"], *[["Smith", "baker"]] * 5, ["Jones", "Jones & sons"]]
        recipe = recipe_text({"t": {"job": KEEP}}, before=before)
        packed = world.ann.pack({"t": csv_bytes(rows)}, recipe, [world.bob], world.drive)
        assert gate(packed.manifest, "min_group_size")["n_suppressed"] == 1
        assert gate(packed.manifest, "echo")["result"] == "passed"

    def test_without_a_limit_they_are_measured(self, world: World) -> None:
        rows = people(random.Random(7), 50)
        expected = reference(rows, 1, 1)
        recipe = recipe_text(
            {"t": dict.fromkeys(COLUMNS, KEEP)},
            before='[tables.t]\nquasi_identifiers = ["year", "sex", "area"]\n',
        )
        data = {"t": csv_bytes([COLUMNS, *rows])}
        manifest = world.ann.pack(data, recipe, [world.bob], world.drive).manifest
        found = gate(manifest, "min_group_size")
        assert found["result"] == "measured"
        assert found["k"] == expected["k"]
        assert found["n_unique_rows"] == expected["n_unique"]

    def test_what_can_be_read_once_only_is_not_suppressed(self, world: World) -> None:
        recipe = read(grouped(min_group_size=2, on_small_group='"suppress"')).recipe
        stdin = io.BytesIO(csv_bytes([COLUMNS, ["1980", "F", "N1", "0", ""]]))
        with (
            pytest.raises(UsageError, match="has to be read more than once") as caught,
            open_extracts(recipe, [Input("t", None)], stdin),
        ):
            pass
        assert 'on_small_group = "suppress"' in caught.value.message
        assert "Save it to a file" in caught.value.hint

    def test_an_extract_that_changes_between_the_passes_is_refused(
        self, world: World, tmp_path: Path
    ) -> None:
        path = tmp_path / "t.csv"
        path.write_bytes(csv_bytes([COLUMNS, *people(random.Random(1), 30)]))
        recipe = read(grouped(min_group_size=2)).recipe
        with open_extracts(recipe, [Input("t", path)]) as opened:
            extract = opened.extracts["t"]
            list(extract.blocks())
            with path.open("r+b") as file:
                file.write(b"YEAR")
            with pytest.raises(ExtractChangedError):
                extract.rewind()


class TestSwitches:
    @pytest.mark.parametrize(
        ("before", "problem"),
        [
            (limits(residual='"off"'), "limits: residual will not refuse anything: say why"),
            (limits(echo='"report"'), "limits: echo will not refuse anything: say why"),
            (limits(gate_reason='"x"'), "limits: gate_reason has no effect"),
            (limits(on_small_group='"suppress"'), "limits: on_small_group"),
            (limits(min_group_size=5), "recipe: limits.min_group_size: no table names"),
            (limits(min_group_size=1), "limits.min_group_size: must be at least 2"),
            ('[tables.t]\nsubject = "x"\n', "tables.t: subject: no field is pseudonymised"),
            ('[tables.t]\nquasi_identifiers = ["y"]\n', "tables.t: quasi_identifiers: there is no"),
            ('[tables.t]\nsensitive = ["x"]\n', "tables.t: sensitive and min_distinct belong"),
            (
                '[tables.t]\nquasi_identifiers = ["x"]\nsensitive = ["x"]\nmin_distinct = 2\n',
                "tables.t: sensitive: 'x' is a quasi-identifier too",
            ),
            (
                '[tables.t]\nidentifying = ["x"]\n',
                "tables.t: fields.x: the column 'x' is identifying",
            ),
            (
                '[[limits.never_together]]\nfields = ["a", "A"]\nreason = "x"\n',
                "limits.never_together.0: names a field twice",
            ),
        ],
    )
    def test_what_makes_no_sense_is_an_error(self, before: str, problem: str) -> None:
        with pytest.raises(RecipeError) as caught:
            read(recipe_text({"t": {"x": KEEP}}, before=before))
        assert any(found.startswith(problem) for found in caught.value.problems), (
            caught.value.problems
        )


@pytest.mark.parametrize(
    "field",
    [
        '{ from = "id", action = "keep" }',
        '{ from = "id", action = "truncate", length = 20 }',
        '{ from = "id", action = "category", at_least = 2 }',
        '{ from = "id", action = "redact-text" }',
        '{ from = "id", action = "band", width = 1, top = 10_000_000 }',
        '{ from = "id", action = "round", to = 1 }',
    ],
)
def test_what_is_pseudonymised_does_not_leave_as_it_is_beside_its_token(field: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read(recipe_text({"t": {"p": PERSON, "ref": field}}))
    (problem,) = caught.value.problems
    assert problem.startswith("tables.t: fields.ref: the column 'id' is identifying or pseud")
    allowed = field.replace(" }", ', allow = ["echo"], reason = "agreed" }')
    read(recipe_text({"t": {"p": PERSON, "ref": allowed}}))


def test_all_fields_that_would_leave_as_they_are_are_named_at_once() -> None:
    fields = {"p": PERSON, "ref": '{ from = "id", action = "keep" }', "name": KEEP, "x": KEEP}
    with pytest.raises(RecipeError) as caught:
        read(recipe_text({"t": fields}, before='[tables.t]\nidentifying = ["name"]\n'))
    (problem,) = caught.value.problems
    assert problem.startswith("tables.t: fields.ref, fields.name: the columns 'id', 'name' are")
    assert "fields.x" not in problem


def test_what_is_pseudonymised_may_leave_in_bands_beside_its_token() -> None:
    for field in ('action = "band", width = 2', 'action = "round", to = 10'):
        read(recipe_text({"t": {"p": PERSON, "ref": f'{{ from = "id", {field} }}'}}))


def test_rows_can_be_shuffled_within_their_blocks(world: World) -> None:
    rows = [[str(n)] for n in range(1000)]
    recipe = recipe_text({"t": {"x": KEEP}}, before='[tables.t]\nrow_order = "shuffle"\n')
    packed = world.ann.pack({"t": csv_bytes([["x"], *rows])}, recipe, [world.bob], world.drive)
    world.bob.unpack(packed.path, world.folder / "out")
    leaving = csv_rows((world.folder / "out" / "t.csv").read_bytes())[1:]
    assert leaving != rows
    assert sorted(leaving) == sorted(rows)
