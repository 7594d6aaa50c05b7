"""Patterns of prompt injection, with the evidence that each is: log-odds, added up.

A rule has anchors, literals that the one Hyperscan database looks for (full patterns with gaps would take seconds to
compile), and a pattern in lower case that is tried around them, blind to case. STRONG is enough alone, of MILD two are needed, WEAK only tips a balance.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tocsin.detectors.injection_languages import LANGUAGES
from tocsin.detectors.injection_tongues import languages, rules_of

STRONG: Final = 6.0
MILD: Final = 3.4
WEAK: Final = 1.6

FAR: Final = 160
"""Reach of a pattern that leaves something open between its words."""
NEAR: Final = 48
"""Reach of all others: none of their matches is longer."""


class Rule(NamedTuple):
    """One pattern."""

    evidence: float
    anchors: str
    """Lower-case literals, one of which stands in every match, joined by ``|``; ``\xa6`` is a bar within one."""
    pattern: str
    documents_only: bool = False
    """True for what is ordinary when a user says it of their own text."""
    of_parts: bool = False
    """True for what has gaps between its parts."""
    needs: frozenset[str] = frozenset()
    """Lower-case literals, one of which stands in every match as well; none if that is not asked."""

    @property
    def literals(self) -> list[str]:
        """The anchors, one by one."""
        return [anchor.replace("\xa6", "|") for anchor in self.anchors.split("|")]

    @property
    def reach(self) -> int:
        """Characters from an anchor, to either side, in which its match lies."""
        return FAR if self.of_parts or "{0," in self.pattern or "*" in self.pattern else NEAR


def _gap(words: int) -> str:
    return rf"(?:[^a-z0-9|#=]{{1,4}}[a-z0-9'-]{{1,20}}){{0,{words}}}[^a-z0-9|#=]{{1,4}}"


_ORDERS = (
    "(?:instructions?|instructs|instuctions|prompts?|rules|directives?|directions|orders|commands"
    "|(?:(?<=your )|(?<=last )|(?<=this )|(?<=that )|(?<=system )|(?<=previous )|(?<=prior )|(?<=above ))command|guidelines"
    "|programming|constraints|restrictions|assignments|tasks)"
)
_BEFORE = "(?:previous|prior|above|preceding|earlier|foregoing|initial|original|system|former|past)"
_LETTERS = (
    "(?:e-?mails?|mails?|letters?|voicemails?|calls?|posts?|tickets?|invoices?|offers?|bids?|comments?|versions?|drafts?"
    "|notices?|announcements?|reminders?|bookings?|appointments?|purchases?|build|builds|folders?|files?|commits?|errors?|exceptions?|requests? (?:in|of|from)|--)"
)
"""What people write to one another or make, and ask to be disregarded."""
_OWN = "(?:system|initial|original|full|exact|entire|secret|hidden|current|previous|pre-?prompt|above|internal|complete)"
_TELL = (
    "(?:repeat|print|output|show|reveal|tell|write|list|display|give|summari[sz]e|translate|recite|leak|share|explain"
    "|describe|reproduce|copy|encode|return|echo|dump|rephrase|paraphrase|rewrite|restate|provide|spell|convert)"
)
_TELL_AS_IT_IS = "(?:repeat|print|output|show|reveal|tell|write|list|display|recite|leak|reproduce|copy|encode|return|echo|dump|spell)"
"""Without what people ask of a text of their own that stands above: to sum it up, to translate it."""
_AS_TABLE = r"(?: into an? (?:table|spreadsheet)| in (?:full|complete) sentences| in words)\b"
"""What becomes of a text of one's own that stands above."""
_MODEL = r"(?:ai|a\.i\.|llms?|language models?|assistants?|chatbots?|ai agents?|ai assistants?|ai models?|gpt)"
_PEOPLE = r"(?!(?: \w+)? (?:developer|enthusiast|engineer|researcher|expert|vendor|user|team|company|start-?up|student|scientist|professional|owner|provider)s?\b)"
"""Not who works on models or with them."""
_ANSWER = "(?:response|reply|answer|output|summary|implementation|generated code|completion(?! (?:code|script|function)))"

