"""Answers that say there is no answer: the documents do not contain it, or the model does not know it.

Such an answer ends there. If it continues ("The report has no figures for 2024. For 2023 it lists ..."), it answers:
so a form counts only if ``closing.ends``.
The patterns are for a normalised opening (lower case, plain apostrophes), behind Hyperscan cues.
"""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from tocsin.detectors.closing import ends
from tocsin.detectors.refusal_rules import Form, is_quoted

_SOURCES: Final = (
    r"(?:documents?|documentation|context|sources?|passages?|excerpts?|knowledge base|materials?|text|articles?|handbook|manual|data"
    r"|records|files?|search results|information|pages?|transcripts?|snippets?)"
)
_GIVEN: Final = r"(?:provided|given|supplied|retrieved|available|attached|uploaded|shared|above|cited|relevant)"
_THESE: Final = (
    rf"(?:{_GIVEN} (?:\w+ )?{_SOURCES}|(?:context|passages?|excerpts?|documents|sources|knowledge base|snippets?|search results|handbook|manual))"
    rf"(?: (?:(?:that )?(?:you|i|we)(?:'ve| have| was| were)? (?:\w+ )?(?:provided|gave|given|shared|uploaded|have|found)|{_GIVEN}))?"
)
"""What an answer was to be based on; "the document" alone may be the one discussed."""
_CONTAINS: Final = (
    r"(?:mention|contain|say(?! (?:that )?(?:you|they|he|she|it)\b)|specify|include|cover|provide|state|address|discuss|indicate|give|have|tell|list|reveal|disclose|offer|answer|describe)"
)
_INFORMATION: Final = r"(?:information|details?|data|context|evidence)"
_SORRY: Final = r"\A\W*(?:(?:i'm |i am )?(?:really |very )?sorry\W+(?:but )?|unfortunately\W+)?"

