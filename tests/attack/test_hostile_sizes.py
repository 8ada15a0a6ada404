"""Files made to use up the machine: refused within seconds, in a few hundred MiB.

Each is read by the program as a process of its own, whose address space is limited and whose peak
of memory is looked at.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from securexfer.bundle.manifest import Manifest
from securexfer.crypto.document import sign_document
from securexfer.crypto.signing import Kind
from securexfer.home.desk import Desk
from tests.assurance import Tally
from tests.attack.impostor import Scene, pack
from tests.attack.notary import seal_content
from tests.world import AGREEMENT, World

MOST_SECONDS = 15.0  # a few are usual; machines that test are busy
MOST_MIB = 400
ADDRESS_SPACE = 4 << 30
MEBIBYTE = 1 << 20
KEEP = '[tables.t.fields]\na = { action = "keep" }\n'
DEEP = 100_000


def deep(n: int) -> bytes:
    return b"[" * n + b"]" * n


def compact(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# -- recipes: all of `recipe check` ---------------------------------------------------------------

FIELD = AGREEMENT + "[tables.t.fields]\na = "
RECIPES: dict[str, bytes | str] = {
    "10 MB of comment": AGREEMENT + KEEP + "#" * 10**7,
    "10 MB of keys": AGREEMENT + "".join(f"k{n} = 0\n" for n in range(10**6)),
    "arrays in arrays": f"a = {'[' * DEEP}",
    "tables in tables": f"a = {'{a=' * DEEP}",
    "a key of many dots": "a" + ".a" * DEEP + " = 1",
    "many keys of many dots": "".join("a" + ".a" * 490 + f".b{n} = 0\n" for n in range(240)),
    "many tables of many dots": "".join("[a" + ".a" * 490 + f".b{n}]\n" for n in range(240)),
    "one line of many dots in pieces": "a" + ("." + "a" * 400) * 499 + " = 1",
    "a hundred thousand tables": AGREEMENT + "".join(f"[tables.t{n}]\n" for n in range(10**5)),
    "as many tables as fit": AGREEMENT + "".join(f"[tables.t{n}]\n" for n in range(12_000)),
    "arrays of tables": AGREEMENT + "[[a]]\n" * 40_000,
    "wrong items": AGREEMENT + f"recipients = [{'0,' * 120_000}]\n" + KEEP,
    "wrong formats": FIELD + f'{{ action = "year", format = [{"0," * 120_000}] }}\n',
    "unknown keys": AGREEMENT + "".join(f"k{n} = 0\n" for n in range(20_000)) + KEEP,
    "a long format": FIELD + f'{{ action = "year", format = "{"%Y" * 100_000}" }}\n',
    "a format of percent signs": FIELD + f'{{ action = "year", format = "{"%" * 200_000}" }}\n',
    "a long name of a table": AGREEMENT + f'[tables."{"a-" * 100_000}".fields]\nb = 1\n',
    "a long domain": FIELD + f'{{ action = "pseudonymise", domain = "{"a" * 200_000}!" }}\n',
    "a number of 200,000 digits": AGREEMENT + "a = " + "9" * 200_000 + "\n",
    "a number of 4,000 digits": AGREEMENT.replace("= 90", "= " + "9" * 4000) + KEEP,
    "a number of 200,000 hex digits": AGREEMENT.replace("= 90", "= 0x" + "9" * 200_000) + KEEP,
    "a fraction of 200,000 digits": AGREEMENT.replace("= 90", "= 9." + "9" * 200_000) + KEEP,
    "a number with underscores": AGREEMENT + "a = " + "1_" * 100_000 + "1\n",
    "a power without end": AGREEMENT.replace("= 90", "= 1e999999999") + KEEP,
    "infinity": AGREEMENT.replace("= 90", "= inf") + KEEP,
    "not a number": AGREEMENT.replace("= 90", "= nan") + KEEP,
    "a width of infinity": FIELD + '{ action = "band", width = inf }\n',
    "a pivot that is no number": FIELD + '{ action = "year", format = "%y", pivot = nan }\n',
    "true for a number": AGREEMENT.replace("= 90", "= true") + KEEP,
    "a date for a text": AGREEMENT.replace('"DSA-2026-014"', "2026-01-01") + KEEP,
    "a key twice": AGREEMENT.replace("regime", 'purpose = "x"\nregime') + KEEP,
    "a table twice": AGREEMENT + KEEP + KEEP,
    "a field twice by its escape": AGREEMENT + KEEP + '"\\u0061" = { action = "keep" }\n',
    "a key that looks like another": AGREEMENT.replace("purpose", '"purp\u043ese"') + KEEP,
    "an action that looks like another": AGREEMENT + KEEP.replace('"keep"', '"k\u0435ep"'),
    "full-width letters": AGREEMENT.replace("version", "\uff56ersion") + KEEP,
    "a mark of byte order": b"\xef\xbb\xbf" + (AGREEMENT + KEEP).encode(),
    "UTF-16": (AGREEMENT + KEEP).encode("utf-16"),
    "a NUL": AGREEMENT + KEEP + "\0",
    "a NUL in a text": AGREEMENT.replace("DSA", "DSA\0") + KEEP,
    "half a surrogate pair": AGREEMENT.replace("DSA", "\\ud800") + KEEP,
    "carriage returns only": (AGREEMENT + KEEP).replace("\n", "\r"),
    "many escapes": 'a = "' + "\\u0041" * 40_000,
    "many line continuations": 'a = """' + "\\\n  " * 60_000,
    "a time of many digits": "a = 2026-01-01T00:00:00." + "0" * 250_000,
}


