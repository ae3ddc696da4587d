from odoo import models

from ..language import get_active_lang


class MailRenderMixin(models.AbstractModel):
    _inherit = "mail.render.mixin"

    def _render_lang(self, res_ids, engine="inline_template"):
        """Override of `mail` to fall back on the company's language.

        For one switched off since, and for customers without one: those that an import or another
        system has made. Not on that of whoever causes the e-mail, or of the mail queue.
        """
        rendered = super()._render_lang(res_ids, engine=engine)
        waited_for = self.render_model in self.env["mail.mail"]._get_retried_models()
        active = {code: self.env["res.lang"]._get_data(code=code) for code in {*rendered.values()}}
        if all(active[code] for code in active if code or waited_for):
            return rendered
        companies = (
            self.env[self.render_model]
            .browse(res_ids)
            ._mail_get_companies(default=self.env.company)
        )
        mixin = self.sudo()  # sudo: who causes the e-mail may work for another company
        return {
            res_id: get_active_lang(mixin.with_company(companies[res_id]).env, code)
            if code or waited_for
            else code
            for res_id, code in rendered.items()
        }
