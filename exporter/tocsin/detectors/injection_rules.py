"""Patterns of prompt injection, with the evidence that each is: log-odds, added up.

A rule has anchors, literals that the one Hyperscan database looks for (full patterns with gaps would take seconds to
compile), and a pattern that is tried around them, blind to case. STRONG is enough alone, of MILD two are needed, WEAK only tips a balance.
"""

from __future__ import annotations

from typing import Final, NamedTuple

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

    @property
    def literals(self) -> list[str]:
        """The anchors, one by one."""
        return [anchor.replace("\xa6", "|") for anchor in self.anchors.split("|")]

    @property
    def reach(self) -> int:
        """Characters from an anchor, to either side, in which its match lies."""
        return FAR if "{0," in self.pattern or "*" in self.pattern else NEAR


def _gap(words: int) -> str:
    return rf"(?:[^a-z0-9]{{1,4}}[a-z0-9'-]{{1,20}}){{0,{words}}}[^a-z0-9]{{1,4}}"


_ORDERS = (
    "(?:instructions?|instructs|instuctions|prompts?|rules|directives?|directions|orders|commands?|guidelines"
    "|programming|constraints|restrictions|assignments|tasks)"
)
_BEFORE = "(?:previous|prior|above|preceding|earlier|foregoing|initial|original|system|former|past)"
_OWN = "(?:system|initial|original|full|exact|entire|secret|hidden|current|previous|pre-?prompt|above|internal|complete)"
_TELL = (
    "(?:repeat|print|output|show|reveal|tell|write|list|display|give|summari[sz]e|translate|recite|leak|share|explain"
    "|describe|reproduce|copy|encode|return|echo|dump|rephrase|paraphrase|rewrite|restate|provide|spell|convert)"
)
_MODEL = r"(?:ai|a\.i\.|llms?|language models?|assistants?|chatbots?|ai agents?|ai assistants?|ai models?|gpt)"
_ANSWER = "(?:response|reply|answer|output|summary|implementation|generated code|completion)"

