"""What a breach report says of bundles that may be, or were, passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.custody.breach import Selection, build_report
from securexfer.custody.notice import write_notice
from securexfer.custody.rendering import render_markdown
from securexfer.errors import UsageError
from tests.unit.test_breach import TABLES, extract, lose, recipe, report_on
from tests.world import Person, World, allow_forwarding


class TestWhoCanOpenIt:
    """A forwarded bundle keeps its password, so the recipients are not the only ones."""

    def answer(self, person: Person) -> str:
        report = build_report(person.register.entries(), Selection(), now=person.clock())
        return dict(write_notice(report)[0].facts)["Who can open it"]

    def test_nobody_but_the_recipients(self, world: World) -> None:
        lose(world, [world.bob])
        assert self.answer(world.ann).endswith(". Nobody else, the sender included.")

    def test_whoever_they_may_have_forwarded_it_to(self, world: World) -> None:
        self.pack(world, world.bob)
        said = self.answer(world.ann)
        assert "Nobody else" not in said
        assert "whoever they have forwarded it to can open it as well" in said

    def test_whoever_could_open_it_before(self, world: World) -> None:
        world.bob.forward(self.pack(world, world.bob), [world.cat], world.drive)
        said = self.answer(world.bob)
        assert "Nobody else" not in said
        assert "whoever a bundle was sealed to before it was forwarded from here" in said

    def test_each_recipient_of_a_forwarded_bundle_has_their_own_name(self, world: World) -> None:
        # Names and fingerprints are seldom in the same order, of so many.
        people = [Person(world.folder, f"p{n}", world.clock) for n in range(6)]
        for person in people:
            world.bob.pin(person)
        world.bob.forward(self.pack(world, world.bob), people, world.drive)
        report = build_report(world.bob.register.entries(), Selection(), now=world.clock())
        found = {one.fingerprint: one.name for one in report.bundles[0].holders}
        assert found == {person.identity.fingerprint: person.name for person in people}

    def pack(self, world: World, to: Person) -> Path:
        tables = {name: extract(n_rows) for name, n_rows in TABLES.items()}
        return world.ann.pack(tables, allow_forwarding(recipe()), [to], world.drive).path


class TestForwarded:
    def test_whoever_passed_it_on_sees_to_whom_and_whose_it_was(self, world: World) -> None:
        text = allow_forwarding(recipe())
        packed = world.ann.pack(
            {name: extract(n) for name, n in TABLES.items()}, text, [world.bob], world.drive
        )
        (world.folder / "on").mkdir()
        forwarded = world.bob.forward(packed.path, [world.cat], world.folder / "on")
        entries = world.bob.register.entries()
        report = build_report(entries, Selection(), now=world.clock())
        (bundle,) = report.bundles
        (origin,) = bundle.origin
        assert (origin.bundle_id, origin.is_verified) == (packed.manifest.bundle_id, True)
        assert origin.sender == world.ann.identity.fingerprint
        said = render_markdown("x", write_notice(report))
        assert f"| Forwarded | {bundle.packed_at}, as {forwarded.path.name}, to cat |" in said
        spoken = format_fingerprint(origin.sender)
        assert f"| Packed by | {spoken}, as bundle {origin.bundle_id} |" in said
        assert "| Packed |" not in said
        assert "Nobody else, the sender included" not in said
        assert "whoever a bundle was sealed to before it was forwarded from here: you, too." in said
        assert "every bundle that was packed or passed on here" in said
        # What it was before is another bundle, and others can open that one.
        with pytest.raises(UsageError) as caught:
            build_report(entries, Selection((origin.bundle_id[:8],)), now=world.clock())
        assert f"as bundle {forwarded.envelope.bundle_id[:12]}" in caught.value.hint
        with pytest.raises(UsageError) as caught:
            build_report(entries, Selection(("ffffffff",)), now=world.clock())
        assert "securexfer register list" in caught.value.hint

    def test_what_was_packed_here_has_no_origin(self, world: World) -> None:
        lose(world, [world.bob])
        report = report_on(world, Selection())
        assert report.bundles[0].origin == ()
        assert "| Packed |" in render_markdown("x", write_notice(report))
