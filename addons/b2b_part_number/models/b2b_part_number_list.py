from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.order_status_flags.table_csv import TableError

from ..part_number_file import MAX_ROWS, parse_file


class B2bPartNumberList(models.TransientModel):  # pylint: disable=no-wizard-in-models
    """A file of part numbers that a buyer uploaded, until its rows are kept.

    As with a quick order, nothing of it is checked: each page reads it anew.
    """

    _name = "b2b.part.number.list"
    _inherit = "b2b.quick.order.list"
    _description = "Uploaded List of Part Numbers"

    def _parse_numbers(self):
        """Read the file.

        :rtype: PartNumberFile
        :raise UserError: when it is refused as a whole
        """
        name, content = self._get_upload()
        known = self.env["customer.product.reference"]._get_own_header()[-1]
        try:
            return parse_file(name, content, known)
        except TableError as error:
            raise UserError(self._get_refusal(error.code)) from error

    @api.model
    def _get_refusal(self, code):
        """Return the words for a file that is refused as a whole.

        :param str code: of a `TableError`
        :rtype: str
        """
        if code == "no_columns":
            return self.env._(
                "It is not certain which column is what. Please name the columns in the first row:"
                " “sku” and “part number”. Nothing was read."
            )
        if code == "too_many_rows":
            return self.env._(
                "The list is too long: at most %(maximum)s rows. Nothing was read.",
                maximum=MAX_ROWS,
            )
        return self.env["b2b.quick.order"]._get_refusal_message(code)
