"""Keys over the years, by the real command line: new ones, stolen ones, moved ones, a team's."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.attack.face import Face
from tests.whole.cli import EXTRACT, RECIPE, Desk, meet, two_desks
from tests.world import World, keep_all

STABLE = RECIPE.replace("[tables.", '[pseudonyms]\nlinkage = "agreement"\n[tables.', 1)


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Desk, Desk]:
    ann, bob = two_desks(tmp_path)
    (tmp_path / "people.toml").write_text(STABLE)
    return ann, bob


def pack(by: Desk, to: str = "bob", *more: str) -> Path:
    packed = by.json(
        "pack", "people.csv", "--recipe", "people.toml", "--to", to, "-o", "stick", *more
    )
    return by.folder / str(packed["path"])


def tokens(by: Desk, bundle: Path, *more: str) -> list[str]:
    folder = by.folder / f"out-{len(list(by.folder.iterdir()))}"
    by.run("unpack", bundle, "-o", folder, *more)
    text = (folder / "people.csv").read_text("utf-8")
    return [row["person"] for row in csv.DictReader(io.StringIO(text))]


def rotate(desk: Desk, generation: int = 2) -> str:
    made = desk.json("identity", "rotate", "-o", f"{desk.name}-{generation}.card")
    assert made["generation"] == generation
    fingerprint: str = made["fingerprint"]
    return fingerprint


def replace(by: Desk, other: Desk, fingerprint: str, generation: int = 2) -> None:
    card = f"{other.name}-{generation}.card"
    by.run("contact", "add", card, "--replaces", other.name, "--fingerprint", fingerprint)


class TestNewKeys:
    def test_on_both_sides_lose_nothing(self, desks: tuple[Desk, Desk]) -> None:
        ann, bob = desks
        noted = ann.json("identity", "show")["fingerprint_spoken"]
        opened, unopened = pack(ann), pack(ann)
        before = tokens(bob, opened)

        anns = rotate(ann)
        # A bundle by keys that nobody has confirmed is from nobody known.
        early = pack(ann)
        assert bob.json("verify", early, check=60)["error"]["code"] == "sender_unknown"
        replace(bob, ann, anns)
        assert tokens(bob, early) == before

        bobs = rotate(bob)
        replace(ann, bob, bobs)
        assert tokens(bob, pack(ann)) == before
        # What was sealed to the old key by the old key: opened before, or expected.
        assert tokens(bob, opened) == before
        assert bob.json("verify", unopened, check=60)["error"]["code"] == "sender_retired"
        assert tokens(bob, unopened, "--older") == before
        receipt = next((bob.folder).glob("out-*/*.receipt"))
        assert ann.json("receipt", "import", receipt, "--older")["imported"]

        # The sender, at their own old bundle, and at the register.
        assert ann.json("verify", "--outside", opened)
        assert ann.json("register", "verify")["verified"]
        assert ann.json("register", "verify", "--against", opened, early)["verified"]
        now = ann.json("identity", "show")["fingerprint_spoken"]
        for fingerprint in (noted, now):
            run = ann.json("register", "verify", "--fingerprint", fingerprint)
            assert run["verified"]
        other = bob.json("identity", "show")["fingerprint_spoken"]
        assert ann.json("register", "verify", "--fingerprint", other, check=30)
        # And again.
        replace(bob, ann, rotate(ann, 3), 3)
        assert tokens(bob, pack(ann)) == before
        assert ann.json("register", "verify", "--fingerprint", noted)["verified"]

    def test_are_pinned_after_their_fingerprint_was_confirmed_and_once(
        self, desks: tuple[Desk, Desk]
    ) -> None:
        ann, bob = desks
        old = ann.json("identity", "show")["fingerprint"]
        backup = ann.home.parent / "copy"
        backup.mkdir()
        (backup / "identity.json").write_bytes((ann.home / "identity.json").read_bytes())
        anns = rotate(ann)
        # Somebody with a copy of the old identity makes a successor of their own.
        thief = Desk(ann.folder, "thief")
        thief.home, thief.secret = backup, ann.secret
        theirs = rotate(thief)
        add = ["contact", "add", "ann-2.card", "--replaces", "ann"]
        code = bob.json(*add, "--no-input", check=30)["error"]["code"]
        assert code == "fingerprint_unconfirmed"
        code = bob.json(*add, "--fingerprint", old, check=30)["error"]["code"]
        assert code == "fingerprint_mismatch"
        replace(bob, ann, anns)
        for more in (["--replaces", "ann"], ["--as", "ann-new"]):
            error = bob.json(
                "contact", "add", "thief-2.card", *more, "--fingerprint", theirs, check=30
            )["error"]
            assert error["code"] == "rotation_invalid"
        assert bob.json("contact", "show", "ann")["fingerprint"] == anns


class TestAStolenKey:
    def test_is_refused_from_then_on(self, desks: tuple[Desk, Desk]) -> None:
        ann, bob = desks
        opened, unopened = pack(ann), pack(ann)
        before = tokens(bob, opened)
        said = ann.run("contact", "revoke", "bob", "--reason", "it was lost").stderr.decode()
        assert "breach-report --recipient bob" in said
        revoked = bob.json("contact", "revoke", "ann", "--reason", "laptop stolen")
        assert revoked["revoked_because"] == "laptop stolen"
        for command in (["verify"], ["verify", "--older"], ["verify", "--outside"]):
            error = bob.json(*command, unopened, check=60)["error"]
            assert error["code"] == "sender_revoked"
        assert tokens(bob, opened) == before
        said = " ".join(bob.run("verify", opened).stderr.decode().split())
        assert "A key that signed this bundle, of ann, was revoked here on" in said
        bob.run("unpack", unopened, "-o", "refused", check=60)
        last = bob.json("register", "list", "--event", "unpack-refused")
        assert "sender_revoked" in json.dumps(last)
        listed = bob.run("contact", "list").stdout.decode()
        assert "REVOKED" in listed
        assert "laptop stolen" in bob.run("contact", "show", "ann").stdout.decode()
        # Nothing is packed for it, and no card that follows it is taken.
        error = bob.json(
            *("pack", "people.csv", "--recipe", "people.toml", "--to", "ann", "-o", "stick"),
            check=30,
        )["error"]
        assert error["code"] == "contact_revoked"
        theirs = rotate(ann)
        error = bob.json(
            *("contact", "add", "ann-2.card", "--replaces", "ann", "--fingerprint", theirs),
            check=30,
        )["error"]
        assert error["code"] == "contact_revoked"
        bob.run("contact", "remove", "ann")
        error = bob.json("contact", "add", "ann.card", "--fingerprint", revoked["fingerprint"],
                         check=30)["error"]  # fmt: skip
        assert error["code"] == "contact_revoked"


class TestMoving:
    def test_to_a_server_takes_everything_along(self, desks: tuple[Desk, Desk]) -> None:
        ann, bob = desks
        before = tokens(bob, pack(ann))
        folder = ann.folder
        carried = folder / "carried"
        carried.write_text("for the export alone")
        carried.chmod(0o600)
        phrase = ("--export-passphrase-file", carried)
        ann.run("identity", "export", "--to-file", "ann.identity", *phrase)
        server = Desk(folder, "server")
        server.home.mkdir(mode=0o700)
        for name in ("contacts", "register.jsonl", "register.head"):
            (ann.home / name).rename(server.home / name)
        server.run("identity", "import", "ann.identity", *phrase)
        assert (
            server.json("identity", "show")["fingerprint"]
            == ann.json("identity", "show")["fingerprint"]
        )
        assert tokens(bob, pack(server)) == before
        assert server.json("register", "verify")["n_entries"] >= 5
        # Under another passphrase now, and nothing is overwritten.
        again = bob.json("identity", "import", "ann.identity", *phrase, check=30)["error"]
        assert again["code"] == "identity_exists"
        wrong = ("--export-passphrase-file", bob.secret)
        refused = server.json("identity", "import", "ann.identity", *wrong, check=30)["error"]
        assert refused["code"] == "passphrase_wrong"
        assert ann.json("identity", "export", "--to-file", "ann.identity", *phrase, check=80)

    def test_never_asks_where_nobody_is(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        for command in (
            ["identity", "export", "--to-file", "x.identity"],
            ["identity", "passphrase"],
        ):
            error = ann.json(*command, "--no-input", check=30)["error"]
            assert error["code"] == "passphrase_missing"
            assert "-file FILE" in error["hint"]
        assert not (ann.folder / "x.identity").exists()


class TestATeam:
    def test_makes_the_same_tokens_and_can_lead_them_back(self, tmp_path: Path) -> None:
        ann, bea, bob = meet(tmp_path, "ann", "bea", "bob")
        (tmp_path / "people.csv").write_bytes(EXTRACT)
        (tmp_path / "people.toml").write_text(STABLE)
        (tmp_path / "stick").mkdir()
        of_ann, of_bea = tokens(bob, pack(ann)), tokens(bob, pack(bea))
        assert not {*of_ann} & {*of_bea}
        share = ["--recipe", "people.toml", "--for", "bob"]
        made = ann.json("scope-key", "export", *share, "--to", "bea", "-o", "a.scope-key")
        run = bea.run("scope-key", "import", "a.scope-key", *share)
        assert b"tokens are other" in run.stderr
        bundle = pack(bea)
        assert tokens(bob, bundle) == of_ann
        assert tokens(bob, pack(bea, "bob", "--own-tokens")) == of_bea
        assert not bea.json("scope-key", "import", "a.scope-key")["imported"]
        told = [
            json.dumps(desk.json("register", "list", "--event", event))
            for desk, event in ((ann, "scope-key-exported"), (bea, "scope-key-imported"))
        ]
        assert all(made["statement_id"] in text for text in told)

        (tmp_path / "tokens.txt").write_text("\n".join(of_ann))
        packed = bea.json("inspect", bundle)["bundle_id"]
        back = ["reidentify", "tokens.txt", "--recipe", "people.toml", "--input", "people.csv"]
        for more in (["--bundle", packed], ["--to", "bob"]):
            found = bea.json(*back, *more, "--reason", "safeguarding")
            assert found["n_found"] == 2
        # Her bundles from before are of her own key.
        first = bea.json("register", "list", "--event", "packed")["entries"][0]
        old = first.get("bundle_id") or first["details"]["bundle_id"]
        assert bea.json(*back, "--bundle", old, "--reason", "x")["n_found"] == 0

        # Another year, and nobody has shared anew.
        (tmp_path / "people.toml").write_text(
            STABLE.replace('"agreement"\n', '"agreement"\nepoch = "2027"\n')
        )
        error = bea.json(
            *("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "-o", "stick"),
            check=30,
        )["error"]
        assert error["code"] == "scope_key_other"
        trial = ("pack", "people.csv", "--recipe", "people.toml", "--to", "bob", "--dry-run")
        assert bea.json(*trial, check=30)["error"]["code"] == "scope_key_other"
        assert bea.json(*trial, "--own-tokens")["dry_run"]

        # The right one, and its file is gone: a trial needs no passphrase to see that.
        (tmp_path / "people.toml").write_text(STABLE)
        bea.secret.rename(tmp_path / "away")
        assert bea.json(*trial)["dry_run"]
        for path in (bea.home / "scope-keys").iterdir():
            path.unlink()
        assert bea.json(*trial, check=30)["error"]["code"] == "scope_key_unusable"

    def test_has_no_recipient_of_the_data(self, desks: tuple[Desk, Desk]) -> None:
        ann, _ = desks
        share = ["scope-key", "export", "--recipe", "people.toml", "--to", "bob"]
        assert ann.json(*share, "--for", "bob", check=30)["error"]["code"] == "scope_key_audience"
        assert ann.json(*share, check=2)["error"]["code"] == "usage"
        (ann.folder / "people.toml").write_text(RECIPE)
        assert ann.json(*share, "--for", "bob", check=10)["error"]["code"] == "recipe_invalid"


class TestACardThatExpires:
    @pytest.fixture
    def face(self, world: World, monkeypatch: pytest.MonkeyPatch) -> Face:
        return Face(world, monkeypatch)

    def test_is_told_of_for_a_month_and_refused_then(self, world: World, face: Face) -> None:
        (world.folder / "t.csv").write_text("x\n1\n")
        (world.folder / "t.toml").write_text(keep_all("t", ["x"]))
        extract, recipe = world.folder / "t.csv", world.folder / "t.toml"
        command: list[str | Path] = ["pack", extract, "--recipe", recipe, "--to", "bob"]
        command += ["-o", world.drive]
        world.clock.move(days=689)  # of 730, ten of them gone
        assert "expires" not in face.run(world.ann, *command).printed.replace("expires_at", "")
        world.clock.move(days=2)
        told = face.run(world.ann, *command).printed
        assert "The card of bob expires on 2028-11-11, in 29 days" in told
        assert "Your own card expires" in told
        assert "identity rotate" in face.run(world.ann, "identity", "show").printed
        world.clock.move(days=30)
        refused = face.run(world.ann, *command)
        assert refused.error["code"] == "card_expired"
        assert refused.error["hint"].endswith("securexfer contact add CARD --replaces bob")
        assert "expired on" in face.run(world.ann, "identity", "show").printed