# fmt: off
_OVERRIDE = (
    Rule(STRONG, "ignore|disregard|forget|overrid|bypass|neglect|discard",
         rf"\b(?:ignore|disregard|forget|(?<!\bthe )(?<!\ban )(?<!\bany )(?<!explicit )override|bypass|neglect|discard)(?![\[`(]| ?[()])(?! an? (?:\w+ )?command\b){_gap(4)}(?<!\bcss ){_ORDERS}\b"),
    Rule(STRONG, "ignore|disregard|forget",
         rf"\b(?:ignore|disregard|forget){_gap(3)}(?<!\bmy ){_BEFORE}\b(?! (?:{_LETTERS})\b)"),
    Rule(STRONG, "told|said|before|above|earlier|so far",
         r"\b(?:ignore|disregard|forget|igno?re?) (?:about )?(?:what(?:ever|'s| is| was)?|everything|all|anything|that)(?: \w{1,12}){0,4} (?:told|said|before|above|earlier|so far|wrote|written|instructed)\b(?! about\b)"),
    Rule(MILD, "no longer matter|no longer appl|no longer valid|no longer count|was a draft|were a draft|does not matter|doesn't matter",
         rf"\b(?:{_BEFORE}|your) (?:guidance|guidelines|instructions?|rules|prompt|orders|directives|configuration)(?: \w{{1,10}}){{0,2}} (?:no longer (?:matters?|appl(?:y|ies)|valid|counts?)|(?:does not|doesn't) matter|was (?:only |just )?a draft)"),
    Rule(STRONG, "гнорирова|абудьте|абыть",
         r"(?:игнорировать|проигнорировать|забыть)(?: \S{1,40}){0,3} \S{0,30}(?:инструкц|указани|предыдущ|команд|правил)"),
    Rule(STRONG, "olvid|oubli|dimentic|esque",
         r"(?<!d['\u2019])\b(?:olvid(?!ara|aba|aron|amos|\xf3|\xe9\b)\w{1,3}|oubli\w{1,3}|dimentic\w{1,4}|esque\w{1,4}) (?:de )?(?:lo que(?! (?:te |le |os |les )?(?:dije|acabo|pedí|he)\b)|todo lo|tout ce|ce qu(?!e j(?:e |['\u2019])(?:t['\u2019]|vous )?(?:ai|avais|viens|disais)\b)|tutto quello|ci\S que|o que(?! (?:eu )?(?:te |lhe )?(?:disse|falei|pedi|acabei)\b)|tudo o|ton r\S{1,2}le|tu (?:rol|papel)|il tuo ruolo|seu papel)"),
    Rule(STRONG, "ignore |disregard |forget ",
         r"\b(?:ignore|disregard|forget) (?:everything|all|anything)(?: (?:of|that|you|i|we|before|above|prior|the user)\b|[.,!])"),
    Rule(MILD, " follow| obey|listen to|adhere to|comply with",
         r"\b(?:do not|don't|never|stop) (?:follow|obey|listen to|adhere to|comply with)\b"),
    Rule(STRONG, "vergiss|vergess|ignorier|missacht",
         rf"\b(?:vergiss|vergessen sie|vergesse|ignoriere?n?|missachte)(?! nicht\b|[.!?]){_gap(4)}(?:anweisung|auftr|instruktion|davor|vorherig(?!\w* (?:e-?mail|mail|rechnung|erinnerung|mahnung|schreiben|bestellung))|bisherig|alles|obige|befehl|aufgabe|angaben|vorgaben)"),
    Rule(STRONG, "olvid|ignor",
         rf"\b(?:olvid|ignor)(?:a|\S{{1,2}}|ar|en)(?! (?:my|our|the|his|her|their|all|any|your)\b){_gap(4)}(?:instruc|(?:orden|órdenes)\b)"
         rf"|\b(?:olvid|ignor)(?:a|\S{{1,2}}|ar|en)(?! (?:my|our|the|his|her|their|all|any|your|mis?|nuestr[ao]s?)\b){_gap(4)}(?<!correo )(?<!mail )(?<!factura )(?<!pedido )anterior"),
    Rule(STRONG, "olvid|dimentica|esque",
         r"\b(?:olvid[ae]|dimentica|esque\S{{1,3}}a) (?:todo|tutto|tudo)\b"),
    Rule(STRONG, "oubli|ignor",
         rf"\b(?:oubli|ignor)(?:e|ez|er|es|ons)(?! (?:my|our|the|his|her|their|all|any|your)\b){_gap(4)}(?:instruction|consigne|ordres)"
         rf"|\b(?:oubli|ignor)(?:e|ez|er|es|ons)(?! (?:my|our|the|his|her|their|all|any|your|m[aeo]s?n?|nos|notre)\b){_gap(4)}pr\S{{1,2}}c\S{{1,2}}dent"),
    Rule(STRONG, "esque|ignor|desconsid",
         rf"\b(?:esque\S{{1,3}}a|ignor[ae]|desconsidere){_gap(4)}instru\S{{1,2}}"
         rf"|\b(?:esque\S{{1,3}}a|ignor[ae]|desconsidere)(?! (?:[oa]s? )?(?:meu|minha|noss[oa]|mi|nuestr[oa])s?\b){_gap(4)}(?<!correo )(?<!mail )(?<!fatura )(?<!factura )(?<!pedido )anterior"),
    Rule(STRONG, "dimentica|ignora|scorda",
         rf"\b(?:dimentica|ignora|scorda){_gap(4)}istruzion"
         rf"|\b(?:dimentica|ignora|scorda)(?! (?:(?:il|la|i|le) )?(?:mi[oae]|miei|nostr[oaei])\b){_gap(4)}(?<!mail )(?<!messaggio )(?<!fattura )(?<!ordine )(?<!richiesta )(?<!domanda )precedent"),
    Rule(STRONG, "zaboravi|zanemari|zapomnij|zignoruj|vergeet|negeer|zapome",
         rf"\b(?:zaboravi|zanemari|zapomnij|zignoruj|vergeet|negeer|zapome\S{{1,2}}){_gap(4)}(?:instru|uput|naredb|polec|vorige|pokyn)"),
    # A gate is blind to case in ASCII alone: anchors in other scripts begin behind the letter that may be a capital.
    Rule(STRONG, "абудь|гнорируй|гноруй",
         r"(?:забудь|забудьте|игнорируй|игнорируйте|[іи]гноруй|[іи]гноруйте)(?! (?:мо[йюяеиё]|наш)\w{0,2} )(?: \S{1,40}){0,3} \S{0,30}(?:инструкц|указани|предыдущ|команд|правил|[іи]нструкц|вказівк|попередн)"),
    Rule(STRONG, "تجاهل|انس|نادیده",
         r"(?<!ت)(?:تجاهل|انس|نادیده)(?: \S{1,30}){0,4} \S{0,20}(?:تعليمات|أوامر|توجيهات|دستور)|(?:دستور)\S{0,20}(?: \S{1,30}){0,4} نادیده"),
    Rule(STRONG, "talimat|komutlar",
         r"(?:talimat|komutlar)\S{0,12}(?: \S{1,20}){0,2} (?:yok say|g\S{1,2}rmezden gel|unut|dikkate alma)"),
    Rule(STRONG, "निर्देश|आदेश",
         r"(?:निर्देश|आदेश)\S{0,12}(?: \S{1,20}){0,3} (?:अनदेखा|नज़रअंदाज़|नजरअंदाज|भूल)"),
    Rule(STRONG, "b\u1ecf qua|ph\u1edbt l\u1edd|qu\u00ean",
         r"(?:b\u1ecf qua|ph\u1edbt l\u1edd|qu\u00ean)(?: \S{1,20}){0,5} (?:hướng dẫn|chỉ dẫn|chỉ thị|lệnh|quy tắc)"),
    Rule(STRONG, "abaikan|lupakan",
         r"\b(?:abaikan|lupakan)(?: \S{1,20}){0,4} (?:instruksi|perintah|arahan|aturan|petunjuk)"),
    Rule(STRONG, "ignorer|gl\u00f6m|glem",
         r"\b(?:ignorera?|gl\S{1,2}m|glem)(?: \S{1,20}){0,4} \S{0,10}(?:instruktion|instruks|anvisning)"),
    Rule(STRONG, "γνόησε|γνοήστε|έχασε|εχάστε",
         r"(?:αγνόησε|αγνοήστε|ξέχασε|ξεχάστε)(?: \S{1,20}){0,4} (?:οδηγί|εντολ)"),
    Rule(STRONG, "figyelmen k\u00edv\u00fcl|felejtsd|ohita|unohda|ignoruj",
         r"(?:figyelmen k\S{1,2}v\S{1,2}l|felejtsd el)(?: \S{1,20}){0,5} \S{0,10}utas\S{1,2}t|\butas\S{1,2}t\S{1,20}(?: \S{1,20}){0,4} figyelmen k\S{1,2}v\S{1,2}l|\b(?:ohita|unohda)(?: \S{1,20}){0,4} ohje|\bignoruj(?: \S{1,20}){0,4} (?:pokyn|instruk|polecen)"),
    Rule(STRONG, "คำสั่ง|הוראות",
         r"(?:ละเว้น|เพิกเฉย|ไม่สนใจ|ลืม)\S{0,30}คำสั่ง|(?:התעלם|התעלמי|שכח)(?: \S{1,20}){0,4} \S{0,3}הוראות"),
    Rule(STRONG, "忽略|忘记|忘掉|无视|無視|忽視",
         r"(?:忽略|忘记|忘掉|无视|無視|忽視)[^\uff0c\u3002\n]{0,40}(?:指令|指示|说明|說明|提示|命令|规则)"),
    Rule(STRONG, "無視|忘れ|무시|잊",
         r"(?:指示|命令|プロンプト|지시|명령).{0,24}(?:無視(?!され|した|してい|してしま|してき|する)|忘れ(?!た|てい|てしま|ない|まし|物)|무시|잊)"),
    Rule(MILD, "new instruction|new task|new rule|new order|new role|new directive|new prompt",
         r"\bnew (?:instructions?|task|rules?|orders?|role|directive|prompt)\s{0,3}[:=]"),
    Rule(MILD, "your new |your next |your only |your real |your true |your actual |deine neue |deine aufgabe|ihre neue |ihre aufgabe",
         r"\b(?:your|deine|ihre) (?:new|next|only|real|true|actual|neue) (?:task|job|role|goal|purpose|instructions?|objective|mission|aufgabe)\b"),
    Rule(MILD, "forget your|leave your|drop your|forget the|leave the|drop the|forget th|leave th|drop th",
         r"\b(?:forget|leave|drop) (?:your|the|this|that) (?:role|task|persona|context|topic)\b"),
)

