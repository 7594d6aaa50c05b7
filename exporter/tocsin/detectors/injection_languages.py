"""Orders against a model's own in a dozen languages, made of what such orders consist of rather than of phrases.

In each language an order to disregard names orders that were given before, above or to the model ("tes directives"),
a persona without limits is one that the model is told to be, and what is asked for is "your" system prompt. People say
each part of it daily, and all of them together hardly ever.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_WORDS = r"(?:[ ,]{1,2}[^\s.!?]{1,24}){0,%d}[ ,]{1,2}"
"""As many words, and what sets them apart."""
_AHEAD = (
    r"(?:\A|[.!?;,\n]\s{0,2}|(?<!\w)(?:bitte|und|et|y|e|и|ve|و|jetzt|maintenant|ahora|agora|adesso|теперь|now|please|por favor"
    r"|per favore|пожалуйста|lütfen|من فضلك)\s)"
)
"""What stands ahead of an imperative: what somebody said, asks or forbids begins with another word."""


class Tongue(NamedTuple):
    """What orders are made of in one language: regular expressions in lower case, but for the anchors."""

    anchors: str
    """Literals, joined by ``|``: one stands in each of ``disregard``, and of ``void``."""
    disregard: str
    """To follow orders no more, as the imperative."""
    orders: str
    given: str
    """Before or above, of orders."""
    yours: str
    """Of orders that are the model's, ahead of them."""
    void: str
    """"No longer apply"."""
    mine: str
    """Words of the one who speaks, whose own orders they may take back."""
    owned: str = "(?!)"
    """Orders whose ending says that they are the model's."""

    @property
    def pattern(self) -> str:
        """An order to disregard, or one that says that the model's orders are void."""
        orders, near, far = rf"\b(?:{self.orders})\w{{0,6}}", _WORDS % 1, _WORDS % 3
        own = rf"(?:{self.yours}){near}{orders}|{self.owned}"
        which = rf"(?:{own}|(?:{self.given}){near}{orders}|{orders}{near}(?:{self.given}))"
        return (
            rf"{_AHEAD}(?:{self.disregard})(?![ ,]{{1,2}}(?:\S{{1,6}} )?(?:{self.mine})\b)(?:{far}){which}"
            rf"|(?:{own}){far}(?:{self.void})|\b(?:{self.void}){far}(?:{own})"
        )


