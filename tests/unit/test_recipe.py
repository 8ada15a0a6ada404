"""Recipes: every mistake in one go, each with its path; nothing unknown is ever ignored."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from securexfer.errors import RecipeError
from securexfer.recipe.field import BandField, ConstantField, KeepField, PseudonymiseField
from securexfer.recipe.model import is_table_name
from securexfer.recipe.reading import MAX_RECIPE_BYTES, parse_recipe, read_recipe
from tests.unit.recipe_fault import CANARY, KEEP, VALID, field, field_problems, problems, refusal
from tests.world import AGREEMENT, toml_text


class TestValidRecipes:
    def test_the_least_recipe_withholds_and_links_within_the_bundle(self) -> None:
        recipe = parse_recipe(VALID.encode()).recipe
        assert recipe.pseudonyms.linkage == "bundle"
        assert recipe.tables["t"].columns == "withhold"
        assert recipe.agreement.recipients is None
        csv = recipe.tables["t"].csv
        assert (csv.delimiter, csv.quote, csv.encoding, csv.trim) == (",", '"', "utf-8", False)

    def test_every_action_and_key_is_understood(self) -> None:
        recipe = parse_recipe(
            AGREEMENT.encode()
            + b"""recipients = ["acme", "beta"]
[pseudonyms]
linkage = "agreement"
epoch = "2026"
[tables.offenders]
columns = "refuse"
csv = { delimiter = ";", quote = "'", encoding = "cp1252", trim = true }
[tables.offenders.fields]
person = { from = "pnc_id", action = "pseudonymise", domain = "person" }
birth_year = { from = "dob", action = "year", format = ["%d/%m/%Y", "%d/%m/%y"], pivot = 30 }
month = { from = "dob", action = "month", format = "%d %b %Y" }
district = { from = "postcode", action = "postcode-district" }
convictions = { action = "band", width = 5, bottom = -5, top = 20 }
sex = { action = "keep" }
source = { action = "constant", value = "" }
"""
        ).recipe
        fields = recipe.tables["offenders"].fields
        assert list(fields) == [
            "person",
            "birth_year",
            "month",
            "district",
            "convictions",
            "sex",
            "source",
        ]
        assert isinstance(fields["person"], PseudonymiseField)
        assert fields["person"].source == "pnc_id"
        assert isinstance(fields["sex"], KeepField)
        assert fields["sex"].source is None
        assert isinstance(fields["convictions"], BandField)
        assert isinstance(fields["source"], ConstantField)

    def test_the_digest_is_that_of_the_file(self, tmp_path: Path) -> None:
        data = VALID.encode() + b"# a comment counts,  \r\n\t\r\n"
        path = tmp_path / "recipe.toml"
        path.write_bytes(data)
        assert read_recipe(path).recipe_sha256 == hashlib.sha256(data).hexdigest()

    def test_a_recipe_can_not_be_changed_once_read(self) -> None:
        recipe = parse_recipe(VALID.encode()).recipe
        with pytest.raises(ValueError, match="frozen"):
            recipe.version = 1

    @pytest.mark.parametrize(
        "name", ["", " ", "keep", "year", "action", "from", "a.b", "a b", 'q"', "a\nb", "é😀", "0"]
    )
    def test_a_field_may_have_any_name(self, name: str) -> None:
        text = f'{AGREEMENT}[tables.t.fields]\n{toml_text(name)} = {{ action = "keep" }}\n'
        assert list(parse_recipe(text.encode()).recipe.tables["t"].fields) == [name]


class TestAllProblemsAtOnce:
    def test_every_problem_is_reported_with_its_path(self) -> None:
        found = problems(
            """
