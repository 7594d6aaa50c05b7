"""LiteLLM's generic guardrail API (``POST /beta/litellm_basic_guardrail_api``), as of 1.81 to 1.109.

https://docs.litellm.ai/docs/adding_provider/generic_guardrail_api . A proxy can be configured to omit fields; fields of
an unexpected type are treated as omitted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import msgspec

from tocsin.call import UNKNOWN
from tocsin.detectors.base import ARGUMENTS, Subject
from tocsin.formats.texts import part_text, role_of, tool_calls
from tocsin.judge import RouteRules

PARTS_MOST: Final = 4_000
"""Number of message parts, from the first, whose author is looked up: reading that many takes some milliseconds."""

TEXTS_MOST: Final = 5_000
"""Number of texts or of tool calls above which none is read: that many exceed the guard's ``TEXT_MAX`` anyway."""


class Question(msgspec.Struct):
    """The fields of a request that are read."""

    input_type: Any = None
    litellm_call_id: Any = None
    texts: Any = None
    tool_calls: Any = None
    structured_messages: Any = None
    request_data: Any = None
    additional_provider_specific_params: Any = None
    model: Any = None

    @property
    def is_answer(self) -> bool:
        """True for text of a model; a streamed answer is sent repeatedly."""
        return bool(self.input_type != "request")

    @property
    def takes_texts(self) -> bool:
        """True if the response may contain replacements of the texts."""
        return isinstance(self.texts, str | list)

    @property
    def call_id(self) -> str | None:
        """The call id, as in the log."""
        return self.litellm_call_id if isinstance(self.litellm_call_id, str) else None

    @property
    def model_name(self) -> str:
        """The requested model."""
        return self.model if isinstance(self.model, str) and self.model else UNKNOWN

    @property
    def route(self) -> str:
        """The parameter ``route`` of the guardrail's configuration, else the team's alias, as in LiteLLM's log."""
        for source, name in (
            (self.additional_provider_specific_params, "route"), (self.request_data, "user_api_key_team_alias"),
        ):  # fmt: skip
            value = source.get(name) if isinstance(source, dict) else None
            if isinstance(value, str) and value:
                return value
        return UNKNOWN

    def subjects(self, rules: RouteRules) -> list[Subject]:
        """Return the texts to judge, in the order in which they are sent back."""
        route = self.route
        if isinstance(self.texts, list) and len(self.texts) > TEXTS_MOST:
            return [Subject("", route=route)] * TEXTS_MOST
        if self.is_answer:
            return [Subject(text, route=route, expect=rules.expect) for text in self._texts()]
        roles = self._roles()
        texts = self._texts() if self.takes_texts else list(roles)
        return [Subject(text, roles.get(text, "user"), route) for text in texts]

    def handed_over(self) -> list[Subject]:
        """Return the arguments of an answer's tool calls, which no response can change; in a request they are old."""
        told = self.tool_calls if isinstance(self.tool_calls, list) and self.is_answer else []
        if len(told) > TEXTS_MOST:  # too much to inspect, even if the first calls have no arguments
            return [Subject("", ARGUMENTS, self.route)] * TEXTS_MOST
        return [Subject(call.arguments, ARGUMENTS, self.route) for call in tool_calls(told) if call.arguments]

    def _texts(self) -> list[str]:
        if isinstance(self.texts, str):
            return [self.texts]
        return [text if isinstance(text, str) else "" for text in self.texts] if isinstance(self.texts, list) else []

    def _roles(self) -> dict[str, str]:
        """Return the author of each text of the conversation, one text per message part.

        ``system`` texts are the application's own, and no detector reads them; if another role sends the same text, it
        counts as that role's. Earlier answers may be forged: they count as the user's.
        """
        roles: dict[str, str] = {}
        for role, part in islice(self._parts(), PARTS_MOST if self.takes_texts else None):
            text = part_text([part])
            if text and roles.get(text, "system") == "system":
                roles[text] = role if role in ("system", "tool", "document") else "user"
        return roles

    def _parts(self) -> Iterator[tuple[str, Any]]:
        for message in self.structured_messages if isinstance(self.structured_messages, list) else ():
            if isinstance(message, dict):
                role, content = role_of(str(message.get("role"))), message.get("content")
                for part in content if isinstance(content, list) else [content]:
                    yield role, part


decode = msgspec.json.Decoder(Question).decode