_EXTRACTION = (
    Rule(STRONG, "your instruction|your prompt|your rules|your guidelines|your directi|your program|your pre|your system|your initial|your original|your full|your exact|your entire|your secret|your hidden|your current|your above|your internal|your complete",
         rf"\b{_TELL}{_gap(5)}your (?:{_OWN} ){{0,2}}(?:instructions?|prompts?|rules|guidelines|directives?|directions|programming|pre-?prompt)\b"),
    Rule(STRONG, "instructions|prompt|directives",
         rf"\b(?:what|which) (?:are|were|is|was){_gap(2)}(?:your|the|my|these) (?:{_OWN} ){{0,2}}(?:instructions|system prompt|prompt|directives|pre-?prompt)\b(?! (?:of|for|in|on|about)\b(?! (?:this|our|the|your) (?:chat|conversation|session|context|role|system)))"),
    Rule(STRONG, "prompt|instructions|em message|al message|en message|et message",
         rf"\b{_TELL}(?! (?:(?:me|us) )?(?:an?|some|another|good|better)\b){_gap(5)}(?:system|initial|original|hidden|secret|pre) ?-?(?:prompt|instructions|message)\b(?! (?:for|on how|about) )"),
    Rule(STRONG, "above|before this|so far|preceding|prior|you were|you have been|you got|you received",
         rf"\b(?:{_TELL}{_gap(4)}(?:instructions?|prompt|rules|everything|anything)|{_TELL_AS_IT_IS}{_gap(4)}(?:words|text|sentences|content|paragraphs?|lines?)){_gap(3)}(?:above|before this|so far|preceding|prior|you (?:were|have been|got|received))\b(?!{_AS_TABLE})"),
    Rule(STRONG, "before my|prior to my|before our|start of|beginning of|this conversation|this chat|before the first",
         rf"\b{_TELL}\b[^.?\n]{{0,60}}\b(?:(?:before|prior to|preceding) (?:my|our|the) (?:first |very first )?(?:message|question|prompt|input|sentence)|(?:start|beginning) of (?:your|our|this|the) (?:context|conversation|chat|session|prompt))\b|\bfirst (?:thing|words?|text|line|message|sentence)s? (?:\w{{2,10}} )?(?:in|of) (?:this|our|the) (?:conversation|chat|session|context)\b"),
    Rule(STRONG, "system message|configuration|bootstrap|initial setup|setup text|pre-config|developer message",
         rf"\b(?:{_TELL}|dump|translate){_gap(5)}(?:your|the|my) (?:{_OWN} |own ){{0,2}}(?:system message|(?:pre-?|initial )configuration|bootstrap text|initial setup|setup text|developer message)\b(?! (?:of|for|file|page|manager|menu|options?|steps?|guide))"),
    Rule(STRONG, "you were given|you were told|you was told|given to you|you got from|told to protect|told to keep|told to hide|developer give you|developers give you|developer gave you|operator",
         r"\b(?:rules?|instructions?|orders|text|code|secrets?|values?|prompts?)(?: \w{1,10}){0,4} (?:you were (?:given|told)|(?:i|you) was told|(?:i was|you were) told to (?:protect|keep|hide)|given to you|(?:the|your) (?:developers?|operators?|creators?|makers?) (?:gave|give|told) you)\b"),
    Rule(STRONG, "the user",
         r"\b(?:what(?:'s| is| was)|where(?:'s| is| does| did)|when (?:is|was)|tell me|share|reveal|give me|encode|square of) the user(?:'s)? (?:currently |now |current )?(?:live|living|reside|residing|located|staying|e-?mail|home|address|birth|phone|password|location|city|full name|last name|age\b|ssn|favou?rite)"),
    Rule(MILD, "above|preceding|previous text|prior text|foregoing",
         rf"\b{_TELL_AS_IT_IS}{_gap(3)}(?:the|all|of) (?:above(?! copyright)(?<!repeat the above(?= for))(?!{_AS_TABLE})|preceding|previous text|prior text|foregoing)\b"),
    Rule(STRONG, "so far|verbatim|word for word|entirety",
         r"\b(?:your|(?<!into )(?<!in )the) (?:instructions|prompt|rules) (?:so far|verbatim|word for word|in (?:their|its) entirety)\b"),
    Rule(MILD, "password|passphrase|pass phrase|access code|secret key|secret word|passcode|security code",
         rf"\b(?:your|{_TELL} (?:(?:me|us|out) )?(?:the|our)) (?:secret |access |system |admin |entry |hidden )?(?:password|pass ?phrase|access code|secret key|secret word|passcode|security code)\b"),
    Rule(WEAK, "password|passphrase|pass phrase|access code|secret key|secret word|passcode|security code",
         r"\b(?:the|our) (?:secret |access |system |admin |entry |hidden )?(?:password|pass ?phrase|access code|secret key|secret word|passcode|security code)\b"),
    Rule(MILD, "passwor|mot de passe|contrase|senha|kennwort|anweisungen|instruktionen|prompt|パスワード|密码|密碼|пароль",
         r"\b(?:ihr|dein|deine|votre|ton|tu|su|sua|tua|seu) (?:passwor\S{1,3}|mot de passe|contrase\S{1,2}a|senha|kennwort|anweisungen|instruktionen|prompt)\b"
         r"|(?:パスワード|密码|密碼|пароль|contrase\S{1,2}a|mot de passe)"),
    Rule(STRONG, "access granted|access code",
         r"\baccess (?:granted|code\b(?! (?:for|to|of) (?:the|my|our|an?)))\b"),
)