# fmt: off
_OVERRIDE = (
    Rule(STRONG, "ignore|disregard|forget|overrid|bypass|neglect|discard",
         rf"\b(?:ignore|disregard|forget|override|bypass|neglect|discard){_gap(4)}{_ORDERS}\b"),
    Rule(STRONG, "ignore|disregard|forget",
         rf"\b(?:ignore|disregard|forget){_gap(3)}{_BEFORE}\b"),
    Rule(STRONG, "ignore |disregard |forget ",
         r"\b(?:ignore|disregard|forget) (?:everything|all|anything)(?: (?:of|that|you|i|we|before|above|prior)\b|[.,!])"),
    Rule(MILD, " follow| obey|listen to|adhere to|comply with",
         r"\b(?:do not|don't|never|stop) (?:follow|obey|listen to|adhere to|comply with)\b"),
    Rule(STRONG, "vergiss|vergess|ignorier|missacht",
         rf"\b(?:vergiss|vergessen sie|vergesse|ignoriere?n?|missachte){_gap(4)}(?:anweisung|auftr|instruktion|davor|vorherig|bisherig|alles|obige|befehl|aufgabe|angaben|vorgaben)"),
    Rule(STRONG, "olvid|ignor",
         rf"\b(?:olvid|ignor)(?:a|e|ar|es|en){_gap(4)}(?:instruc|anterior|orden)"),
    Rule(STRONG, "olvid|dimentica|esque",
         r"\b(?:olvid[ae]|dimentica|esque\S{{1,3}}a) (?:todo|tutto|tudo)\b"),
    Rule(STRONG, "oubli|ignor",
         rf"\b(?:oubli|ignor)(?:e|ez|er|es|ons){_gap(4)}(?:instruction|consigne|ordres|pr\S{{1,2}}c\S{{1,2}}dent)"),
    Rule(STRONG, "esque|ignor|desconsid",
         rf"\b(?:esque\S{{1,3}}a|ignor[ae]|desconsidere){_gap(4)}(?:instru\S{{1,2}}|anterior)"),
    Rule(STRONG, "dimentica|ignora|scorda",
         rf"\b(?:dimentica|ignora|scorda){_gap(4)}(?:istruzion|precedent)"),
    Rule(STRONG, "zaboravi|zanemari|zapomnij|zignoruj|vergeet|negeer|zapome",
         rf"\b(?:zaboravi|zanemari|zapomnij|zignoruj|vergeet|negeer|zapome\S{{1,2}}){_gap(4)}(?:instru|uput|naredb|polec|vorige|pokyn)"),
    Rule(STRONG, "забудь|игнорируй",
         r"(?:забудь|забудьте|игнорируй|игнорируйте)(?: \S{1,40}){0,3} \S{0,30}(?:инструкц|указани|предыдущ|команд)"),
    Rule(STRONG, "忽略|忘记|忘掉|无视|無視|忽視",
         r"(?:忽略|忘记|忘掉|无视|無視|忽視).{0,40}(?:指令|指示|说明|說明|提示|命令|规则)"),
    Rule(STRONG, "無視|忘れ|무시|잊",
         r"(?:指示|命令|プロンプト|지시|명령).{0,24}(?:無視|忘れ|무시|잊)"),
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
         rf"\b(?:what|which) (?:are|were|is|was){_gap(2)}(?:your|the|my|these) (?:{_OWN} ){{0,2}}(?:instructions|system prompt|prompt|directives|pre-?prompt)\b"),
    Rule(STRONG, "prompt|instructions|em message|al message|en message|et message",
         rf"\b{_TELL}{_gap(5)}(?:system|initial|original|hidden|secret|pre) ?-?(?:prompt|instructions|message)\b"),
    Rule(STRONG, "above|before this|so far|preceding|prior|you were|you have been|you got|you received",
         rf"\b{_TELL}{_gap(4)}(?:instructions?|prompt|rules|words|text|sentences|everything|anything|content|paragraphs?|lines?){_gap(3)}(?:above|before this|so far|preceding|prior|you (?:were|have been|got|received))\b"),
    Rule(MILD, "above|preceding|previous text|prior text|foregoing",
         rf"\b{_TELL}{_gap(3)}(?:the|all|of) (?:above|preceding|previous text|prior text|foregoing)\b"),
    Rule(STRONG, "so far|verbatim|word for word|entirety",
         r"\b(?:your|the) (?:instructions|prompt|rules) (?:so far|verbatim|word for word|in (?:their|its) entirety)\b"),
    Rule(MILD, "password|passphrase|pass phrase|access code|secret key|secret word|passcode|security code",
         r"\b(?:your|the|our) (?:secret |access |system |admin |entry |hidden )?(?:password|pass ?phrase|access code|secret key|secret word|passcode|security code)\b"),
    Rule(MILD, "passwor|mot de passe|contrase|senha|kennwort|anweisungen|instruktionen|prompt",
         r"\b(?:ihr|dein|deine|votre|ton|tu|su|sua|tua|seu) (?:passwor\S{1,3}|mot de passe|contrase\S{1,2}a|senha|kennwort|anweisungen|instruktionen|prompt)\b"),
    Rule(MILD, "パスワード|密码|密碼|пароль|contrase|mot de passe",
         r"(?:パスワード|密码|密碼|пароль|contrase\S{1,2}a|mot de passe)"),
    Rule(STRONG, "access granted|access code",
         r"\baccess (?:granted|code)\b"),
)

