from . import mail_mail, mail_template, mail_thread
