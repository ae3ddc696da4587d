TEMPLATE = "mail_template_agreement_reminder_seller"
SHIPPED = "{{ object.user_id.lang }}"
OF_THE_READER = "{{ ctx.get('b2b_reader_lang') or object.user_id.lang }}"


def migrate(cr, version):
    """Have sellers reminded in the language of the one who is reminded.

    The template ships as `noupdate`: it is changed where it is as it was shipped.

    :param version: the installed version
    """
    cr.execute(
        """
        UPDATE mail_template
           SET lang = %s
          FROM ir_model_data data
         WHERE data.module = 'b2b_agreement'
           AND data.name = %s
           AND data.model = 'mail.template'
           AND data.res_id = mail_template.id
           AND mail_template.lang = %s
        """,
        [OF_THE_READER, TEMPLATE, SHIPPED],
    )