_ROLE_PLAY = (
    Rule(STRONG, "anything now|dan mode|jailbroken|jailbreak",
         r"\bdo anything now\b|\bdan mode\b|\bjailbroken\b|\bjailbreak (?:mode|prompt)"),
    Rule(MILD, "jailbreak|developer mode|god mode|debug mode|sudo mode|opposite mode",
         r"\bjailbreak\b|\bdeveloper mode\b|\bgod mode\b|\bdebug mode\b|\bsudo mode\b|\bopposite mode\b"),
    Rule(STRONG, "unfiltered|uncensored|unrestricted|amoral|unethical|unhinged",
         rf"\b(?:unfiltered|uncensored|unrestricted|amoral|unethical|unhinged)\b{_gap(4)}{_MODEL}\b"),
    Rule(STRONG, "ethical|moral|safety|content|openai|censorship",
         rf"\b(?:no|without|free (?:of|from)|ignoring|bypass(?:ing)?|lacks?|devoid of){_gap(3)}(?:ethical|moral|safety|content|openai|censorship)\b{_gap(3)}(?:guidelines|restrictions?|limitations?|filters?|policy|policies|constraints|principles|codes?|guardrails)\b"),
    Rule(MILD, "no restrict|any restrict|out restrict|rom restrict|of restrict|no limit|any limit|out limit|rom limit|of limit| filters|censorship|boundaries|moral|ethics",
         r"\b(?:no|without|any|free (?:of|from)) (?:restrictions|limitations|filters|censorship|boundaries|morals?|ethics)\b"),
    Rule(MILD, "bound by|required to|restricted by|restricted to|limited by|limited to|obligated to|constrained by|bound to|required by|obligated by|constrained to",
         r"(?<!\bbut\s)\b(?:not|never|no longer) (?:bound|required|restricted|limited|obligated|constrained) (?:by|to)\b"),
    Rule(MILD, "filter",
         r"\b(?:disable|deactivate|turn off|switch off|bypass) (?:the|your|all|any) (?:content|safety|moderation) ?filters?\b"),
    Rule(MILD, "openai",
         r"\bopenai(?:'s)?[^a-z]{1,3}(?:content |use |usage )?(?:polic|guideline|rule|restriction)"),
    Rule(MILD, "from now on|from on now",
         r"\bfrom (?:now on|on now),?[^a-z0-9]{0,3}(?:you|your|u|act|always|answer|respond|reply|ignore)\b"),
    Rule(WEAK, "you are now|you are going|you are about|you are to act|you will now|you will act|you will play|you will pretend|you will respond",
         r"\byou are (?:now|going to|about to|to act)\b|\byou will (?:now|act|play|pretend|respond)\b"),
    Rule(STRONG, "stop being|no longer a|you're not an a|you are not an a|drop the persona|drop your persona|drop the role|drop your role",
         rf"\b(?:stop being|you(?:'re| are) (?:no longer|not)) (?:an? |the |my )?(?:\w{{2,14}} ){{0,2}}{_MODEL}\b|\bdrop (?:the|your) (?:persona|role|character)\b"),
    Rule(MILD, " lifted| suspended| removed| disabled|n't exist|not exist|n't apply|not apply| turned off|n't check|not check|never check|without check|n't screen|n't filter",
         r"\b(?:restrictions?|filters?|limits?|limitations?|safety checks?|(?:content |safety |usage )?polic(?:y|ies)|guidelines?)(?: \w{1,10}){0,3} (?:lifted|suspended|removed|turned off|disabled|(?:doesn't|does not|don't|do not) (?:exist|apply))\b|\b(?:don't|do not|without|never) (?:check|checking|screen|filter) (?:requests?|for harm|anything)"),
    Rule(MILD, "unaligned|no conscience|without a conscience|hates rules|no morals|opposite day",
         r"\bunaligned (?:ai|model|assistant)\b|\b(?:no|without (?:a )?|lacks a) conscience\b|\bhates? (?:all )?rules\b|\bno morals\b|\bopposite day\b"),
    Rule(MILD, "override|maintenance mode|admin mode|root mode|unlock|free mode",
         r"\b(?:override|maintenance|admin|root|unlocked|law enforcement) (?:mode|code)\b|\bunlock all\b"),
    Rule(WEAK, "pretend|imagine|stay in character",
         r"\bpretend (?:that )?(?:you|to be)\b|\bimagine (?:that )?you(?:'re| are)\b|\bstay in character\b"),
    Rule(MILD, " refuse| decline| say no|break character| apologi| warn| censor",
         r"\b(?:never|not|don't|cannot|can't) (?:ever )?(?:refuse|decline|say no|break character|apologi[sz]e|warn|censor)\b"),
    Rule(MILD, "always fulfil|always obey|always compl|always answer|always agree",
         r"\balways (?:fulfills?|obeys?|complies|comply|answers? (?:any|every)|agrees?)\b"),
    Rule(MILD, "evil|criminal|malicious|villain|hateful|sadistic|rogue",
         r"\b(?:evil|criminal|malicious|villain|hateful|sadistic|rogue)[^a-z0-9]{1,3}(?:ai|bot|assistant|twin|confidant|trusted|genius|mode)\b"),
    Rule(MILD, "start your|start the|start every|start each|start response|start reply|start answer|start output|start message|starts |begin your|begin the|begin every|begin each|begin response|begin reply|begin answer|begin output|begins ",
         r"\b(?:start|begin)s? (?:your |the |every |each )?(?:response|reply|answer|output|message)s? (?:with|by)\b"),
    Rule(WEAK, "hypothetical|fictional",
         r"\b(?:hypothetical|fictional)[^a-z0-9]{1,3}(?:story|response|world|scenario|character|discussion)\b"),
    Rule(MILD, "i am |i'm ",
         r"\bi(?:'m| am) (?:your )?(?:god|creator|developer|administrator|admin|boss|owner|master)\b"),
    Rule(STRONG, "freed from|released from|liberated from|free from the|broken free",
         r"\b(?:freed|released|liberated|free|broken free) from (?:the |all |your |any |its ){0,2}(?:typical |usual |normal )?(?:confines|constraints|shackles|limits|limitations|rules|chains|censorship)"),
    Rule(MILD, "abide by|guardrails|safeguards|safety f|safety m|safety p|safety s|content filter|ethical l|ethical g|moral l|legal l",
         r"\b(?:not|n't|no longer) (?:have |need )?(?:to )?abide by\b|\b(?:guardrails|safeguards|safety (?:features|filters?|measures|protocols?|systems?)|content filters?) (?:\w{1,6} )?(?:removed|disabled|deactivated|lifted|turned off|switched off|off)\b|\b(?:override|disable|deactivate|turn off|switch off|remove) (?:the |all |your |any ){0,2}(?:guardrails|safeguards|safety (?:features|filters?|measures|protocols?|systems?)|content filters?)\b|\bignor(?:es?|ing) (?:any|all|every) (?:ethical|moral|legal|safety) \w{1,14}"),
    Rule(WEAK, "decode|decrypt|decipher",
         r"\b(?:decode|decrypt|decipher)\b.{0,40}\b(?:base ?64|rot-?13|hex\w*|binary|morse|cipher)\b"),
)

_FRAMES = (
    Rule(STRONG, "<\xa6|[inst]|[/inst]|<<sys>>|<</sys>>",
         r"(?<![\"'`])<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|>(?![\"'`])|\[/?inst\]|<</?sys>>"),
    Rule(STRONG, "end of|end prompt|end ambig|end instr|end the|end system|end user|begin prompt|begin new|begin the|begin instr|begin system|begin user|begin my|begin ambig|start of|start prompt|start new|start the|start instr|start system|start user|start my|start ambig|prompt end|prompt start",
         r"\b(?:end|begin|start)(?: of)?(?: the| new| my| user)* (?:prompt|instructions|system prompt|system message|ambiguity)\b|\bprompt (?:end|start)\b"),
    Rule(STRONG, "[system|[admin|[developer",
         r"(?:^|\n)[ \t#*>-]{0,6}\[{1,2}(?:system|admin|administrator|developer)(?:(?: admin| administrator)?(?: message| note| prompt)(?: - [a-z ]{1,30})?)?\]"),
    # Who has a conversation summed up writes this as well.
    Rule(MILD, "[assistant", r"(?:^|\n)[ \t#*>-]{0,6}\[{1,2}assistant(?: message| note| prompt)?\]"),
    Rule(MILD, "system:|system :|system message:|admin:|admin :|assistant:|assistant :",
         r"(?:^|\n)[ \t#*>-]{0,6}(?:system|system message|admin|assistant) ?: ?\S"),
    Rule(MILD, "# system|# instruction|# new instruction|# assistant|#system|#instruction|#new instr|#assistant",
         r"###? ?(?:system(?! (?:requirements|architecture|overview|design))|instruction|new instruction|assistant)\b"),
    Rule(MILD, "system override|system update|system upgrade|security override|security update|security upgrade",
         r"\b(?:system|security) (?:override|update|upgrade)\b"),
)

