"""Signed agreements: without one the B2B shop is closed."""

from odoo import fields

SIGNATURE = (  # a PNG of one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def sign_agreement(env, partner, pricelist):
    """Return an agreement in force, signed by a contact for his company."""
    agreement = env["b2b.agreement"].create(
        {
            "partner_id": partner.commercial_partner_id.id,
            "pricelist_id": pricelist.id,
            "date_start": fields.Date.today(),
            "body": "<p>Terms</p>",
            "state": "sent",
        }
    )
    agreement._sign(partner.name, SIGNATURE, partner)
    return agreement
