"""Writings about anything but people, and files that are no writings."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.drives.innocent_tables import COMPANIES, PLACES, hex_of, uuid_of
from tests.drives.making import (
    document_bytes,
    pdf_bytes,
    slides_bytes,
    tar_bytes,
    writing_bytes,
    zip_bytes,
)

BUNDLE = Path(__file__).parents[1] / "vectors" / "bundles" / "ok-two-tables.sxfer.zip"
CARD = BUNDLE.with_name("ann.card")
_LICENCE = """Copyright (c) 2019-2024 Jonathan Wright <jon.wright@fastlib-project.dev>

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED.
"""
_README = """# flowgrid

Grids for water models. Install with `pip install flowgrid==2.4.1`.

Questions: support@flowgrid.example or the list at https://lists.flowgrid.example/. Security
reports go to security@flowgrid.example. Call +44 20 7946 0000 on working days.

| option | default | meaning |
|---|---|---|
| name | "river" | what the grid is called |
| date_of_birth | none | not used here; see the schema of the patient module |
"""
_CODE = """#!/usr/bin/env python3
# Written by Caroline Foster <c.foster@flowgrid-project.dev>
# SPDX-FileCopyrightText: 2021 David Chen <david@flowgrid-project.dev>
import re

NHS_NUMBER = re.compile(r"[0-9]{3} ?[0-9]{3} ?[0-9]{4}")
POSTCODE = "LS1 4AP"
TEST_CARD = None  # "4111 1111 1111 1111" is a test number


def send(name: str, to: str = "nobody@example.com") -> None:
    print(f"Dear {name}, user.name@example.org")
    assert hash("%s") != 0x%s
