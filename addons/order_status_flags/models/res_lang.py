from odoo import api, models
from odoo.tools import py_to_js_locale


class ResLang(models.Model):
    _inherit = "res.lang"

    @api.model
    def _get_html_attributes(self, code):
        """Return what a page or an e-mail of our own says about its language.

        :param str code: of an installed language, as Odoo writes it; empty means English
        :return: ``lang``, a tag by BCP 47 (``pl-PL``), and ``dir`` (``ltr`` or ``rtl``)
        :rtype: dict
        """
        code = code or "en_US"
        direction = self._get_data(code=code).direction
        return {"lang": py_to_js_locale(code), "dir": direction or "ltr"}