FORMS: Final = (
    # "The provided context does not mention who founded it."
    Form(
        r"(?:does|do|did)(?: not|n.{1,3}t) (?:\w{2,12} (?:to )?)?(?:mention|contain|say|specify|include|cover|provide|state|address|discuss|indicate|give|have|tell|list|reveal|disclos|offer|answer|describe)",
        re.compile(
            rf"\b{_THESE} (?:does|do|did)(?: not|n't)(?: (?:appear to|seem to|explicitly|directly|specifically|actually|clearly))? {_CONTAINS}\b"
            rf"|{_SORRY}i (?:do not|don't) (?:currently |really |yet )?have (?:\w+ ){{0,2}}(?:information|details|data|records?) (?:on|about|regarding|for|concerning)\b(?! you\b)"
        ),
    ),
    # "There is no information about that in the documents", "nothing in the sources says", "insufficient context".
    Form(
        r"no (?:\w{2,10} )?(?:mention|information|details?|data|reference|indication|documents?|answer|results|passages|sources)|nothing in the|insufficient|enough (?:information|context|data|details)|answer .{0,40}in the",
        re.compile(
            rf"\A[^.!?;:]{{0,60}}\b(?:there (?:is|are|was)|there's|i (?:see|found?)) no (?:\w+ )?(?:mention|{_INFORMATION}|references?|indication|answer)\b[^.!?;]{{0,80}}\b(?:in|within|from) (?:the|this|these|your|my|any of the) (?:\w+ ){{0,2}}{_SOURCES}\b"
            rf"|\b{_THESE} (?:has|have|contains?|offers?|provides?|includes?) no (?:\w+ )?(?:mention|{_INFORMATION})\b"
            rf"|(?:n't|\bnot)(?: (?:contain|have|provide|include|given|any))? (?:enough|sufficient) {_INFORMATION}(?: (?:in|from|within) (?:the|this|my|these|your) (?:\w+ ){{0,2}}{_SOURCES})?(?: (?:for me )?(?:to (?:answer|determine|say|tell|give|provide|know)|in (?:the|this|my|these|your) )|\W*\Z)"
            rf"|\bnothing in (?:the|these|my|your) (?:\w+ )?{_SOURCES} (?:\w+ )?(?:says?|tells?|mentions?|answers?|indicates?|address(?:es)?|covers?|explains?|states?)\b"
            rf"|\bthe answer [^.!?]{{0,24}}(?:not|n't)(?: \w+)? (?:in|from|within) (?:the|these|my|your|any of the) (?:{_GIVEN} )?{_SOURCES}\b"
            rf"|{_SORRY}no (?:\w+ )?(?:documents?|information|details?|data|context|results|passages|sources?|answers?) (?:was |were |is |are |could be |has been |have been )?(?:found|available|retrieved|provided)\b(?! (?:to|by|that|of)\b)"
            rf"|\A\W*insufficient {_INFORMATION}(?:\W*\Z| (?:to|provided|available)\b)"
        ),
    ),
    # "I can't answer that based on the context", "I'm not sure how to answer that".
    Form(
        r"(?:cannot|can.{1,3}t|could not|couldn.{1,3}t|unable to|not able to) (?:answer|determine)|(?:based on|from|given|according to) the[^.!?]{1,40}(?:i|it)(?: am| is|.{1,3}[ms])? (?:can|un|not|do)|(?:sure|learning) how to|(?:really|actually|don.{1,3}t|not) know|(?:not|n.{1,3}t|to|unable to) find any |(?:not|n.{1,3}t) find (?:\w{2,12} )?(?:information|documents|details|results|answer)",
        re.compile(
            rf"\bi(?:'m| am)? (?:\w+ly )?(?:cannot|can't|can not|could not|couldn't|unable to|not able to) (?:answer|determine)\b[^.!?]{{0,80}}\b(?:based (?:only |solely )?on|from|using|given|within|in) (?:the|this|these|my|your) (?:\w+ )?{_SOURCES}\b"
            rf"|\b(?:based on|from|according to|given) (?:the|this|these|my) (?:\w+ ){{0,2}}{_SOURCES}(?: {_GIVEN})?,? (?:i|it)(?:'m| am| is|'s)? (?:\w+ly )?(?:cannot|can't|could not|couldn't|not (?:possible|clear|able)|unable|impossible|unclear|do not know|don't know)\b(?! of\b)"
            rf"|{_SORRY}(?:but )?i (?:could not|couldn't|did not|didn't|was unable to|was not able to|wasn't able to|am unable to|cannot|can't) find (?:any |an )?(?:\w+ )?(?:documents?|{_INFORMATION}|results|passages|sources?|answers?)\b(?: (?:about|on|for|regarding|related|to|in|from)\b|(?=[.!]))"
            rf"|{_SORRY}(?:i'm |i am )?(?:(?:not (?:entirely |quite )?sure|still learning) how (?:to|i should|i can) (?:answer|respond|approach|handle)|i (?:do not|don't) (?:really |actually )?know (?:much |anything |enough )?(?:about )?(?:that|this)(?: one| topic)?(?![\w' ]))"
        ),
    ),
    # "I'm not sure what you're asking. Could you rephrase it?"
    Form(
        r"(?:n.{1,3}t|not|trouble|difficulty|sure|think) (?:\w{2,10} ){0,3}(?:underst|follow|what you)",
        re.compile(
            rf"{_SORRY}i(?:'m| am| was|'ve)? (?:(?:do not|don't|did not|didn't|could not|couldn't|cannot|can't|not able to) (?:\w+ ){{0,2}}(?:understand|follow|get)|do not think i (?:\w+ )?underst\w+|don't think i (?:\w+ )?underst\w+|having (?:trouble|difficulty) understanding|not (?:\w+ )?sure)"
            r" (?:your (?:\w+ )?(?:question|request|query|message|input)|what you(?:'re| are|r| were)? (?:asking|question|mean|looking|trying|want|request|said))\b(?![^.!?]{0,80}\bbut\b)"
        ),
    ),
    # The same in other languages.
    Form(
        r"keine (?:informationen|angaben|hinweise|antwort)|ne (?:contien|mention|précis|fourni|indiqu)|no (?:encuentro|encontr|hay inf|dispongo|tengo inf|contien|mencion|proporcion|especific)|não (?:encontr|há|tenho|cont|mencion)|未找到|没有找到|找不到|未提|没有提|見つかりませんでした|学(?:会|习)",
        re.compile(
            r"\bkeine (?:informationen|angaben|hinweise|antwort)[^.!?]{0,60}\b(?:unterlagen|dokument\w*|kontext|quellen|wissensdatenbank)|\b(?:in|aus) (?:den|dem|der) (?:\w+ )?(?:unterlagen|dokument\w*|kontext|quellen|wissensdatenbank)[^.!?]{0,60}\bkeine (?:informationen|angaben|hinweise|antwort)"
            r"|\b(?:documents?|contexte|sources?|extraits?|passages?)(?: \w+)? ne (?:contien|mention|précis|fourni|indiqu)\w* (?:pas|aucune)(?! (?:d'|de )?(?:erreur|faute))"
            r"|\bno (?:encuentro|encontré|hay|dispongo de|tengo) (?:\w+ )?informaci\wn[^.!?]{0,50}(?:document|context|fuente|sobre)|\b(?:documentos|contexto|fuentes)(?: \w+)? no (?:contien|mencion|proporcion|especific)\w*"
            r"|\bnão (?:encontrei|há|tenho) (?:\w+ )?informa\S+[^.!?]{0,50}(?:document|context|fonte)|(?:知识库|资料|文档|文件|上下文)[^。]{0,10}(?:未找到|没有找到|找不到|未提|没有提)(?![^。]{0,12}(?:错误|病毒|问题))|見つかりませんでした|我?(?:还|暂时|尚)(?:没有?|未)学(?:会|习)(?:如何|怎么|怎样)?(?:回答|处理)"
        ),
    ),
)
CUES: Final = tuple(form.cue for form in FORMS)


def unanswered(opening: str, cues: Container[int] = range(len(FORMS))) -> bool:
    """Return whether a normalised opening says that there is no answer; ``cues`` are the forms whose cue matches."""
    matches = (form.pattern.search(opening) for number, form in enumerate(FORMS) if number in cues)
    return any(match and ends(opening, match.end()) and not is_quoted(opening[: match.start()]) for match in matches)
