import babel.dates

from odoo import api, fields, models
from odoo.tools import babel_locale_parse, get_lang, posix_to_ldml, py_to_js_locale


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

    @api.model
    def _get_page_languages(self):
        """Return the installed languages, each called as its own readers call it.

        :return: ``{code: name}``
        :rtype: dict
        """
        installed = self._get_active_by("code")
        return {code: data.name.split("/")[-1].strip() for code, data in installed.items()}

    @api.model
    def _format_moment(self, moment):
        """Return a moment as the reader writes it, to the minute.

        What the widget `datetime` shows with `hide_seconds`, without reading the language, which
        Odoo keeps in its cache.

        :param datetime moment: in UTC
        :return: in the language and time zone of the context
        :rtype: str
        """
        lang = get_lang(self.env)
        locale = babel_locale_parse(lang.code)
        pattern = posix_to_ldml(f"{lang.date_format} {lang.time_format}", locale=locale)
        pattern = pattern.replace(":ss", "").replace(":s", "")
        moment = fields.Datetime.context_timestamp(self, moment)
        return babel.dates.format_datetime(moment, format=pattern, locale=locale)