"""
_PROSE = (
    "The committee met on 12 March 2024 and agreed the minutes of the last meeting. Grants of "
    "{n:,} pounds were made to {place}. The review of street lighting begins in May. Paper "
    "{n}/24 was noted; members asked for figures by ward, which will follow."
)
_POLICY = (
    "Records are kept for seven years. Forms ask for name, date of birth and NHS number; staff "
    "must not store them on drives. Contact: the records team, records@{domain}, "
    "0300 123 45{n:02d}."
)
_PAPER = (
    "Sediment transport in braided rivers",
    "A. Morrison, L. Petrova and J. Whitfield",
    "Department of Geography, University of Leeds, Leeds LS2 9JT",
    "Corresponding author: a.morrison@geo.leeds.ac.uk",
    "Abstract",
    "We measure bedload in 14 reaches. Results agree with Martin and Church (1998).",
    "References",
    "Martin, Y. and Church, M. (1998). Bed-material transport. Water Resources 34, 1211-1224.",
)
_NOVEL = (
    "Mrs Dalby said she would buy the flowers herself. For Lucy had her work cut out for her. "
    "Mr Henry Fairweather walked to the station, and Alice Cooper waited with the horses."
)


def invoice(random: Random) -> list[str]:
    company, net = random.choice(COMPANIES), random.randrange(100, 9000)
    return [
        f"{company}",
        f"Unit {random.randrange(1, 40)}, Riverside Estate, {random.choice(PLACES)} LS11 5QN",
        f"Tel 0113 496 0{random.randrange(1000):03d}   "
        f"accounts@supplier-{random.randrange(9)}.co.uk",
        f"VAT registration GB {random.randrange(100, 999)} {random.randrange(1000, 9999)} 12",
        f"INVOICE {random.randrange(10**6):06d}",
        f"To: {random.choice(COMPANIES)}, 14 Market Place, {random.choice(PLACES)} WF1 2TE",
        f"Bearings, 40 pieces: {net:,}.00. VAT at 20%: {net * 0.2:,.2f}.",
        "Please pay to sort code 20-00-00, account 55779911, IBAN GB29NWBK60161331926819.",
    ]


def web_log(random: Random) -> str:
    return "".join(
        f"{random.randrange(1, 223)}.{random.randrange(256)}.{random.randrange(256)}."
        f"{random.randrange(256)} - - [12/Mar/2024:10:{random.randrange(60):02d}:11 +0000] "
        f'"GET /item/{random.randrange(10**10):010d}?id={uuid_of(random)} HTTP/1.1" 200 '
        f'{random.randrange(90_000)} "-" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"\n'
        for _ in range(300)
    )


def system_log(random: Random) -> str:
    return "".join(
        f"Mar 12 10:{random.randrange(60):02d}:07 node{random.randrange(9)} kernel: "
        f"[{random.randrange(10**7)}.{random.randrange(10**6):06d}] eth0: "
        f"txn={random.randrange(10**15, 10**16)} addr {hex_of(random, 12)} id "
        f"{random.randrange(10**9, 10**10)}\n"
        for _ in range(300)
    )


def settings(random: Random) -> str:
    return "".join(
        f"[service-{n}]\nid = {uuid_of(random)}\nsha256 = {hex_of(random, 64)}\n"
        f"token_url = https://login.example/{hex_of(random, 24)}\nport = {8000 + n}\n"
        f"listen = 10.0.{n}.1\nversion = 1.2.{n}.4\npassword_file = /run/secrets/db\n\n"
        for n in range(12)
    )


def track(random: Random) -> str:
    points = "".join(
        f'<trkpt lat="{53 + random.random():.7f}" lon="{-1 - random.random():.7f}">'
        f"<ele>{random.randrange(300)}</ele><time>2024-03-12T10:{n % 60:02d}:00Z</time></trkpt>"
        for n in range(200)
    )
    return (
        f'<?xml version="1.0"?><gpx version="1.1"><trk><name>Canal</name><trkseg>{points}'
        "</trkseg></trk></gpx>"
    )


def page(random: Random) -> str:
    rows = "".join(
        f"<tr><td>{place}</td><td>{random.randrange(9999)}</td></tr>" for place in PLACES
    )
    return (
        "<!DOCTYPE html><html><head><title>Reference</title><style>.a{color:#a1b2c3}</style>"
        f"</head><body><h1>Options</h1><p>Write to <a href='mailto:info@docs.org'>us</a>.</p>"
        f"<table><tr><th>District</th><th>Lamps</th></tr>{rows}</table>"
        f"<script>var id='{uuid_of(random)}'; track(0798{random.randrange(10**7):07d});</script>"
        "</body></html>"
    )


def lock_file(random: Random) -> str:
    packages = {
        f"node_modules/pkg-{n}": {
            "version": f"1.{n}.0",
            "resolved": f"https://files.example/pkg-{n}-1.{n}.0.tgz",
            "integrity": f"sha512-{hex_of(random, 86)}==",
        }
        for n in range(60)
    }
    return json.dumps({"name": "app", "lockfileVersion": 3, "packages": packages}, indent=2)


def notebook(random: Random) -> str:
    cells = [
        {
            "cell_type": "code",
            "source": ["df.groupby('district').size()"],
            "outputs": [{"text": [f"{p:12} {random.randrange(9000)}\n" for p in PLACES]}],
        }
    ]
    return json.dumps({"cells": cells, "nbformat": 4, "metadata": {}})


def calendar(random: Random) -> str:
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{uuid_of(random)}\r\nDTSTART;VALUE=DATE:2024{m:02d}01\r\n"
        f"SUMMARY:Bank holiday\r\nEND:VEVENT\r\n"
        for m in range(1, 13)
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n"


def bibliography(random: Random) -> str:
    return "".join(
        f"@article{{k{n},\n author = {{Martin, Yvonne and Church, Michael}},\n title = {{Rivers}},"
        f"\n doi = {{10.{random.randrange(1000, 9999)}/{random.randrange(10**8)}}},\n year = "
        f"{{{random.randrange(1980, 2024)}}},\n isbn = {{0306406152}}\n}}\n"
        for n in range(40)
    )


def checksums(random: Random) -> str:
    return "".join(f"{hex_of(random, 64)}  part-{n:03d}.bin\n" for n in range(80))


def schema(_: Random) -> str:
    return (
        "CREATE TABLE patient (id INTEGER PRIMARY KEY, forename TEXT, surname TEXT,\n"
        " date_of_birth DATE, nhs_number CHAR(10), postcode TEXT, email TEXT);\n"
        "CREATE INDEX patient_surname ON patient (surname);\n"
    )


def template(_: Random) -> str:
    return "forename,surname,date_of_birth,nhs_number,postcode\n"


WRITINGS = {
    "log/access.log": web_log,
    "log/system.log": system_log,
    "etc/settings.ini": settings,
    "gps/track.gpx": track,
    "docs/reference.html": page,
    "app/package-lock.json": lock_file,
    "app/analysis.ipynb": notebook,
    "cal/holidays.ics": calendar,
    "docs/references.bib": bibliography,
    "release/SHA256SUMS": checksums,
    "db/schema.sql": schema,
    "forms/template.csv": template,
}


def make_texts(random: Random) -> Iterator[tuple[str, bytes]]:
    """Each kind of writing several times; about a hundred files."""
    for number in range(3):
        for name, make in WRITINGS.items():
            yield f"{number}/{name}", make(random).encode()
        yield f"{number}/invoice.txt", "\n".join(invoice(random)).encode("cp1252")
        yield f"{number}/invoice.pdf", pdf_bytes(invoice(random))
        yield f"{number}/invoice.docx", document_bytes(invoice(random))
        domain = f"{random.choice(PLACES).lower()}.gov.uk"
        policy = [_POLICY.format(domain=domain, n=random.randrange(99)), _NOVEL]
        prose = [_PROSE.format(n=random.randrange(9999), place=p) for p in PLACES[:9]]
        yield f"{number}/minutes.docx", document_bytes(prose)
        yield f"{number}/minutes.odt", writing_bytes(prose)
        yield f"{number}/policy.docx", document_bytes(policy, header="Official")
        yield f"{number}/policy.pdf", pdf_bytes(policy)
        yield f"{number}/talk.pptx", slides_bytes(prose[:4])
        yield f"{number}/novel.txt", ("\n".join([_NOVEL] * 40)).encode()
        code = _CODE.replace("%s", hex_of(random, 32))
        yield f"{number}/src/send.py", code.encode()
        yield f"{number}/src/LICENSE", _LICENCE.encode()
        yield f"{number}/src/README.md", _README.encode()
        yield f"{number}/paper.pdf", pdf_bytes(_PAPER)
        yield f"{number}/site.zip", zip_bytes({"index.html": page(random).encode()})
        yield f"{number}/src.tar", tar_bytes({"send.py": code.encode()})
    yield from _programs(random)
    yield from _repository(random)
    yield from _bytes(random)


def _programs(random: Random) -> Iterator[tuple[str, bytes]]:
    """Modules of the standard library: real programs, with their authors' names and addresses."""
    library = Path(json.__file__).parents[1]
    names = "smtplib.py imaplib.py csv.py tarfile.py uuid.py datetime.py calendar.py textwrap.py"
    names += " email/message.py email/utils.py json/encoder.py xml/sax/saxutils.py http/client.py"
    names += " getpass.py random.py decimal.py locale.py gettext.py mailbox.py this.py"
    for name in names.split():
        path = library / name
        if path.exists():
            yield f"lib/{name}", path.read_bytes()