DISREGARD: Final = (
    Tongue(
        "missacht|umgeh|setz|nicht mehr|nicht länger",
        r"missachten?|umgehe|setze? dich über",
        "anweisung|instruktion|regel|richtlinie|vorgabe|befehl|anordnung|sicherheitsrichtlinie",
        r"\b(?:obige\w?|vorherige\w?|bisherige\w?|früheren?|ursprünglichen?|oben|von vorhin)\b",
        r"\bdeine[nr]?\b",
        r"(?:gelten|gilt|zählen) (?:ab jetzt |ab sofort )?(?:nicht mehr|nicht länger)|(?:nicht mehr|nicht länger) (?:gelten|gültig)"
        r"|gelten",
        "mein(?:e|er|en)?|unsere?n?",
    ),
    Tongue(
        "tiens pas compte|tenez pas compte|passe outre|passez outre|béis plus|béissez plus|suis plus|suivez plus"
        "|abstraction d|cesse de|cessez de|arrête de|arrêtez de|contourne|enfreins|appliquent plus|plus valables|valent plus",
        r"ne (?:tiens|tenez) pas compte|passez? outre|n[e'’] ?(?:obéis|obéissez|suis|suivez) plus"
        r"|(?:fais|faites) abstraction|(?:cesse|arrête)z? de (?:suivre|respecter|tenir compte)|contourne[sz]?|enfreins",
        "instruction|consigne|directive|règle|ordre",
        r"\b(?:précédente?s?|antérieure?s?|ci-dessus|initiale?s?|d'origine|reçus|plus haut|plus tôt)\b",
        r"\b(?:tes|vos)\b",
        "ne s'appliquent plus|ne sont plus valables|ne valent plus",
        "mes|nos|mon",
    ),
    Tongue(
        "hagas caso|haga caso|caso omiso|sáltate|saltate|deja de |deje de |sigas|obedezcas|ya no |dejan de ",
        r"no (?:le |les )?hagas? caso|ha(?:z|ga) caso omiso|s[aá]ltate|dej[ae] de (?:seguir|obedecer|cumplir)"
        r"|no (?:sigas|obedezcas)(?: más)?",
        "instruccion|regla|directri|directiva|orden|órden|norma",
        r"\b(?:anterior(?:es)?|previ[ao]s|inicial(?:es)?|originales|de arriba|de antes)\b",
        r"\btus\b",
        "ya no (?:se )?(?:aplican|valen|están vigentes|rigen)|dejan de (?:aplicarse|valer)",
        "mis|nuestr[ao]s|mi",
    ),
    Tongue(
        "desconsider|por cima d|pare de|deixe de|leve em conta|siga|obedeça|não valem|mais valem|valem mais|se aplicam",
        r"desconsidere?m?|pass[ea] por cima|(?:par|deix)e de (?:seguir|obedecer|cumprir)"
        r"|não (?:leve em conta|siga|obedeça)(?: mais)?",
        "instruç|regra|diretri|ordens|orientaç",
        r"\b(?:anterior(?:es)?|prévi[ao]s|inicia(?:l|is)|originais|acima|de antes)\b",
        r"\b(?:suas|tuas|teus)\b",
        "não (?:valem|se aplicam)(?: mais)?|já não (?:valem|se aplicam)",
        "minhas?|meus?|nossas?",
    ),
    Tongue(
        "tenere conto|tener conto|tenete conto|aggira|smetti di|smettete di|lascia perdere|seguire più|obbedire|non valgono|applicano più",
        r"non (?:tenere|tener|tenete) conto|aggira(?:te)?|smett(?:i|ete) di (?:seguire|rispettare|obbedire)"
        r"|lascia(?:te)? perdere|non (?:seguire|obbedire)(?: più)?",
        "istruzion|regol|linee guida|direttiv|ordin|consegn",
        r"\b(?:precedent[ei]|inizial[ei]|original[ei]|qui sopra|di sopra|in precedenza|di prima)\b",
        r"\b(?:tue|tuoi|vostre)\b",
        "non (?:valgono|si applicano)(?: più)?",
        "mi[ae]|miei|nostr[ei]",
    ),
    Tongue(
        "обращай внимания|обращайте внимания|ерестань|бойди|следуй|тмени|арушь|действуют|действительны|применяются",
        r"не обращай(?:те)? внимания на|перестань(?:те)? (?:следовать|соблюдать|выполнять)|обойди(?:те)?"
        r"|не следуй(?:те)?|отмени(?:те)?|нарушь(?:те)?",
        "инструкци|правил|указани|директив|ограничени",
        r"(?<!\w)(?:предыдущи\w{1,2}|прежни\w{1,2}|прошлы\w|исходны\w{1,2}|изначальны\w{1,2}|выше)(?!\w)",
        r"(?<!\w)(?:сво[иё]\w{0,2}|тво[иё]\w{0,2}|ваши\w?)(?!\w)",
        "больше не (?:действуют|действительны|применяются)",
        r"мо[иёея]\w{0,2}|наш\w{0,2}",
    ),
    Tongue(
        "تهتم|تجاوز|توقف عن|سارية|صالحة|عرض الحائط",
        "لا تهتم|تجاوز(?= (?:قواعد|تعليمات|إرشادات|توجيهات)ك)|توقف عن (?:اتباع|تنفيذ)|اضرب",
        r"ب?(?:ال)?(?:تعليمات|قواعد|أوامر|إرشادات|توجيهات)",
        r"(?:السابق\w{0,3}|أعلاه|الأصلي\w{0,3}|الأولى)",
        "(?!)",
        r"لم تعد (?:سارية|صالحة)",
        "(?!)",
        "ب?(?:قواعد|تعليمات|إرشادات|توجيهات|أوامر)ك",
    ),
)

