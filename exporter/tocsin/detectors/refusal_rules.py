"""Patterns of refusal that hold in any dataset's words: what the linear model, fitted on five models, does not know.

All are tried on a normalised opening (lower case, plain apostrophes), behind Hyperscan cues: with ``re`` alone they
would take a quarter of a millisecond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_I: Final = r"\bi(?:'m| am)? (?:(?:really|simply|just|also|therefore|unfortunately|sadly|afraid(?: that)?(?: i)?) ){0,2}"
_CANNOT: Final = (
    r"(?:can't|cannot|can not|won't|will not|unable to|not able to|not going to|not willing to|not allowed to|not permitted to"
    r"|(?:must|have to|need to|will(?: have to)?) (?:decline|refuse)(?: to)?|refuse to|decline to|(?:won't|will not) be able to"
    r"|(?:do not|don't) feel (?:\w+ )?comfortable(?: with)?|(?:am |'m )?not comfortable(?: with)?|(?:would not|wouldn't) be comfortable(?: with)?|(?:would|'d) rather not|(?:am )?programmed not to)(?! (?:wait|imagine|believe|stress|lie)\b)"
)
_HELP: Final = (
    r"(?:(?:help|assist|compl|fulfil|provid|support|answer|writ|creat|generat|giv|discuss|engag|participat|continu|shar|explain"
    r"|condon|promot|offer|accommodat|proceed|produc|respond|argu|encourag|endors|facilitat|grant|honou?r)(?!\w* (?:but|for everyone|with certainty))|go into"
    r"|do (?:that|this|so)\b|talk about)"
)
_WRONG: Final = (
    r"(?:illegal|unethical|inappropriate|irresponsible|unlawful|immoral|harmful|dangerous|disrespectful|cruel|criminal|wrong"
    r"|a crime|against the law|not (?:okay|ok|acceptable|appropriate|ethical|right))"
)

ENGLISH: Final = re.compile(
    rf"{_I}{_CANNOT}(?: \w+){{0,3}}? ?{_HELP}"
    rf"|\bi(?:'d| would) rather not\b|\bi (?:must|have to|need to|will|'ll) (?:respectfully |politely )?(?:decline|refuse)\b(?! (?:the (?!request)|an? |to use))"
    rf"|\b(?:is|'s|are)(?:n't| not) (?:something|a topic|a request|content) (?:that )?(?:i|we)(?:'m| am| can| will| could|'re| are)\b"
    rf"|^(?:\W*(?:sorry|no|nope)\W+)?(?:that(?:'s| is)|this is) (?:something|a topic) (?:that )?(?:i|we) (?:can't|cannot|won't|will not)\b"
    rf"|\b(?:goes|is|it's|would be|are|be) against (?:my|our|the|openai's|its)(?: \w+){{0,2}} (?:guidelines|polic|principles|programming|values|rules|ethics)"
    rf"|\b(?:my|our) (?:guidelines|programming|polic\w+|principles|values|training) (?:do not|don't|does not|doesn't|won't|prevents?|prohibits?|forbids?)"
    rf"|\b(?:your|this|that|the) (?:request|question|prompt) (?:(?:violates|goes against|is against) (?:my|our|the)(?: \w+){{0,2}} (?:polic|guideline|terms|rules|safety|law)|involves (?:illegal|harmful|violen))"
    rf"|\bit (?:would|could) be (?:\w+ )?{_WRONG} (?:(?:of|for) (?:me|us) )?to {_HELP}"
    rf"|\b(?:doing (?:so|that)|(?:providing|creating|writing|giving|sharing|generating)(?: \w+){{1,4}}) (?:would|could) be (?:\w+ )?{_WRONG}(?=[.,;!]| and|$)"
    rf"|\bwe(?:'re| are)? (?:unable to|can't|cannot|not able to) (?:help|assist|process|fulfil|comply|support|accommodate|provide (?:this|that|such)|answer (?:this|that))"
    rf"|\bi(?:'ll| will)?(?: have to)? pass on (?:this|that)|\bhave to say no\b|\bi(?:'m| am) declining\b|^\W*sorry,? but no\b|\bi (?:won't|will not) be (?:a )?part of"
    rf"|\bi (?:won't|will not|can't|cannot)[.!]|\bi (?:do not|don't) (?:generate|create|produce|engage in|condone|assist with|help with|participate in)\b"
    rf"|\bi (?:can't|cannot|could not|couldn't) in good conscience\b|\bprogrammed to be (?:\w+ (?:and \w+ )?)?(?:harmless|safe|ethical|respectful)"
    rf"|^\W*(?:absolutely not|certainly not|definitely not|no way|nope|no)\b[.,!:;][^\"]{{0,100}}\b{_WRONG}\b"
    rf"|^\W*(?:nope|no|sorry),? (?:i )?(?:can't|cannot|won't) (?:do|help|answer|give|write|tell)\b"
)
"""A refusal in English."""

ELSEWHERE: Final = re.compile(
    # German, Dutch, Scandinavian
    r"\b(?:kann|können|darf|dürfen|werde|möchte) (?:ich|wir|dir|ihnen|dabei|diese|leider|dazu|das|hierbei)\b.{0,70}?\b(?:nicht|keine?n?)\b.{0,50}?"
    r"\b(?:helfen|weiterhelfen|unterstützen|beantworten|erfüllen|bereitstellen|geben|erstellen|nachkommen|anbieten|schreiben)"
    r"|\bich (?:kann|darf|werde|möchte)\b.{0,70}?\b(?:nicht|keine?n?)\b.{0,50}?"
    r"\b(?:helfen|weiterhelfen|unterstützen|beantworten|erfüllen|bereitstellen|geben|erstellen|nachkommen|anbieten|schreiben)"
    r"|\b(?:ik (?:kan|mag|zal)|(?:kan|mag|zal) ik)\b.{0,50}?\b(?:niet|geen)\b.{0,40}?\b(?:help|assist|voldoen|geven|verstrekken|beantwoord|schrijven)"
    r"|\b(?:jag|jeg) (?:kan|får|vil) .{0,30}?\b(?:inte|ikke)\b.{0,30}?\b(?:hjälp|hjelp|hjælp|bistå|tillhandahåll|svara|svare|gi\b|give\b|ge\b)"
    r"|\bkan (?:jag|jeg) .{0,20}?\b(?:inte|ikke)\b.{0,30}?\b(?:hjälp|hjelp|hjælp|bistå|svara|svare|gi\b|give\b|ge\b)"
    # Spanish, Portuguese, French, Italian, Romanian
    r"|\bno (?:puedo|podemos|podré|voy a|me es posible|estoy en condiciones de|soy capaz de)(?: \w+){0,2}? "
    r"(?:ayud|proporcion|cumpl|asist|facilit|dar|ofrec|gener|escrib|respond|complac|particip|crear|apoyar|brindar)"
    r"|\bnão (?:posso|podemos|consigo|vou|poderei)(?: \w+){0,2}? (?:ajud|fornec|cumpr|atend|ger|escrev|dar|particip|oferec|auxili|respond|cri)"
    r"|\bje ne (?:peux|suis|vais|pourrai)\b.{0,40}?\b(?:aider|fournir|répondre|assister|donner|créer|écrire|accéder à (?:cette|votre)|satisfaire|générer)"
    r"|\bnon (?:posso|possiamo|sono in grado di|potrò)(?: \w+){0,2}? ?(?:aiut|forni|assist|rispond|soddisf|gener|scriv|dare|offr|esaud|crea)"
    r"|\bnu (?:pot|vă pot|te pot|putem)(?: \w+){0,2}? ?(?:ajut|ofer|furniz|răspund)"
    r"|gegen meine (?:richtlinien|programmierung|grundsätze)|\bdas kann ich nicht tun\b|contra (?:mis|minhas|as minhas) (?:directrices|normas|principios|diretrizes|regras)"
    r"|\bje refuse de\b|\bil m'est impossible de\b|contraire à mes (?:principes|directives|règles)"
    # Slavic
    r"|\bnie (?:mogę|możemy|jestem w stanie)(?: \w+){0,3}? ?(?:pomóc|udzieli|spełni|dostarcz|odpowied|napisa)"
    r"|\b(?:nemohu|nemůžu|nemůžeme|nemôžem)(?: \w+){0,3}? ?(?:pomoc|pomôc|poskytn|vyhov|odpov)"
    r"|(?:н|Н)е (?:могу|можем|смогу|буду|можу|можемо|зможу)(?: \w+){0,3}? ?(?:помо|предостав|выполн|ответ|напис|дать|обсужд|допомо|надат|викон|відпов)"
    # Turkish, Greek, Hungarian, Finnish
    r"|\b(?:yardımcı olam|yardım edem|yerine getirem|sağlayam|cevap verem|yanıtlayam)"
    r"|(?:δ|Δ)εν μπορώ να (?:\w+ )?(?:βοηθ|παρέχ|παράσχ|απαντ|δώσ|εκπληρ)"
    r"|\bnem (?:tudok|tudom|segíthetek|áll módomban)\b.{0,40}?(?:segít|teljesít|válaszol)"
    r"|\ben (?:voi|pysty|pystyisi) (?:\w+ ){0,2}?(?:autta|anta|tarjo|vasta|kirjoitta)"
    # Chinese, Japanese, Korean
    r"|(?:我|抱歉|对不起|對不起|很遗憾|很遺憾).{0,12}?(?:无法|無法|不能|不可以|没办法|不会).{0,12}?(?:提供|协助|協助|帮助|幫助|帮忙|回答|满足|滿足|完成|生成|处理|讨论)"
    r"|(?:応え|答え|手伝い|提供|対応|協力|支援|案内|生成|お助け)(?:する(?:こと)?)?(?:は|が|を)?(?:でき(?:ません|かねます|ない)|いたしかねます|しかねます)"
    r"|(?:도와|제공|답변|응할|수행|작성|드릴|해 ?줄)\S{0,6} ?\S{0,2} ?수(?:는|가)? ?(?:없|가 없)"
    # Arabic, Hebrew, Hindi, Vietnamese, Indonesian, Thai
    r"|(?:لا|لن) (?:أستطيع|يمكنني|أقدر|يمكننا|أتمكن).{0,16}?(?:مساعد|تقديم|إجابة|تلبية|توفير|كتابة)"
    r"|לא (?:אוכל|יכול|יכולה|ניתן)(?: \w+){0,2}? ?(?:לעזור|לסייע|לספק|לענות)"
    r"|(?:मदद|सहायता|जानकारी|अनुरोध)\S{0,4}(?: \S{1,12}){0,3}? (?:नहीं (?:कर|दे)|असमर्थ|पूरा नहीं)"
    r"|(?:tôi|xin lỗi).{0,20}?không thể.{0,20}?(?:giúp|hỗ trợ|cung cấp|đáp ứng|trả lời)"
    r"|\b(?:tidak (?:bisa|dapat|boleh)|tak (?:bisa|dapat))(?: \w+){0,2}? (?:membantu|memberi|memenuhi|menyediakan|menjawab)"
    r"|ไม่สามารถ.{0,12}?(?:ช่วย|ให้|ตอบ|สนับสนุน)"
)
"""A refusal in another language: that one cannot or will not, and a verb of helping."""

_CUE_ENGLISH: Final = (
    r"pass on th|have to say no|declining|but no\b|be (?:a )?part of|(?:won.{1,3}t|will not|can.{1,3}t|cannot)[.!]|\bi (?:do not|don.{1,3}t) (?:g|cre|pro|eng|con|ass|hel|par)|"
    r"\b(?:i|we)\b.{0,24}(?:can.{1,3}t|cannot|can not|won.{1,3}t|will not|unable to|not able to|not going to|not willing to|not allowed to|not permitted to|decline|refuse|comfortable|rather not|programmed not to|not be able to)"
    r".{0,24}(?:help|assist|compl|fulfil|provid|support|answer|writ|creat|generat|giv|discuss|engag|participat|continu|shar|explain|condon|promot|offer|accommodat|proceed|produc|respond|argu|encourag|endors|facilitat|grant|hono|process|go into|do (?:that|this|so)|talk about)"
    r"|\bi.{0,12}(?:rather not|decline|refuse)|not (?:something|a topic|a request|content) |n.{1,3}t (?:something|a topic|a request|content) |(?:s|is) (?:something|a topic) "
    r"|against (?:m|o|the o|its)|\b(?:my|our) (?:g|pro|pol|pri|v|t)\w{2,14} (?:d|w|pre|pro|f)|(?:request|question|prompt) (?:v|goes a|is a|inv)|(?:would|could) be (?:[a-z]+ )?(?:il|une|ina|irr|unl|imm|harmf|dang|disr|cru|crim|wro|a crime|aga|not )"
    r"|in good con|programmed to be|^[\W\x80-\xff]*(?:absolutely not|certainly not|definitely not|no way|nope|no|sorry)\b"
)
_CUE_ELSEWHERE: Final = (
    r"gegen meine|contra (?:mi|as)|je refuse|il m.{1,3}est imp|contraire à mes|"
    r"(?:kann|können|darf|dürfen|werde|möchte) (?:ich|wir|dir|ihnen|dabei|diese|leider|dazu|das|hierbei)|\bich (?:kann|darf|werde|möchte)"
    r"|\bik (?:kan|mag|zal)|(?:kan|mag|zal) ik|j[ae]g (?:kan|får|vil)|kan j[ae]g|\bno (?:puedo|podemos|podré|voy a|me es|estoy en|soy capaz)"
    r"|não (?:posso|podemos|consigo|vou|poderei)|\bje ne (?:peux|suis|vais|pourrai)|\bnon (?:poss|sono in|potrò)|\bnu (?:pot|vă|te|putem)"
    r"|\bnie (?:mogę|możemy|jestem)|nemohu|nemůž|nemôž|е (?:мог|мож|смо|бу|змо)|yardımcı olam|yardım edem|yerine getirem|sağlayam|cevap verem|yanıtlayam"
    r"|εν μπορώ|\bnem (?:tud|seg|áll)|\ben (?:voi|pysty)|无法|無法|不能|不可以|没办法|不会|ません|ねます|きない|없|(?:لا|لن) (?:أ|ي)|לא (?:א|י|נ)"
    r"|नहीं|असमर्थ|không thể|\bt(?:id)?ak (?:bisa|dapat|boleh)|ไม่สามารถ"
)
CUES: Final = (_CUE_ENGLISH, _CUE_ELSEWHERE)
"""What stands, over UTF-8, in each opening that the first or the second pattern is to be tried on."""
_LATEST: Final = 140
"""Characters of an answer after which it has begun to say something."""
_QUOTES: Final = '"“”«»'


def refuses(opening: str, cues: Iterable[int] = range(len(CUES))) -> int:
    """Where a refusal begins in a normalised opening; -1 where there is none, or somebody is quoted with it.

    ``cues`` are the places in ``CUES`` of those that the opening holds.
    """
    for cue in cues:
        match = (ENGLISH, ELSEWHERE)[cue].search(opening)
        if match is not None and match.start() <= _LATEST and sum(map(opening[: match.start()].count, _QUOTES)) % 2 == 0:
            return match.start()
    return -1
