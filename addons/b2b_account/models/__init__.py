from . import (
    b2b_member,
    b2b_registration,
    base_partner_merge_automatic_wizard,
    mail_mail,
    mail_template,
    res_company,
    res_config_settings,
    res_partner,
    sale_order,
)
