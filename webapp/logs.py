"""What goes into the site's log."""

import logging
import re

MAX_LINE = 300
# Addresses that let in whoever knows them.
SECRET_LINK = re.compile(r"(/invitations/|/accounts/reset/[^/\s]+/)[^/\s]+")


class RefusedRequestFilter(logging.Filter):
    """One line for a request that Django refuses (an unknown host name, too many fields) in place
    of a traceback and a second line: scanners send thousands of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if record.name == "django.request" and getattr(record, "status_code", None) == 403:
            # A person's role was not enough: no fault of the site, and no traceback.
            record.exc_info = record.exc_text = None
        if not record.name.startswith("django.security."):
            return not (record.name == "django.request" and hasattr(request, "refused_before"))
        if request is not None:
            request.refused_before = True
        # What was sent is in it.
        line = " ".join(record.getMessage().split())
        record.msg, record.args = line[:MAX_LINE], ()
        record.exc_info = record.exc_text = None
        return True


class SecretLinkFilter(logging.Filter):
    """Invitations and links for a new password are not for those who read the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        if SECRET_LINK.search(line):
            record.msg, record.args = SECRET_LINK.sub(r"\1…", line), ()
        return True
