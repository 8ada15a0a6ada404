"""Say what a photograph tells beside its pixels: `python look.py FILE`."""

from __future__ import annotations

import sys

from PIL import Image
from PIL.ExifTags import GPS, Base

with Image.open(sys.argv[1]) as image:
    exif = image.getexif()
    place = exif.get_ifd(Base.GPSInfo)
    print(f"size: {image.width} x {image.height}")
    print(f"description: {exif.get(Base.ImageDescription, 'none')}")
    print(f"artist: {exif.get(Base.Artist, 'none')}")
    print(f"position: {'yes' if GPS.GPSLatitude in place else 'none'}")
