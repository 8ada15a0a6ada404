"""Notices: a breach report in sections, and the skeleton of the notification that the law asks for.

What the register knows is filled in; what only a person can say is marked. The content is made once
here, and written as Markdown or HTML in `custody.rendering`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from securexfer.crypto.fingerprint import format_fingerprint
from securexfer.custody.breach import PROTECTION, BreachReport
from securexfer.custody.particulars import ReportedBundle, ReportedTable
from securexfer.wording import plural

TO_FILL_IN = "[for a person to fill in: {}]"
LAWS = {
    "uk-gdpr": "UK GDPR, Article 33",
    "dpa2018-part3": "Data Protection Act 2018, section 67 (Part 3)",
}
_TO_PEOPLE = {
    "uk-gdpr": "UK GDPR, Article 34(3)(a)",
    "dpa2018-part3": "Data Protection Act 2018, section 68(3)(a)",
}
_CATEGORIES = {
    "criminal-offence": "criminal-offence data",
    "special-category": "special-category data",
}
# A recipe need not say, and that it does not say anything is no statement.
_NOT_STATED = "the recipes name neither special-category nor criminal-offence data"
LEFT_AS = {
    "keep": "as it was",
    "pseudonymise": "as a token; without the sender's key nobody can go back",
    "redact-text": "free text; the identifiers that were recognised are taken out",
    "attach": "the file that it names, without metadata, under another name",
    "constant": "the same text in every row",
    "date-shift": "moved by days that only the sender can find out",
}
CARRIER_FACTS = {
    "kind": "a medium of the kind",
    "label": "label",
    "serial": "serial number",
    "file_system": "file system",
}
# Of what is not carried away, only the folder of the bundle is searched.
_SEARCHED_WHOLE = {"removable", "optical"}
_GENERALISED = "made coarser ({})"


@dataclass(frozen=True)
class Section:
    """A part of a notice.

    Attributes:
        title: its heading.
        level: 2, or 3 for a part of the one before.
        paragraphs: text.
        facts: labels and texts.
        columns, rows: a table.
        figure: HTML that `drawing` made, everything in it escaped; nothing in Markdown.
        folded: what stands on the table while it is folded away, for one that says the same as
            the figure; empty where it is always shown, as it is in Markdown and on paper.
    """

    title: str
    level: int = 2
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    figure: str = ""
    folded: str = ""


def write_notice(report: BreachReport) -> list[Section]:
    """All sections, the short answer first."""
    sections = [_short_answer(report)]
    for bundle in report.bundles:
        sections += _write_bundle(bundle)
    if report.never_sent:
        columns = ", ".join(report.never_sent)
        text = f"These columns of the extracts are in none of the bundles: {columns}."
        sections.append(Section("What never left", paragraphs=(text,)))
    sections.append(_notification(report))
    sections.append(_basis(report))
    return sections


def _short_answer(report: BreachReport) -> Section:
    held = [bundle for bundle in report.bundles if bundle.is_held]
    facts = [
        ("About", report.selection),
        ("Bundles", f"{len(report.bundles):,}{_say_held(len(report.bundles), len(held))}"),
        ("Records", f"{report.n_rows:,}{_count_held(report, held)}"),
        ("Data subjects", _count_subjects(report.counted)),
        *_name_drills(report),
        ("Kinds of data", name_categories(report.categories)),
        ("Encrypted", f"yes. {PROTECTION}"),
        (
            "Who can open it",
            "; ".join(_holders_of(report.bundles)) + ". " + _say_others(report.bundles),
        ),
        ("A key on the same drive", _key_beside(report.bundles)),
        ("Past the destroy-by date", _name_overdue(report.bundles)),
        ("Notify by", _deadline(report)),
    ]
    return Section("The short answer", facts=tuple(facts))


def _say_held(n: int, n_held: int) -> str:
    """How many of them may still be held, and on what the others rest."""
    if not n_held:
        return ", certified as destroyed by every recipient"
    more = "; the others are certified as destroyed" if n_held < n else ""
    return f", of which {n_held:,} may still be held by a recipient{more}"


def _count_held(report: BreachReport, held: Sequence[ReportedBundle]) -> str:
    """How many records of them all may still be held, where that is another number."""
    n_held = sum(bundle.n_rows for bundle in held if bundle in report.counted)
    return f", of which {n_held:,} may still be held" if 0 < n_held < report.n_rows else ""


def _name_drills(report: BreachReport) -> list[tuple[str, str]]:
    """Which of them are about nobody."""
    drills = [bundle for bundle in report.bundles if bundle.is_drill]
    if not drills:
        return []
    said = f"{len(drills):,} of the bundles: their records are synthetic, no person is in them"
    if report.counted != report.bundles:
        said += ", and they are not counted among records and data subjects"
    return [("Drills", said)]


def _write_bundle(bundle: ReportedBundle) -> list[Section]:
    carrier = bundle.carrier
    on = ", ".join(
        f"{title} {carrier[name]}" for name, title in CARRIER_FACTS.items() if carrier.get(name)
    )
    agreement = bundle.agreement
    facts = [
        ("Bundle", bundle.bundle_id),
        ("SHA-256 of its bytes", bundle.bundle_sha256),
        *_left(bundle),
        ("Written to", on or "not recorded"),
        ("Agreement", f"{agreement.get('reference', '')}: {agreement.get('purpose', '')}"),
        ("Controller", f"{agreement.get('controller', '')}"),
        ("Law", LAWS.get(agreement.get("regime", ""), agreement.get("regime", ""))),
        ("Lawful basis", f"{agreement.get('lawful_basis', '')}"),
        ("To be destroyed by", bundle.destroy_by + (" - PAST" if bundle.is_overdue else "")),
    ]
    if bundle.is_drill:
        facts.insert(0, ("A drill", "its records are synthetic; no person is in them"))
    title = f"Bundle {bundle.bundle_id[:12]}: {plural(bundle.n_rows, 'record')}"
    holders = Section(
        "Who received it",
        level=3,
        columns=("recipient", "fingerprint", "opened", "now"),
        rows=tuple(
            (
                one.name,
                format_fingerprint(one.fingerprint),
                ", ".join(one.opened_at) or "no receipt",
                one.status,
            )
            for one in bundle.holders
        ),
    )
    return [Section(title, facts=tuple(facts)), holders, *map(_write_table, bundle.tables)]


def _left(bundle: ReportedBundle) -> list[tuple[str, str]]:
    """When it left, and whose it was before if it was passed on."""
    when = f"{bundle.packed_at}, as {bundle.file_name}"
    if not bundle.origin:
        return [("Packed", when)]
    origin = bundle.origin[0]
    packed_by = _say_party(origin.sender_name, origin.sender)
    if not origin.is_verified:
        packed_by += ", not verified: not among the contacts then"
    facts = [
        ("Forwarded", f"{when}, to {', '.join(one.name for one in bundle.holders)}"),
        ("Packed by", f"{packed_by}, as bundle {origin.bundle_id}"),
    ]
    if origin.forwarders:
        before = ", then ".join(map(format_fingerprint, origin.forwarders))
        facts.append(("Passed on before by", before))
    return facts


def _say_party(name: str, fingerprint: str) -> str:
    spoken = format_fingerprint(fingerprint)
    return f"{name} ({spoken})" if name else spoken


def _write_table(table: ReportedTable) -> Section:
    return Section(
        f"Table {table.name}: {plural(table.n_rows, 'record')}",
        level=3,
        paragraphs=(
            f"Data subjects: {say_subjects(table.n_subjects, table.n_subjects_is)}.",
            f"Withheld, and not on the drive: {', '.join(table.withheld) or 'no column'}.",
            *([f"Attached files: {table.n_files:,}."] if table.n_files else ()),
        ),
        columns=("field", "from the column", "how it left"),
        rows=tuple((one.name, one.source, left_as(one.action)) for one in table.fields),
    )


def _notification(report: BreachReport) -> Section:
    laws = " and ".join(LAWS.get(regime, regime) for regime in report.regimes)
    people = " and ".join(_TO_PEOPLE.get(regime, regime) for regime in report.regimes)
    fill = TO_FILL_IN.format
    facts = [
        ("To", f"the Information Commissioner, under {laws}"),
        ("Became aware", report.aware_at or fill("when the controller became aware")),
        ("To be notified by", _deadline(report)),
        ("What happened", fill("loss, theft, wrong recipient or other; when, where, how found")),
        ("Categories of data subjects", fill("for example people on licence; staff")),
        ("Number of data subjects", _count_subjects(report.counted)),
        ("Categories of records", name_categories(report.categories) + "; " + _fields(report)),
        ("Number of records", f"{report.n_rows:,}"),
        ("Contact point", fill("name, telephone, e-mail of the data protection officer")),
        (
            "Likely consequences",
            "The bundles are unintelligible without a recipient's private key and passphrase. "
            + fill("what follows if those were lost too, or plaintext was on the drive"),
        ),
        (
            "Measures taken",
            "Encrypted and signed before they left; pseudonymised and made coarser as listed; "
            "columns withheld as listed. " + fill("search, revocation of keys, drive recovered"),
        ),
        (
            "Telling the people concerned",
            f"Not required where the data are unintelligible to whoever has them ({people}). That "
            "needs evidence that no key travelled with the drive: "
            + _key_beside(report.bundles)
            + ". "
            + fill("the decision, and who took it"),
        ),
    ]
    return Section(
        "Skeleton of the notification",
        paragraphs=(
            "What the register knows is filled in. Check it, and the law, before it is sent.",
        ),
        facts=tuple(facts),
    )


def _basis(report: BreachReport) -> Section:
    return Section(
        "Where this comes from",
        paragraphs=(
            f"Made on {report.made_at} from the sender's register, a signed log in which no entry "
            "can be changed, taken out or moved without notice. SHA-256 of its last line then: "
            f"{report.register_head}.",
            "Pseudonymised data are still personal data. Numbers of data subjects are per table; "
            "where people are in several tables the sum counts them more than once.",
            "Receipts and certificates prove who claimed something, not that no copy was made.",
        ),
    )


def _count_subjects(bundles: Sequence[ReportedBundle]) -> str:
    tables = [table for bundle in bundles for table in bundle.tables]
    total = sum(table.n_subjects for table in tables)
    about = "about " if any(one.n_subjects_is == "approximate" for one in tables) else ""
    if len(tables) == 1:
        return say_subjects(total, tables[0].n_subjects_is)
    return (
        f"at most {about}{total:,}: the sum over {len(tables):,} tables, in which people may recur"
    )


def say_subjects(n_subjects: int, sense: str) -> str:
    """A number of data subjects, and how sure it is."""
    said = {"exact": "", "approximate": "about ", "upper bound": "at most "}.get(sense, "")
    return f"{said}{n_subjects:,}"


def name_categories(categories: Sequence[str]) -> str:
    """What the data are in law."""
    named = [_CATEGORIES.get(category, category) for category in categories]
    return ", ".join(named) or _NOT_STATED


def _holders_of(bundles: Sequence[ReportedBundle]) -> list[str]:
    found = {
        f"{one.name}, with the private key {format_fingerprint(one.fingerprint)} and its passphrase"
        for bundle in bundles
        for one in bundle.holders
    }
    return sorted(found)


def _say_others(bundles: Sequence[ReportedBundle]) -> str:
    """Who else can open them: a bundle keeps its password when it is forwarded."""
    said = []
    if any(bundle.origin for bundle in bundles):
        said.append(
            "So can whoever a bundle was sealed to before it was forwarded from here: you, too."
        )
    if any(bundle.may_forward for bundle in bundles):
        said.append(
            "The agreement lets recipients forward it: whoever they have forwarded it to can open "
            "it as well, and nobody is told of that here. Ask them."
        )
    return " ".join(said) or "Nobody else, the sender included."


def _key_beside(bundles: Sequence[ReportedBundle]) -> str:
    checks = [bundle.drive_check for bundle in bundles]
    if any(check.get("keys_found") for check in checks):
        return "YES: a private key or passphrase was on the drive when it was packed"
    if checks and all(checks):
        when = ", ".join(str(check.get("checked_at", "")) for check in checks)
        kinds = {bundle.carrier.get("kind") for bundle in bundles}
        what = "the drive" if kinds <= _SEARCHED_WHOLE else "the bundle's folder on the drive"
        return f"none was found when {what} was searched before packing ({when})"
    return "not known: the drive was not searched when it was packed"


def _name_overdue(bundles: Sequence[ReportedBundle]) -> str:
    overdue = [bundle.bundle_id[:12] for bundle in bundles if bundle.is_overdue]
    return ", ".join(overdue) or "none"


def _deadline(report: BreachReport) -> str:
    if report.notify_by:
        late = " - PAST: give the reasons for the delay with it" if report.is_late else ""
        return f"{report.notify_by}, 72 hours after {report.aware_at}{late}"
    return "72 hours after the controller became aware: state it with --aware-at"


def _fields(report: BreachReport) -> str:
    names = {
        field.name for bundle in report.counted for table in bundle.tables for field in table.fields
    }
    return f"the fields {', '.join(sorted(names))}"


def left_as(action: str) -> str:
    """How a field left, by its action."""
    return LEFT_AS.get(action) or _GENERALISED.format(action)
