from odoo import models


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    def _log_missing_pdf(self, error):
        """Tell in these documents that an automatic e-mail goes out without its PDF.

        :param Exception error: why the PDF cannot be made, see `try_pdf`
        """
        for document in self:
            seller = document.user_id if "user_id" in document else self.env["res.users"]
            document = document.with_context(lang=seller.lang or self.env.lang)
            document._message_log(
                body=document.env._(
                    "This document was e-mailed without its PDF, which could not be made:"
                    " %(reason)s",
                    reason=str(error),
                )
            )
