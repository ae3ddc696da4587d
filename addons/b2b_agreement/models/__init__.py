from . import (
    b2b_agreement,
    b2b_agreement_template,
    base_partner_merge_automatic_wizard,
    ir_attachment,
    mail_mail,
    mail_template,
    product_pricelist,
    res_partner,
    res_users,
    sale_order,
)
