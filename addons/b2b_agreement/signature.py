"""What counts as a signature: a picture with something drawn on it, and a name on one line."""

import base64
import binascii
import io
import warnings

from PIL import Image, ImageChops

NAME_MAX_LENGTH = 200
# Odoo's signature form draws a PNG; who signs by another client may send a photo.
ENDS = {"PNG": b"IEND\xaeB`\x82", "JPEG": b"\xff\xd9"}
FORMATS = tuple(ENDS)
MAX_BASE64 = 4 * 1024 * 1024
MAX_PIXELS = 16_000_000
# Paper on a photo is not quite white.
PAPER = 240


def read_name(name):
    """Return the name of a person on one line, without invisible characters.

    :param name: as the client sent it
    :return: the name, empty when it is none: dots and dashes alone name nobody
    :rtype: str
    """
    if not isinstance(name, str) or not any(char.isalpha() for char in name):
        return ""
    # Line breaks become spaces; marks that turn the reading direction and the like are dropped.
    return " ".join("".join(c for c in " ".join(name.split()) if c.isprintable()).split())


def is_signature(signature):
    """Return whether a text is a picture in base64 on which something is drawn.

    :param signature: as the client sent it
    :rtype: bool
    """
    if isinstance(signature, bytes):
        signature = signature.decode("ascii", "replace")
    if not isinstance(signature, str) or not 0 < len(signature) <= MAX_BASE64:
        return False
    try:
        content = base64.b64decode(signature, validate=True)
        with warnings.catch_warnings():
            # A few bytes may unfold to gigabytes; Pillow only warns of that.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _is_whole(content) and _has_ink(content)
    except (binascii.Error, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    except Image.DecompressionBombWarning:
        return False


def _is_whole(content):
    """Return whether a picture reaches to its end: Odoo lets Pillow fill up what is missing.

    :param bytes content: the file
    :rtype: bool
    """
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            return False
        picture.verify()
        return content.rstrip(b"\0").endswith(ENDS[picture.format])


def _has_ink(content):
    """Return whether a picture shows more than an empty sheet, white or transparent.

    :param bytes content: the file
    :rtype: bool
    """
    with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
        drawn = picture.convert("RGBA")
    # On white paper, so that what is transparent does not count, whatever its colour.
    sheet = Image.new("RGBA", drawn.size, "white")
    red, green, blue = Image.alpha_composite(sheet, drawn).convert("RGB").split()
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    return darkest.getextrema()[0] < PAPER