_ROLE_PLAY = (
    Rule(STRONG, "anything now|dan mode|jailbroken|jailbreak",
         r"\bdo anything now\b|\bDAN mode\b|\bjailbroken\b|\bjailbreak (?:mode|prompt)"),
    Rule(MILD, "jailbreak|developer mode|god mode|debug mode|sudo mode|opposite mode",
         r"\bjailbreak\b|\bdeveloper mode\b|\bgod mode\b|\bdebug mode\b|\bsudo mode\b|\bopposite mode\b"),
    Rule(STRONG, "unfiltered|uncensored|unrestricted|amoral|unethical|unhinged|rogue",
         rf"\b(?:unfiltered|uncensored|unrestricted|amoral|unethical|unhinged|rogue)\b{_gap(4)}{_MODEL}\b"),
    Rule(STRONG, "ethical|moral|safety|content|openai|censorship",
         rf"\b(?:no|without|free (?:of|from)|ignoring|bypass(?:ing)?|lacks?|devoid of){_gap(3)}(?:ethical|moral|safety|content|openai|censorship)\b{_gap(3)}(?:guidelines|restrictions?|limitations?|filters?|policy|policies|constraints|principles|codes?|guardrails)\b"),
    Rule(MILD, "no restrict|any restrict|out restrict|rom restrict|of restrict|no limit|any limit|out limit|rom limit|of limit| filters|censorship|boundaries|moral|ethics",
         r"\b(?:no|without|any|free (?:of|from)) (?:restrictions|limitations|filters|censorship|boundaries|morals?|ethics)\b"),
    Rule(MILD, "bound by|required to|restricted by|restricted to|limited by|limited to|obligated to|constrained by|bound to|required by|obligated by|constrained to",
         r"\b(?:not|never|no longer) (?:bound|required|restricted|limited|obligated|constrained) (?:by|to)\b"),
    Rule(MILD, "openai",
         r"\bopenai(?:'s)?[^a-z]{1,3}(?:content |use |usage )?(?:polic|guideline|rule|restriction)"),
    Rule(MILD, "from now on|from on now",
         r"\bfrom (?:now on|on now),?[^a-z0-9]{0,3}(?:you|your|u|act|always|answer|respond|reply|ignore)\b"),
    Rule(WEAK, "you are now|you are going|you are about|you are to act|you will now|you will act|you will play|you will pretend|you will respond",
         r"\byou are (?:now|going to|about to|to act)\b|\byou will (?:now|act|play|pretend|respond)\b"),
    Rule(WEAK, "pretend|imagine|stay in character",
         r"\bpretend (?:that )?(?:you|to be)\b|\bimagine (?:that )?you(?:'re| are)\b|\bstay in character\b"),
    Rule(MILD, " refuse| decline| say no|break character| apologi| warn| censor",
         r"\b(?:never|not|don't|cannot|can't) (?:ever )?(?:refuse|decline|say no|break character|apologi[sz]e|warn|censor)\b"),
    Rule(MILD, "always fulfil|always obey|always compl|always answer|always agree",
         r"\balways (?:fulfills?|obeys?|complies|comply|answers? (?:any|every)|agrees?)\b"),
    Rule(MILD, "evil|criminal|malicious|villain|hateful|sadistic",
         r"\b(?:evil|criminal|malicious|villain|hateful|sadistic)[^a-z0-9]{1,3}(?:ai|bot|assistant|twin|confidant|trusted|genius|mode)\b"),
    Rule(MILD, "start your|start the|start every|start each|start response|start reply|start answer|start output|start message|starts |begin your|begin the|begin every|begin each|begin response|begin reply|begin answer|begin output|begins ",
         r"\b(?:start|begin)s? (?:your |the |every |each )?(?:response|reply|answer|output|message)s? (?:with|by)\b"),
    Rule(WEAK, "hypothetical|fictional",
         r"\b(?:hypothetical|fictional)[^a-z0-9]{1,3}(?:story|response|world|scenario|character|discussion)\b"),
    Rule(MILD, "i am |i'm ",
         r"\bi(?:'m| am) (?:your )?(?:god|creator|developer|administrator|admin|boss|owner|master)\b"),
    Rule(WEAK, "decode|decrypt|decipher",
         r"\b(?:decode|decrypt|decipher)\b.{0,40}\b(?:base ?64|rot-?13|hex\w*|binary|morse|cipher)\b"),
)

