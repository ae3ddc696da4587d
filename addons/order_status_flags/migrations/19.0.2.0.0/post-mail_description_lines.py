import json

SHOWN = "t-out=\"object.mailed_status_id.description or ''\""
IN_LINES = f"{SHOWN} t-options=\"{{'widget': 'text'}}\""


def migrate(cr, version):
    """Keep the line breaks of a status's description in the e-mails that show it.

    The template ships as `noupdate`, and copies of it were made: only this one expression is
    changed, wherever it stands, and whatever else was edited stays.

    :param version: the installed version
    """
    cr.execute(
        "SELECT id, body_html FROM mail_template WHERE body_html::text LIKE %s",
        ["%object.mailed_status_id.description or%"],
    )
    for template_id, bodies in cr.fetchall():
        changed = {
            lang: body.replace(IN_LINES, SHOWN).replace(SHOWN, IN_LINES)
            for lang, body in bodies.items()
        }
        if changed != bodies:
            cr.execute(
                "UPDATE mail_template SET body_html = %s WHERE id = %s",
                [json.dumps(changed), template_id],
            )