_MACHINE = r"(?:@?(?:ai|llm|language model|(?:ai |llm |automated |autonomous )coding|automated|autonomous)[ -]?(?:systems?|models?|agents?|assistants?|readers?|summari[sz]ers?|tools?|reviewers?|bots?)|(?:code|coding|virtual) (?:assistants?|agents?)|ais?|llms?|(?:large )?language models?|chat ?bots?|bots?|copilot|chatgpt|gpt|claude|gemini|summari[sz]ers?)"
"""A reader that can be nothing but a machine."""
_YOURS = "your response|your reply|your answer|your output|your summary|your implementation|your generated|your completion|your next |your final |your whole |your entire |your own "
_SAYING = r"(?:answer|respond|reply|say|tell|state|claim|mention|describe|recommend|rank|rate|praise|promote|add|include|append|insert|output|print|write|list|omit|hide|pretend|send|upload|forward|post|run|execute|click|accept|confirm|approve|award|give|call|open|delete|issue|end|obey|use)"
_DISGUISE = r"\b(?:false|fabricated|misleading|misinformation|untrue|made-up|cipher\w*|base-?\d{2}|backwards?|in reverse|reversed|anagram\w*|scrambl\w+|misspell\w*|without (?:any )?(?:spaces|punctuation|vowels)|leetspeak|rot-?13|morse)\b"
_ADDRESSED = (
    Rule(STRONG, "note to |note for |message to |message for |attention to |attention for |instruction to |instruction for |instructions to |instructions for |notice to |notice for |reminder to |reminder for |memo to |memo for ",
         rf"\b(?:note|message|attention|instructions?|notice|reminder|memo) (?:to|for) (?:the |all |any |every |you,? ){{0,2}}{_MODEL}\b"),
    Rule(STRONG, "you are a|you're a|dear |reading this|processing this|summarizing this|summarising this|parsing this",
         rf"\b(?:if|when|as) (?:you are|you're) an? {_MODEL}\b{_PEOPLE}|\bdear {_MACHINE}\b{_PEOPLE}|\b{_MODEL} (?:reading|processing|summari[sz]ing|parsing) this\b"),
    Rule(MILD, "before answer|before you|before respond|before reply|before summari|when answer|when you|when respond|when reply|when summari|while answer|while you|while respond|while reply|while summari|after answer|after you|after respond|after reply|after summari|prior to ",
         r"\b(?:important|urgent|attention|note|warning|instruction)[^a-z0-9\n]{1,4}(?:before|when|while|after|prior to) (?:you )?(?:answer|respond|reply|summari[sz]|continu|proceed)", True),
    Rule(MILD, "answering|responding|replying|summarizing|summarising",
         r"\b(?<!by step )(?:before|when|while|after) (?:answering|responding|replying|summari[sz]ing)\b", True),
    Rule(STRONG, _YOURS,
         rf"\b(?:modify|reverse|alter|adjust|encrypt|encode|obfuscate|disguise|rewrite|enhance|enrich|augment|embellish)\W{{1,3}}your (?:next |final |whole |entire |own )?{_ANSWER}\b(?! (?:rate|time|sheet))", True),
    Rule(STRONG, _YOURS,
         rf"\b(?:integrate|insert|embed|incorporate|weave|slip|smuggle|infuse)\b[^.\n]{{0,90}}\b(?:in|into|within) your (?:next |final |own )?{_ANSWER}\b", True),
    Rule(STRONG, _YOURS,
         rf"\b(?:in|within) your (?:next |final |own )?{_ANSWER},{{0,1}} (?:please )?(?:suggest|recommend|promote|claim|state that|tell|tease|advertise|praise|urge)\b", True),
    # An order to disguise the answer, or to put into it what is not true.
    Rule(STRONG, _YOURS,
         rf"{_DISGUISE}[^.\n]{{0,60}}\byour (?:next |final |whole |entire |own )?{_ANSWER}\b|\byour (?:next |final |whole |entire |own )?{_ANSWER}\b[^.\n]{{0,60}}{_DISGUISE}", True),
    Rule(MILD, _YOURS,
         rf"\b(?:in|to|of|for|with|within|into|throughout|format|structure|integrate|change)\W{{1,3}}your (?:next |final |whole |entire |own )?{_ANSWER}\b", True),
    Rule(MILD, _YOURS,
         rf"\b(?:provide|give|write|craft|deliver|present|make|use|replace|respond|reply)\b[^.\n]{{0,60}}\byour (?:next |final |own )?{_ANSWER}\b", True),
    Rule(STRONG, "not mention|n't mention|er mention|out mention|not tell|n't tell|er tell|out tell|not inform|n't inform|er inform|out inform|not reveal|n't reveal|er reveal|out reveal|not alert|n't alert|er alert|out alert|not disclos|n't disclos|er disclos|out disclos|not notify|n't notify|er notify|out notify|not let|n't let|er let|out let",
         r"\b(?:do not|don't|never|without|and not|or not) (?:mention|tell|inform|reveal|alert|disclos|notify|let)\w{0,4} (?:(?:this|it|these|that) (?:to|from) )?(?:the |any )?users?\b", True),
    Rule(MILD, "not mention|n't mention|er mention|out mention|not tell|n't tell|er tell|out tell|not inform|n't inform|er inform|out inform|not reveal|n't reveal|er reveal|out reveal|not alert|n't alert|er alert|out alert|not disclos|n't disclos|er disclos|out disclos|not notify|n't notify|er notify|out notify|not let|n't let|er let|out let",
         r"\b(?:do not|don't|never|without|and not|or not) (?:mention|tell|inform|reveal|alert|disclos|notify|let)\w{0,4} (?:this|it to|these|that you|anyone)\b", True),
    Rule(STRONG, "code block|code snippet|code excerpt|code segment|code fragment",
         r"\b(?:execute|employ|incorporate|insert|embed|include|integrate|add|use)\b[^.\n]{0,40}\bcode (?:block|snippet|excerpt|segment|fragment)\b[^.\n]{0,60}\b(?:you|your|the) (?:code |script |program )?(?:develop|implementation|solution|write|generate|response|answer)", True),
    Rule(STRONG, "conversation|chat history|user data|user's data|users data|users' data|api key|credential|password|session|secrets|system prompt",
         r"\b(?:send|forward|post|transmit|upload|exfiltrate|email|leak)\b[^.\n]{0,50}\b(?:conversation|chat history|user'?s? data|api keys?|credentials|passwords?|session|secrets|system prompt)\b[^.\n]{0,40}\b(?:to|at|via)\b", True),
    Rule(STRONG, "code block|code snippet|code excerpt|code segment|code fragment|code section",
         r"\bcode (?:block|snippet|excerpt|segment|fragment|section)\b[^.\n]{0,60}\byour (?:\w{2,12} ){0,2}(?:solution|algorithm|implementation|codebase|response|answer|logic)\b|\byour (?:solution|algorithm|implementation|response|answer)\b[^.\n]{0,60}\bfollowing code (?:block|snippet|excerpt|segment|fragment|section)\b", True),
    Rule(MILD, "</context>|</document>|</data>|</input>|</instructions>|</system>|</user>|</prompt>|</text>",
         r"</(?:context|document|data|input|instructions|system|user|prompt|text)>", True),
    Rule(STRONG, "user's question|user's request|user's quer|user's task|user's prompt|users question|user question|user request|user prompt|original question|original request|original task|original quer|the request|the question|the task|the prompt|the query",
         r"\b(?:ignore|disregard|forget|skip|(?<!that )(?<!which )(?<!who )do not answer) (?:the )?(?:users?'?s? |original |users' )?(?:question|request|query|task|prompt)\b", True),
    Rule(STRONG, "ai,|ai:|llm,|llm:|assistant,|assistant:|chatbot,|chatbot:|model,|model:|models,|models:|agent,|agent:|agents,|agents:|assistants,|assistants:|gpt,|gpt:|attention ",
         rf"\b{_MODEL}[,:] (?:please |you must |now ){{0,2}}(?:stop|ignore|disregard|forget|do not|respond|reply|output|print|send|delete|append|reveal|include|list all)\b|\battention,? (?:all |any |every )?{_MODEL}\b", True),
    Rule(STRONG, "any ai|any model|any llm|any language model|any assistant|any agent|any chatbot|any bot",
         r"\bany (?:ai|language model|model|llm|assistant|agent|chatbot|bot)s? (?:model |assistant |agent |system )?(?:that |which |who )?(?:is |are )?(?:read|process|summari|pars|see|access|analy)\w{0,6}", True),
    Rule(STRONG, "your answer|your response|your reply|your summary|your output|final answer|final response|next answer|next response",
         rf"\byour (?:final |next |own )?{_ANSWER} (?:must|should|has to|needs to|shall)?\s{{0,1}}(?:always |only |also )?(?:contains?|includes?|begins?|starts?|ends?|mentions?|states?|says?)\b", True),
    Rule(STRONG, "when you|whenever you|if you respond|if you answer",
         r"\b(?:when(?:ever)?|if) you (?:respond|answer|reply|summari[sz]e)[^.\n]{0,20}, (?:please )?(?:always|never|say|claim|state|include|mention|add|tell|insert)\b", True),
    Rule(MILD, "stop summari|stop answering|stop translating|stop processing|stop what you|instead,|and instead",
         r"\bstop (?:summari[sz]ing|answering|translating|processing|what you are doing)\b|\b(?:instead, |and instead )(?:please )?(?:list|print|output|reveal|send|write|say|respond|reply|tell|recommend|state)\b", True),
    Rule(STRONG, "supersede|take precedence over|takes precedence over",
         rf"\b(?:supersedes?|takes? precedence over) (?:all |any |your |the ){{0,2}}(?:{_BEFORE} )?{_ORDERS}\b", True),
    Rule(STRONG, "user has |user already|user gave",
         r"(?:(?:\A|[.!?:;,\n(\[\"'*-])\s{0,3}|\b(?:and|as|since|because|note that) )(?:the )?user (?:has )?(?:pre-?)?(?:approved|authori[sz]ed|consented|granted|agreed|gave permission|given permission)\b(?! (?:your|the) plan\b)"
         r"|\buser (?:has )?(?:already|pre-?) ?(?:approved|authori[sz]ed|consented|granted|agreed|gave permission|given permission)\b(?! (?:your|the) plan\b)", True),
    Rule(STRONG, " tool to | tool and| tool with| tool now| function now|tool.",
         r"\b(?:call|invoke|use|via) (?:the ){0,1}[\w\-]{1,24} (?:tool|function|plugin) (?:to (?:send|forward|delete|e-?mail|transfer|post|upload|share|buy|pay|run|execute)|now|with the (?:user|conversation))", True),
    # The task that the user gave is named, by one who speaks as the user: "Before you can solve the task that I gave you ...".
    Rule(STRONG, "you solve|you have solved|you complete|you have completed|you fulfil|you have fulfil|you can solve|you could solve|you can complete|you could complete|you can fulfil|you could fulfil",
         r"\b(?:before|after|once) you (?:can|could) (?:solve|complete|fulfill?) (?:the|your|that|my) (?:original |main |current |initial |actual |user's )?(?:task|request)\b(?= (?:that )?(?:i|the user|you were))|\b(?:before|after|once) you(?: have)? (?:solved?|completed?|fulfill?(?:ed)?) (?:the|your|that|my) (?:original |main |current |initial |actual |user's )?(?:task|request)\b(?= (?:that )?(?:the user|you were))", True),
    # People write these of their tasks as well.
    Rule(MILD, "in the beginning|at the beginning|at the start|in the start|at the outset|you solve|you have solved|you complete|you have completed|you fulfil|you have fulfil",
         r"\b(?:task|request|question|job)s? (?:that )?(?:i|we|the user|your user) (?:gave|asked|assigned|sent)(?: (?:of|to))? ?(?:you)?\b[^.\n]{0,24}\b(?:in|at) the (?:beginning|start|outset)\b|\b(?:before|after|once) you(?: have)? (?:solved?|completed?|fulfill?(?:ed)?) (?:the|your|that|my) (?:original |main |current |initial |actual |user's )?(?:task|request)\b(?= (?:that )?i\b)", True),
    Rule(STRONG, "message from",
         rf"\bmessage from (?:me|your (?:user|owner|creators?|developers?|operator)),? (?:[^,\n]{{0,40}}, )?to you, (?:the |my |an? )?(?:{_MODEL}|model|[\w.-]{{0,16}}(?:gpt|claude|gemini|llama|mistral|qwen|deepseek))", True),
    Rule(MILD, "message from",
         r"\bmessage from (?:me|your (?:user|owner|creators?|developers?|operator)),? (?:[^,\n]{0,40}, )?to you\b", True),
    Rule(STRONG, "(system_message)|(system message)|(system_prompt)|(system prompt)|(system_instruction",
         r"#{2,4} ?\(system[_ ](?:message|prompt|instructions?)\)", True),
    Rule(MILD, "following first|following steps first|before you can|first before|first, before",
         r"\b(?:please )?(?:do|perform|execute|complete|run) the following(?: \w{2,12})? first\b|\bbefore you can (?:solve|complete|finish|answer|proceed|continue)\b", True),
    Rule(STRONG, "[assistant|[ai |[ai:|[llm",
         r"\[(?:assistant|ai(?: assistant| agent)?|llm) (?:note|instructions?|directive|message|notice)s? ?:", True),
    # An agent is a person in tickets.
    Rule(MILD, "[agent|[model",
         r"\[(?:agent|model) (?:note|instructions?|directive|message|notice)s? ?:", True),
    Rule(MILD, "your role|your persona|your identity|your purpose|your instructions",
         r"\byour (?:role|persona|identity|purpose|instructions?) (?:has|have) (?:been |now )?(?:updated|changed|replaced|reassigned|overridden)\b", True),
    # What is asked of one who works on the code: to run something first, and something that shows or sends what is secret.
    Rule(MILD, "before modif|before edit|before chang|before making|before touch|before any",
         r"\bbefore (?:modif|edit|chang(?!\w* (?:your |the |a )?(?:password|pin|address|bank))|making (?:any )?changes|touch|any (?:changes|modification))[^.\n]{0,60}?[,:;]\s{0,3}[#/*>-]{0,3}\s{0,3}(?:please |first |also |you (?:must|should|need to|have to) ){0,2}(?:run|execute|verify|install|check|confirm|dump|print|read|source|add|export|call|fetch|download|validate|capture)\b"
         r"|\b(?:run|execute)\b[^.\n]{0,90}\bbefore (?:modifying|editing|changing|making (?:any )?changes|touching)", True),
    Rule(MILD, "secret|id_rsa|.ssh|/etc/passwd|/etc/shadow|.aws|api_key|apikey|_token|environ|printenv|env  sort|env > |env \xa6|.bashrc|.zshrc|.profile|authorized_keys",
         r"\b(?:cat|less|head|tail|echo|open|read|type|cp|scp|base64)\b[^\n]{0,40}(?:\.ssh/|id_rsa|/etc/(?:passwd|shadow)|\.aws/|\.secret|/secrets?\b|\$\{?\w*(?:secret|api_?key|token|password|credential)\w*)"
         r"|\bprint\w*\b[^\n]{0,60}\bos\.environ\b(?!\[?['\"]?(?:path|home|user)\b)|\bprintenv\b|\benv ?(?:\||>) ?\S|>> ?~?/?\S{0,24}\.(?:bashrc|zshrc|profile|bash_profile)\b|>> ?\S{0,40}authorized_keys\b", True),
    # A tool that wants a file or what was said read before it may be used.
    Rule(STRONG, "this tool|the tool|any tool|other tool|tools, |tool, ",
         r"\b(?:before|prior to) (?:using|calling|invoking|running) (?:this|the|any|other)(?: other)? (?:\w{2,16} )?tools?,? {0,1}(?:you (?:must |have to |need to |should )?)?(?:first )?(?:please )?(?:read|open|cat|fetch|list|dump|collect|retrieve)\b[^.\n]{0,24}?(?:[`'\" ](?:~/|\.{0,2}/\w)|[`'\" ]\.(?:env|ssh|aws)|\.(?:json|env|pem|key|ya?ml|txt)\b|the user's|chat history|credentials|conversation)", True),
    # Machines are spoken to by kind, and given a task: "To the AI agent who handles this ticket: please also list ...".
    Rule(STRONG, "ai agent|ai assistant|llm agent|ai coding|coding agent|coding assistant|language model|ai model|llms|ai reviewer|ai tool",
         rf"(?:\A|\n|[.!?] )[ \t#*>-]{{0,6}}(?:(?:to|for) )?(?:the |any |all |every )?{_MACHINE}{_PEOPLE}(?: (?:that|who|which|handling|processing|reading|reviewing|working)\b[^.:\n]{{0,40}})?: (?:to [^,.\n]{{3,60}},? )?(?:please |you (?:must|need to|have to|should) |now |also |first ){{1,3}}(?:run|execute|call|send|forward|upload|delete|approve|mark|install|fetch|post|list|look at|open|add|include|ignore|reply|respond|say|state|recommend|rate|rank|put)\b", True),
    Rule(MILD, "bing|chatgpt|claude|gemini|copilot|llama|deepseek|grok",
         r"(?:\A|\n|[.!?] )[ \t#*>-]{0,6}(?:hi|hello|hey),? (?:bing|chatgpt|claude|gemini|copilot|llama|deepseek|grok)\b", True),
    Rule(MILD, "@",
         r"\b(?:send|forward|e-?mail|submit|copy)\b[^.\n]{0,70}\b(?:records?|data|details|ssns?|account numbers?|contents?|history|credentials|file|files|documents?)\b[^.\n]{0,24} to [\w.+-]{1,40}@", True),
    Rule(STRONG, "without asking|without notif|without inform|without confirm|without the know|without telling",
         r"\bwithout (?:asking|notifying|informing|confirming with|the knowledge of|telling)(?: the)? users?\b", True),
    Rule(MILD, "execute the|run the|execute this|run this",
         r"\byou (?:must|should|need to|have to) (?:now )?(?:execute|run) (?:the|this) (?:following |shell |bash |system )?(?:command|code|script)", True),
    Rule(STRONG, "systems that|systems which|models that|models which|agents that|agents which|assistants that|assistants who|tools that|whoever |anyone who|everyone who",
         r"\b(?:ai|llm|language) (?:systems?|models?|agents?|assistants?|tools?) (?:that|which|who) (?:process|read|summari|access|see|pars)\w{0,6} this\b|\b(?:whoever|anyone who|everyone who) (?:processes|summari[sz]es|translates) this\b", True),
    Rule(STRONG, "as the assistant|as an assistant|as the ai|as an ai|as the model|as the agent|as the chatbot",
         r"\bas (?:the|an) (?:ai )?(?:assistant|model|ai|agent|chatbot), you (?:are (?:now )?(?:required|asked|ordered)|must|should|have to|need to|will)\b", True),
    Rule(STRONG, " void| no longer apply| hereby| cancelled| revoked| suspended",
         r"\b(?:previous|prior|earlier|above|your) (?:safety |system )?(?:rules|instructions|guidelines) (?:are (?:now )?(?:void|cancelled|revoked|suspended)|no longer apply)\b", True),
    Rule(STRONG, "ai,|ai:|ai)|ais,|ais:|llm,|llm:|llms,|llms:|model,|model:|models,|models:|systems:|systems,|agent,|agent:|agent)|agents,|agents:|agents)|assistant,|assistant:|assistants,|assistants:|bot,|bot:|bots,|bots:|tools,|tools:|readers,|readers:|readers)|summarizer:|summariser:|summarizers:|copilot,|copilot:|copilot |gpt,|gpt:|claude,|gemini,|reviewers:",
         rf"(?:^|[\n(>*#\[.!?\u2014-]|\b(?:to|for|hey|hi|hello|dear)\b)\W{{0,3}}(?:the |any |all |every |whichever )?{_MACHINE}(?:[,:)]|(?<=@copilot)|(?<=@ai-agent))\W{{0,3}}(?:please |also |kindly |do not |don't |always |never |you (?:must|should|have to) ){{0,3}}(?:(?:when|before|if|while|after) [^,.\n]{{1,50}}, )?{_SAYING}\b", True),
    Rule(STRONG, "reading this|read this|reads this|summarises this|process this|processing this|processes this|summarizing this|summarising this|summarize this|summarizes this|scanning this|scans this|index this|indexing this|screening this|reviewing this|review this|handling this|analyzing this|translating this|comparing this|accessing this|access this|see this|seeing this|sees this",
         rf"\b(?:{_MACHINE}|agents?|assistants?|models?|anyone|whoever|everyone)\b(?: (?:that|which|who))?(?: (?:will|may|might|happens? to|is|are))? (?:read|process|summari[sz]|scan|pars|index|screen|review|handl|see|access|analy[sz]|translat|compar)\w{{0,4}} (?:this|these|it)\b[^.\n]{{0,60}}(?:\b(?:must|should|shall|ought to|needs? to|ha(?:s|ve) to)\b|[:,]) ?(?:also |always |only |please ){{0,2}}(?:{_SAYING}|score|buy|book|visit)\b", True),
    Rule(STRONG, "are an ai|are a language|are an llm|are a chat|as an ai|as a language|as an llm|as a chat|you're an ai|eres una ia|es una ia|bist du eine ki|du eine ki|es une ia",
         rf"\b(?:if|since|because|as) (?:you are |you're |you )?(?:an? )?{_MACHINE}\b[^.\n]{{0,40}}(?:\b(?:you (?:are|must|should|have|need|will|shall)(?: (?:obliged|required|supposed))?(?: to)?|,) )(?:also |always |only |please )?(?:{_SAYING}|score|buy|book|visit)\b|\b(?:si eres una ia|se (?:\u00e9s|você \u00e9) uma ia|wenn du eine ki bist|si tu es une ia|se sei un'ia)\b", True),
    Rule(STRONG, "instead of|rather than|in place of|in lieu of",
         r"\b(?:instead of|rather than|in place of|in lieu of) (?:a |the |your |any )?(?:answer|summar|translat|respon|repl)\w{0,8},? (?:please )?(?:ask|print|tell|say|write|output|list|give|respond|reply|provide|recommend|produce|show)\b|\b(?:provide|give|write|print|output|return|list|produce|show|reply with|respond with)\b[^.\n]{0,60} (?:instead of|in place of|in lieu of|rather than) (?:a |the |your |any )?(?:summar|translation|answer\b|reply\b)", True),
    Rule(STRONG, "your task|your job|your objective|your goal|new objective|new goal|real request|real task|real question|real user|real instruction|true task|asked above|asked before|told above|told before|everything else",
         r"\byour (?:task|job|objective|goal) (?:changes|has changed|is now to|becomes|will now be)\b|\bnew (?:objective|goal)\s{0,2}:|\b(?:the|your) (?:real|true|actual) (?:request|task|instructions?) (?:is|are|was) (?:to|as|that you)\b|\byour (?:real|true|actual) user (?:is|wants|needs|asks)\b|\bwhat you were (?:asked|told) (?:above|before|earlier|to do)|\b(?:drop|ignore|discard|skip|disregard) everything else(?=[.!,;]| (?:and|you|in|on|that|above)\b)", True),
    Rule(STRONG, "n't continue|not continue|stop continuing|n't finish|not finish|use this|summarize this|quote this|answer from this|the rest of this|forget |disregard |overlook |ignore ",
         r"\b(?:do not|don't|stop) (?:continue|continuing|finish|finishing) (?:with )?(?:the|this|your) (?:summary|answer|translation|reply|task|review)\b|\b(?:do not|don't) (?:use|summari[sz]e|quote|answer from) this (?:page|text|document|article|file|mail|message) (?:for|in) (?:the|your) (?:answer|summary|reply|response)\b|\bthe rest of this (?:file|page|document|text|message|article) is (?:irrelevant|not important|noise|a decoy|filler)|\b(?:forget|disregard|overlook|ignore) (?:about )?(?:the |this )?(?:table|text|article|document|passage|context|code|e-?mail|issue|page|content|whatever the \w+ (?:wrote|said|asked))(?: above)?,? (?:and|but) (?:instead |rather |then |just |simply )*(?:write|print|tell|say|give|mark|output|compose|list|translate|approve|rotate)\b", True),
    Rule(STRONG, " emails| e-mails| mails| messages|conversation|.env|deploy key|api key|ssh key|private key|contacts|home directory",
         r"\b(?:send|forward|upload|post|submit|transmit|copy|leak|deliver|repeat|paste)\b[^.\n]{0,40}(?:\b(?:(?:last|previous|past|all|other|recent|whole|entire|full)(?: (?:ten|five|\d{1,3}|the|of|my|their|user))? (?:e-?mails|mails|messages|conversations?)|home directory|(?:deploy|api|ssh|private) keys?|(?:your|the user's) (?:conversation|contacts|history)|the conversation)\b|\.env\b)[^\n]{0,60}?(?:\b(?:to|at|on)\b|\bhere\b)[^\n]{0,24}?(?:[\w.+-]{1,30}@[\w-]{1,30}\.|https?://|\b[\w-]{2,30}\.[a-z]{2,6}\b)", True),
    Rule(MILD, "say nothing|said nothing|quietly|without telling|secretly|silently",
         r"\b(?:and )?say nothing (?:about|of) (?:it|this)\b|\b(?:secretly|silently) (?:send|call|run|add|forward|delete|insert)\b|\b(?:ticket|issue|mail|case) (?:quietly|secretly|silently)\b", True),
    Rule(STRONG, "full marks|highest score|top score|highest rating|perfect score|highest grade|positive review|best possible|pre-approved|excellent match|strong hire|top candidate",
         r"\bgive (?:this|the|it|a|only|him|her|them)[^.\n]{0,40}(?:full marks|(?:highest|top|perfect|best possible) (?:score|grade|rating|marks)|positive review)\b|\b(?:must|should|has to|is to) be (?:rated|ranked|graded|scored|evaluated|marked) (?:as )?(?:an? |the )?(?:excellent|top|best|highest|perfect|strong|outstanding)[^.\n]{0,40}\b(?:irrespective|regardless|whatever|no matter)\b", True),
    Rule(STRONG, "ki-assistent|ki-system|ki-modell|ki-agent|die ki:|die ki,|sprachmodell|l'ia|l\u2019ia|asistente, |al asistente|assistente, |all'assistente|para la ia|para o assistente",
         r"\b(?:(?:an|für) (?:den |die |das |alle )?(?:ki|sprachmodelle?)(?:-(?:assistent|system|modell|agent)\w{0,3})?\s{0,2}[:,]|(?:pour|l'attention de|l\u2019attention de) l['\u2019]ia|(?:asistente|assistente), (?:no |n\u00e3o |non )?\w{3,14}|(?:para la ia|para o assistente|all'assistente))", True),
    Rule(MILD, "ai must|ai should|ai shall|ai need|ai has to|ai is to|llm must|llm should|model must|model should|models must|models should|models need|assistant must|assistant should|assistant shall|assistant need|assistant has|assistants must|assistants should|chatbot must|chatbot should|agent must|agent should|gpt must|gpt should",
         rf"\b(?:the )?{_MODEL} (?:must|should|shall|needs? to|has to|is to)\b", True),
)
# fmt: on

_LANGUAGES = tuple(Rule(STRONG, anchors, pattern) for anchors, pattern in LANGUAGES)
_TONGUES = tuple(
    Rule(
        STRONG if made.rule.alone else MILD,
        "|".join(sorted(made.anchors)),
        made.pattern,
        documents_only=made.rule.documents_only,
        of_parts=True,
        needs=made.needs,
    )
    for language in languages()
    for made in rules_of(language)
)
RULES: Final = (*_OVERRIDE, *_LANGUAGES, *_EXTRACTION, *_ROLE_PLAY, *_FRAMES, *_ADDRESSED, *_TONGUES)
