import errno
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestFullDisk(TransactionCase):
    def test_what_did_not_fit_leaves_no_half_a_file(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(self.registry["ir.attachment"], "_filestore", lambda _self: folder.name)

        def write_half(path, mode):
            if mode == "rb":
                return Path(path).open(mode)
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        full = patch("odoo.addons.base.models.ir_attachment.open", write_half, create=True)
        values = {"name": "signature.png", "raw": b"a picture"}
        with full, self.assertRaises(OSError):
            self.env["ir.attachment"].create(values)
        # The same picture once more: no half a file of it is in the way.
        self.assertEqual(self.env["ir.attachment"].create(values).raw, b"a picture")
