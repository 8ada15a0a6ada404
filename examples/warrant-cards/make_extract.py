"""Make the extract of this example: officers who do not exist, the same every time.

    python make_extract.py FILE [N_OFFICERS]

47,000 officers by default, with all that a personnel system has on them. Their photographs are
drawn into a folder `photos` beside FILE, with what cameras add: who took them, of whom, and where.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw
from PIL.ExifTags import GPS, Base

N_OFFICERS = 47_000
HEADER = (
    "pay_number",
    "forename",
    "surname",
    "rank",
    "station",
    "vetting_level",
    "photo",
    "card_number",
    "joined",
)
_FORENAMES = "Aisha Bryn Carla Duncan Elena Femi Gwen Harvey Ines Jonah Kezia Liam Mina".split()
_SURNAMES = "Ashdown Birch Cassidy Dunlop Ellwood Farooq Garside Holt Imrie Jessop Kaye".split()
_RANKS = ("Constable", "Constable", "Constable", "Sergeant", "Inspector", "Staff")
_STATIONS = ("North", "South", "Central", "Harbour", "Airport", "Headquarters")
_VETTING = ("RV", "MV", "CTC", "SC", "DV")


def draw_photo(path: Path, officer: str, chance: random.Random) -> None:
    """Draw a face of sorts, 413 by 531 pixels, as in a passport, and say too much about it."""
    size = (413, 531)
    skin = tuple(chance.randrange(120, 230) for _ in range(3))
    grain = Image.frombytes("RGB", (118, 152), chance.randbytes(118 * 152 * 3))
    image = grain.resize(size)
    pen = ImageDraw.Draw(image)
    pen.ellipse((90, 110, 320, 420), fill=skin)
    for x in (150, 240):
        pen.ellipse((x, 220, x + 26, 240), fill=(40, 40, 60))
    pen.arc((160, 300, 260, 370), 20, 160, fill=(120, 40, 40), width=6)
    tags = Image.Exif()
    tags[Base.ImageDescription] = officer
    tags[Base.Artist] = "Photographer of Example"
    tags.get_ifd(Base.GPSInfo).update(
        {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (51.0, 30.0, chance.random() * 60)}
    )
    image.save(path, "JPEG", quality=80, exif=tags, comment=officer.encode())


def make_extract(path: Path, n_officers: int = N_OFFICERS, *, draws: bool = False) -> int:
    """Write it, and the photographs if asked; returns the number of officers."""
    chance = random.Random(2023)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for number in range(1, n_officers + 1):
            forename, surname = chance.choice(_FORENAMES), chance.choice(_SURNAMES)
            if draws:
                photos = path.parent / "photos"
                photos.mkdir(exist_ok=True)
                name = photos / f"photo-{number:05}.jpg"
                draw_photo(name, f"{forename} {surname}", random.Random(number))
            writer.writerow(
                (
                    f"P{700_000 + number}",
                    forename,
                    surname,
                    chance.choice(_RANKS),
                    chance.choice(_STATIONS),
                    chance.choice(_VETTING),
                    f"photo-{number:05}.jpg",
                    f"WC-{number:06}",
                    chance.randrange(1990, 2023),
                )
            )
    return n_officers


def main() -> None:
    """From the command line."""
    n_officers = int(sys.argv[2]) if len(sys.argv) > 2 else N_OFFICERS
    sys.stdout.write(f"{make_extract(Path(sys.argv[1]), n_officers, draws=True):,} officers\n")


if __name__ == "__main__":
    main()
