"""Work that may fail without stopping what it is a part of: a PDF, a mail of a scheduled action."""

import logging

from psycopg2 import OperationalError

from odoo import SUPERUSER_ID
from odoo.exceptions import ConcurrencyError

from .language import get_active_lang

_logger = logging.getLogger(__name__)


def try_pdf(documents, make):
    """Make a PDF that may be missing: what it is for goes on without it.

    The program that makes PDFs is not there, or breaks on a picture; the disk is full. A clash
    with another transaction is no such failure: it is raised, and all of it runs again.

    :param documents: records that the PDF is of
    :param make: function without arguments that makes the PDF, and stores it if need be
    :return: what `make` returned (None when it failed), and the error (None when it did not)
    """
    try:
        # A savepoint, since this goes on after a failure.
        with documents.env.cr.savepoint():
            return make(), None
    except (ConcurrencyError, OperationalError):
        raise
    except Exception as error:  # whatever a report, a picture or an addon may bring
        _logger.warning("No PDF of %s", documents, exc_info=True)
        return None, error


def try_to_mail(record, send, give_up):
    """Send a mail from a scheduled action; one that fails must not hold up the others.

    The seller is told about a failure: in the chatter, and by an activity.

    :param record: what the mail is about, with chatter, activities and a `user_id`
    :param send: method that makes the mail
    :param give_up: method that notes that it is not to be tried again
    """
    try:
        with record.env.cr.savepoint():
            send()
    except (ConcurrencyError, OperationalError):
        # Passes by itself: it is still due at the next run.
        _logger.info("The mail about %s goes out later", record.display_name, exc_info=True)
    except Exception as error:  # whatever a template, an address or an addon may bring
        _logger.exception("The mail about %s could not be sent", record.display_name)
        give_up()
        _tell_seller(record, error)


def try_in_parts(records, work, give_up):
    """Work on records in one go; if that fails, halve until the bad ones stand alone.

    A clash with another transaction is no fault of a record: it is raised, and all of it runs
    again.

    :param records: any number of records
    :param work: function of records, which may fail
    :param give_up: function of the one record on which it failed, and of the error
    :return: the records on which it did not fail
    """
    if not records:
        return records
    try:
        # A savepoint, so that nothing is half done.
        with records.env.cr.savepoint():
            work(records)
        return records
    except (ConcurrencyError, OperationalError):
        raise
    except Exception as error:  # whatever a record, a rule, a template or an addon may bring
        if len(records) == 1:
            give_up(records, error)
            return records.browse()
        half = len(records) // 2
        parts = records[:half], records[half:]
        return records.browse().union(*(try_in_parts(part, work, give_up) for part in parts))


def _tell_seller(record, error):
    seller = record.user_id
    told = record.with_context(lang=get_active_lang(record.env, seller.lang or record.env.lang))
    reason = told.env._("The mail could not be sent: %(reason)s", reason=str(error))
    told._message_log(body=reason)
    if may_be_told(record, seller) or seller.id == SUPERUSER_ID:
        told.activity_schedule(
            "mail.mail_activity_data_todo", user_id=seller.id, summary=reason[:200]
        )


def may_be_told(record, user):
    """Whether an activity about this record would be of use to this user.

    Not to one who has left, nor to one who reads no such records, or none of that company, (any
    more). A team leader who opens own orders only is told all the same.

    :param record: one record
    :param user: `res.users` record, may be empty
    :rtype: bool
    """
    if not user or not user.active or user.share:
        return False
    # sudo: which companies a colleague works for is not for everybody to read
    companies = user.sudo().company_ids
    company = record.company_id if "company_id" in record else companies
    return company <= companies and record.browse().with_user(user).has_access("read")
