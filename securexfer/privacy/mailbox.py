"""E-mail addresses: whether one is a person's, and not a desk's, an example or an author's."""

from __future__ import annotations

import re

import polars as pl

from securexfer.privacy.validity import LONGEST_DOMAIN, LONGEST_LOCAL

EMAIL = r"(?i)[A-Z0-9][A-Z0-9._+'-]*@(?:[A-Z0-9-]{1,63}\.){1,8}[A-Z]{2,24}\b"
SIGN = "@|%40|\N{FULLWIDTH COMMERCIAL AT}"
# Whoever signs a program, a licence or a paper did so in public.
SIGNED = (
    r"(?i)copyright|\(c\)|\x{00A9}|author|maintain|written by|contribut|signed-off|reviewed-by"
    r"|tested-by|reported by|corresponding|correspondence|committer|packager"
    r"|upstream|debianized|spdx"
    r"|> [0-9]{9,10} [+-][0-9]{4}"
)
_BRACKETS = r"<[^<>@ ]+@[^<>@ ]+>"
_DESKS = frozenset(
    """
abuse account accounts admin administrator admissions alerts announce archive board bookings bot
bounce bugs bugreport careers cert clerk commercial communications community complaints compliance
contact contactus copyright council customer customers customerservice data delivery democracy
desk dev developers devel discuss dns docs donate dpo editor editorial email enquiries enquiry
events example feedback finance first firstname foi foo gdpr general git governance group hello
help helpdesk hr info information invoices it jobs lastname legal library licence licensing list
lists mail mailer marketing media members membership mail name network news newsletter no nobody
none noreply notifications office online operations orders owner parking payments payroll
permissions planning postmaster press privacy procurement project purchasing queries reception
records recruitment register registrar reply reports request requests research reservations root
sales school secretariat secretary security server service services shop someone spam staff
statistics store subscribe subscribers support survey sysadmin system team tech tenders test
training unsubscribe user username users web webmaster website welcome work www you your yourname
""".split()
)
_NOBODYS = re.compile(
    r"(?:^|\.)(?:example(?:\.[a-z]{2,3}){0,2}|invalid|test|localhost|local|localdomain|internal)$"
)
# What follows the sign in names of files and of services.
_NO_DOMAINS = frozenset(
    "png jpg jpeg gif svg webp ico css js ts py html htm json xml yml yaml md txt pdf zip gz "
    "service socket target timer mount slice device".split()
)


def find_personal(lines: pl.Series) -> tuple[pl.Series, int]:
    """Which of these cells hold the address of a person, and how many of them all hold.

    Not counted are those by which authors sign.
    """
    return _find(lines, n_above=0)


def find_unsigned(lines: pl.Series) -> tuple[pl.Series, int]:
    """The same of lines of a text, where an author may be named on the line above.

    Authors stand in a row as well: where one line of a paragraph says that they sign, the others
    need only have their addresses in brackets.
    """
    return _find(lines, n_above=1)


def is_personal(address: str) -> bool:
    """Whether an address is a person's, as far as it shows."""
    local, _, domain = address.lower().rpartition("@")
    if len(local) > LONGEST_LOCAL or len(domain) > LONGEST_DOMAIN:
        return False
    if _NOBODYS.search(domain) or domain.rpartition(".")[2] in _NO_DOMAINS:
        return False
    if sum(map(str.isdigit, local)) >= 9 or re.fullmatch("[0-9a-f-]{16,}", local):
        return False  # a message's, not a person's
    words = re.findall(r"[a-z]+", local)
    return bool(words) and not set(words) & _DESKS


def _find(lines: pl.Series, n_above: int) -> tuple[pl.Series, int]:
    rows = lines.str.contains(SIGN).arg_true()
    for up in range(n_above + 1):
        rows = rows.filter(
            (rows < up) | ~lines.gather((rows.cast(pl.Int64) - up).clip(0)).str.contains(SIGNED)
        )
    if rows.len() and n_above:
        paragraphs = (lines.str.strip_chars() == "").cum_sum()
        signed = paragraphs.filter(lines.str.contains(SIGNED)).unique()
        in_row = paragraphs.gather(rows).is_in(signed) & lines.gather(rows).str.contains(_BRACKETS)
        rows = rows.filter(~in_row)
    if not rows.len():
        return rows, 0
    plain = lines.gather(rows).str.replace_all("%40|\N{FULLWIDTH COMMERCIAL AT}", "@")
    listed = pl.DataFrame({"row": rows, "one": plain.str.extract_all(EMAIL)}).explode("one")
    listed = listed.drop_nulls()
    known = {one: is_personal(one) for one in listed["one"].unique().to_list()}
    good = listed.filter(listed["one"].is_in([one for one, fits in known.items() if fits]))
    return good["row"].unique(), good.height