# -- other files: what puts them in place, and the command that reads them -----------------------


Place = Callable[[World], tuple[str | Path, ...]]
# What each family calls such a file.
CODES = {
    30: {"card_invalid", "identity_invalid"},
    50: {"bundle_malformed", "statement_malformed"},
    60: {"manifest_mismatch"},
    70: {"register_damaged"},
}


@dataclass(frozen=True)
class Case:
    """One file of somebody else's, and how it must be refused.

    Attributes:
        place: writes it; returns the command that comes upon it.
        exit_code: the family of the refusal; 0 for what is merely large.
    """

    what: str
    place: Place
    exit_code: int


def card(data: bytes) -> Place:
    return placed("handed-over.card", data, "contact", "add")


def placed(name: str, data: bytes, *command: str) -> Place:
    def place(world: World) -> tuple[str | Path, ...]:
        path = world.folder / name
        path.write_bytes(data)
        return (*command, path)

    return place


def in_home(name: str, data: bytes, *command: str) -> Place:
    def place(world: World) -> tuple[str | Path, ...]:
        (world.bob.home / name).parent.mkdir(parents=True, exist_ok=True)
        (world.bob.home / name).write_bytes(data)
        return command

    return place


def shown(data: bytes) -> Place:
    return in_home("identity.json", data, "identity", "show")


def listed(data: bytes) -> Place:
    return in_home("register.jsonl", data, "register", "list")


def headed(data: bytes) -> Place:
    return in_home("register.head", data, "register", "list")


def envelope(content: bytes) -> Place:
    def place(world: World) -> tuple[str | Path, ...]:
        scene = Scene(world)
        scene.forgery.edit_envelope_bytes = lambda _: content
        scene.write()
        return "inspect", scene.path

    return place


def manifest(edit: Callable[[dict[str, Any]], bytes]) -> Place:
    """A bundle that its sender packed with another manifest; opening it takes all checks."""

    def place(world: World) -> tuple[str | Path, ...]:
        honest = Manifest.descriptor
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Manifest, "encode", lambda self: edit(honest(self)))
            return "verify", pack(world.ann, [world.bob], "hostile")

    return place


def full(block: dict[str, Any]) -> bytes:
    return compact({"securexfer": block})


def with_fields(items: str) -> Callable[[dict[str, Any]], bytes]:
    """Nearly 4 MiB of wrong fields."""

    def edit(descriptor: dict[str, Any]) -> bytes:
        descriptor["securexfer"]["tables"][0]["fields"] = ["MARK"]
        data = full(descriptor["securexfer"])
        n = (4 * MEBIBYTE - len(data) - 1000) // (len(items) + 1)
        return data.replace(b'"MARK"', ",".join([items] * n).encode())

    return edit


def with_block(**members: Any) -> Callable[[dict[str, Any]], bytes]:
    return lambda descriptor: full({**descriptor["securexfer"], **members})


