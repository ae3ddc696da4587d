import json

SIGNED = 't-if="object.user_id.name"'
SIGNED_AT_WORK = 't-if="object._get_seller_at_work().name"'


def migrate(cr, version):
    """Have no e-mail about a status signed by a salesperson who has left.

    The template ships as `noupdate`, and copies of it were made: only this one expression is
    changed, as it was shipped. Signatures that were edited, and all other text, stay.

    :param version: the installed version
    """
    cr.execute(
        "SELECT id, body_html FROM mail_template WHERE body_html::text LIKE %s",
        ["%object.mailed_status_id%object.user_id.name%"],
    )
    for template_id, bodies in cr.fetchall():
        changed = {
            lang: body and body.replace(SIGNED, SIGNED_AT_WORK) for lang, body in bodies.items()
        }
        if changed != bodies:
            cr.execute(
                "UPDATE mail_template SET body_html = %s WHERE id = %s",
                [json.dumps(changed), template_id],
            )
