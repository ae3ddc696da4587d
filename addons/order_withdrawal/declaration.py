"""What a customer declares, as a form brought it."""

import json
import re
from dataclasses import dataclass, field
from hashlib import sha256

from odoo.addons.order_status_flags.typed_text import clean_text

QUANTITY = re.compile(r"\d{1,9}([.,]\d{1,6})?")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# No mail server takes a longer address (RFC 5321, 4.5.3.1.3).
EMAIL_LENGTH = 254
LINE_FIELD = re.compile(r"line_(\d{1,9})")


@dataclass(slots=True)
class Declaration:
    """The fields of the form, cleaned; nothing that a customer wrote is left out.

    :ivar lines: ``{id of an order line: text as typed}``, empty texts left out
    :ivar form_token: a double click sends the same one twice
    """

    name: str = ""
    reference: str = ""
    email: str = ""
    reason: str = ""
    lines: dict = field(default_factory=dict)
    form_token: str = ""

    @classmethod
    def from_form(cls, params):
        """Return the declaration in the parameters of a request; files and the like are no text."""
        lines = {}
        for key, value in params.items():
            if (match := LINE_FIELD.fullmatch(key)) and (typed := clean_text(value, one_line=True)):
                lines[int(match[1])] = typed
        return cls(
            name=clean_text(params.get("name"), one_line=True),
            reference=clean_text(params.get("reference"), one_line=True),
            email=clean_text(params.get("email"), one_line=True),
            reason=clean_text(params.get("reason")),
            lines=lines,
            form_token=clean_text(params.get("form_token"), one_line=True)[:100],
        )

    def get_value(self, name):
        """Return what was typed into a field, for the form that is shown again."""
        return getattr(self, name)

    def get_missing(self):
        """Return the names of the fields that the law lets us ask for and that are not there."""
        missing = [name for name in ("name", "reference", "email") if not getattr(self, name)]
        if len(self.email) > EMAIL_LENGTH or (self.email and not EMAIL.fullmatch(self.email)):
            missing.append("email")
        return missing

    def get_quantities(self, known_ids):
        """Return the quantities of the lines of this order, and the lines whose text is none.

        :param known_ids: ids of the lines that can be withdrawn from
        Nothing but zeros is not understood either: it is no statement about the whole order.

        :return: ``({line id: quantity above zero}, [ids of the lines that are not understood])``
        """
        quantities, unclear, zeros = {}, [], []
        for line_id, typed in self.lines.items():
            if line_id not in known_ids:
                continue
            if not QUANTITY.fullmatch(typed):
                unclear.append(line_id)
            elif quantity := float(typed.replace(",", ".")):
                quantities[line_id] = quantity
            else:
                zeros.append(line_id)
        return quantities, unclear if quantities else unclear + zeros


def get_hash(statement):
    """Return the fingerprint of a statement: SHA-256 of its text in UTF-8, in hexadecimal."""
    return sha256(statement.encode()).hexdigest()


def get_submission_key(form_token, statement, place):
    """Return the key that makes the same form, sent twice, one record; False without a token.

    The same token with other words is another statement: nothing is lost.
    """
    if not form_token:
        return False
    return sha256(json.dumps([form_token, statement, place]).encode()).hexdigest()


def get_canonical_email(email):
    """Return the address that several spellings mean: small letters, nothing behind a plus."""
    local, at, domain = email.strip().lower().rpartition("@")
    return f"{local.split('+')[0]}{at}{domain.rstrip('.')}"
