"""A LiteLLM callback that appends each call to a file, one ``StandardLoggingPayload`` a line.

The file holds prompts and answers: protect it as you protect those. It is opened for each call, so rotation by renaming
works, and a line is one write, so several workers may share it.
"""

import json
import os

from litellm.integrations.custom_logger import CustomLogger

PATH = os.environ.get("LITELLM_CALL_LOG", "/var/log/litellm/requests.jsonl")


class FileLog(CustomLogger):
    """Logs successes and failures, streams included."""

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):  # noqa: ARG002 - LiteLLM's names
        """Log an answer."""
        _append(kwargs)

    async def async_log_failure_event(self, kwargs, response_obj, start_time, end_time):  # noqa: ARG002 - as above
        """Log a call that failed."""
        _append(kwargs)


def _append(kwargs):
    payload = kwargs.get("standard_logging_object")
    if payload is not None:
        file = os.open(PATH, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(file, json.dumps(payload, default=str).encode() + b"\n")
        finally:
            os.close(file)


log = FileLog()