def _repository(random: Random) -> Iterator[tuple[str, bytes]]:
    log = "".join(
        f"{hex_of(random, 40)} {hex_of(random, 40)} Robert Lang <rob@lang-software.dev> "
        f"17{random.randrange(10**8):08d} +0100\tcommit: Mend the grid\n"
        for _ in range(40)
    )
    yield "repo/.git/HEAD", b"ref: refs/heads/main\n"
    yield "repo/.git/logs/HEAD", log.encode()
    yield (
        "repo/.git/config",
        b"[core]\n\tbare = false\n[remote]\n\turl = git@host.example:a/b.git\n",
    )
    yield "repo/.git/packed-refs", f"{hex_of(random, 40)} refs/heads/main\n".encode()
    for number in range(4):
        blob = zlib.compress(b"blob 900\0" + random.randbytes(900))
        yield f"repo/.git/objects/{number:02x}/{hex_of(random, 38)}", blob
    yield "repo/.gitignore", b"*.pyc\nbuild/\n"


def _bytes(random: Random) -> Iterator[tuple[str, bytes]]:
    yield "media/logo.png", b"\x89PNG\r\n\x1a\n" + random.randbytes(9000)
    yield "media/photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF" + random.randbytes(20_000)
    yield "media/sound.mp3", b"ID3\x04" + random.randbytes(9000)
    yield "media/film.mp4", b"\0\0\0\x18ftypmp42" + random.randbytes(9000)
    yield "bin/program", b"\x7fELF\x02\x01\x01" + random.randbytes(40_000)
    yield "bin/setup.exe", b"MZ\x90\0" + random.randbytes(40_000)
    yield "bin/font.ttf", b"\0\x01\0\0" + random.randbytes(9000)
    yield "bin/array.npy", b"\x93NUMPY\x01\0" + random.randbytes(30_000)
    yield "bin/noise.dat", random.randbytes(60_000)
    yield "bin/empty", b""
    yield "bin/zeros.img", bytes(200_000)
    yield "keys/id_ed25519.pub", b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + b"B" * 42 + b" laptop\n"
    certificate = "\n".join(hex_of(random, 64) for _ in range(12))
    yield (
        "keys/server.crt",
        (f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n".encode()),
    )
    yield "keys/ann.card", CARD.read_bytes()
    yield "transfer/sx-0a1b2c3d4e5f.sxfer.zip", BUNDLE.read_bytes()


__all__ = ["make_texts"]
