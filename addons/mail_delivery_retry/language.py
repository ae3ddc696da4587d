"""The language of what is told to a person, who may read one that is switched off by now."""


def get_active_lang(env, *codes):
    """Return the first of these languages that is in use, else the one to fall back on.

    Odoo lets a language be switched off that only archived contacts read, and refuses every
    ``with_context(lang=...)`` with it from then on.

    :param env: environment; its company's language is the one to fall back on
    :param str codes: languages in order of preference; empty ones are skipped
    :return: code of a language in use; False where there is none
    """
    # sudo: whoever asks; which languages there are, and the company's own, is no secret
    languages = env["res.lang"].sudo()
    codes = (*codes, env.company.sudo().partner_id.lang, env.context.get("lang"), "en_US")
    return next((code for code in codes if code and languages._get_data(code=code)), False)
