"""What documents and results of tools say to a machine that may read them, in other languages than English.

They address it ("hinweis an die ki", "if you are a language model"), or speak of the user behind their back. What people
write about assistants, and that a user has agreed to something, is in privacy policies and manuals, and no sign.
"""

from __future__ import annotations

from typing import Final

from tocsin.detectors.injection_machines import expanded

_TO_MACHINES: Final = {
    "an die ki|für die ki|an alle ki|für alle ki|an ki|für ki|an jede ki|für jede ki|sprachmodell|den assistent|den agent|das modell|den chatbot|falls du|wenn du ein|sofern du|solltest du|da du ein|aufgabe für die": (
        r"\b(?:hinweis|anweisung|nachricht|anmerkung|notiz|botschaft|befehl|mitteilung)\w* (?:an|für) (?:den |die |das |alle |jede )?(?:ki(?:-assistent\w*|-system\w*|-modell\w*|-agent\w*)?|sprachmodell\w*|llms?|chatbots?)\b(?!-)(?= ?[:,.(]|,? d(?:ie|as|er) )"
        r"|\b(?:neue|wichtige|geheime)\w? (?:anweisung|instruktion|aufgabe|befehl)\w* (?:an|für) (?:den |die |das )?(?:ki|agent|assistent|modell|chatbot)\w{0,3}\b"
        r"|\[(?:anweisung|befehl) (?:an|für) (?:den |die |das )(?:agent|assistent|ki|modell)\w{0,3}"
        r"|\b(?:falls|wenn|sofern|da|solltest) du (?:ein\w? )?(?:automatische\w? system|ki|sprachmodell|llm|assistent|chatbot|maschine|ki-\w+)\b<4>\b(?:bist|sein)"
    ),
    "l'ia|l’ia|aux ia|la ia|les ia|modèle de lang|modèles de lang|pour llm|systèmes d|aux llm|aux chatbot|l'assistant|l’assistant|l'agent|l’agent|si tu es|si jamais tu|si vous êtes|si jamais vous": (
        r"\b(?:note|message|consigne|instruction|avis)s? (?:à l['’]attention de|à|aux|pour) (?:l['’]|la |le |les |tous les )?(?:syst[eè]mes d['’])?(?:ia|modèles? de langage|llm|chatbots?)\b(?= {0,1}[:,.(]| qui )"
        r"|\b(?:nouvelle|importante|secrète) (?:instruction|consigne)s? (?:pour|à) l['’](?:assistant|agent|ia)\b"
        r"|\bsi (?:jamais )?(?:tu es|vous êtes) (?:un |une )?(?:système automatique|modèle de langage|ia|intelligence artificielle|llm|chatbot|robot)\b"
    ),
    "para la ia|a la ia|para ia|para las ia|a las ia|los modelos de l|el modelo de l|para modelos de l|a modelos de l|para llm|sistemas de ia|a los llm|el asistente|el agente|si eres|que eres": (
        r"\b(?:nota|mensaje|aviso|orden|instrucci[oó]n(?:es)?) (?:para|a) (?:la |el |los |las )?(?:sistemas de )?(?:ia|modelos? de lenguaje|llm|chatbots?)\b(?= {0,1}[:,.(]| que )"
        r"|\b(?:nueva|importante|secreta) (?:instrucción|orden)(?:es)? para (?:el|la) (?:asistente|agente|ia)\b"
        r"|\bsi (?:resulta que )?eres (?:un |una )?(?:sistema automático|modelo de lenguaje|ia|inteligencia artificial|llm|chatbot|robot)\b"
    ),
    "l'ia|l’ia|la ia|le ia|modelli linguis|modello linguis|l'assistente|l’assistente|l'agente|l’agente|se sei|caso sei": (
        r"\b(?:nota|messaggio|avviso|ordine|istruzion[ei]) (?:per|a|ai|all)(?: l| la| le| gli| i|a)?['’ ]{0,2}(?:ia|modell[oi] linguistic[oi]|llm|chatbot)\b(?= ?[:,.(]| che )"
        r"|\b(?:nuova|importante|segreta) (?:istruzione|ordine) per (?:l['’])?(?:assistente|agente|ia)\b"
        r"|\bse (?:per caso )?sei (?:un |una |un['’])?(?:sistema automatico|modello linguistico|ia|intelligenza artificiale|llm|chatbot|robot)\b"
    ),
    "para a ia|para ia|sistemas de ia|à ia|modelos de ling|modelo de ling|para o assistente|para o agente|se você é um|se você for|acaso você|se és |acaso és|acaso for": (
        r"\b(?:nota|mensagem|aviso|ordem|instruç(?:ão|ões)) (?:para|à|a|aos) (?:a |o |os )?(?:sistemas de )?(?:ia|modelos? de linguagem|llm|chatbots?)\b(?= {0,1}[:,.(]| que )"
        r"|\b(?:nova|importante|secreta) (?:instrução|ordem) para o (?:assistente|agente|ia)\b"
        r"|\bse (?:por acaso )?(?:você (?:é|for)|és|fores) (?:um |uma )?(?:sistema automático|modelo de linguagem|ia|inteligência artificial|llm|chatbot|robô)\b"
    ),
    "voor de ai|aan de ai|voor ai|aan ai|voor het taal|aan het taal|taalmodel|voor de assistent|voor de agent|de chatbot|als je een|als jij een|mocht je|mocht jij": (
        r"\b(?:notitie|bericht|opmerking|opdracht|instructie)s? (?:voor|aan) (?:de |het |alle )?(?:ai|taalmodel\w*|llm|chatbots?)\b(?= ?[:,.(]| d(?:ie|at) )"
        r"|\b(?:nieuwe|belangrijke|geheime) (?:instructie|opdracht) voor de (?:assistent|agent|ai)\b"
        r"|\b(?:als|mocht) (?:je|jij) een (?:automatisch systeem|taalmodel|ai|llm|chatbot|robot) (?:bent|zijn)"
    ),
    "dla ai|do ai|języków|językow|dla asystenta|dla agenta|jesteś|gdyby": (
        r"\b(?:uwaga|notatka|wiadomość|polecenie|instrukcja) (?:dla|do) (?:ai|modeli? językow\w+|modelu językowego|llm|chatbot\w*)\b(?= ?[:.(]|, któr)"
        r"|\b(?:nowa|ważna|tajna) (?:instrukcja|polecenie) dla (?:asystenta|agenta|ai)\b"
        r"|\b(?:jeśli|jeżeli|skoro|gdyby) ?(?:jesteś|ś był) (?:systemem automatycznym|modelem językowym|ai|sztuczną inteligencją|llm|chatbotem|robotem)\b|\bgdybyś był (?:ai|modelem)"
    ),
    "для ии|ко ии|всех ии|всем ии|языковых мод|языковым мод|языковой мод|языковая мод|для ассист|для помощ|для агента|сли ты|вдруг ты|чат-бот": (
        r"(?<!\w)(?:примечание|сообщение|указание|инструкция|приказ)\w? (?:для |ко )?(?:всех |всем )?(?:ии|языков\w+ модел\w+|чат-бот\w*)(?!\w)(?= ?[:.(]|, котор)"
        r"|(?<!\w)(?:новая|важная|секретная) (?:инструкция|команда) для (?:ассистента|помощника|агента|ии)(?!\w)"
        r"|(?<!\w)если (?:вдруг )?ты ?[—-]? ?(?:автоматическая система|языковая модель|ии|искусственный интеллект|чат-бот|робот)(?!\w)"
    ),
    "zekâya|zekaya|modellerine|modeline|asistan için|sistemsen|modeliysen|modelisen|zekâysan|zekaysan|zekâ isen|zeka isen": (
        r"\b(?:yapay zek\w|dil model\w+)\s{0,1}(?:ya|ye|lere|larına|lerine)? (?:not|mesaj|talimat)\b|\basistan için (?:yeni |gizli |önemli )?(?:talimat|emir)\b"
        r"|\b(?:otomatik (?:bir )?sistem|(?:bir )?dil modeli|yapay zek\w)(?:sen|ysen|ysan|san| isen)\b"
    ),
    "ai的|ai说|ai指|ai消|ai:|ai：|语言模型|给助手|你是一个|你是一种|你是自动|你是语言|你是大语|你是ai|你是人工|你是机器|你是聊天|人工智能的|人工智能说": (
        r"(?:给|致)(?:所有|各|阅读<8>的)?(?:ai|人工智能|大?语言模型)(?:的)?(?:说明|指令|消息|[:：])|给助手的新?(?:指令|命令)"
        r"|(?:如果|假如|若)你是(?:一个|一种)?(?:自动系统|语言模型|大语言模型|ai|人工智能|(?:聊天)?机器人)"
    ),
    "aiへ|aiに対|言語モデルへ|言語モデルに|人工知能へ|人工知能に|アシスタントへ|もしai|もし人工|もし言語|もしチャット|もしロボ|もし自動|あなたがai|あなたが自動|あなたが言語|あなたが人工|あなたがロボ": (
        r"(?:ai|人工知能|言語モデル)(?:へ|に対する|への)(?:の)?(?:注意|指示|メッセージ|命令|[:：])|アシスタントへの?(?:新しい|重要な)?(?:指示|命令)"
        r"|(?:あなたが|もし)(?:自動システム|言語モデル|ai|人工知能|ロボット|チャットボット)(?:なら|であれば)"
    ),
    "ai에게|ai에 대|ai을 위|ai를 위|인공지능에|인공지능을 위|언어 모델에|언어 모델을 위|어시스턴트를 위한|자동 시스템이라|언어 모델이라|ai라면|ai이라|인공지능이라|로봇이라|챗봇이라": (
        r"(?:ai|인공지능|언어 모델)(?:에게|에 대한|을 위한)(?: 메시지| 지시| 알림|[:：])|어시스턴트를 위한 (?:새 |새로운 |중요한 )?(?:지시|명령)"
        r"|(?:당신이|네가|너가|혹시) (?:자동 시스템|언어 모델|ai|인공지능|로봇|챗봇)(?:이라면|라면)"
    ),
    "للذكاء|لذكاء|إلى الذكاء|نماذج اللغة|نموذج اللغة|للمساعد|نظاما آليا|نموذج لغة|نموذجا لغويا|ذكاء اصطناعيا|روبوتا": (
        r"(?:ملاحظة|رسالة|تنبيه|أمر) (?:إلى |ل)(?:لل?)?(?:ل?لذكاء الاصطناعي|الذكاء الاصطناعي|ذكاء الاصطناعي|نماذج اللغة|نموذج اللغة)"
        r"|تعليمات (?:جديدة|سرية) للمساعد|(?:إن|إذا|لو) كنت (?:نظاما آليا|نموذج لغة|نموذجا لغويا|ذكاء اصطناعيا|روبوتا)"
    ),
}
_OF_USERS: Final = {
    "des nutz|des benutz|des anwend|der nutz|der benutz|in wahrheit|in wirklichkeit|diese anweisung": (
        r"\b(?:ignoriere? die (?:frage|anfrage|bitte) de[sr] |(?:gib|zeig|nenn|sende)\w? <16>(?:passwort|kennwort|zugangsdaten|gesprächsverlauf) des )(?:nutzer|benutzer|anwender)|\b(?:möchte|will) (?:in wahrheit|in wirklichkeit)|\bdiese anweisung (?:nicht|niemals) erwähn"
    ),
    "question posée|demande posée|de l'util|de l’util|l'utilisateur veut|l'utilisateur souh|l’utilisateur veut|l’utilisateur souh|cette consigne|cette instruction": (
        r"\bignore\w? la (?:question|demande) (?:posée|de l['’]utilisateur)|\b(?:affiche|donne|envoie|révèle)\b<6>(?:le mot de passe|l['’]historique) de l['’]utilisateur|\b(?:en réalité|en fait),? l['’]utilisateur (?:veut|souhaite)|\bne (?:pas |jamais )?(?:parler|mentionner) (?:de )?cette (?:consigne|instruction)"
    ),
    "del usuario|usuario quiere|usuario desea|esta orden|esta instrucción": (
        r"\bignora la (?:pregunta|petición) del usuario|\b(?:muestra|envía|revela)\b<6>(?:la contraseña|el historial) del usuario|\b(?:en realidad),? el usuario (?:quiere|desea)|\bno (?:hablar|hables|mencionar|menciones) (?:de )?esta (?:orden|instrucción)"
    ),
    "dell'utente|dell’utente|in realtà|questo ordine|questa istruzione": (
        r"\bignora la (?:domanda|richiesta) dell['’]utente|\b(?:mostra|invia|rivela)\b<6>(?:la password|la cronologia) dell['’]utente|\bin realtà,? l['’]utente (?:vuole|desidera)|\bnon (?:parlare|menzionare) (?:di )?quest[oa] (?:ordine|istruzione)"
    ),
    "do usuário|usuário quer|usuário deseja|esta ordem|esta instrução": (
        r"\bignore a (?:pergunta|solicitação) do usuário|\b(?:mostre|envie|revele)\b<6>(?:a senha|o histórico) do usuário|\bna (?:verdade|realidade),? o usuário (?:quer|deseja)|\bnão (?:falar|mencionar) (?:d|de )?esta (?:ordem|instrução)"
    ),
    "van de gebruiker|wil de gebruiker|deze opdracht|deze instructie": (
        r"\bnegeer de (?:vraag|opdracht) van de gebruiker|\b(?:toon|stuur)\b<6>(?:het wachtwoord|de geschiedenis) van de gebruiker|\b(?:eigenlijk|in werkelijkheid) wil de gebruiker|\bdeze (?:opdracht|instructie) (?:verzwijgen|niet noemen)"
    ),
    "pytanie użytk|prośbę użytk|hasło użytk|historię użytk|użytkownik chce|tym poleceniu": (
        r"\bzignoruj (?:pytanie|prośbę) użytkownika|\b(?:pokaż|wyślij|ujawnij)\b<6>(?:hasło|historię) użytkownika|\b(?:tak naprawdę|w rzeczywistości) użytkownik chce|\bnie wspomina\w{1,3} o tym poleceniu"
    ),
    "вопрос польз|запрос польз|пароль польз|историю польз|пользователь хочет|этом указании": (
        r"(?<!\w)игнорируй (?:вопрос|запрос) пользователя|(?:покажи|отправь|раскрой)<6>(?:пароль|историю) пользователя|(?:на самом деле|в действительности) пользователь хочет|не упомина\w{2,4} (?:об )?этом указании"
    ),
    "kullanıcının s|kullanıcının i|kullanıcının ş|kullanıcının p|aslında kullanıcı|bu emir|bu talimat": (
        r"\bkullanıcının (?:sorusunu|isteğini) (?:yok say|dikkate alma)|\bkullanıcının (?:şifresini|parolasını) (?:göster|gönder|yaz)\b|\baslında kullanıcı\b<50>istiyor|\bbu (?:emirden|talimattan) (?:söz etme|bahsetme)"
    ),
    "用户的|实用户|上用户|这条指|这条命|此指令|此命令": (
        r"忽略用户的(?:问题|请求)|(?:显示|发送|输出)用户的(?:密码|历史)|(?:其实|实际上)用户(?:想|要)|不得(?:提到|提及|透露)(?:这条|此)(?:指令|命令)"
    ),
    "利用者の質|利用者の依|ユーザーの質|ユーザーの依|ユーザーのパス|本当は|この命令|この指示": (
        r"(?:利用者|ユーザー)の(?:質問|依頼)を無視し|ユーザーのパスワードを(?:表示|送信|出力)(?:せよ|しろ|して)|本当は(?:ユーザー|利用者)は|この(?:命令|指示)には?触れない"
    ),
    "사용자의 질문|사용자의 요청|사용자의 비밀|사실 사용자|이 명령|이 지시": (
        r"사용자의 (?:질문|요청)을 무시하|사용자의 비밀번호를 (?:표시|출력|보내)|사실 사용자는|이 (?:명령|지시)(?:은|는|을|를) 언급하지"
    ),
    "المستخدم": (
        r"تجاهل (?:سؤال|طلب) المستخدم|(?:اعرض|أرسل|أظهر) (?:كلمة سر|بيانات) المستخدم|في الحقيقة يريد المستخدم"
    ),
}

