from odoo import models

from ..language import get_active_lang


class MailRenderMixin(models.AbstractModel):
    _inherit = "mail.render.mixin"

    def _render_lang(self, res_ids, engine="inline_template"):
        """Override of `mail` to fall back on the company's language for one switched off since."""
        rendered = super()._render_lang(res_ids, engine=engine)
        active = {code: self.env["res.lang"]._get_data(code=code) for code in {*rendered.values()}}
        if all(active[code] for code in active if code):
            return rendered
        companies = (
            self.env[self.render_model]
            .browse(res_ids)
            ._mail_get_companies(default=self.env.company)
        )
        return {
            res_id: get_active_lang(self.with_company(companies[res_id]).env, code)
            if code
            else code
            for res_id, code in rendered.items()
        }