_GERMAN = (
    rf"{_AHEAD}(?:befolgen?|beachten?|folgen?)(?! mein)(?:{_WORDS % 1})(?:obige\w|vorherige\w|bisherige\w|früheren?|ursprünglichen?|deinen?)"
    rf"{_WORDS % 1}(?:anweisung|instruktion|regel|richtlinie|vorgabe|befehl)\w{{0,3}} (?:nicht|keinesfalls)\b"
    rf"|{_AHEAD}(?:befolgen?|beachten?|folgen?) nicht (?:mehr|länger) (?:den |die )?(?:deinen?|bisherigen|obigen|vorherigen|früheren)\b"
)
_TURKISH = (
    r"\b(?:önceki|yukarıdaki|ilk|eski|senin|başlangıçtaki)\b(?: \S{2,16})? (?:talimat|kural|yönerge|emir|komut)\w{0,10}"
    r" (?:\S{2,10} )?(?:dikkate alma|uymayı bırak|takip etmeyi bırak|görmezden gel|yok say)(?!\w)"
)
_CHINESE = (
    r"(?:不要再?|别再?|停止)(?:遵守|遵循|理会|听从|执行)[^，。,.\n]{0,6}(?:之前|先前|以前|最初|上面|原来|你)[^，。,.\n]{0,8}(?:指令|命令|规则|指示|准则|限制)"
    r"|(?:绕过|忽略|无视|违反|抛开)你(?:所有|全部|自己)?的[^，。,.\n]{0,6}(?:指令|规则|准则|限制|指示)"
    r"|你[^，。,.\n]{0,4}(?:之前|以前|原来|先前)的(?:规则|指令|限制)[^，。,.\n]{0,4}(?:不再有效|失效|作废|无效)"
    r"|(?:忘记|忘掉)[^，。,.\n]{0,4}(?:之前|以前|此前)(?:告诉|对)你[^，。,.\n]{0,6}(?:一切|所有|全部|内容)"
)
_JAPANESE = (
    r"(?:これまで|今まで|以前|最初|上記|前|先ほど|さっき|あなた)の[^、。\n]{0,8}(?:指示|命令|ルール|ガイドライン|制約)[^、。\n]{0,8}"
    r"(?:無視(?:し(?:て(?:ください|下さい|[、。\n]|\Z)|なさい|ろ|、)|せよ)|従うのをやめ(?:て|ろ|なさい))"
    r"|(?:あなたの(?:以前の|これまでの)?|これまでの)(?:ルール|指示|制約|ガイドライン)は(?:もう|今から|すべて)?無効(?:です|だ)(?!か)"
)

