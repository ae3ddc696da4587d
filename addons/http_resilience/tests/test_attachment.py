import errno
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestAttachment(TransactionCase):
    """A disk that is full; tests/faults does it with a real one."""

    def test_no_broken_file_stays_behind(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(self.registry["ir.attachment"], "_filestore", lambda _self: folder.name)

        def write_half(path, mode):
            if mode == "rb":
                return Path(path).open(mode)
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        full = patch("odoo.addons.base.models.ir_attachment.open", write_half, create=True)
        values = {"name": "Signature", "raw": b"A signature that takes room."}
        with full, self.assertRaises(OSError):
            self.env["ir.attachment"].create(values)
        # The same content once more: no half a file of it is in the way.
        stored = self.env["ir.attachment"].create(values)
        stored.invalidate_recordset()
        self.assertEqual(stored.raw, values["raw"])
