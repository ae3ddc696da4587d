import json

SHIPPED = (
    "The pro-forma is attached.",
    "Proformę przesyłamy w załączniku.",
    "Predračun je v priponki.",
)
WHERE_IT_IS = "<t t-if=\"ctx.get('b2b_proforma_attached')\">{}</t>"


def migrate(cr, version):
    """Have the e-mail of a pro-forma say that its PDF is attached only where it is.

    The template ships as `noupdate`: this one sentence is changed where it is as it was shipped, in
    each language. All other text stays.

    :param version: the installed version
    """
    cr.execute(
        """
        SELECT template.id, template.body_html
          FROM mail_template template
          JOIN ir_model_data data ON data.res_id = template.id
         WHERE data.model = 'mail.template'
           AND data.module = 'b2b_portal'
           AND data.name = 'mail_template_b2b_proforma'
        """
    )
    for template_id, bodies in cr.fetchall():
        changed = {lang: body and _change(body) for lang, body in (bodies or {}).items()}
        if changed != (bodies or {}):
            cr.execute(
                "UPDATE mail_template SET body_html = %s WHERE id = %s",
                [json.dumps(changed), template_id],
            )


def _change(body):
    if "b2b_proforma_attached" in body:
        return body
    for sentence in SHIPPED:
        body = body.replace(sentence, WHERE_IT_IS.format(sentence))
    return body
