from . import (
    b2b_agreement,
    b2b_agreement_template,
    mail_mail,
    mail_template,
    res_partner,
    sale_order,
)
