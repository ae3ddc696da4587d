from . import ir_http, mail_mail, mail_template, mail_thread