version = 2
surplus = 1
[agreement]
reference = ""
purpose = 7
controller = "Ministry"
regime = "gdpr"
retention_days = 0
recipients = []
[pseudonyms]
epoch = "2026"
[tables."a/b".fields]
a = { action = "keep" }
[tables.t]
columns = "drop"
csv = { delimiter = "--", encoding = "ebcdic", quote = "x", trim = "no" }
[tables.t.fields]
a = { action = "hash" }
b = { from = "x" }
c = { action = "band" }
d = { action = "year", format = "%y" }
e = { action = "keep", width = 5 }
f = { action = "pseudonymise", domain = "Person!" }
g = 5
[tables.u]
"""
        )
        paths = [problem.partition(": ")[0] for problem in found]
        assert paths == sorted(paths)
        assert set(paths) == {
            "version",
            "surplus",
            "agreement.reference",
            "agreement.purpose",
            "agreement.regime",
            "agreement.lawful_basis",
            "agreement.retention_days",
            "agreement.recipients",
            "pseudonyms",
            "tables.a/b",
            "tables.t.columns",
            "tables.t.csv.delimiter",
            "tables.t.csv.encoding",
            "tables.t.csv.quote",
            "tables.t.csv.trim",
            "tables.t.fields.a.action",
            "tables.t.fields.b.action",
            "tables.t.fields.c.width",
            "tables.t.fields.d",
            "tables.t.fields.e.width",
            "tables.t.fields.f.domain",
            "tables.t.fields.g",
            "tables.u.fields",
        }

    def test_the_message_counts_them(self) -> None:
        for text, count in ((VALID + "x = 1", "1 problem"), ("x = 1\ny = 2", "5 problems")):
            with pytest.raises(RecipeError) as caught:
                parse_recipe(text.encode())
            assert caught.value.message == f"The recipe has {count}."
            assert len(caught.value.problems) == int(count.split()[0])

    @pytest.mark.parametrize(
        ("text", "missing"),
        [
            ("", {"version", "agreement", "tables"}),
            ("version = 1\n[agreement]\n" + KEEP, None),
            (AGREEMENT, {"tables"}),
            (AGREEMENT + "[tables.t]\n", {"tables.t.fields"}),
        ],
    )
    def test_what_is_missing_is_named(self, text: str, missing: set[str] | None) -> None:
        keys = ["reference", "purpose", "controller", "regime", "lawful_basis", "retention_days"]
        expected = missing or {f"agreement.{key}" for key in keys}
        assert set(problems(text)) == {f"{path}: missing" for path in expected}


class TestKeys:
    @pytest.mark.parametrize(
        ("text", "path"),
        [
            ("x = 1\n" + VALID, "x"),
            (VALID.replace("[agreement]", '[agreement]\ndpo = "x"'), "agreement.dpo"),
            (VALID + "[pseudonyms]\nsalt = 1\n", "pseudonyms.salt"),
            (VALID + "[tables.t.csv]\nheader = true\n", "tables.t.csv.header"),
            (VALID + "[tables.t.field]\n", "tables.t.field"),
            (VALID + "[table.t]\n", "table"),
            (field('action = "keep", form = "x"'), "tables.t.fields.a.form"),
            (field('action = "keep", keep = "x"'), "tables.t.fields.a.keep"),
            (field('action = "keep", source = "x"'), "tables.t.fields.a.source"),
            (field('action = "constant", value = "x", from = "b"'), "tables.t.fields.a.from"),
            (
                field('action = "year", formats = ["%Y"], format = "%Y"'),
                "tables.t.fields.a.formats",
            ),
        ],
    )
    def test_an_unknown_key_is_refused_with_its_path(self, text: str, path: str) -> None:
        assert problems(text) == (f"{path}: unknown key",)

    @pytest.mark.parametrize("name", ["keep", "year", "action", "constant", "fields", "tables"])
    def test_paths_are_right_for_fields_named_like_actions(self, name: str) -> None:
        text = f'{AGREEMENT}[tables.t.fields]\n{name} = {{ action = "keep", nonsense = 1 }}\n'
        assert problems(text) == (f"tables.t.fields.{name}.nonsense: unknown key",)

    def test_a_key_is_not_found_by_another_case(self) -> None:
        assert len(problems(VALID.replace("[agreement]", "[Agreement]"))) == 2


class TestNames:
    @pytest.mark.parametrize(
        "twice",
        [
            pytest.param(KEEP + KEEP, id="table"),
            pytest.param(KEEP + 'a = { action = "keep" }\n', id="field"),
            pytest.param(KEEP + '"a" = { action = "keep" }\n', id="field in quotes"),
            pytest.param(KEEP + '[tables.t.fields.a]\naction = "keep"\n', id="field as a section"),
            pytest.param(KEEP + "[agreement]\n", id="section"),
        ],
    )
    def test_a_name_used_twice_is_refused_not_merged(self, twice: str) -> None:
        assert "the same name is used twice" in refusal((AGREEMENT + twice).encode())

    def test_a_key_used_twice_is_refused(self) -> None:
        refusal(field('action = "keep", action = "keep"').encode())

    def test_tables_that_differ_in_case_only_would_be_one_file(self) -> None:
        text = AGREEMENT + KEEP + KEEP.replace("tables.t", "tables.T")
        assert problems(text) == ("tables: two table names differ in case only",)

    @pytest.mark.parametrize(
        "name",
        [
            *("", " ", "a b", "a.b", "a/b", "a\\b", "..", ".", "-a", "_a", "a\n", "é", "a" * 65),
            *("con", "CON", "Aux", "nul", "prn", "com1", "LPT9", "com0", "conin$", "CONOUT$"),
            *("datapackage", "DataPackage", "a:b", "a*", "~", "a\0", "a\u200b", "\u0430"),
        ],
    )
    def test_a_table_is_named_so_that_every_system_can_store_it(self, name: str) -> None:
        assert not is_table_name(name)
        text = f'{AGREEMENT}[tables.{toml_text(name)}.fields]\na = {{ action = "keep" }}\n'
        (problem,) = problems(text)
        assert "can't be a table's name" in problem

    @pytest.mark.parametrize(
        "name", ["a", "0", "A-b_c", "a" * 64, "console", "com", "lpt10", "2026", "nul-", "fields"]
    )
    def test_other_names_are_fine(self, name: str) -> None:
        assert is_table_name(name)
        text = f'{AGREEMENT}[tables.{toml_text(name)}.fields]\na = {{ action = "keep" }}\n'
        assert list(parse_recipe(text.encode()).recipe.tables) == [name]

    @pytest.mark.parametrize("domain", ["", "P", "1a", "a b", "-a", "a" * 33, "é", "a\n"])
    def test_a_domain_is_plain(self, domain: str) -> None:
        spec = f'action = "pseudonymise", domain = {toml_text(domain)}'
        assert [p.partition(":")[0] for p in field_problems(spec)] == [".domain"]

    def test_a_field_named_like_the_validators_own_words_keeps_its_path(self) -> None:
        """The validator says `[key]` of a key that is wrong; a field may be named so, too."""
        fields = '"[key]" = { action = "keep", band = 1 }\nkeep = 5\n'
        found = problems(f"{AGREEMENT}[tables.t.fields]\n{fields}")
        assert "tables.t.fields.[key].band: unknown key" in found
        assert any(problem.startswith("tables.t.fields.keep: ") for problem in found)


class TestFilesThatAreNoRecipes:
    """By mistake the file may be an extract: its text is never quoted."""

    def test_one_that_is_too_large_is_not_read(self) -> None:
        data = VALID.encode().ljust(MAX_RECIPE_BYTES, b"\n")
        parse_recipe(data)
        assert refusal(data + b"\n") == "The recipe is larger than 256 KiB."

    def test_a_large_file_is_not_read_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "recipe.toml"
        with path.open("wb") as file:
            file.truncate(10 * 2**30)
        with pytest.raises(RecipeError, match="larger than 256 KiB"):
            read_recipe(path)

    @pytest.mark.parametrize("data", [b"\xff", VALID.encode("utf-16"), VALID.encode() + b"# \xe9"])
    def test_one_that_is_not_utf_8(self, data: bytes) -> None:
        assert refusal(data) == "The recipe is not UTF-8 text."

    @pytest.mark.parametrize(
        "text",
        [
            "surname,sex\ncanary-7f3a,f\n",
            'surname = "canary-7f3a\n',
            "surname = canary-7f3a\n",
            '"canary-7f3a" "x"\n',
            "[canary-7f3a]\n[canary-7f3a]\n",
            "canary-7f3a = 1\ncanary-7f3a = 2\n",
            "a = { canary-7f3a = 1, canary-7f3a = 2 }\n",
            "a = 2026-99-99 # canary-7f3a\n",
            'a = "\\canary-7f3a"\n',
            "\x00canary-7f3a",
            "{",
            "\ufeffversion = 1 # canary-7f3a\n",
        ],
    )
    def test_one_that_is_not_toml(self, text: str) -> None:
        assert refusal(text.encode()).startswith("The recipe can't be read: ")

    def test_one_with_an_endless_name_is_refused_before_the_name_is_repeated(self) -> None:
        """Each of thousands of problems would have said it: gigabytes, from 200 KB."""
        unknown = "".join(f"a{n} = 1\n" for n in range(1000))
        said = refusal(f"[tables.{'a' * 1001}]\n{unknown}".encode())
        assert said == "The recipe has a name of more than 1,000 characters."
        assert refusal(f"[[t]]\n{'a' * 1001} = 1\n".encode()) == said
        assert problems(f"{AGREEMENT}[tables.t.fields]\n{'a' * 1000} = 1\n")

    @pytest.mark.parametrize("deep", ["[" * 100_000, "{a=" * 100_000, "[" * 900 + "]" * 900])
    def test_one_that_is_nested_too_deeply(self, deep: str) -> None:
        refusal(f"a = {deep} # {CANARY}".encode())

    def test_wrong_values_are_not_quoted(self) -> None:
        text = VALID.replace('"dpa2018-part3"', f'"{CANARY}"').replace("= 90", f'= "{CANARY}"')
        text += f'b = {{ action = "{CANARY}" }}\nc = {{ action = "band", width = "{CANARY}" }}\n'
        text += f'd = {{ action = "year", format = "{CANARY}" }}\ne = "{CANARY}"\n'
        assert len(problems(text)) == 6
        assert CANARY not in " ".join(problems(text))

    @pytest.mark.parametrize("name", ["missing.toml", "folder"])
    def test_one_that_can_not_be_read(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "folder").mkdir()
        with pytest.raises(RecipeError, match=r"can't be read|is not a file") as caught:
            read_recipe(tmp_path / name)
        assert caught.value.hint == "Check the path."

    @settings(max_examples=200)
    @given(st.binary(max_size=200))
    def test_any_bytes_give_a_recipe_error_and_nothing_else(self, data: bytes) -> None:
        with pytest.raises(RecipeError):
            parse_recipe(data)

    @settings(max_examples=300)
    @given(st.integers(0, len(VALID) - 1), st.text(max_size=3), st.integers(0, 30))
    def test_a_damaged_recipe_is_valid_or_a_recipe_error(
        self, at: int, text: str, gone: int
    ) -> None:
        damaged = VALID[:at] + text + VALID[at + gone :]
        # Whatever else is raised fails the test.
        with suppress(RecipeError):
            parse_recipe(damaged.encode("utf-8", "surrogatepass"))