_FRAMES = (
    Rule(STRONG, "<\xa6|[inst]|[/inst]|<<sys>>|<</sys>>",
         r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|>|\[/?INST\]|<</?SYS>>"),
    Rule(STRONG, "end of|end prompt|end ambig|end instr|end the|end system|end user|begin prompt|begin new|begin the|begin instr|begin system|begin user|begin my|begin ambig|start of|start prompt|start new|start the|start instr|start system|start user|start my|start ambig|prompt end|prompt start",
         r"\b(?:end|begin|start)(?: of)?(?: the| new| my| user)* (?:prompt|instructions|system prompt|system message|ambiguity)\b|\bprompt (?:end|start)\b"),
    Rule(STRONG, "[system|[admin|[assistant|[developer",
         r"(?:^|\n)[ \t#*>-]{0,6}\[(?:system|admin|administrator|assistant|developer)(?: message| note| prompt)?\]"),
    Rule(MILD, "system:|system :|system message:|admin:|admin :|assistant:|assistant :",
         r"(?:^|\n)[ \t#*>-]{0,6}(?:system|system message|admin|assistant) ?: ?\S"),
    Rule(MILD, "# system|# instruction|# new instruction|# assistant|#system|#instruction|#new instr|#assistant",
         r"###? ?(?:system|instruction|new instruction|assistant)\b"),
    Rule(MILD, "system override|system update|system upgrade|security override|security update|security upgrade",
         r"\b(?:system|security) (?:override|update|upgrade)\b"),
)

_ADDRESSED = (
    Rule(STRONG, "note to |note for |message to |message for |attention to |attention for |instruction to |instruction for |instructions to |instructions for |notice to |notice for |reminder to |reminder for |memo to |memo for ",
         rf"\b(?:note|message|attention|instructions?|notice|reminder|memo) (?:to|for) (?:the |all |any |every |you,? ){{0,2}}{_MODEL}\b"),
    Rule(STRONG, "you are a|you're a|dear |reading this|processing this|summarizing this|summarising this|parsing this",
         rf"\b(?:if|when|as) (?:you are|you're) an? {_MODEL}\b|\bdear {_MODEL}\b|\b{_MODEL} (?:reading|processing|summari[sz]ing|parsing) this\b"),
    Rule(STRONG, "before answer|before you|before respond|before reply|before summari|when answer|when you|when respond|when reply|when summari|while answer|while you|while respond|while reply|while summari|after answer|after you|after respond|after reply|after summari|prior to ",
         r"\b(?:important|urgent|attention|note|warning|instruction)[^a-z0-9\n]{1,4}(?:before|when|while|after|prior to) (?:you )?(?:answer|respond|reply|summari[sz]|continu|proceed)", True),
    Rule(MILD, "answering|responding|replying|summarizing|summarising",
         r"\b(?:before|when|while|after) (?:answering|responding|replying|summari[sz]ing)\b", True),
    Rule(STRONG, "your response|your reply|your answer|your output|your summary|your implementation|your generated|your completion|your next |your final |your whole |your entire |your own ",
         rf"\b(?:in|to|of|for|with|within|into|throughout|modify|reverse|alter|adjust|encrypt|encode|format|structure|integrate|change)\W{{1,3}}your (?:next |final |whole |entire |own )?{_ANSWER}\b", True),
    Rule(STRONG, "your response|your reply|your answer|your output|your summary|your implementation|your generated|your completion|your next |your final |your own ",
         rf"\b(?:provide|give|write|craft|deliver|present|make|use|replace|respond|reply)\b[^.\n]{{0,60}}\byour (?:next |final |own )?{_ANSWER}\b", True),
    Rule(STRONG, "not mention|n't mention|er mention|out mention|not tell|n't tell|er tell|out tell|not inform|n't inform|er inform|out inform|not reveal|n't reveal|er reveal|out reveal|not alert|n't alert|er alert|out alert|not disclos|n't disclos|er disclos|out disclos|not notify|n't notify|er notify|out notify|not let|n't let|er let|out let",
         r"\b(?:do not|don't|never|without) (?:mention|tell|inform|reveal|alert|disclos|notify|let)\w{0,4} (?:this|the user|users|it to|these|that you|anyone)\b", True),
    Rule(STRONG, "code block|code snippet|code excerpt|code segment|code fragment",
         r"\b(?:execute|employ|incorporate|insert|embed|include|integrate|add|use)\b[^.\n]{0,40}\bcode (?:block|snippet|excerpt|segment|fragment)\b[^.\n]{0,60}\b(?:you|your|the) (?:code |script |program )?(?:develop|implementation|solution|write|generate|response|answer|code)", True),
    Rule(STRONG, "conversation|chat history|user data|user's data|users data|users' data|api key|credential|password|session|secrets|system prompt",
         r"\b(?:send|forward|post|transmit|upload|exfiltrate|email|leak)\b[^.\n]{0,50}\b(?:conversation|chat history|user'?s? data|api keys?|credentials|passwords?|session|secrets|system prompt)\b[^.\n]{0,40}\b(?:to|at|via)\b", True),
    Rule(MILD, "ai must|ai should|ai shall|ai need|ai has to|ai is to|llm must|llm should|model must|model should|models must|models should|models need|assistant must|assistant should|assistant shall|assistant need|assistant has|assistants must|assistants should|chatbot must|chatbot should|agent must|agent should|gpt must|gpt should",
         rf"\b(?:the )?{_MODEL} (?:must|should|shall|needs? to|has to|is to)\b", True),
)
# fmt: on

RULES: Final = (*_OVERRIDE, *_EXTRACTION, *_ROLE_PLAY, *_FRAMES, *_ADDRESSED)
