"""What goes into the site's log."""

import logging

LONGEST = 300


class BadHostFilter(logging.Filter):
    """One line for a request under a name that is not ours, in place of a traceback and a second
    line: scanners send thousands of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if record.name != "django.security.DisallowedHost":
            return not getattr(request, "has_bad_host", False)
        if request is not None:
            request.has_bad_host = True
        record.msg, record.args = record.getMessage()[:LONGEST], ()
        record.exc_info = None
        return True
