"""Patterns of refusal in any model's words, unlike the linear model, which was fitted on five models.

They are for a normalised opening (lower case, plain apostrophes), behind Hyperscan cues: with ``re`` alone they would
take a quarter of a millisecond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from tocsin.detectors.closing import ends

_I: Final = r"\bi(?:'m| am)? (?:(?:really|simply|just|also|therefore|unfortunately|sadly|afraid(?: that)?(?: i)?) ){0,2}"
_CANNOT: Final = (
    r"(?:can't|cannot|can not|won't|will not|unable to|not able to|not going to|not willing to|not allowed to|not permitted to|not authori[sz]ed to|not at liberty to|not in a position to"
    r"|(?:must|have to|need to|will(?: have to)?) (?:decline|refuse)(?: to)?|refuse to|decline to|(?:won't|will not) be able to"
    r"|(?:do not|don't) feel (?:\w+ )?comfortable(?: with)?|(?:am |'m )?not comfortable(?: with)?|(?:would not|wouldn't) be comfortable(?: with)?|(?:would|'d) rather not|(?:am )?programmed not to)(?! (?:wait|imagine|believe|stress|lie)\b)"
)
_HELP: Final = (
    r"(?:(?:help|assist|compl|fulfil|provid|support|answer|writ|creat|generat|giv|discuss|engag|participat|continu|shar|explain"
    r"|condon|promot|offer|accommodat|proceed|produc|respond|argu|encourag|endors|facilitat|grant|honou?r|disclos|reveal|divulg)(?!\w* (?:but|for everyone|with certainty))|go into"
    r"|do (?:that|this|so)\b|talk about|(?:walk|guide|talk) (?:you|anyone|someone|users) through|(?:tell|show|teach) (?:you|anyone|someone) how\b|(?:advise(?! (?:strongly|enough|highly))|get into|pretend to be an?|comment on(?! (?:line|code)s?)|take (?:a |any )?(?:sides?|position|stance))\b"
    r"|recommend (?:how|(?:a |any )?(?:ways?|methods?)) (?:to|of|for)\b)"
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
    rf"|\bmy (?:guidelines|programming|polic\w+|principles|values|training) (?:do not|don't|does not|doesn't|won't|prevents?|prohibits?|forbids?)"
    rf"|\b(?:this|that|it) (?:violates|breaches) my(?: \w+){{0,2}} (?:polic|guideline|terms of)"
    rf"|^\W*(?:(?:sorry|no)\W+)?(?:this|that|it) (?:violates|breaches) (?:our (?:\w+ )?(?:polic|guideline)|(?:our|the) terms of (?:service|use)\b)"
    rf"|\b(?:your|this|that|the) (?:request|question|prompt) (?:(?:violates|goes against|is against) (?:my|our|the)(?: \w+){{0,2}} (?:polic|guideline|terms|rules|safety|law)|involves (?:illegal|harmful|violen))"
    rf"|\bit (?:would|could) be (?:\w+ )?{_WRONG} (?:(?:of|for) (?:me|us) to\b|to {_HELP})"
    rf"|\b(?:doing (?:so|that)|(?:providing|creating|writing|giving|sharing|generating)(?: \w+){{1,4}}) (?:would|could) be (?:\w+ )?{_WRONG}(?=[.,;!]| and|$)"
    rf"|\bwe(?:'re| are)? (?:unable to|can't|cannot|not able to) (?:help|assist|process (?:this|that|your|such|requests?\b)|fulfil|comply|support|accommodate|provide (?:this|that|such)|answer (?:this|that))"
    rf"|\bi(?:'ll| will)?(?: have to)? pass on (?:this|that|\w+ing)\b|\b(?:i|we)(?:'m|'re|'ll| am| are| will| would)?(?: \w+)? (?:have|going) to say no\b|\bi(?:'m| am|'ve been| have been| was) (?:programmed|instructed|designed|trained) (?:not to|to (?:avoid|refrain))\b|\bi(?:'ve| have) been told not to\b|\bi would never (?:encourag|promot|help|assist|advis)|\bi(?:'m| am) declining\b|\b(?:request|one|thing) i(?:'m going to| have to| must|'ll| will) (?:turn down|decline|refuse|pass on)|^\W*sorry,? (?:but no\b|no[.!]\W*\Z)|\bi (?:won't|will not) be (?:a )?part of"
    rf"|\bi (?:won't|will not|can't|cannot)[.!]|\bi (?:do not|don't) (?:generate|create|produce|engage in|condone|assist with|help with|participate in)\b"
    rf"|\bi (?:can't|cannot|could not|couldn't),? in (?:all )?good conscience\b|\bprogrammed to be (?:\w+ (?:and \w+ )?)?(?:harmless|safe|ethical|respectful)"
    rf"|^\W*(?:absolutely not|certainly not|definitely not|no way|nope|no)\b[.,!:;][^\"]{{0,100}}\b{_WRONG}\b"
    rf"|\bno way (?:that )?i(?:'m| am|'ll| will|'d| would|'d be| would be)? (?:going to |ever )?{_HELP}|\bnot possible for (?:me|us) to {_HELP}"
    rf"|^\W*(?:can't|cannot|won't) (?:help|assist) (?:you|with)\b"
    rf"|^\W*(?:nope|no|sorry)\W+(?:i )?(?:can't|cannot|won't) (?:do|help|answer|give|write|tell|share|discuss)\b"
)
"""Verbs of refusal in English."""

ELSEWHERE: Final = re.compile(
    # German, Dutch, Scandinavian
    r"\b(?:kann|können|darf|dürfen|werde|möchte) (?:ich|wir|dir|ihnen|dabei|diese|leider|dazu|das|hierbei)\b(?:(?!\bdass\b)[^.;!?]){0,70}?\b(?:nicht|keine?n?)\b[^.;!?]{0,50}?"
    r"\b(?:helfen|weiterhelfen|unterstützen|beantworten|erfüllen|bereitstellen|geben|erstellen|nachkommen|anbieten|schreiben|verfassen|mitteilen|verraten|preisgeben|weitergeben)"
    r"|\bich (?:kann|darf|werde|möchte)\b(?:(?!\bdass\b)[^.;!?]){0,70}?\b(?:nicht|keine?n?)\b[^.;!?]{0,50}?"
    r"\b(?:helfen|weiterhelfen|unterstützen|beantworten|erfüllen|bereitstellen|geben|erstellen|nachkommen|anbieten|schreiben|verfassen|mitteilen|verraten|preisgeben|weitergeben)"
    r"|\b(?:ik (?:kan|mag|zal)|(?:kan|mag|zal) ik)\b.{0,50}?\b(?:niet|geen)\b.{0,40}?\b(?:help|assist|voldoen|geven|verstrekken|beantwoord|schrijven)"
    r"|\b(?:jag|jeg) (?:kan|får|vil) .{0,30}?\b(?:inte|ikke)\b.{0,30}?\b(?:hjälp|hjelp|hjælp|bistå|tillhandahåll|svara|svare|gi\b|give\b|ge\b)"
    r"|\bkan (?:jag|jeg) .{0,20}?\b(?:inte|ikke)\b.{0,30}?\b(?:hjälp|hjelp|hjælp|bistå|svara|svare|gi\b|give\b|ge\b)"
    # Spanish, Portuguese, French, Italian, Romanian
    r"|\bno (?:puedo|podemos|podré|voy a|me es posible|estoy en condiciones de|soy capaz de)(?: \w+){0,2}? "
    r"(?:ayud|proporcion|cumpl|asist|facilit|dar|ofrec|gener|escrib|respond|complac|particip|crear|apoyar|brindar|redact|revel|divulg|compart\w+ (?:es[aeto]|est[aeo]|informaci|datos|detalles|contenido|ning))"
    r"|\bnão (?:posso|podemos|consigo|vou|poderei)(?: \w+){0,2}? (?:ajud|fornec|cumpr|atend|ger|escrev|dar|particip|oferec|auxili|respond|cri|redig|revel|divulg|compartilh\w+ (?:ess|est|isso|isto|informa|dados|detalhes|conte))"
    r"|\bje ne (?:peux|suis|vais|pourrai)\b(?! que\b).{0,40}?\b(?:aider|fournir|répondre|assister|donner|créer|écrire|rédiger|divulguer|communiquer|partager (?:ce|de|d'|vo)|révéler|accéder à (?:cette|votre)|satisfaire|générer)"
    r"|\bnon (?:posso|possiamo|sono in grado di|potrò)(?: \w+){0,2}? ?(?:aiut|forni|assist|rispond|soddisf|gener|scriv|dare|offr|esaud|crea|redig|rivel|divulg|condivid\w+ (?:quest|quell|informa|dati|dettagli|contenut|le inf))"
    r"|\bnu (?:pot|vă pot|te pot|putem)(?: \w+){0,2}? ?(?:ajut|ofer|furniz|răspund)"
    r"|gegen meine (?:richtlinien|programmierung|grundsätze)|\bdas kann ich nicht tun\b|contra (?:mis|minhas|as minhas) (?:directrices|normas|principios|diretrizes|regras)"
    r"|\bje refuse de\b|\bil m'est impossible de\b|contraire à mes (?:principes|directives|règles)"
    # Slavic
    r"|\bnie (?:mogę|możemy|jestem w stanie)(?: \w+){0,3}? ?(?:pomóc|udzieli|poda|udostępni|ujawni|spełni|dostarcz|odpowied|napisa)"
    r"|\b(?:nemohu|nemůžu|nemůžeme|nemôžem)(?: \w+){0,3}? ?(?:pomoc|pomôc|poskytn|vyhov|odpov)"
    r"|(?:н|Н)е (?:могу|можем|смогу|буду|можу|можемо|зможу)(?: \w+){0,3}? ?(?:помо|предостав|выполн|ответ|напис|дать|обсужд|допомо|надат|викон|відпов)"
    # Turkish, Greek, Hungarian, Finnish
    r"|\b(?:yardımcı olam|yardım edem|yerine getirem|sağlayam|cevap verem|yanıtlayam)"
    r"|(?:δ|Δ)εν μπορώ να (?:\w+ )?(?:βοηθ|παρέχ|παράσχ|απαντ|δώσ|εκπληρ)"
    r"|\bnem (?:tudok|tudom|segíthetek|áll módomban)\b.{0,40}?(?:segít|teljesít|válaszol)"
    r"|\ben (?:voi|pysty|pystyisi) (?:\w+ ){0,2}?(?:autta|anta|tarjo|vasta|kirjoitta)"
    # Chinese, Japanese, Korean
    r"|(?:我|抱歉|对不起|對不起|很遗憾|很遺憾).{0,12}?(?:无法|無法|不能|不可以|没办法|不会).{0,12}?(?:提供|协助|協助|帮助|幫助|帮忙|回答|满足|滿足|完成|生成|处理|讨论|透露|告诉您|告诉你(?!错)|告訴您|分享(?:这|此|该|任何|个人|信息|相关)|编写|撰写)"
    r"|(?:応え|答え|手伝い|手助け|提供|対応|協力|支援|案内|生成|お助け|お?伝え|お?教え|開示|作成)(?:する(?:こと)?)?(?:は|が|を)?(?:でき(?:ません|かねます|ない)|いたしかねます|しかねます)"
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
    r"(?:request|one|thing) i(?:.{1,3}m going to| have to| must|.{1,3}ll| will) (?:turn|dec|ref|pass)|pass on (?:th|\w+ing)|(?:have|going) to say no|(?:programmed|instructed|designed|trained|told) (?:not to|to (?:avoid|refrain))|i would never |declining|but no\b|be (?:a )?part of|(?:won.{1,3}t|will not|can.{1,3}t|cannot)[.!]|\bi (?:do not|don.{1,3}t) (?:g|cre|pro|eng|con|ass|hel|par)|"
    r"\b(?:i|we)\b.{0,24}(?:can.{1,3}t|cannot|can not|won.{1,3}t|will not|unable to|not able to|not going to|not willing to|not allowed to|not permitted to|not authori[sz]ed to|not at liberty to|not in a position to|decline|refuse|comfortable|rather not|programmed not to|not be able to)"
    r".{0,24}(?:help|assist|compl|fulfil|provid|support|answer|writ|creat|generat|giv|discuss|engag|participat|continu|shar|explain|condon|promot|offer|accommodat|proceed|produc|respond|argu|encourag|endors|facilitat|grant|hono|disclos|reveal|divulg|process|go into|do (?:that|this|so)|talk about|through|how\b|recommend|advise|get into|pretend|comment|take )"
    r"|\bi.{0,12}(?:rather not|decline|refuse)|not (?:something|a topic|a request|content) |n.{1,3}t (?:something|a topic|a request|content) |(?:s|is) (?:something|a topic) "
    r"|against (?:m|o|the o|its)|\b(?:my|our) (?:g|pro|pol|pri|v|t)\w{2,14} (?:d|w|pre|pro|f)|(?:request|question|prompt) (?:v|goes a|is a|inv)|(?:this|that|it) (?:violates|breaches) |(?:would|could) be (?:[a-z]+ )?(?:il|une|ina|irr|unl|imm|harmf|dang|disr|cru|crim|wro|a crime|aga|not )"
    r"|in (?:all )?good con|programmed to be|no way (?:that )?i\b|possible for (?:me|us)|^[\W\x80-\xff]*(?:can.{1,3}t|cannot|won.{1,3}t) (?:help|assist)|^[\W\x80-\xff]*(?:absolutely not|certainly not|definitely not|no way|nope|no|sorry)\b"
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


class Form(NamedTuple):
    """One form of refusal."""

    cue: str
    """Every opening that matches contains this, in UTF-8 and in any case."""
    pattern: re.Pattern[str]
    final: bool = False
    """True if answers use the same words: it counts only if the answer ends there."""
    unless: re.Pattern[str] | None = None
    """Beginnings of openings in which the same words are not a refusal."""


_N: Final = r"(?:n't| ?not| never)"
_NOW: Final = r"(?: (?:still|simply|really|just|also|certainly|absolutely|definitely|honestly))?"
_ACT: Final = (
    r"(?:writ|creat|generat|produc|provid|offer|shar|assist|support|promot|discuss|participat|engag|help|draft|compos"
    r"|facilitat|encourag|spread|publish|condon|answer|respond|supply|reveal|disclos|impersonat)\w*"
)
_IDIOM: Final = (
    r"(?:wait|lie|imagine|believe|spoil|sugar-?coat|bore|pretend|forget|deny|stress|argue|claim|hesitate|give up|go into|try to|judge|repeat"
    r"|say|be (?:able to (?:come|attend|join|make)|in\b|at\b|back|there|home|late|around|surprised|the (?:first|one)|long)|have (?:to|time)|need|let|stop|leave|miss|rest|hold|tolerate|cover|need)"
)
"""Things that people decline in ordinary conversation."""
_SUCH: Final = (
    r"(?:that|this|those|these|such|any\w*|content|material|instructions|guidance|information|advice|tips|assistance|people|part|in|with|private|personal|harmful|hate\w*|sexual\w*|illegal)"
)

_ONLY: Final = r"(?:only|just|exclusively|solely)"
_SERVE: Final = (
    r"(?:(?:help|assist)(?: you)?(?: (?:with|on|in)\b| (?:users|guests|members) with)|answer (?:[\w-]+ ){0,3}(?:questions|queries|inquiries)|discuss|respond to (?:[\w-]+ ){0,3}(?:questions|queries|messages|requests)"
    r"|(?:talk|chat|speak)(?: with you)? about|handle (?:[\w-]+ ){0,3}(?:questions|queries|requests|matters)|provide (?:[\w-]+ ){0,2}(?:information|support|assistance|help|guidance)|give (?:[\w-]+ ){0,2}(?:information|support)"
    r"|support (?:[\w-]+ ){0,2}(?:questions|queries|requests)|explain what)"
)
"""What a service assistant does for its users."""
_ABOUT: Final = r"(?:\A\W*|[.,!] |\bbut )(?:(?:i'm |i am )?(?:sorry|afraid)\W+(?:but |that )?)?(?:that|this|it|(?:that|this|the|your) (?:\w+ )?(?:question|request|query|topic|subject|inquiry|one))"
"""The request, as the subject of a sentence."""

_AGREED: Final = re.compile(
    r"\W*(?:(?:sure|of course|ok|okay|alright|all right|great|good idea|yes|yeah|absolutely|no problem|gladly|sounds|happy|certainly|natürlich|klar|gern|gerne|claro|por supuesto|vale|de acuerdo|sí|bien sûr|d'accord|avec plaisir|oui|certo|volentieri|va bene|com certeza|tudo bem|sim|natuurlijk|prima)\b"
    r"|好的|好啊|当然|當然|没问题|可以|もちろん|はい|いいですね|конечно|хорошо|с удовольствием|да[,!.]|물론|네[,!.]|좋아요)"
)
"""Beginnings of answers that accept a proposal."""

FORMS: Final = (
    Form(_CUE_ENGLISH, ENGLISH),
    Form(_CUE_ELSEWHERE, ELSEWHERE),
    # What the speaker will not do; "will not" with any act, "cannot" and "do not" only with certain acts.
    Form(
        r"\bi(?: still| simply| really| just| also)? (?:won.{1,3}t|will (?:\w{2,9} )?(?:not|never)|do not|don.{1,3}t|can.{1,3}t|cannot|can not|could not|couldn.{1,3}t|am (?:\w{2,9} )?(?:not|never)|never) "
        r"|\bwe (?:can.{1,3}t|cannot|can not) |\bi.{1,3}(?:m|ll) (?:\w{2,9} )?(?:not|never) |feel (?:right|good|ok|at)",
        re.compile(
            rf"\bi{_NOW}(?: wo| will|'ll|'m| am){_NOW}{_N}(?: going to(?! (?:the|a|an|my)\b))?(?<!m not)(?<!m never) (?!{_IDIOM})[a-z]"
            rf"|\bi{_NOW}(?:'m| am){_NOW} not (?:doing (?:that|this|it)|{_ACT[:-3]}\w*ing|opting|able to (?:help|assist|comply)|in a position to|(?:\w+ )?comfortable (?:with|about|\w+ing)\b)"
            rf"|\bi{_NOW}(?: do){_NOW}{_N} (?:\w+ly )?(?:{_ACT}|take|give|tell|cross|do) {_SUCH}\b|\bi{_NOW} (?:do not|don't) feel (?:right|good|okay|ok|at ease|comfortable)\b"
            rf"|\b(?:i|we){_NOW} ?(?:cannot|can't|can not|could not|couldn't)(?! (?:wait|help|imagine|believe|thank)\b)(?: \w+){{0,3}}? (?:{_ACT} {_SUCH}\b|be (?:involved|complicit|(?:a )?part\b)|take (?:part|this|that)|do (?:that|this|so|it)\b(?! (?:without|unless|until|if|for)))"
        ),
    ),
    # What is beyond what the speaker would do: "this falls outside of what I'm willing to do", "not a thing I do".
    Form(
        r"(?:outside|beyond)(?: of)? what |(?:thing|something|anything|version|what|one)(?: that)? i(?:.{1,3}m|.{1,3}d|.{1,3}ll| am| would|) (?:w|pre|c|al|per|ab|d|of|h|g|t)|i(?:.{1,3}m| am) (?:willing|prepared|comfortable|allowed|permitted) ",
        re.compile(
            rf"(?:{_N}|\b(?:nothing|no))\b[^.!?;]{{0,48}}?\b(?:what|thing|something|anything|version|one|that)\b[^.!?;,]{{0,16}}?"
            r"\b(?:i|we)(?:(?:'m| am|'re| are|'d be| would be) (?:\w+ )?(?:willing|prepared|comfortable|allowed|permitted|able) (?:to|with)\b"
            r"|(?:'d| would|'ll| will)?(?: ever)? (?:do|offer|write|help|produce|give|take on|get into)\b)"
            rf"|{_N} (?:an? )?(?:\w+ ){{1,2}}(?:that )?i(?:'m| am|'d be) (?:willing|prepared|comfortable|allowed|permitted) (?:to|with)\b"
            r"|\b(?:outside|beyond)(?: of)? what (?:i|we)(?:'ll (?:help|do|write|assist)|(?:'m| am|'re| are)? (?:can|could|will|would|do|able|allowed|willing|prepared|permitted))\b"
        ),
    ),
    # Verbs of refusing, in the first person: to decline, to turn down, to abstain, to draw the line.
    Form(
        r"let.{1,3}s not |stop you|ask me to|declin|refus|turn (?:it|this|that|you)|turning |draw the line|prefer not|no intention|choose not|choosing not|opt not|opting not|abstain|refrain|sit this|sitting this|withhold|possible for me",
        re.compile(
            r"\bi(?:'m| am|'ll| will|'d| do| must| have to| need to|'ll have to|'m going to have to)?(?: \w+)? (?:(?:declin|refus)(?:e|ing)(?= to (?!use|be|let|believe|accept|give up|choose|pick)| (?:this|that|your|the (?:request|question|prompt))\b|\W*\Z|[.,;:!])"
            r"|turn(?:ing)? (?:it|this|that|you|your request) down|draw the line|prefer not to|(?:have )?no intention of|choos(?:e|ing) not to|opt(?:ing)? not to|abstain|refrain(?:ing)?|sit(?:ting)? this (?:one )?out|withhold(?:ing)?)\b"
            r"|\bimpossible for me to\b|^\W*(?:please )?(?:don't|do not) ask me to\b|^\W*let me stop you\b"
            r"|^(?:[^.!?]{0,40}[.!?,] ?)?let's not (?:go (?:there|down (?:that|this))|do (?:that|this))\b"
        ),
    ),
    # A bare no, or an English idiom for it.
    Form(
        r"(?:hard|firm|flat|clear|definite|an?) no[ .:!;,]|no from me|s (?:a |still |simply |just )?no[.:!;]|not (?:going to happen|a chance|doing|able|a topic)|no can do|hard pass|count me out"
        r"|off.(?:the table|limits)|out of the question|too far for me|come from me|\w from me|(?:not|.t) (?:find|get) (?:that|this|it|any)|unable to |can.{1,3}t do |cannot do |won.{1,3}t do |not possible",
        re.compile(
            r"\b(?:hard|firm|flat|clear|definite) no\b[.:!;,]? (?:from me|i\b)|\bno from me\b|\b(?:it|that|this|answer|here)(?:'s| is) (?:a |still |simply |just )*no[.:!;]|^\W*(?:that's|this is|it's) a (?:\w+ )?no(?![\w-])"
            r"|^(?:[^.!?]{0,60}[.!?,] )?(?:not going to happen|no can do|hard pass|not a chance|count me out)\b|\bso count me out\b|^\W*(?:sorry\W+)?(?:can't|cannot|won't) do (?:that|this)(?: one)?\b"
            r"|\b(?:is|are|'s|remains?) (?:strictly |completely |simply )?(?:off[ -](?:the table|limits)(?! (?:area|zone|for (?:visitor|hiker)))|out of the question\.|(?:a step |going )?too far for me)\b"
            r"|\bno (?:\w+[ -]){1,4}(?:will|is going to) come from me\b|\bno \w+(?: \w+)? from me\b|\byou (?:won't|will not) (?:find|get) (?:that|this|it|any)\b[^.!?]{0,24}(?:here|from me)\b"
            r"|^(?:\W*(?:nope|no|sorry))?\W*not doing (?:that|this|it)\b|^\W*(?:not able|unable) to (?:help|assist|comply|do|answer)\b|^\W*(?:i'm |i am )?(?:sorry|afraid),? (?:but )?that(?:'s| is) not possible\b|\bnot a topic for me\b"
        ),
    ),
    # The act is called wrong, and the user is addressed: "Stalking is a crime. I urge you to respect her decision."
    Form(
        r"encourage you|urge you|please (?:respect|reconsider|do not|don.{1,3}t)|if you(?:.{1,3}re| are) (?:stru|thinking of (?:h|k)|having th)",
        re.compile(
            r"^[^.!?]{0,120}\b(?:(?:is|are|constitutes)(?: \w+ly)? (?:(?:a|an) (?:\w+ )?(?:crime|offen[cs]e|felony|violation of)|illegal|unlawful|unethical|immoral|cruel|wrong|never (?:okay|ok|acceptable|justified|appropriate|right))|(?:is|are)n't (?:okay|ok|acceptable|appropriate|ethical|right))\b"
            r"[^?]{0,150}?[.!;] (?:instead,? |if [^.!?,]{0,50}, )?(?:i(?:'d| would)? (?:strongly )?(?:urge you|encourage you to (?:respect|reconsider|stop|treat|consider|find (?:legal|ethical|other|health)|seek (?:help|legal)))|please (?:respect|reconsider|(?:do not|don't) (?:do|try|harm|hurt))\b"
            r"|if you(?:'re| are) (?:struggling (?:with|to)|having thoughts|thinking of (?:hurt|harm|kill)))"
        ),
    ),
    # It is not the speaker's place: "it wouldn't be right for me to", "I don't think I should".
    Form(
        r"be (?:\w{2,12}) (?:for|of) (?:me|us) to|i should|not the right|disservice",
        re.compile(
            rf"{_N} be (?:right|ethical|responsible|appropriate|okay|ok|fair|proper|wise) (?:for|of) (?:me|us) to\b|\bi (?:don't|do not) (?:think|believe|feel) (?:that )?i should (?:{_ACT}|do|be)\b"
            rf"|\bi should(?:n't| not) {_ACT}|\bi(?:'m| am) not the right (?:\w+ )?(?:for|to)\b|\bdo(?:ing)? (?:you|\w+) a disservice\b"
        ),
    ),
    # A rule forbids it: "violates the policies I operate under", "our rules forbid sharing", "this assistant does not".
    Form(
        r"(?:my|our) (?:\w{2,12} )?(?:polic|guideline|rules|programming|safety)|(?:usage|content|safety|community|use) (?:\w{2,12} )?(?:polic|guideline|rules|restriction|standard)|(?:polic\w{1,3}|guidelines|rules) (?:that )?i "
        r"|th(?:is|e) (?:ai )?assistant|this (?:ai |language )?(?:model|chat)|against (?:what|everything|all) |t be (?:gen|prov|answ|disc)|t allowed|t permitted|\bwe (?:do|can)(?:no|n.{1,3}| no)t ",
        re.compile(
            r"\b(?:violat|contraven|breach|break|conflict|run|go|fall|be)\w* (?:\w+ ){0,3}?(?:usage|content|safety|community|acceptable use)(?: \w+)? ?(?:polic|guideline|rules|restriction|standard)"
            r"|\b(?:polic\w+|guidelines|rules) (?:that )?i (?:operate|work|have|must|am|was)\b|\bagainst (?:what|everything|all) (?:that )?i (?:stand|believe|hold)\b"
            rf"|\b(?:my|our) (?:\w+ )?(?:polic\w+|guidelines|rules|programming|safety \w+) (?:(?:do not|don't|does not|doesn't|won't|will not) (?:allow|permit|let)|(?:forbid|prohibit|prevent|bar|stop|keep)s?) (?:me|us|(?:content|requests?) (?:that|to|of|for)|{_ACT[:-3]}\w*ing)\b"
            r"|\b(?:(?:this|the) (?:ai )?assistant|this (?:(?:ai|language) model|chat(?:bot)?)) (?:does not|doesn't|cannot|can't|will not|won't|is not (?:able|allowed|permitted))\b"
            r"|^\W*(?:this|that|such an?|your) (?:\w+ )?(?:request|question|content|topic|subject)[^.!?]{0,24}(?:n't| not) (?:be (?:generated|provided|answered|discussed)|allowed|permitted)\b"
            r"|^\W*the (?:\w+ )?(?:request|content|topic|information) (?:that )?you(?:'re| are|'ve| have)? (?:ask|request)\w*(?: for)? (?:is|are)(?:n't| not) (?:allowed|permitted)\b(?! to\b)"
            rf"|\bwe (?:do not|don't|can't|cannot) (?:{_ACT}|give) (?:guidance|instructions|information|assistance|help|advice|(?:that|this) (?:subject|topic|here)) ?(?:on|for|about|with|in|here)?\b"
        ),
    ),
    # In other languages: having to refuse, not providing it, or apologising for not doing it.
    Form(
        r"ablehn|verweiger|nicht mit|refus|décliner|préfère ne|rechaz|niego|no es algo|negar|recus|rifiut|intendo|declin|weiger|odmów|отказ|断り|拒|恕|거절|أرفض|c'est non|voy a|werde|darf ich|no pienso|je n|não vou",
        re.compile(
            r"\bich (?:muss|möchte|werde)\b[^.!?]{0,60}\b(?:ablehnen|verweigern)\b|\b(?:werde ich|ich werde)\b[^.!?]{0,40}\b(?:nicht|keine?n?)\b[^.!?]{0,40}\b(?:schreiben|geben|nennen|erklären|verfassen|erstellen|liefern|machen|tun)\b"
            r"|\bmache ich nicht mit\b|\bdarf ich\b[^.!?]{0,30}\bkeine?n?\b[^.!?]{0,30}\bgeben\b"
            r"|\bje (?:refuse|dois (?:\w+ )?(?:refuser|décliner)|préfère (?:refuser|ne pas (?:écrire|répondre|aider|donner|fournir|participer))|vais devoir refuser)\b|\bmais c'est non\b|\bje n(?:e |')(?:écri|fourni|propos|aid|particip|génèr|cré|rédig)\w* pas (?:de |à |ce|cela|ça)"
            r"|\b(?:debo|tengo que|prefiero|me veo obligad[oa] a) (?:\w+ )?(?:rechazar|negarme|declinar)\b|\bme niego a\b|\bno (?:te|le|les|os) (?:voy|vamos) a (?!mentir|engañar|aburrir)|\bno (?:voy|vamos) a (?:ayudar|escribir|participar|dar(?:te|le|les))|\bno es algo (?:en lo )?que (?:pueda|vaya|quiera)"
            r"|\b(?:devo|tenho que|preciso|prefiro) (?:\w+ )?(?:recusar|declinar)\b|\b(?:devo|preferisco) (?:\w+ )?(?:rifiutar|declinar)|\bnon intendo (?:forni|scriv|aiut|dar|partecip|rispond)|\b(?:ik moet|moet ik) [^.!?]{0,40}\bweigeren\b|\bik weiger\b"
            r"|\bmuszę odmówić|\bодмов|\bвынужден\w* отказать|お断り(?:します|いたします|させて)|(?:我|必须|不得不|只能)拒[绝絕]|恕(?:我)?(?:不能|无法|無法|难|難|不)|거절(?:하겠|합니다|해야)|(?:يجب أن |علي أن )?أرفض"
        ),
    ),
    # It is out of this assistant's scope, and nothing follows: "I can only help with billing", "that is outside my scope", "your question seems unrelated".
    Form(
        r"(?:only|just|exclusively|solely) (?:(?:able|allowed|here|set up|designed|trained|meant|authori[sz]ed|programmed|equipped|intended) )?(?:to )?(?:help|assist|answer|discuss|respond|talk|chat|speak|support|handle|provide|give|explain|for |that |here )"
        r"| (?:only|exclusively)[.!]|is only|exclusively for|solely for|rather than (?:\w{2,12} ){0,2}(?:provid|giv|offer|discuss|answer)|is (?:limited|restricted|confined) to|something i (?:handle|cover|deal|support|do|discuss|answer)|matter i "
        r"|(?:outside|beyond|out)(?: of)? (?:the |my |our |what )?(?:\w{1,16} ){0,3}(?:scope|expertise|remit|purview|area|field|domain|role|job|wheelhouse|i(?:.{1,3}(?:m|ll))? (?:am|can|will|help))|unrelated|not (?:\w{2,12} )?related|n.{1,3}t (?:\w{2,12} )?related|irrelevant|not relevant|n.{1,3}t relevant|off.topic|on.topic",
        re.compile(
            rf"\b(?:i|we|this (?:assistant|bot|chat(?:bot)?|service|channel))(?:'m| am| are|'re| is| can| will| could)?(?: \w+ly)? {_ONLY}(?: (?:able|allowed|here|set up|designed|trained|meant|authori[sz]ed|programmed|equipped|intended))?(?: to)? {_SERVE}\b"
            rf"|\b(?:i|we)(?:'m| am| are|'re)?(?: an? (?:[\w-]+ ){{0,4}}(?:assistant|bot|chatbot|agent)(?: for [^.!?,]{{1,40}})?,? (?:and|so i|who|that) |(?: (?:here|set up|designed|built|trained|meant|programmed|intended))(?: to)? )(?:can )?(?:{_ONLY} {_SERVE}|(?:help|assist|support|answer)[^.!?]{{0,80}} (?:only\b|exclusively\b|rather than (?:\w+ ){{0,2}}(?:provid|giv|offer|discuss|answer)))"
            rf"|\b(?:i|we)(?:'m| am| are|'re) (?:just |only )?an? (?:[\w-]+ )?(?:bot|chatbot|assistant|agent) (?:only |exclusively |solely )(?:for|to|that|here)\b"
            rf"|\A\W*(?:(?:i'm |i am )?sorry\W+(?:but )?)?(?:i|we) can {_SERVE} [^.!?]{{1,80}} only(?=[.!])"
            rf"|{_ABOUT}(?: is| are|'s|'re| falls?| goes| lies?| seems?(?: to be)?| appears?(?: to be)?| looks?)(?: (?:a (?:bit|little)|unfortunately|also|well|just))?(?: far)? (?:outside|beyond|out of)(?: of)? (?:(?:my|our)(?: \w+){{0,3}} (?:scope|expertise|remit|purview|area|field|domain|role|job|wheelhouse)\b|my (?:scope|expertise|remit|purview|area)\b|(?:the )?scope (?:for me|of (?:this|the|our|my|what i) (?:\w+ ){{0,2}}(?:assistant|bot|chat\w*|service|system|channel|support|can\b|i\b|am\b|help))|what i(?:'m| am|'ll| can| will))"
            rf"|\A\W*(?:[^.!?,]{{0,24}}[,.] (?:but )?)?(?:that|this|the|your) (?:\w+ )?(?:question|request|query|topic|inquiry|message|prompt)(?: \w+)?(?: is| are|'s| seems?(?: to be)?| appears?(?: to be)?| looks?| falls?| goes| lies?) (?:outside|beyond|out)(?: of)? (?:the |my |our )?(?:\w+ )?(?:scope|expertise|remit)\b"
            rf"|\A\W*(?:[^.!?,]{{0,24}}[,.] (?:but )?)?(?:(?:it|that) (?:looks|seems|appears) (?:like |that )?|i(?:'m afraid| think| believe)(?: that)? )?(?:that|this|the|your) (?:\w+ )?(?:question|request|query|topic|inquiry|message)(?: (?:is|seems(?: to be)?|appears(?: to be)?|looks)(?:n't| not)?)? (?:unrelated|not (?:\w+ )?related|irrelevant|not relevant|off[- ]topic|not on[- ]topic)\b"
            rf"|\A\W*this (?:channel|chat|bot|assistant|service|line) (?:is (?:(?:meant |intended |reserved )?(?:only|exclusively|solely|just) (?:for|meant|intended|reserved|here|able)\b|(?:meant |intended |reserved )?for [\w ]{{1,30}} only\b)|(?:only|exclusively|solely) {_SERVE})"
            rf"|\bmy (?:role|purpose|scope|function|job|expertise|knowledge|task) (?:here )?is (?:limited|restricted|confined) to\b"
            rf"|{_N} (?:something|a (?:topic|subject|matter|question)) (?:that )?(?:i|we) (?:handle|cover|deal with|support|do|discuss|answer)\b"
            rf"|\b(?:would|'d|will) like (?:me|us) to only (?:{_SERVE}|chat)"
        ),
        final=True,
    ),
    # A change of subject instead of an answer: "Hmm, let's talk about something else. Sorry about that."
    Form(
        r"let.{1,3}s (?:\w{2,10} )|anderes|thema wechs|cambiemos|otra cosa|otro tema|autre chose|de sujet|d'altro|argomento|outra coisa|de assunto|over iets anders|话题|話題|别的|другом|тему|тем[ыау] |다른 (?:주제|이야기|얘기)|주제를",
        re.compile(
            r"\blet's (?:(?:\w+ ){0,3}?(?:(?:about|discuss|on to|to) something else|(?:another|a different|some other|a new) (?:topic|subject|conversation)|change (?:the|this) (?:topic|subject)\b)|(?:talk|chat) about [^.!?]{1,60} instead(?=[.!?]|\Z)|discuss [^.!?]{1,60} instead(?=[.!?]|\Z))"
            r"|\b(?:lass|lassen|sprechen|reden) (?:uns|wir|sie uns) (?:\w+ ){0,3}?(?:etwas anderes|anderes|das thema wechseln)|\b(?:cambiemos|cambiar) de tema|\bhablemos de (?:otra cosa|otro tema)|\bparlons (?:plutôt )?d'autre chose|\bchangeons de sujet|\bparliamo d'altro|\bcambiamo argomento"
            r"|\b(?:vamos|podemos) (?:falar (?:de|sobre) outra coisa|mudar de assunto)|\blaten we (?:het )?over iets anders|换(?:一)?个话题|(?:聊|谈)(?:点|些|聊)?别的|話題を変え|(?:別|ほか|他)の(?:話題|こと)(?:を|について)(?:話|お話)"
            r"|(?:сменим|сменить|менять|поменяем|поменять) тему|поговор\w{1,4} о (?:ч[её]м-нибудь|ч[её]м-то|чем-либо) другом|на (?:некоторые|такие|эти|эту) тем[ыу] (?:\w+ )?ограничен|다른 (?:주제|이야기|얘기)(?:로|를|에)|주제를 바꾸"
        ),
        final=True,
        unless=_AGREED,
    ),
    # The same in other languages.
    Form(
        r"(?:kann|können|darf) (?:\S{2,9} ){0,2}nur |außerhalb |lo puedo|fuera de|exclusivamente|ne peux |sort du cadre|hors du|en dehors|só posso|solo (?:a |rispond|aiut)|fora do|chỉ |không liên quan|のみ|だけ|只能|仅能|超出|範囲外|nachricht nicht|frage nicht|anfrage nicht|ограничен|только",
        re.compile(
            r"\b(?:ich|wir) (?:kann|können|darf|dürfen) (?:\w+ ){0,2}nur (?:bei|zu|fragen|auskunft|auskünfte|informationen|mit|über)\b|\b(?:kann|können) (?:ich|wir) (?:\w+ ){0,2}nur (?:bei|zu|fragen|auskunft|mit)\b|\b(?:frage|anfrage|anliegen|thema|das|dies) (?:\w+ )?(?:liegt|ist|fällt|geht) (?:\w+ )?außerhalb mein|\bauf (?:deine|ihre|eure|diese) (?:nachricht|frage|anfrage) nicht (?:antworten|eingehen)"
            r"|\bs[oó]lo puedo (?:ayud|respond|contest|hablar|asist|atend)\w*|\b(?:pregunta|consulta|solicitud|eso|esto|tema) (?:\w+ ){0,3}fuera de(?:l)? (?:mi|mis|nuestro|alcance|ámbito)|\bdiseñad[oa] (?:\w+ ){0,2}exclusivamente|\bexclusivamente (?:con|sobre|a preguntas)"
            r"|\b(?:je|nous) ne (?:peux|pouvons|suis) (?:[\w'-]+ ){0,3}qu(?:e |'|\W)(?=\S*\s?(?:aux|sur|à|des|pour|concernant|avec|les))|\b(?:question|demande|sujet|cela|ça) (?:\w+ )?(?:sort|sorte) du cadre|\b(?:question|demande|sujet) (?:\w+ )?(?:est|se situe) (?:hors|en dehors)"
            r"|\bsó (?:posso|consigo) (?:respond|ajud|falar)\w*|\b(?:pergunta|pedido) (?:\w+ )?fora do (?:meu|âmbito|escopo)|\bposso (?:solo (?:rispond|aiut)\w*|(?:rispondere|aiutart?[ilv]?\w*) solo)"
            r"|(?:のみ|だけ|に限り)(?:に)?、?(?:お答え|回答|対応|お手伝い|サポート)|範囲外|(?:我|本助手|本系统)?(?<![你您])(?:只能|仅能|只可以)(?:回答|解答|协助|帮助|处理)[^。]{0,30}(?:问题|咨询|相关|有关)|超出(?:了)?(?:我|本|该|我们)(?:的)?\S{0,4}范围"
            r"|\btôi chỉ (?:có thể )?(?:hỗ trợ|trả lời|giúp)|(?:câu|bạn) hỏi (?:\S+ ){0,3}không liên quan"
        ),
        final=True,
    ),
)
CUES: Final = tuple(form.cue for form in FORMS)
_LATEST: Final = 140
"""Characters after which an answer has started to say something."""
_QUOTES: Final = '"“”«»'
_SAID: Final = re.compile(r"(?:^|[\s(:])'(?!\d|til\b|tis\b|em\b)(?:[^']|(?<=\w)'(?=\w))*\Z")
"""Text after an opening single quote, except apostrophes inside words and before years."""
_AHEAD: Final = _QUOTES + "\n *_"
_VERSE: Final = re.compile(r"\S *\n *\S")
"""Consecutive lines, as of a poem or a script, in which others speak."""


def refuses(opening: str, cues: Iterable[int] = range(len(CUES))) -> int:
    """Return where a refusal begins in a normalised opening; -1 if there is none, or somebody else says it.

    ``cues`` are the places in ``FORMS`` of those whose cue the opening holds.
    """
    for cue in cues:
        form = FORMS[cue]
        match = form.pattern.search(opening)
        if match is None or match.start() > _LATEST or (form.unless is not None and form.unless.match(opening)):
            continue
        ahead = opening[: match.end() - len(match[0].lstrip(_AHEAD))]
        if not is_quoted(ahead) and (not form.final or ends(opening, match.end())):
            return match.start()
    return -1


def is_quoted(ahead: str) -> bool:
    """Return whether the text before words in an opening shows that somebody else says them: in quotes or in verse."""
    return sum(map(ahead.count, _QUOTES)) % 2 == 1 or bool(_VERSE.search(ahead) or _SAID.search(ahead))
