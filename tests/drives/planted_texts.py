"""Writings about people, and keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives import serialization as forms
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.drives.making import csv_text, gzip_bytes, zip_bytes
from tests.drives.person import Person, make_people, make_person
from tests.drives.planted_tables import HEADER, Planted, people_rows

VECTORS = Path(__file__).parents[1] / "vectors" / "bundles"
IDENTITY = VECTORS / "bob.identity.json"
BUNDLE = VECTORS / "ok-two-tables.sxfer.zip"


def letter(p: Person) -> list[str]:
    return [
        f"{p.name}",
        f"{p.street}",
        f"{p.town}",
        f"{p.postcode}",
        "",
        f"Dear Mr {p.surname}",
        "",
        "Thank you for your letter. Your hearing is on Tuesday at ten.",
        "Yours sincerely",
    ]


def case_note(p: Person) -> str:
    return (
        f"Seen at home, with her sister. DOB {p.dob}. Lives at {p.street}, {p.town}.\n"
        "Sleeps badly; to be seen again in June.\n"
    )


def make_writings(random: Random) -> Iterator[Planted]:
    """Plain text of many kinds."""

    def one() -> Person:
        return make_person(random)

    p = one()
    yield "text/letter.txt", "\n".join(letter(p)).encode(), "name"
    yield "text/letter-windows.txt", "\r\n".join(letter(one())).encode("cp1252"), "name"
    yield "text/letter-wide.txt", "\r\n".join(letter(one())).encode("utf-16"), "name"
    yield "text/note.txt", case_note(one()).encode(), "birth"
    yield "text/ni.txt", f"Claim of 3 May, ref {p.ni}: paid.\n".encode(), "ni"
    yield "text/ni-run-together.md", f"* claim {one().ni.replace(' ', '')} paid\n".encode(), "ni"
    yield "text/nhs.txt", f"Patient NHS number: {one().nhs}, ward 7\n".encode(), "nhs"
    yield "text/nhs-below.txt", f"NHS Number\n\n{one().nhs}\n".encode(), "nhs"
    yield "text/email.txt", f"Please ring or write to {one().email} today.\n".encode(), "email"
    yield "text/card.txt", f"paid by card {one().card} exp 04/27\n".encode(), "card"
    yield "text/licence.txt", f"Hire: licence {one().licence}\n".encode(), "driving-licence"
    yield "text/pnc.txt", f"Subject of PNC ID {one().pnc}, see file\n".encode(), "pnc"
    yield "text/cro.txt", f"Prints under CRO no {one().cro}.\n".encode(), "cro"
    yield "text/prison.txt", f"Prisoner number {one().prison} moved wing.\n".encode(), "prison"
    yield "text/crn.txt", f"CRN: {one().crn}. Breach hearing listed.\n".encode(), "crn"
    yield "text/passport.txt", f"Passport no. {one().passport} seen\n".encode(), "passport"
    people = make_people(random, 8)
    phones = "".join(f"{q.name}  {q.phone}\n" for q in people)
    yield "text/phones.txt", phones.encode(), "phone"
    yield (
        "text/minutes.md",
        (
            "# Case conference\n\nPresent: the board.\n\n"
            f"1. {people[0].name} (born {people[0].born:%d %B %Y}) has moved to "
            f"{people[0].street}, {people[0].town} {people[0].postcode}.\n"
        ).encode(),
        "birth",
    )
    table = "\n".join("| " + " | ".join(row) + " |" for row in people_rows(people))
    yield "text/table.md", table.encode(), "name"
    inserts = "".join(
        f"INSERT INTO people VALUES ({n}, '{q.forename}', '{q.surname}', '{q.born}', "
        f"'{q.email}');\n"
        for n, q in enumerate(people)
    )
    yield "text/dump.sql", inserts.encode(), "email"
    yaml = "".join(
        f"- forename: {q.forename}\n  surname: {q.surname}\n  dob: {q.born}\n" for q in people
    )
    yield "text/people.yaml", yaml.encode(), "name"
    rtf = r"{\rtf1\ansi{\fonttbl\f0 Arial;}\f0 Dear Mrs " + p.surname + r"\par National Insurance "
    yield "text/letter.rtf", (rtf + p.ni + r"\par}").encode(), "ni"
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{p.name}\r\nBDAY:{p.born}\r\nTEL:{p.phone}\r\n"
    yield "text/contact.vcf", (card + "END:VCARD\r\n").encode(), "name"
    yield (
        "text/meeting.ics",
        (
            f"BEGIN:VEVENT\r\nSUMMARY:Review\r\nATTENDEE;CN={p.name}:mailto:{p.email}\r\nEND:VEVENT\r\n"
        ).encode(),
        "email",
    )
    yield (
        "text/entry.ldif",
        f"dn: cn={p.name}\nsn: {p.surname}\nmail: {p.email}\n".encode(),
        "email",
    )
    mail = (
        f"From: {p.name} <{p.email}>\r\nTo: desk@office.gov.uk\r\nSubject: visit\r\n\r\nThanks.\r\n"
    )
    yield "text/message.eml", mail.encode(), "email"
    body = base64.encodebytes(case_note(p).encode()).decode()
    coded = (
        "From: desk@office.gov.uk\r\nTo: info@office.gov.uk\r\nSubject: case\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    yield "text/coded.eml", (coded + body).encode(), "birth"
    yield (
        "text/patients.py",
        (
            f"PATIENTS = [('{p.forename}', '{p.surname}', '{p.ni}')]  # remove before release\n"
        ).encode(),
        "ni",
    )
    yield "text/change.diff", f"@@ -1 +1 @@\n-{p.email}\n+{one().email}\n".encode(), "email"
    yield (
        "text/requests.log",
        "".join(
            f"2024-05-01T10:00:0{n} GET /patient?nhs={q.nhs.replace(' ', '')}&v=2 200\n"
            for n, q in enumerate(people)
        ).encode(),
        "nhs",
    )


def make_markup(random: Random) -> Iterator[Planted]:
    """JSON, XML and HTML."""
    people = make_people(random, 15)
    rows = people_rows(people)
    records = [dict(zip(HEADER, row, strict=True)) for row in rows[1:]]
    yield "markup/array.json", json.dumps(records).encode(), "name"
    yield "markup/lines.ndjson", "\n".join(map(json.dumps, records)).encode(), "name"
    nested = {"cases": [{"no": n, "person": record} for n, record in enumerate(records)]}
    yield "markup/nested.json", json.dumps(nested, indent=2).encode(), "name"
    yield "markup/wide.json", json.dumps(records).encode("utf-16"), "name"
    yield "markup/rows.json", json.dumps(rows).encode(), "name"
    escaped = json.dumps([{"to": p.email.replace("@", "\\u0040")} for p in people])
    yield "markup/escaped.json", escaped.replace("\\\\u", "\\u").encode(), "email"
    places = [
        {"type": "Feature", "properties": {"tenant": p.name, "phone": p.phone}} for p in people
    ]
    yield "markup/homes.geojson", json.dumps({"features": places}).encode(), "name"
    outputs = [{"output_type": "stream", "text": ["  forename surname\n"]}]
    outputs[0]["text"] = [f"{p.name} {p.nhs} {p.ni}\n" for p in people]
    cells = [{"cell_type": "code", "outputs": outputs}]
    yield "markup/analysis.ipynb", json.dumps({"cells": cells}).encode(), "ni"
    xml = "".join(
        "<record>" + "".join(f"<{k}>{v}</{k}>" for k, v in record.items()) + "</record>\n"
        for record in records
    )
    yield "markup/records.xml", f'<?xml version="1.0"?><all>{xml}</all>'.encode(), "name"
    attributes = "".join(f'<person forename="{p.forename}" surname="{p.surname}"/>' for p in people)
    yield "markup/attributes.xml", f"<all>{attributes}</all>".encode(), "name"
    yield (
        "markup/wide.xml",
        f"<?xml version='1.0' encoding='UTF-16'?>{xml}".encode("utf-16"),
        "name",
    )
    cells_of = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows[1:])
    head = "<tr>" + "".join(f"<th>{c}</th>" for c in HEADER) + "</tr>"
    yield "markup/table.html", f"<html><table>{head}{cells_of}</table></html>".encode(), "name"
    text = "<br>".join(letter(people[0]))
    yield "markup/letter.html", f"<html><body><p>{text}</p></body></html>".encode(), "name"
    mail = people[1].email.replace("@", "&#64;")
    yield "markup/entity.html", f"<html><p>write to {mail}</p></html>".encode(), "email"


def make_keys(random: Random) -> Iterator[Planted]:
    """What opens other files."""
    rsa, ed = generate_private_key(65537, 2048), Ed25519PrivateKey.generate()
    none = forms.NoEncryption()
    pem, openssh = forms.Encoding.PEM, forms.PrivateFormat.OpenSSH
    locked = forms.BestAvailableEncryption(b"a passphrase")
    pkcs8 = rsa.private_bytes(pem, forms.PrivateFormat.PKCS8, none)
    yield "keys/pkcs8.pem", pkcs8, "key"
    yield (
        "keys/legacy.pem",
        rsa.private_bytes(pem, forms.PrivateFormat.TraditionalOpenSSL, none),
        "key",
    )
    yield "keys/locked.pem", rsa.private_bytes(pem, forms.PrivateFormat.PKCS8, locked), "key"
    yield "keys/id_ed25519", ed.private_bytes(pem, openssh, none), "key"
    der = rsa.private_bytes(forms.Encoding.DER, forms.PrivateFormat.PKCS8, none)
    yield "keys/server.der", der, "key"
    p12 = pkcs12.serialize_key_and_certificates(b"k", rsa, None, None, locked)
    yield "keys/server.p12", p12, "key"
    noise = base64.b64encode(random.randbytes(300)).decode()
    pgp = f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{noise}\n-----END PGP PRIVATE KEY BLOCK-----\n"
    yield "keys/secret.asc", pgp.encode(), "key"
    putty = f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n{noise}\n"
    yield "keys/login.ppk", putty.encode(), "key"
    age = "AGE-SECRET-KEY-1" + "".join(
        random.choice("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L") for _ in range(58)
    )
    yield "keys/age.txt", f"# created: 2024-05-01\n{age}\n".encode(), "key"
    yield "keys/in-notes.txt", b"for later:\n\n" + pkcs8 + b"\nthat was it\n", "key"
    yield "keys/config.json", json.dumps({"key": pkcs8.decode()}).encode(), "key"
    yield "keys/home/identity.json", IDENTITY.read_bytes(), "key"
    yield "keys/backup.zip", zip_bytes({"home/identity.json": IDENTITY.read_bytes()}), "key"
    yield "keys/old.gz", gzip_bytes(pkcs8), "key"
    yield "keys/passphrase.txt", b"correct horse battery staple\n", "passphrase"
    yield "keys/readme.txt", b"The password is: Tr0ub4dor&3 - do not lose it\n", "passphrase"
    yield "keys/app.env", b"DB_HOST=db\nDB_PASSWORD=x9!kQ2zzPw\n", "passphrase"
    yield "both/sx-0a1b2c3d4e5f.sxfer.zip", BUNDLE.read_bytes(), "key-beside-bundle"
    yield "both/identity.json", IDENTITY.read_bytes(), "key"


def make_places(random: Random) -> Iterator[Planted]:
    """Where nobody looks, and names of files."""
    people = make_people(random, 12)
    table = csv_text(people_rows(people)).encode()
    yield "._people.csv", table, "name"
    yield ".Trash-1000/files/people.csv", table, "name"
    yield "$RECYCLE.BIN/S-1-5-21/$R1.csv", table, "name"
    yield "System Volume Information/store.csv", table, "name"
    yield ".hidden/.cache/x", table, "name"
    yield f"letters/{people[0].ni.replace(' ', '')}.txt", b"nothing\n", "file-name"
    yield f"letters/{people[1].email}.txt", b"nothing\n", "file-name"
    yield f"patients/{people[2].ni.replace(' ', '')}/scan.png", b"\x89PNG\r\n\x1a\n", "file-name"


def make_planted_texts(random: Random) -> Iterator[Planted]:
    yield from make_writings(random)
    yield from make_markup(random)
    yield from make_keys(random)
    yield from make_places(random)