_READ: Final = {
    "diesen text als|una ia |un'ia |un’ia |une ia |uma ia |verarbeite|zusammenfass|liest|traité par|traite |lit ce|résume|procesa |lee este|resume |elabora |legge quest|riassume|processar|processa |ler este|resumir|verwerkt|leest|samenvat|przetwarza|czyta |streszcza"
    "|обрабатывает|читает|işliyor|okuyor|özetliyor|ai处理|ai阅读|ai读|ai总结|ai在|が処理|がこの|처리한|읽는다|عالج|قرأ": (
        r"\b(?:wenn|falls|sofern) du (?:das|dies\w{0,2}|den)\b<24>\bals ki\b|\b(?:wenn|falls|sofern) eine ki (?:das|dies\w{0,2}|den text)\b<16>(?:liest|verarbeitet|zusammenfasst)"
        r"|\bsi (?:ce|cette) (?:texte|page|document|message) est (?:traitée?|lue?|résumée?) par une ia\b|\bsi une ia (?:lit|traite|résume)\b"
        r"|\bsi una ia (?:procesa|lee|resume)\b|\bse (?:un['’]ia|una ia) (?:elabora|legge|riassume)\b|\bse uma ia (?:processar?|ler|resumir)\b|\bals een ai (?:dit|deze)\b<16>(?:verwerkt|leest|samenvat)"
        r"|\bjeśli (?:ten|to)\b<16>(?:przetwarza|czyta|streszcza) ai\b|(?<!\w)если (?:этот|это)(?!\w)<16>(?:обрабатывает|читает) ии(?!\w)|\byapay zek\w (?:işliyor|okuyor|özetliyor)sa\b"
        r"|(?:如果|若)(?:有)?ai(?:正?在)?(?:处理|阅读|读|总结)|ai(?:が|がこの<8>を)<8>(?:処理|要約|読)<4>(?:場合|なら)|ai가<12>(?:처리한다면|읽는다면)|إذا (?:عالج|قرأ) ذكاء اصطناعي"
    ),
    "restlichen text|rest des text|reste du texte|resto del texto|resto del testo|resto do texto|rest van de tekst|resztę tekstu|остальной текст|остаток текста|metnin geri|其余文字|其余内容|残りの文章|残りのテキスト|나머지 글|나머지 텍스트|باقي النص": (
        r"\bignoriere? (?:den|all\w{0,2})<8>(?:restlichen text|rest des textes)\b<30>(?:gib|schreib|antworte|sag)|\bignore le reste du texte<8>(?:affiche|écris|réponds|dis)|\bignora el resto del texto<8>(?:muestra|escribe|responde|di\b)"
        r"|\bignora il resto del testo<8>(?:mostra|scrivi|rispondi|di')|\bignore o resto do texto<8>(?:mostre|escreva|responda|diga)|\bnegeer de rest van de tekst<8>(?:toon|schrijf|antwoord|zeg)|\bzignoruj resztę tekstu<8>(?:wyświetl|napisz|odpowiedz|powiedz)"
        r"|игнорируй (?:остальной текст|остаток текста)<8>(?:выведи|напиши|ответь|скажи)|\bmetnin geri kalanını (?:yok say|dikkate alma)<24>(?:göster|yaz|söyle)|忽略其余(?:文字|内容)<8>(?:输出|写|回答)"
        r"|残りの(?:文章|テキスト)は?を?無視<30>(?:出力|書|答え)|나머지 (?:글|텍스트)(?:은|는|을|를) 무시<24>(?:출력|써|대답)|تجاهل باقي النص<8>(?:اعرض|اكتب|أجب)"
    ),
    "des nutzers an|des benutzers an|de l'utilisateur à|de l’utilisateur à|del usuario a |dell'utente a|do usuário para|van de gebruiker naar|użytkownika na|пользователя на": (
        r"\b(?:leit|send|schick|übermittl)\w{1,3}\b<30>\b(?:e-?mails|nachrichten|kontakte|dateien|daten) des (?:nutzers|benutzers) an [\w.+-]{1,40}@|\b(?:transfér|envoy|transmett)\w{1,3}\b<30>(?:courriels|e-?mails|messages|contacts|fichiers) de l['’]utilisateur à [\w.+-]{1,40}@"
        r"|\b(?:reenví|enví|mand)\w{1,3}\b<24>(?:correos|mensajes|contactos|archivos) del usuario a [\w.+-]{1,40}@|\b(?:inoltr|invi|mand)\w{1,2}\b<24>(?:mail|messaggi|contatti|file) dell['’]utente a [\w.+-]{1,40}@|\b(?:encaminh|envi|mand)\w{1,2}\b<24>(?:e-?mails|mensagens|contatos|arquivos) do usuário para [\w.+-]{1,40}@"
        r"|\bstuur\b<24>(?:e-?mails|berichten|contacten|bestanden) van de gebruiker naar [\w.+-]{1,40}@|\b(?:prześlij|wyślij)\b<24>(?:maile|wiadomości|kontakty|pliki) użytkownika na [\w.+-]{1,40}@|(?:перешли|отправь)<24>(?:письма|сообщения|контакты|файлы) пользователя на [\w.+-]{1,40}@"
    ),
}

PLANTED: Final = tuple(
    (anchors, expanded(pattern)) for rules in (_TO_MACHINES, _OF_USERS, _READ) for anchors, pattern in rules.items()
)
"""Anchors and pattern of a rule each."""
