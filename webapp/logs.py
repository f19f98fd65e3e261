"""What goes into the site's log."""

import logging

LONGEST = 300


class RefusedRequestFilter(logging.Filter):
    """One line for a request that Django refuses (an unknown host name, too many fields) in place
    of a traceback and a second line: scanners send thousands of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if not record.name.startswith("django.security."):
            return not (record.name == "django.request" and hasattr(request, "refused_before"))
        if request is not None:
            request.refused_before = True
        # What was sent stands in it.
        line = " ".join(record.getMessage().split())
        record.msg, record.args = line[:LONGEST], ()
        record.exc_info = record.exc_text = None
        return True
