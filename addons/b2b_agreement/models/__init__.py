from . import (
    b2b_agreement,
    b2b_agreement_template,
    ir_attachment,
    mail_mail,
    res_partner,
    sale_order,
)
