"""Writings and tables as people make them, thought of after everything else was in place."""

from __future__ import annotations

from collections.abc import Iterator

from tests.drives.planted_tables import Planted

_KEY = "A" * 64 + "\n"
_FILES = {
    "initials.csv": ("name", "Title,Initials,Surname,Ward\nMr,J,Abercrombie,3\nMrs,L,Quayle,4\n"),
    "users.csv": (
        "name",
        "Service User,Key Worker,Risk\nPercival Thistlewood,Dana Holt,high\n"
        "Agnes Mwangi,Dana Holt,low\nLiam Ferreira,Dana Holt,low\n",
    ),
    "turned.csv": (
        "name",
        "emp_no;name;grade\n1001;Kowalczyk, Anna;B2\n1002;Obi, Chidi;B3\n1003;Lind, Maja;B3\n",
    ),
    "complaint.txt": (
        "name",
        "Subject: complaint\n\nMs Adaeze Nwosu of Flat 4, 12 Marsh Road, Luton LU3 2QJ called.\n",
    ),
    "call.txt": ("phone", "Note: John Pettigrew rang from 01274 496012 about his mother.\n"),
    "created.log": ("email", '10:01 INFO user created {"email": "t.brennan@gmail.com", "id": 5}\n'),
    "fhir.json": (
        "nhs",
        '{"patients":[{"nhsNumber":"9434765919","given":["Ann"],"family":"Tran"}]}',
    ),
    "fhir.xml": (
        "birth",
        '<?xml version="1.0"?><Patient><name><family value="Tran"/><given value="Ann"/></name>'
        '<birthDate value="1956-02-03"/></Patient>',
    ),
    "form.html": (
        "birth",
        "<table><tr><td>Name:</td><td>Rhiannon Pugh</td></tr>"
        "<tr><td>DOB:</td><td>12/04/1971</td></tr></table>",
    ),
    "capitals.txt": (
        "name",
        "SMITH JOHN 12MAR1965 LS1 4AP\nJONES MARY 03APR1971 LS2 9JT\n"
        "PATEL ANITA 30DEC1980 BD1 1AA\n",
    ),
    "births.csv": ("birth", "id,dob\n1,1965-03-12\n2,1971-04-03\n"),
    "police.csv": (
        "email",
        "ref,officer_email,hours\n1,j.holt@westshire.police.uk,3\n2,d.patel@westshire.police.uk,4\n",
    ),
    "referral.txt": (
        "birth",
        "Dear Dr Okoro,\nRe: Mrs Edna Rowbotham, d.o.b. 3.4.1938, 7 Beech Close, Kendal\n",
    ),
    "dump.sql": (
        "birth",
        "COPY people (id, forename, surname, dob) FROM stdin;\n"
        "1\tMargaret\tHartley\t1965-03-12\n2\tOmar\tSaid\t1971-04-03\n\\.\n",
    ),
    "cells.csv": ("prison", "prisoner,cell\nA1234BC,3\nA2345CD,4\nA3456DE,9\n"),
    "warrants.csv": ("name", "warrant_no,rank,first name,last name\n123,PC,Dean,Holt\n"),
    "locked.pem": (
        "key",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A0B\n\n"
        + _KEY * 8
        + "-----END RSA PRIVATE KEY-----\n",
    ),
    "app.ini": ("passphrase", "[db]\nuser=app\npassword=Gr33n!Tree99\n"),
    "bundle.txt": ("passphrase", "Bundle password: kX9vQ2_mR7wL4tYpZ8sN1aB6cD3eF5gH0jK-uVxWyzA\n"),
    "list.yaml": ("birth", "people:\n  - name: Rhiannon Pugh\n    born: 1971-04-12\n"),
    "electors.csv": (
        "name",
        "Voter,Elector Surname,Elector Forename,PostCode\n1,Tomkins,Gwen,CF1 1AA\n",
    ),
}


def make_planted_others() -> Iterator[Planted]:
    for name, (kind, text) in _FILES.items():
        yield f"others/{name}", text.encode(), kind
