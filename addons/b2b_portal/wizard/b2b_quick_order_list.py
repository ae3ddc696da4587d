import base64

from odoo import api, fields, models

# So many lists of a buyer are kept: Back in the browser leads to them.
KEPT = 3


class B2bQuickOrderList(models.TransientModel):
    """What a buyer typed, pasted or uploaded, until it is in the cart.

    Nothing of it is checked: each page reads it anew. Only its buyer reaches it.
    """

    _name = "b2b.quick.order.list"
    _description = "List of a B2B Quick Order"
    _transient_max_hours = 24.0

    cells = fields.Json(string="Typed rows")
    text = fields.Text(string="Pasted rows")
    filename = fields.Char()
    content = fields.Binary(string="Uploaded file", attachment=False)
    refusal = fields.Char(help="Code of the parser for an upload that was not kept.")
    was_added = fields.Boolean(string="Added to a cart or template")
    added_key = fields.Char(
        string="Page key", help="Key of the page that added it last: a page does so once."
    )

    @api.model
    def _keep(self, cells, text, upload=None, refusal=""):
        """Keep a list of the current user, and forget his older ones.

        :param list cells: typed rows, lists of text
        :param str text: pasted rows
        :param tuple upload: name and content of a file
        :param str refusal: why an upload is not kept
        :return: the list, in sudo mode
        """
        name, content = upload or ("", b"")
        # sudo: portal users have no rights on lists; the search below finds their own
        kept = self.sudo().create(
            {
                "cells": cells,
                "text": text.replace("\x00", ""),
                "filename": name.replace("\x00", ""),
                "content": base64.b64encode(content),
                "refusal": refusal,
            }
        )
        self._get_own()[KEPT:].unlink()
        return kept

    @api.model
    def _get_own(self, list_id=None):
        """Return lists of the current user in sudo mode, the newest first.

        :param int list_id: only this one; another user's is not found
        """
        domain = [("create_uid", "=", self.env.uid)]
        if list_id is not None:
            domain.append(("id", "=", list_id))
        # sudo: see `_keep`
        return self.sudo().search(domain, order="id desc")

    def _parse(self, choices=None):
        """Read the list.

        :param dict choices: see `b2b.quick.order`
        :rtype: ParsedRows
        :raise UserError: when it is refused as a whole
        """
        upload = self._get_upload()
        return self.env["b2b.quick.order"]._parse(
            self.cells or (), self.text or "", upload, choices
        )

    def _get_page_key(self):
        """Return what a page sends along that adds the list: the next number of its additions.

        :rtype: str
        """
        last = (self.added_key or "").partition("|")[0]
        return str((int(last) if last.isdecimal() else 0) + 1)

    def _get_upload(self):
        content = base64.b64decode(self.content or b"")
        return (self.filename or "", content) if content or self.filename else None
