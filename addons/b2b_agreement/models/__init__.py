from . import (
    b2b_agreement,
    b2b_agreement_template,
    base_partner_merge,
    mail_mail,
    res_partner,
    res_users,
    sale_order,
)
