from odoo import api, models
from odoo.exceptions import UserError

# What an attachment is, and whose; the rest (a thumbnail, a token of access) may change.
CONTENT_FIELDS = frozenset(
    {
        "checksum",
        "company_id",
        "datas",
        "db_datas",
        "mimetype",
        "name",
        "public",
        "raw",
        "res_field",
        "res_id",
        "res_model",
        "store_fname",
        "type",
        "url",
    }
)


class IrAttachment(models.Model):
    """The PDF and the signature of a signed agreement are evidence: nobody exchanges them."""

    _inherit = "ir.attachment"

    @api.model_create_multi
    def create(self, vals_list):
        """Override of `base` to put no other picture in the place of a signature.

        :raise UserError: when a user tries to
        """
        attachments = super().create(vals_list)
        if not self.env.su:
            attachments._check_b2b_evidence()
        return attachments

    def write(self, vals):
        """Override of `base` to keep the files of signed agreements as they are.

        :raise UserError: when a user changes one, or moves another file to its place
        """
        is_change = not self.env.su and CONTENT_FIELDS & vals.keys()
        if is_change:
            # Whoever may not write hears that first; the refusal below names the agreement.
            self.check_access("write")
            self._check_b2b_evidence()
        res = super().write(vals)
        if is_change and {"res_field", "res_id", "res_model"} & vals.keys():
            self._check_b2b_evidence()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_except_b2b_evidence(self):
        """Refuse to delete the files of signed agreements.

        The chatter deletes in sudo mode; fields delete their picture so too, after the agreement's
        own check.

        :raise UserError: when one is such a file
        """
        files = self.filtered(lambda file: not file.res_field) if self.env.su else self
        files._check_b2b_evidence()

    def _check_b2b_evidence(self):
        """Refuse to touch what belongs to a signed agreement.

        :raise UserError: naming the agreement
        """
        # sudo: whoever tries may not read the agreement
        own = self.sudo().filtered(lambda file: file.res_model == "b2b.agreement")
        if not own:
            return
        agreements = self.env["b2b.agreement"].sudo().browse(own.mapped("res_id")).exists()
        for agreement in agreements:
            if agreement.state not in ("signed", "terminated"):
                continue
            files = own.filtered(lambda file, res_id=agreement.id: file.res_id == res_id)
            if agreement.pdf_attachment_id in files or "signature" in files.mapped("res_field"):
                raise UserError(
                    self.env._(
                        "%(agreement)s is signed: its PDF and its signature are kept as they are.",
                        agreement=agreement.name,
                    )
                )