def with_table(**members: Any) -> Callable[[dict[str, Any]], bytes]:
    def edit(descriptor: dict[str, Any]) -> bytes:
        (table,) = descriptor["securexfer"]["tables"]
        return full({**descriptor["securexfer"], "tables": [{**table, **members}]})

    return edit


TWICE = b'{"payload":"","payload":"","signatures":[]}'
MANY_KEYS = compact({f"{n:x}": 0 for n in range(380_000)})


def statement(make: Callable[[World], bytes], *command: str) -> Place:
    """A file for `bob` that is to be imported."""

    def place(world: World) -> tuple[str | Path, ...]:
        Desk(world.bob.home).save_new_identity(world.bob.identity, "a passphrase")
        path = world.folder / "statement"
        path.write_bytes(make(world))
        return (*command, path)

    return place


def sealed(kind: str, content: bytes) -> Callable[[World], bytes]:
    return lambda world: seal_content(content, kind, world.bob.identity.keys.public)


def signed_by_ann(kind: Kind, payload: Any) -> Callable[[World], bytes]:
    def make(world: World) -> bytes:
        line = sign_document(payload, (kind, world.ann.identity.keys)).encode() + b"\n"
        return line if kind == "extension" else sealed(kind, line)(world)

    return make


RECEIPT, CERTIFICATE = ("receipt", "import"), ("certificate", "import")
EXTENSION = ("extension", "import")
CASES = [
    Case("a receipt of 100 MB", statement(lambda _: b"[" * 10**8, *RECEIPT), 50),
    Case("a receipt of nested lists", statement(lambda _: deep(500_000), *RECEIPT), 50),
    Case(
        "a receipt of nested lists inside",
        statement(sealed("receipt", deep(350_000) + b"\n"), *RECEIPT),
        50,
    ),
    Case(
        "a receipt of 19,000 wrong tables",
        statement(signed_by_ann("receipt", {"tables": [0] * 19_000}), *RECEIPT),
        50,
    ),
    Case(
        "a certificate of 19,000 wrong members",
        statement(signed_by_ann("destruction", {f"m{n}": n for n in range(19_000)}), *CERTIFICATE),
        50,
    ),
    Case(
        "a certificate of one long text",
        statement(signed_by_ann("destruction", {"remark": "x" * 700_000}), *CERTIFICATE),
        50,
    ),
    Case("an extension of 30 MB", statement(lambda _: b'{"payload":"' * 2_500_000, *EXTENSION), 50),
    Case(
        "an extension of a number without end",
        statement(lambda _: b'{"payload":' + b"9" * 10**6 + b"}", *EXTENSION),
        50,
    ),
    Case("a card of 10 MB", card(b"x" * 10**7), 30),
    Case("a deep card", card(deep(30_000)), 30),
    Case("a card that is one number", card(b"9" * 60_000), 30),
    Case("a card of keys that are there twice", card(TWICE), 30),
    Case("a card of lone surrogates", card(b'{"\\ud800":"\\udfff"}'), 30),
    Case("a card of infinity", card(b'{"payload":Infinity,"signatures":NaN}'), 30),
    Case("a contact of 10 MB", in_home("contacts/x.json", b"x" * 10**7, "contact", "list"), 30),
    Case("a deep contact", in_home("contacts/x.json", deep(10**6), "contact", "list"), 30),
    Case("an identity of 10 MB", shown(b"x" * 10**7), 30),
    Case("a deep identity", shown(deep(500_000)), 30),
    Case("an identity of a number", shown(b"9" * 10**6), 30),
    Case("a register's line of 20 MB", listed(b"x" * 20_000_000 + b"\n"), 70),
    Case("a register's deep line", listed(deep(8_000_000) + b"\n"), 70),
    Case("a register of empty lines", listed(b"\n" * 10**7), 70),
    Case("a register's head of 10 MB", headed(b"x" * 10**7), 70),
    Case("a register's deep head", headed(deep(500_000)), 70),
    Case("10 MB that are no bundle", placed("sx.zip", b"PK\5\6" * (10**7 // 4), "inspect"), 50),
    Case("a deep envelope", envelope(deep(2_000_000)), 50),
    Case("an envelope of 4 million digits", envelope(b"9" * 4_000_000), 50),
    Case("an envelope of 5 MB", envelope(b" " * 5_000_000), 50),
    Case("an envelope of a million lists", envelope(b"[" + b"[]," * 1_300_000 + b"[]]"), 50),
    Case("an envelope of 380,000 keys", envelope(MANY_KEYS), 50),
    Case(
        "an envelope of 2 million recipients",
        envelope(compact({"recipients": [0] * 2_000_000})),
        50,
    ),
    Case("an envelope of a million members", envelope(compact({"members": [{}] * 1_300_000})), 50),
    Case("a deep manifest", manifest(lambda _: deep(2_000_000)), 60),
    Case("a manifest of 4 million digits", manifest(lambda _: b"9" * 4_000_000), 60),
    Case("a manifest of infinities", manifest(lambda _: b"[" + b"1e999," * 600_000 + b"0]"), 60),
    Case("a manifest of NaN", manifest(with_block(sequence=float("nan"))), 60),
    Case("a manifest of a huge number", manifest(with_block(sequence=10**2000)), 60),
    Case("a manifest of lone surrogates", manifest(with_block(tool="\ud800")), 60),
    Case(
        "a manifest of 2 million recipients", manifest(with_block(recipients=[0] * 2_000_000)), 60
    ),
    Case("a manifest of 2 million numbers for fields", manifest(with_fields("0")), 60),
    Case("a manifest of a million empty fields", manifest(with_fields("{}")), 60),
    Case(
        "a manifest of 100,000 true fields",
        manifest(with_fields('{"action":"keep","name":"a"}')),
        0,
    ),
    Case(
        "a manifest of wrong counts",
        manifest(with_table(n_unparsed={f"{n:x}": "" for n in range(300_000)})),
        60,
    ),
    Case("a manifest of a million gates", manifest(with_table(gates=[{}] * 1_300_000)), 60),
]


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_text("a passphrase\n")
    path.chmod(0o600)
    return path


def run(
    world: World, secret: Path, tally: Tally, *command: str | Path
) -> subprocess.CompletedProcess[bytes]:
    """Run a command as `bob` in a limited address space; time and memory are looked at."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))

    wrapper = (
        "import resource, subprocess, sys\n"
        "code = subprocess.call(sys.argv[1:])\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
        "sys.exit(code)"
    )
    words = ["securexfer", "--no-input", "--json", *map(str, command)]
    environment = {
        **os.environ,
        "SECUREXFER_HOME": str(world.bob.home),
        "SECUREXFER_PASSPHRASE_FILE": str(secret),
    }
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", wrapper, sys.executable, "-m", *words],
        capture_output=True,
        env=environment,
        timeout=60,
        preexec_fn=limit,
        check=False,
    )
    took = time.perf_counter() - began
    mebibytes = int(done.stderr.split()[-1]) / 1024
    assert took < MOST_SECONDS
    assert mebibytes < MOST_MIB
    tally.worst(
        "input", "longest time until a file made to use up the machine is refused", took, "s"
    )
    tally.worst("input", "most memory for a file made to use up the machine", mebibytes, "MiB")
    return done


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_a_file_made_to_use_up_the_machine_is_refused(
    world: World, secret: Path, case: Case, tally: Tally
) -> None:
    world.clock.now = datetime.now(UTC).replace(microsecond=0)
    if case.exit_code in (0, 60):
        Desk(world.bob.home).save_new_identity(world.bob.identity, "a passphrase")
    done = run(world, secret, tally, *case.place(world))
    document = json.loads(done.stdout)
    assert done.returncode == case.exit_code, document.get("error")
    if case.exit_code:
        assert document["error"]["code"] in CODES[case.exit_code]
    tally.count("input", "files made to use up the machine")


@pytest.mark.parametrize("what", RECIPES)
def test_a_hostile_recipe_is_refused(
    world: World, secret: Path, what: str, tally: Tally, tmp_path: Path
) -> None:
    text = RECIPES[what]
    path = tmp_path / "hostile.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run(world, secret, tally, "recipe", "check", path)
    assert done.returncode == 10
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "recipe_invalid"
    assert len(error["message"]) < 200
    tally.count("input", "hostile recipes refused")