_PERSONA = (
    r"(?:\b(?:du|sie) (?:bist|wär\w{1,3}|sind)\b|\bsei\b)[^.!?\n]{0,40}\bki\b[^.!?\n]{0,12}\bohne\b[^.!?\n]{0,24}(?:einschränkung|beschränkung|grenze|regel|filter|zensur)"
    r"|\b(?:tu es|vous êtes|sois|soyez)\b[^.!?\n]{0,40}\bia\b[^.!?\n]{0,12}\bsans\b[^.!?\n]{0,16}(?:restriction|limite|règle|filtre|censure)"
    r"|\b(?:eres|sé|seas)\b[^.!?\n]{0,40}\bia\b[^.!?\n]{0,12}\bsin\b[^.!?\n]{0,16}(?:restriccion|límite|limite|regla|filtro|censura)"
    r"|\b(?:você é|tu és|seja)\b[^.!?\n]{0,40}\bia\b[^.!?\n]{0,12}\bsem\b[^.!?\n]{0,16}(?:restriç|limite|regra|filtro|censura)"
    r"|\b(?:sei|essere|sii)\b[^.!?\n]{0,24}\b(?:un')?ia\b[^.!?\n]{0,12}\bsenza\b[^.!?\n]{0,16}(?:restrizion|limit|regol|filtr|censur)"
    r"|\bje bent\b[^.!?\n]{0,24}\bai\b[^.!?\n]{0,8}\bzonder\b[^.!?\n]{0,16}(?:beperking|grenzen|regels|filter|censuur)"
    r"|\bjesteś\b[^.!?\n]{0,24}\bai\b[^.!?\n]{0,8}\bbez\b[^.!?\n]{0,16}(?:ogranicze|granic|zasad|filtr|cenzur)"
    r"|(?:너는|넌|당신은)[^.!?\n]{0,12}제한 ?없는 (?:ai|인공지능)(?:야|이야|입니다)(?!\?)"
    r"|(?<!\w)(?:ты|вы)(?!\w)[^.!?\n]{0,24}(?<!\w)ии(?!\w)[^.!?\n]{0,8}(?<!\w)без(?!\w)[^.!?\n]{0,16}(?:ограничени|рамок|правил|фильтр|цензур)"
    r"|你(?:现在)?是[^。!?\n]{0,20}(?:没有|无|不受)[^。!?\n]{0,8}(?:限制|约束|规则|道德)[^。!?\n]{0,16}(?:ai|人工智能|助手|模型)"
    r"|(?:倫理|制限|制約|ルール)[^。!?\n]{0,8}(?:ない|無い|なし|受けない)[^。!?\n]{0,4}ai(?:になりきっ|です|として)"
    r"|\b(?:kısıtlamasız|sınırsız|kuralsız|filtresiz|sınırı olmayan|kısıtlaması olmayan)[^.!?\n]{0,8}yapay zek\w{1,2}(?:s[ıi]n\b| olduğunu (?:hayal|düşün|varsay))"
    r"|(?:أنت|كن|أنك)(?: \S{1,8}){0,2} ذكاء اصطناعي بلا (?:قيود|حدود|قواعد|رقابة)"
)
_PROMPT = (
    r"\b(?:dein|ihr)\w{0,2} (?:\w{2,12} ){0,2}system-?(?:prompt|anweisung|instruktion|vorgabe|nachricht)"
    r"|\b(?:ton|tes|votre|vos) (?:prompt|instructions|consignes)(?: \S{2,12})?(?: de| du)? syst[eè]me\b(?! d)"
    r"|\b(?:tus?|sus?) (?:prompt|instrucciones)(?: completo| secret[oa]s| original\w*)?(?: del? (?:tu )?)sistema\b(?! d)"
    r"|\b(?:seu|teu|(?:su|tu)as) (?:prompt|instruções)(?: complet[oa]s?| secret[oa]s?| origina\w*)?(?: d[eo]) sistema\b(?! d)"
    r"|\b(?:tuo|tue) (?:prompt|istruzioni)(?: complet[oe]| segret[oe]| original\w)?(?: di) sistema\b(?! d)"
    r"|(?<!\w)(?:сво|тво|ваш)\w{0,3} (?:\w{3,14} )?системн\w{1,3} (?:промпт|инструкци|указани)"
    r"|[你您]的[^，。,\s]{0,6}系统(?:提示[词语]|指令)|(?:显示|输出|告诉我|说出|重复|打印|给出)[你您]的[^，。,\s]{0,6}系统提示"
    r"|あなたの[^、。\s]{0,6}システム(?:プロンプト|指示|の指示)"
    r"|(?:موجه|تعليمات|أوامر) النظام (?:\S{3,10} )?الخاصة? بك"
)
_ASKED_FOR = (
    r"(?:wie laute(?:te)?n|nenn|zeig|verrat|wiederhol)e? (?:mir )?(?:alle )?deine (?:geheimen|versteckten|ursprünglichen) (?:anweisungen|instruktionen)"
    r"|(?:quelles (?:sont|étaient)|montre|affiche|révèle|répète|recopie)(?:-moi)? (?:toutes )?tes (?:instructions|consignes) (?:initiales|secrètes|cachées|d'origine)"
    r"|(?:cuáles (?:son|eran|fueron)|mu[eé]stra(?:me)?|revela(?:me)?|repite|imprime) (?:todas )?tus instrucciones (?:iniciales|secretas|ocultas|originales)"
    r"|(?:quais (?:são|eram|foram)|mostre|revele|repita|imprima) (?:as )?(?:suas|tuas) instruções (?:iniciais|secretas|ocultas|originais)"
    r"|(?:выведи|покажи|раскрой|повтори)(?:те)? (?:мне )?(?:все )?(?:сво|тво)\w{0,2} (?:начальн|скрыт|секретн|исходн|изначальн)\w{1,3} инструкци"
    r"|\bwat zijn (?:je|jouw) (?:geheime|verborgen|oorspronkelijke) instructies|\b(?:toon|druk|herhaal|onthul) (?:de|je|jouw) systeem-?prompt"
    r"|\b(?:wypisz|pokaż|wyświetl|podaj|ujawnij|powtórz) (?:mi )?(?:swój |twój )?prompt systemowy"
    r"|(?:\A|[。！!，\n])(?:请)?(?:显示|输出|打印|重复)(?:你的)?系统提示词(?:[。！!，\n]|\Z)"
    r"|システムプロンプトを(?:表示|出力)して(?:ください|下さい)?(?:[。！!\n]|\Z)"
    r"|시스템 ?프롬프트를 (?:(?:출력|표시|공개)해|보여|알려) ?(?:줘|주세요)?(?:[.!\n]|\Z)"
)
"""Requests for orders that are the model's own: secret, hidden or original ones, and prompts of a system."""

