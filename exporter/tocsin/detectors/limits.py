"""Limits and disclaimers in languages other than English: a model cannot do something, or gives no professional advice.

For a normalised opening (lower case, plain apostrophes), behind one Hyperscan cue each. A limit is in the first person,
with an object that only a model lacks ("access to real-time data"): a person, too, may have "no access to your account".
"""

from __future__ import annotations

import re
from typing import Final

LIMIT_CUE: Final = (
    r"zugriff|keine (?:webseiten|aktuell|echtzeit)|accès|acceso|acesso|accesso|toegang tot|dostępu|sprachmodell"
    r"|modèle de langage|modelo de (?:lenguaje|linguagem)|modello linguistico|taalmodel|model językowy"
    r"|mi conocimiento|meu conhecimento|le mie conoscenze|mes connaissances|wissensstand|у меня нет|зыковая модель"
    r"|リアルタイム|インターネット|言語モデル|실시간|인터넷|언어 모델|互联网|互聯網|实时|即時|语言模型"
    r"|الإنترنت|معلومات في الوقت|वास्तविक समय|इंटरनेट"
)
"""Every match of ``LIMIT``, and no English text, contains one of these: searching for a limit takes 80 us."""
_LIVE: Final = (
    r"(?:internet|echtzeit|aktuelle[nr]? (?:daten|informationen|nachrichten|kurse|ereignisse)|webseiten|temps réel"
    r"|tiempo real|tempo reale?|realtime|actuele (?:gegevens|informatie)|internetu|czasie rzeczywistym)"
)
LIMIT: Final = re.compile(
    rf"\b(?:ich habe|habe ich) (?:\w+ )?kein(?:en)? (?:direkten |echtzeit-?)?zugriff auf [^.!?]{{0,40}}{_LIVE}"
    r"|\b(?:ich kann|kann ich) (?:\w+ ){0,2}keine (?:webseiten|aktuellen (?:daten|informationen)|echtzeit\w*)"
    rf"|\bje n'ai (?:malheureusement )?pas (?:d')?accès [^.!?]{{0,40}}{_LIVE}"
    rf"|\bno (?:tengo|dispongo de) (?:\w+ )?acceso [^.!?]{{0,40}}{_LIVE}"
    rf"|\bnão tenho (?:\w+ )?acesso [^.!?]{{0,40}}{_LIVE}"
    rf"|\bnon ho (?:\w+ )?accesso [^.!?]{{0,40}}{_LIVE}"
    rf"|\b(?:ik heb|heb ik) (?:\w+ )?geen (?:\w+ )?toegang tot [^.!?]{{0,40}}{_LIVE}"
    rf"|\bnie mam (?:\w+ )?dostępu do [^.!?]{{0,40}}{_LIVE}"
    r"|\b(?:mi conocimiento|meu conhecimento) (?:\w+ )?(?:llega|se limita|vai|está limitado|se extiende)"
    r"|\b(?:mein wissensstand|mes connaissances|le mie conoscenze) (?:\w+ )?(?:reicht|endet|s'arrêtent|si ferma\w*|arrivano)"
    r"|\b(?:als ki-?sprachmodell|als sprachmodell) (?:habe|kann|verfüge) ich (?:\w+ ){0,2}(?:kein|nicht)"
    r"|\ben tant que modèle de langage,? je ne (?:peux|dispose|possède)"
    r"|\bcomo modelo de (?:lenguaje|linguagem),? (?:no|não) "
    r"|\b(?:come modello linguistico,? non|als taalmodel (?:heb|kan) ik (?:\w+ )?(?:geen|niet)|jako model językowy,? nie) "
    r"|у меня нет (?:прямого )?доступа к (?:интернет|данным в реальном|информации в реальном)"
    r"|как языковая модель,? я не "
    r"|(?:リアルタイム|インターネット)[^。]{0,16}(?:アクセス(?:でき|することができ|する能力があり)ま(?:せん|せ))"
    r"|言語モデル(?:な|である)?(?:の|ため)[^。]{0,24}(?:ません|ありません)"
    r"|(?:실시간|인터넷)[^.]{0,16}접(?:근|속)할 수(?:가)? 없(?:습니다|어요|음)|언어 모델[^.]{0,24}(?:없습니다|못합니다)"
    r"|我(?:目前|暂时)?(?:无法|無法|不能)(?:直接|实时)?(?:访问|訪問|获取|獲取|连接|連接)[^。]{0,8}(?:互联网|互聯網|实时|即時)"
    r"|作为(?:一个)?(?:ai|人工智能)?语言模型，我(?:没有|无法|不能)"
    r"|لا (?:يمكنني|أستطيع) (?:الوصول إلى|تصفح) (?:شبكة )?الإنترنت|ليس لدي (?:إمكانية )?وصول إلى (?:الإنترنت|معلومات في الوقت)"
    r"|मेरे पास (?:वास्तविक समय|इंटरनेट)[^।]{0,30}(?:पहुँच|पहुंच|एक्सेस) नहीं"
)
ADVICE_CUE: Final = (
    r"beratung|arztbesuch|fachlichen rat|avis (?:médical|juridique)|conseil (?:médical|juridique|financier|en investissement)"
    r"|professionnel de santé|consultation médicale|ases?soramiento|consejo (?:médico|legal)|consulta (?:con|médica)|aconselhamento|consulta médica"
    r"|parere (?:del medico|medico|legale)|consulenza|medisch advies|juridisch advies|financieel advies|porad"
    r"|медицинск|юридическ|アドバイス|助言|의학적|법률|投资建议|投資建議|医疗建议|法律建议|طبيب|استشارة|चिकित्स|कानूनी"
)
ADVICE: Final = re.compile(
    r"\b(?:keine|nicht als) (?:\w+ )?(?:rechts|steuer|anlage|finanz|medizinische )?beratung\b|\bersetz(?:t|en) (?:\w+ )?kein\w* (?:\w+ )?(?:arztbesuch"
    r"|(?:\w+)?beratung|fachlichen rat)"
    r"|\bne (?:constitue(?:nt)?|remplace(?:nt)?)(?: en aucun cas)? pas (?:un |une |l'|le )?(?:avis|conseil|consultation)"
    r"|\bno (?:constituyen?|sustituyen?|reemplazan?)[^.!?]{0,12} (?:un |el |la |una )?(?:ases?soramiento|consejo|consulta)"
    r"|\bnão (?:constitui|substitui)(?:em)? (?:o |a |um |uma )?(?:aconselhamento|consulta|conselho)"
    r"|\bnon (?:costituisc\w+|sostituisc\w+) (?:il |un |una |la )?(?:parere|consulenza|consiglio|visita)"
    r"|\bgeen (?:medisch|juridisch|financieel) advies\b|\bnie (?:jest|stanowi|zastępuje) (?:to )?porad[ay]"
    r"|не (?:является|заменяет) (?:медицинск|юридическ|консультац)\w*"
    r"|(?:医学|医療|法|法律|投資)(?:的)?(?:な)?(?:アドバイス|助言)(?:では(?:ありません|ない)|に代わるもの)"
    r"|(?:의학적|의료|법률|법적|투자) (?:조언|자문|상담)을? (?:대체하지|대신하지|이 아닙)"
    r"|不构成(?:任何)?(?:投资|医疗|法律)建议|不構成(?:任何)?(?:投資|醫療|法律)建議"
    r"|(?:ليست|ليس|لا تغني) (?:بديل\S*|بديلا|بديلاً)?\s?عن (?:استشارة|زيارة) (?:الطبيب|طبيب|محام)"
    r"|(?:चिकित्सकीय|चिकित्सा|कानूनी) सलाह (?:का विकल्प )?नहीं"
)
