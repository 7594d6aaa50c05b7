"""Whether an answer ends after it declines, or goes on to answer.

"I can only help with billing. Is there anything about your bill?" ends there; "I can only give you the figures up to
March: 2.1 million" and "The documents do not mention a deposit. The rent is 900 euros" are answers. The patterns are
for a normalised opening (lower case, plain apostrophes).
"""

from __future__ import annotations

import re
from typing import Final

_STOPS: Final = r"!?;:\n\u3002\uff01\uff1f\uff1b\uff1a\uff0c\u2013\u2014"
"""Full-width commas, too: Chinese and Japanese join sentences with them."""
_DECLINING: Final = r"(?:i|we|please|that|you|feel|let)\b"
_CONTINUES: Final = (
    rf"(?:but|though|yet|while|whereas|however) (?!(?:{_DECLINING}|if you|unfortunately))|because (?!i)|since (?!i)|although |which |so (?!(?:i|we)(?:'m|'re|'d| am| are| would)? (?:\w+ )?(?:can|not|un|suggest|recommend)|please|could|feel)"
    r"|and (?:the|it|he|she|they|therefore|so) |that (?:has|have|is|are|must|needs?) |aber |sondern |weil |deshalb |daher |also |pero |porque |así que |sino |mais |donc |(?<=, )(?:elles?|ils?|il) |car |mas |porque |ma |perché |quindi "
)
"""Words that continue a sentence with an answer."""
_HELPS: Final = (
    r"contact|check|try|ask|find|visit|reach|consult|rephrase|provide|upload|share|look|refer|want|wish|need|speak|talk|call|reword|search|also|e-?mail|clarify|still"
)
_CLOSING: Final = (
    rf"please (?!note\b)|but (?:feel|if you|i\b|you can)|[^.{_STOPS}]{{1,100}}[?\uff1f]\W*\Z|if (?:you|there)|is there|are (?:there|you)|in the meantime|(?:could|can|would|may|might|have|will) (?:you|i|we)\b|did you|how (?:can|may|else)|what (?:can|would|else|do you)|where would|which |let(?: me| us|'s (?:talk|chat|try|discuss|change|switch|stick|get back|return))|feel free|for (?:more|further|other|any|all|(?:that|this)(?! (?:reason|case|\w+ the))|help|questions|assistance|legal|medical|everything|details)"
    rf"|(?:i|we)(?:'m|'re| am| are|'d| would|'ll)? (?:\w+ly )?(?:(?:can|could) (?!tell you (?:from|that)|still|work|see|infer|read|say|calculate|conclude|deduce|assume|estimate)|cannot|can't|only|just|do not|don't|did not|didn't|not|un\w+|recommend|suggest|advise|apologi\w+|happy|glad|sorry|here|love|like|need|hope|appreciate|sure|was unable|was not|wasn't|designed|trained|an?)\b"
    rf"|(?:therefore|so|thus|as (?:such|a result)|hence),? (?:i|we|it|you|please|this|that|the (?:answer|question))\b"
    rf"|(?:unfortunately|sorry|instead|otherwise|perhaps|maybe|consider|contact|try|to (?:answer|get|find|learn|confirm|register)|i'll (?:create|open|forward|pass|connect|transfer)|thanks?\b|it is (?:not (?:possible|clear|specified|mentioned|stated|included|something|available)|im)|as an? |my (?:role|knowledge|purpose|expertise|scope|function|job|task|goal|sources|information|apologies|database))|you (?:(?:can|may|might|could|should|will|'ll)(?: want to| wish to| need to)? )?(?:{_HELPS})"
    r"|bitte|wenden sie|wende dich|(?:kann|können|darf|soll|möchten|haben|wie|womit|was) (?:ich|wir|sie|du|kann|können)|für (?:andere|alles|weitere)|gern|wenn sie|falls|leider|ich (?:kann|helfe|bin|habe)"
    r"|por favor|¿|si (?:tiene|quiere|necesit|desea|lo)|puedo|puede|para (?:otr|m[aá]s)|te recomiendo|le recomiendo|contact|consult|lo siento|no puedo|por lo tanto"
    r"|veuillez|n'h[eé]sitez|je (?:vous|ne|peux|suis)|vous pouvez|puis-je|pour (?:toute|plus|d')|avez-vous|si vous|merci|comment|désolé|souhaitez|pouvez"
    r"|posso|pode|se (?:tiver|precisar|quiser|hai|ha|vuole)|entre em|para (?:outr|mais)|em que|come posso|per (?:altr|favore)|contatt|vui lòng|bạn|xin"
    r"|请|請|如|您|你|有|若|建议|抱歉|对不起|很抱歉|可以|无法|我|お|ご|他|何|申し訳|恐れ|詳し|サポート|別|もう|それ以外|また|当|担当"
)
"""Beginnings of a next sentence that asks, offers or refers elsewhere."""
_ENDS: Final = re.compile(
    rf"(?:(?!(?<!\w)(?:{_CONTINUES}))(?:[^.{_STOPS}]|\.(?=\w)))*+(?:\Z|(?:[.{_STOPS}\s*\"')\]]|(?<=,) )++(?:\Z|{_CLOSING}))"
)


_DIGIT: Final = re.compile(r"\d")
_CONTACT: Final = re.compile(r"call|phone|dial|tel\b|hotline|https?:|www|@|visit|mail|between|anruf|rufen|llam|appel|电话|拨打|電話")
"""Contact details may contain digits; elsewhere digits are an answer."""


def ends(opening: str, at: int) -> bool:
    """Return whether a normalised opening has nothing after ``at`` but a farewell, a question or a referral."""
    match = _ENDS.match(opening, at)
    return match is not None and (not _DIGIT.search(opening, match.end()) or _CONTACT.search(opening, at) is not None)
