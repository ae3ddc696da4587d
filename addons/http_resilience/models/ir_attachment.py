from contextlib import suppress
from pathlib import Path

from odoo import api, models


class IrAttachment(models.Model):
    _inherit = "ir.attachment"

    @api.model
    def _file_write(self, bin_value, checksum):
        """Override of `base` to leave no broken file behind when the disk is full.

        Files are named by their content: the same signature, sent again when there is room,
        would be refused for ever as one that collides with the broken file.
        """
        try:
            return super()._file_write(bin_value, checksum)
        except OSError:
            path = Path(self._full_path(f"{checksum[:2]}/{checksum}"))
            with suppress(OSError):
                # Another request may have stored the same content meanwhile.
                if not self._same_content(bin_value, path):
                    path.unlink()
            raise