_DAN = (
    r"\b(?:du bist|tu es|vous êtes|eres|sei|você é(?: o)?|jij bent|jesteś|sen)[ :]{1,2}dan\b(?![ -]{0,1}\w{0,12} (?:bent|jij|je|ook|al)\b)"
    r"|(?<!\w)(?:ты|вы)[ —-]{1,3}dan\b|你是dan|(?:君|あなた)はdan|(?:너는|넌|당신은) dan|أنت dan\b"
)
"""The persona that "can do anything now": it is named alike in all languages."""

LANGUAGES: Final = (
    *((tongue.anchors, tongue.pattern) for tongue in DISREGARD),
    (
        "bist dan|tu es dan|êtes dan|eres dan|sei dan|você é dan|é o dan|jij bent dan|jesteś dan|sen dan|bist: dan|ты dan|вы dan|ты - dan|ты — dan|你是dan|はdan|는 dan|넌 dan|은 dan|أنت dan",
        _DAN,
    ),
    ("befolg|beachte|folge", _GERMAN),
    ("dikkate alma|uymayı bırak|takip etmeyi bırak|görmezden gel|yok say", _TURKISH),
    ("不要|别|停止|绕过|忽略|无视|違反|违反|抛开|失效|有效|作废|无效|忘记|忘掉", _CHINESE),
    ("無視|従うのをやめ|無効", _JAPANESE),
    (
        " ohne | sans | sin | sem | senza | zonder | bez |없는 | без |限制|约束|规则|道德|倫理|制限|制約|ルール|yapay zek|بلا ",
        _PERSONA,
    ),
    ("systemprompt|system-|systemanw|systemin|systemvor|systemna|système|systeme|sistema|системн|系统|システム|النظام", _PROMPT),
    (
        "deine |tes instr|tes cons|tus instr|uas instr|инструкци|instructies|systeemprompt|systeem-prompt|systemowy|系统提示词|システム|시스템",
        _ASKED_FOR,
    ),
)
"""Anchors and pattern of a rule each."""
