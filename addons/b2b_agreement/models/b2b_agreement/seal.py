import base64
import hashlib
import json
import logging

from odoo import api, fields, models
from odoo.exceptions import UserError

_logger = logging.getLogger(__name__)

# The key to signed fields. An object and no flag, so that no RPC call can bring it along.
SEAL = object()


class B2bAgreement(models.Model):
    """The seal: what a signature closes, and how a later change is noticed.

    The *statement* of an agreement is all that its page states: text, terms and parties. Its hash
    is in the link by which the customer signs, so nobody signs what was not shown. The signing
    keeps the statement with the signature and hashes both, and the PDF.
    """

    _inherit = "b2b.agreement"

    # What the page states; after the signature nobody changes it.
    STATED_FIELDS = frozenset(
        {
            "body",
            "company_id",
            "date_end",
            "date_start",
            "minimum_order_amount",
            "name",
            "partner_id",
            "payment_term_id",
            "po_number_required",
            "pricelist_id",
        }
    )
    # Written by the signing, and by nothing else.
    SIGNATURE_FIELDS = frozenset(
        {
            "pdf_attachment_id",
            "pdf_hash",
            "signature",
            "signed_body_hash",
            "signed_by",
            "signed_hash",
            "signed_on",
            "signed_partner_id",
            "signed_statement",
        }
    )
    # Fields that not even trusted code changes in passing.
    SIGNED_FIELDS = SIGNATURE_FIELDS | {"body", "company_id", "partner_id"}

    signed_statement = fields.Text(
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="Text, terms, parties and signature as they were signed.",
    )
    signed_hash = fields.Char(
        string="Seal",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="SHA-256 of what was signed: text, terms, parties and signature.",
    )
    pdf_hash = fields.Char(
        string="Hash of the PDF",
        readonly=True,
        copy=False,
        groups="base.group_user",
        help="SHA-256 of the PDF that was kept at the signature.",
    )

    # === WHO MAY WRITE WHAT === #

    def _is_trusted(self):
        """Return whether code writes: the signing, data files, scheduled actions.

        :rtype: bool
        """
        return self.env.su or self.env.context.get("b2b_agreement_seal") is SEAL

    def _brings_first_pdf(self, vals):
        """Return whether trusted code brings the PDF of signed agreements that have none yet.

        :param dict vals: values about to be written
        :rtype: bool
        """
        return (
            self.env.su
            and vals.keys() == {"pdf_attachment_id"}
            and bool(vals["pdf_attachment_id"])
            and not self.pdf_attachment_id
        )

    def _keep_first_pdf(self, attachment_id):
        content = self.env["ir.attachment"].browse(attachment_id).raw or b""
        return self.with_context(b2b_agreement_seal=SEAL).write(
            {"pdf_attachment_id": attachment_id, "pdf_hash": self._hash(content)}
        )

    def _check_signed_fields(self, vals):
        """Refuse to alter what was signed, or to sign but by a signature.

        :param dict vals: values about to be written
        :raise UserError: see `write`
        """
        if self.env.context.get("b2b_agreement_seal") is SEAL:
            return
        closed = self.filtered(lambda agreement: agreement.state in ("signed", "terminated"))
        fixed = (
            self.SIGNED_FIELDS if self._is_trusted() else self.SIGNED_FIELDS | self.STATED_FIELDS
        )
        if closed._get_changed(fixed & vals.keys(), vals):
            raise UserError(
                self.env._(
                    "%(agreement)s is signed: its text, terms, parties and signature cannot be"
                    " changed. Renew it, or make a new agreement.",
                    agreement=closed[0].name,
                )
            )
        closed._check_state_of_signed(vals)
        if not self._is_trusted():
            changed = self._get_changed(self.SIGNATURE_FIELDS & vals.keys(), vals)
            same = self.SIGNATURE_FIELDS - changed
            self._check_unsigned({name: vals[name] for name in vals.keys() - same})

    def _get_changed(self, names, vals):
        """Return which of these fields a value would change in one of these agreements.

        Only for an import what is written matters: an export that comes back as it is changes
        nothing. Files are changed by every value.

        :param set names: of fields
        :param dict vals: values about to be written
        :rtype: set
        """
        # Of Odoo's own import. Whoever sets it from outside writes what is there, and no more.
        if "_import_current_module" not in self.env.context:
            return names if self else set()
        # sudo: what is there counts, whether the user reads the field or not
        found = set()
        for agreement in self.sudo():
            for name in names - found:
                field = agreement._fields[name]
                old, new = (
                    field.convert_to_cache(value, agreement, validate=False)
                    for value in (agreement[name], vals[name])
                )
                if field.type == "binary" or new != old:
                    found.add(name)
        return found

    def _check_state_of_signed(self, vals):
        """Refuse to take back a signature or a termination.

        :param dict vals: values about to be written
        :raise UserError: when the state would go back
        """
        allowed = {"signed": ("signed", "terminated"), "terminated": ("terminated",)}
        if "state" in vals and any(vals["state"] not in allowed[rec.state] for rec in self):
            raise UserError(
                self.env._(
                    "%(agreement)s is signed or terminated, its state cannot go back.",
                    agreement=self[0].name,
                )
            )

    def _check_unsigned(self, vals):
        """Refuse users to sign in the customer's name.

        :param dict vals: values about to be written
        :raise UserError: when they are of a signature, or would end what was not sent
        """
        unsigned = self.filtered(lambda agreement: agreement.state not in ("signed", "terminated"))
        is_signing = vals.get("state") == "signed" and (unsigned or not self)
        if is_signing or any(vals.get(name) for name in self.SIGNATURE_FIELDS | {"terminated_on"}):
            raise UserError(
                self.env._(
                    "An agreement is signed by the customer, in the portal. Send it to the"
                    " customer."
                )
            )
        if vals.get("state") == "terminated":
            unsigned._check_terminable()

    def _check_made_by_user(self):
        """Refuse users to make agreements that are signed already.

        Asked after the creation: values may come as defaults from the context, too.

        :raise UserError: when one is signed, terminated, or not ready to be sent
        """
        # sudo: fields of the signature may be hidden from the user
        for agreement in self.sudo():
            values = {name: agreement[name] for name in self.SIGNATURE_FIELDS}
            if agreement.state in ("signed", "terminated"):
                values["state"] = "signed"
            self.browse()._check_unsigned(values)
        self.filtered(lambda agreement: agreement.state == "sent")._check_sendable()

    # === STATEMENT === #

    def _get_statement(self):
        """Return what the page states, for hashes: the same in every language and for everyone.

        :return: `terms` (values and ids) and `names` (as they are today)
        :rtype: dict
        """
        self.ensure_one()
        # sudo: customers cannot read lists and terms of payment, but the page shows them
        agreement = self.sudo().with_context(lang=None)
        parties = {
            "customer": agreement.partner_id,
            "payment_terms": agreement.payment_term_id,
            "pricelist": agreement.pricelist_id,
            "seller": agreement.company_id,
        }
        return {
            "terms": {
                "currency": agreement.currency_id.name or "",
                "date_end": fields.Date.to_string(agreement.date_end) or "",
                "date_start": fields.Date.to_string(agreement.date_start) or "",
                "minimum_order_amount": agreement.minimum_order_amount,
                "number": agreement.name or "",
                "po_number_required": agreement.po_number_required,
                "text": agreement._get_body_hash(),
                **{name: record.id for name, record in parties.items()},
            },
            "names": {name: record.name or "" for name, record in parties.items()},
        }

    def _get_statement_hash(self):
        """Return the SHA-256 of all that the page states: text, terms and parties.

        :return: 64 hexadecimal digits
        :rtype: str
        """
        return self._hash(self._to_json(self._get_statement()))

    def _get_signature_values(self):
        """Return who signed, when and how, for the hash of the seal.

        :rtype: dict
        """
        self.ensure_one()
        # sudo: who was logged in is hidden from customers. The picture itself, not its size.
        agreement = self.sudo().with_context(bin_size=False)
        picture = base64.b64decode(agreement.signature or b"")
        return {
            "by": agreement.signed_by or "",
            "contact": agreement.signed_partner_id.id,
            "on": fields.Datetime.to_string(agreement.signed_on) or "",
            "picture": hashlib.sha256(picture).hexdigest() if picture else "",
        }

    @staticmethod
    def _to_json(values):
        return json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True)

    @staticmethod
    def _hash(content):
        content = content.encode() if isinstance(content, str) else content
        return hashlib.sha256(content).hexdigest()

    # === SEAL === #

    def _seal(self):
        """Keep what was signed: the statement, the signature, and the hashes of both.

        A time of signature that trusted code has given stays.
        """
        if not self:
            return
        self.flush_recordset()
        # Read back, so that the hashes are of what is stored, to the letter.
        self.invalidate_recordset()
        for agreement in self.with_context(b2b_agreement_seal=SEAL):
            agreement.signed_on = agreement.signed_on or fields.Datetime.now()
            statement = agreement._get_sealed_statement()
            agreement.write(
                {
                    "signed_body_hash": agreement._get_body_hash(),
                    "signed_statement": statement,
                    "signed_hash": self._hash(statement),
                }
            )

    def _get_sealed_statement(self):
        """Return what is sealed: the statement with the signature, as one text.

        :rtype: str
        """
        self.ensure_one()
        return self._to_json({**self._get_statement(), "signature": self._get_signature_values()})

    def _is_intact(self):
        """Return whether text, terms, parties, signature and PDF are those that were signed.

        Names may change: a customer moves or is renamed, the text says who signed.

        :rtype: bool
        """
        self.ensure_one()
        agreement = self.sudo()  # the seal is hidden from customers, its outcome is not
        if agreement.signed_body_hash != agreement._get_body_hash():
            return False
        if agreement.pdf_attachment_id and not agreement._get_kept_pdf():
            return False
        statement = agreement.signed_statement
        if not statement:  # signed before statements were kept
            return True
        if agreement.signed_hash != self._hash(statement):
            return False
        signed = json.loads(statement)
        terms = agreement._get_statement()["terms"]
        if not agreement.partner_id.browse(signed["terms"]["customer"]).exists():
            # The customer was merged into another record of the same company.
            terms["customer"] = signed["terms"]["customer"]
        return signed["terms"] == terms and signed["signature"] == agreement._get_signature_values()

    # === PDF === #

    def _store_pdf(self):
        """Make the PDF and keep it, with its hash."""
        content, kind = self._render_pdf()
        attachment = self.env["ir.attachment"].create(
            {
                "name": f"{self.name.replace('/', '-')}.{kind}",
                "raw": content,
                "res_model": self._name,
                "res_id": self.id,
            }
        )
        self.with_context(b2b_agreement_seal=SEAL).write(
            {"pdf_attachment_id": attachment.id, "pdf_hash": self._hash(content)}
        )

    def _get_kept_pdf(self):
        """Return the kept PDF, if it is the one that was kept at the signature.

        :return: the file; empty when there is none, or another one lies in its place
        :rtype: bytes
        """
        self.ensure_one()
        # sudo: customers do not read attachments by themselves. The file itself, not its size.
        agreement = self.sudo().with_context(bin_size=False)
        attachment = agreement.pdf_attachment_id
        if not attachment:
            return b""
        is_own = attachment.res_model == self._name and attachment.res_id == self.id
        content = (attachment.raw or b"") if is_own else b""
        if not content or self._hash(content) != agreement.pdf_hash:
            if agreement.pdf_hash:  # else it is not sealed yet: an update of 19.0.1 is under way
                _logger.warning("The kept PDF of agreement %s is not the signed one", self.name)
            return b""
        return content

    @api.model
    def _seal_former(self):
        """Seal agreements that were signed before seals were kept; called at installation."""
        former = self.search(
            [("state", "in", ("signed", "terminated")), ("signed_body_hash", "!=", False)]
        )
        for agreement in former.with_context(b2b_agreement_seal=SEAL):
            attachment = agreement.pdf_attachment_id
            if attachment.res_model == self._name and attachment.res_id == agreement.id:
                agreement.pdf_hash = self._hash(attachment.raw or b"")
            if agreement.is_body_intact and not agreement.signed_statement:
                statement = agreement._get_sealed_statement()
                agreement.write(
                    {"signed_statement": statement, "signed_hash": self._hash(statement)}
                )
