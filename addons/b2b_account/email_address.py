"""Read the one e-mail address that somebody types into a form."""

from odoo.tools import email_normalize


def read_email(text):
    """Return the address of a typed text, normalized.

    Odoo reads an address out of a longer text. That is no guess to make about who gets a login:
    `jan kowalski@example.com` would invite whoever has `kowalski@example.com`.

    :param str text: as typed
    :return: '' when it is no address, several, or one with something before it
    :rtype: str
    """
    address = (text or "").strip().rpartition("<")[2].removesuffix(">")
    return (len(address.split()) == 1 and email_normalize(text)) or ""
