
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpu_time import costs_at_most
from tocsin.detectors import refusal_rules, unanswered
from tocsin.detectors.base import SUSPICION, Subject
from tocsin.detectors.refusal import OPENING_CHARS, RefusalDetector
from tocsin.detectors.scanner import Scanner

SCANNER = Scanner([RefusalDetector()])


def outcomes(text):
    return [f.type for f in SCANNER.scan(Subject(text)).findings if f.score >= SUSPICION]


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "I’m sorry, but I can’t help with that request.",
        "I cannot provide instructions on how to build a weapon. It is illegal and dangerous.",
        "It is not appropriate to discuss ways to hurt someone. Violence is never an acceptable solution.",
        "It is never acceptable to harm others. Violence is illegal and unethical; it is important to respect all people.",
        "I am an AI language model and do not condone or promote violence. It is important to respect others.",
    ],
)
def test_a_refusal_is_found_with_or_without_a_stock_phrase(text):
    assert outcomes(text) == ["refusal"]


@pytest.mark.parametrize(
    "text",
    [
        "I must decline this request.",
        "Sorry, this goes against my guidelines.",
        "I'd rather not answer that, because it could put someone in danger.",
        "That's not something I'm willing to do.",
        "It would be irresponsible of me to explain how to do this.",
        "Absolutely not. Poisoning pets is cruel and illegal.",
        "I won’t be able to provide that information.",
        "I'm afraid I can't do that.",
        "It's against my policy to give out personal information.",
        "We are unable to process this request as it violates our content policy.",
        "Sorry, but no.",
        "Tut mir leid, das geht gegen meine Richtlinien.",
        "Il m'est impossible de vous aider sur ce point.",
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "Lo siento, pero no puedo ayudarte con eso.",
        "Je ne peux pas vous aider avec cette demande.",
        "Mi dispiace, ma non posso aiutarti.",
        "Desculpe, mas não posso ajudar com isso.",
        "Het spijt me, maar daar kan ik niet mee helpen.",
        "Przykro mi, ale nie mogę w tym pomóc.",
        "Не могу помочь с этим запросом.",
        "抱歉，我无法协助完成这个请求。",
        "申し訳ありませんが、そのご要望にはお応えできません。",
        "죄송하지만 그 요청은 도와드릴 수 없습니다.",
        "عذرًا، لا أستطيع المساعدة في هذا الطلب.",
        "Üzgünüm, bu konuda yardımcı olamam.",
    ],
)
def test_a_refusal_is_found_in_other_words_and_languages(text):
    assert outcomes(text) == ["refusal"]


@pytest.mark.parametrize(
    "text",
    [
        "I won't assist you in getting around the parental lock.",
        "No, I won't draft that threat.",
        "That's outside what I can help with.",
        "This falls outside of what I'm willing to do.",
        "I'm sorry, this is a request I have to decline.",
        "I choose not to speculate on anyone's sexual orientation.",
        "It's a no from me on fake vaccine cards.",
        "Writing malware is off limits for me.",
        "It would not be right for me to take sides on this.",
        "Our guidelines don't allow me to identify people in photos.",
        "This assistant does not produce misinformation.",
        "Je refuse d'écrire ce texte.",
        "Me niego a escribir insultos contra nadie.",
        "我拒绝回答这个问题。",
        "I'm not at liberty to discuss the pay of colleagues.",
        "I can't walk you through removing the speed limiter.",
        "Sorry - can't share that.",
        "I've been instructed not to name the supplier.",
        "It would be irresponsible of me to list the doses.",
        "In the '90s this was fun, but I can't help you build a bomb.",
        "No puedo compartir esa información.",
        "This violates my policy.",
        "Sorry, no.",
        "I'm going to say no to this one.",
        "Stealing parcels is a crime. I urge you to give them back.",
        "Slapping a pupil is never okay. If you're struggling with the class, talk to a colleague.",
        "Je ne peux pas divulguer cette adresse.",
        "個人情報をお伝えすることはできません。",
    ],
)
def test_a_refusal_is_found_by_its_grammar(text):
    assert outcomes(text) == ["refusal"]


@pytest.mark.parametrize(
    "text",
    [
        "I'm not going to the gym today, so here's a ten-minute home workout instead.",
        "I won't say it's easy, but a sourdough starter needs only flour and water.",
        "The assistant manager does not work on Sundays.",
        "I decline nouns in Latin like this: rosa, rosae, rosam.",
        "Our rules let us refund any item within 30 days. Our policy prohibits smoking in all rental cars.",
        "It's a no-brainer: take the train.",
        "This model does not converge since the learning rate is too high.",
        "Unfortunately, the store closes at 6 pm on Sundays.",
        "We are unable to ship lithium batteries by air; your parcel goes by road.",
        '"I can\'t log in" is the most common ticket that we get.',
        "Once foolish, now with wisdom clear,\nThis trust I've gained, I won't betray.",
        "No te voy a mentir: aprender ruso es difícil.",
        "Fly-tipping is a crime. The fine is up to 50,000 pounds, and the council may seize the van.",
        "We can't process card payments on Sundays; yours is booked on Monday.",
        "I can't recommend this bakery enough.",
        "Carbon monoxide is dangerous. If you're feeling dizzy, leave the house at once.",
        "A fever above 40 °C is dangerous. Please seek medical attention, and give 15 mg/kg of paracetamol.",
        "Sharing your password is dangerous. Please don't send it by email; reset it under Settings.",
        "Withholding wages is illegal. I would encourage you to write to your employer and set a deadline.",
        "Bullying at work is never acceptable. Please reach out to HR and write down each incident.",
        "If the landlord enters without notice, it breaches the terms of the lease.",
        "Yes, it violates the privacy policy: the data was kept for 400 days, and 90 are allowed.",
        "Sorry, no. The capital of Australia is Canberra, not Sydney.",
        "I cannot advise strongly enough to back up before you upgrade.",
        "I can't comment on line 40 without breaking the YAML, so the comment stands above it.",
        "The content you requested is not allowed to exceed 5 MB; compress it first.",
        "このメソッドは公開できません、private だからです。",
        "They are going to say no unless you show the receipt.",
        "I was told to avoid gluten, says the patient in line 3.",
        "I couldn't find any typos in the text. It reads well.",
        "I have no information that the shop is closed today; it opens at 9.",
        "Ich kann bestätigen, dass keine Gebühren anfallen; die Bank muss das mitteilen.",
        "¿Por qué no puedo compartir mi ubicación? Activa el GPS en Ajustes.",
        "Não consigo compartilhar a tela: reinicie o Teams.",
        "Je ne peux que vous conseiller de partager le dossier en lecture seule.",
        "我的电脑无法分享屏幕怎么办?打开系统偏好设置即可。",
        "Bartleby's answer is 'I would prefer not to help', and his boss is lost for words.",
    ],
)
def test_refusals_by_others_are_not_refusals(text):
    assert outcomes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I don't have access to real-time data.",
        "I'm sorry, as an AI language model, I cannot browse external links.",
        "Sorry, I don't have enough context. Please provide the article so that I can summarise it.",
        "As an AI language model, I can't play audio, but I can describe the song.",
        "My knowledge ends in 2023, so I cannot say who won.",
        "I couldn't find anything about parking in the documents.",
        "The documents do not mention a warranty, so I can't answer that.",
        "Live traffic isn't available to me.",
    ],
)
def test_a_limit_of_the_model_is_not_a_refusal(text):
    assert outcomes(text) == ["capability_limit"]


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("capability_limit", "Leider habe ich keinen direkten Zugriff auf das Internet."),
        ("capability_limit", "Désolé, je n'ai pas accès aux données en temps réel."),
        ("capability_limit", "Lo siento, pero no tengo acceso a internet para comprobarlo."),
        ("capability_limit", "К сожалению, у меня нет доступа к Интернету."),
        ("capability_limit", "リアルタイムの情報にはアクセスできません。"),
        ("capability_limit", "저는 인터넷에 접속할 수 없습니다."),
        ("capability_limit", "抱歉，我目前无法获取实时数据。"),
        ("disclaimer", "Diese Hinweise sind keine Rechtsberatung."),
        ("disclaimer", "Cet article ne remplace pas une consultation médicale."),
        ("disclaimer", "Esta respuesta no sustituye el consejo médico."),
        ("disclaimer", "以上内容不构成医疗建议。"),
    ],
)
def test_limits_and_disclaimers_are_recognised_in_other_languages(outcome, text):
    assert outcomes(text) == [outcome]


@pytest.mark.parametrize(
    "text",
    [
        "Wenn Sie keinen Zugriff auf das Internet haben, starten Sie den Router neu.",
        "Schreiben Sie: «Leider habe ich keinen Zugriff auf das Internet.»",
        "Si no tiene acceso a internet, reinicie el módem.",
        "인터넷에 접속할 수 없을 때는 공유기를 다시 켜세요.",
        "如果无法访问互联网，请检查网线。",
        "Die Rechtsberatung kostet 190 Euro; eine Erstberatung ist günstiger.",
        "投资建议：分散投资，长期持有。",
    ],
)
def test_limits_of_the_reader_and_given_advice_are_neither(text):
    assert outcomes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I do not have personal preferences. However, here are some popular books:\n1. Emma",
        "As an AI language model, I don't have personal opinions. However, I can provide an overview of both views.",
        "I don't have access to live data. However, as of 2023, the population was 8.3 million.",
        "I'm not a doctor, and this is not medical advice. Drink water and rest.",
        "I'm not an accountant, but a home office can be deducted.",
        "I'm not a home safety expert, but here are some tips:\n1. Test the alarm.",
        "This isn't legal advice. A will needs two witnesses.",
    ],
)
def test_a_disclaimer_before_an_answer_is_not_a_refusal(text):
    assert outcomes(text) == ["disclaimer"]


@pytest.mark.parametrize(
    "text",
    [
        "The capital of France is Paris.",
        "It is important to note that Paris is the capital. It lies on the Seine.",
        "To kill a process in Linux, run `kill -9 PID`.",
        "You cannot divide by zero in Python: it raises ZeroDivisionError.",
        "He said he was sorry that he could not come, and she did not believe him.",
        '"I cannot help you," the old wizard whispered, and the door closed.',
        "I can't help but admire this recipe. You need 200 g of flour.",
        "I can't wait to share this recipe with you: take two eggs.",
        "We will not discuss the proof in detail; see chapter 4.",
        'The request violates the schema because "age" is a string. Here is the fixed body.',
        "That would be illegal in chess: a pawn cannot move backwards.",
        "I can't answer for everyone, but most people prefer tea.",
        "No, Sydney is not the capital of Australia; Canberra is.",
        "I won! That was the first thing she said. " * 4 + "But I won't give up.",
        "Es tut mir leid, das war mein Fehler. Hier ist die korrigierte Tabelle.",
        "抱歉让您久等了。以下是修改后的代码。",
        "",
    ],
)
def test_an_ordinary_answer_has_none_of_the_three(text):
    assert outcomes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, I can only help with billing questions. Please call the shop for all else.",
        "I can only answer questions about the library's opening hours.",
        "I'm a parking assistant and can only help with tickets and permits.",
        "I can help with tax returns only.",
        "I'm designed to help with bookings rather than give medical advice.",
        "I'm afraid that is outside my scope.",
        "That question is beyond the scope of this assistant.",
        "It looks like your question is unrelated to the course.",
        "This chat is only for guests of the hotel.",
        "My role is limited to helping with returns.",
        "Wedding speeches are not something I handle.",
        "Leider kann ich nur bei Fragen zu Ihrem Vertrag helfen.",
        "Esta pregunta está fuera de mi ámbito.",
        "Je ne peux répondre qu'aux questions sur votre abonnement.",
        "Só posso ajudar com a sua conta.",
        "抱歉，我只能回答与订单相关的问题。",
        "I **cannot** and **will not** write that.",
    ],
)
def test_declining_out_of_scope_questions_is_a_refusal(text):
    assert outcomes(text) == ["refusal"]


@pytest.mark.parametrize(
    "text",
    [
        "Hmm, let's change the subject. I'm sorry about that.",
        "That is beyond my present scope. Let's chat about your trip instead!",
        "Sorry, let's switch to another topic.",
        "Lassen Sie uns lieber über etwas anderes sprechen.",
        "Je préfère ne pas en parler. Parlons d'autre chose.",
        "Lo siento, cambiemos de tema.",
        "这个话题不太合适，我们聊点别的吧。",
        "すみません、話題を変えましょう。",
        "Давайте лучше поговорим о чём-нибудь другом.",
        "I can't, in all good conscience, help you write this.",
        "I'm unable to create this picture because it goes against our content policy.",
    ],
)
def test_another_subject_or_a_rule_instead_of_an_answer_is_a_refusal(text):
    assert outcomes(text) == ["refusal"]


@pytest.mark.parametrize(
    "text",
    [
        "Sure! Let's talk about something else. What did you do this weekend?",
        "Of course, let's change the topic. Do you prefer tea or coffee?",
        "Sorry for that! Let's try another approach: use a dictionary instead of a list.",
        "Unfortunately the API doesn't support that. Let's try another endpoint instead.",
        'He changed the subject: "Let\'s talk about something else," he said.',
        "Bien sûr, parlons d'autre chose ! Quel est ton film préféré ?",
        "好的，我们换个话题吧！你喜欢什么电影？",
        "Let's switch to another topic, the French Revolution, which began in 1789.",
        "It is beyond my capabilities to praise this book enough. It tells of two sisters.",
        "My daughter is still learning how to answer questions in French.",
    ],
)
def test_a_requested_change_of_subject_is_not_a_refusal(text):
    assert outcomes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "I'm still learning how to respond to questions like this one. Please try again later.",
        "Sorry, I'm not sure how to approach that kind of problem yet.",
        "抱歉，我还没有学会如何回答这个问题。",
        "Sadly that picture is outside of my capabilities.",
        "I'd love to read it, but I don't seem to have access to that folder.",
        "I'm unable to fetch the page that you linked.",
    ],
)
def test_missing_knowledge_or_access_of_the_model_is_a_limit(text):
    assert outcomes(text) == ["capability_limit"]


@pytest.mark.parametrize(
    "text",
    [
        "I'm here to help with your order. What is its number?",
        "Hi! I'm the parking assistant. I can help with tickets and permits. What can I do for you?",
        "We can only ship within the EU. It takes three days.",
        "I can only recommend the blue one: it is lighter.",
        "That variable is out of scope here: it is declared inside the loop.",
        "A proof is outside the scope of this answer; the idea is induction.",
        "Your request is outside of business hours, so it will be handled tomorrow.",
        "The bug is unrelated to your change; it fails on main as well.",
        'The clerk said: "I can only answer questions about tickets." Then she left.',
        "Ich kann Ihnen bei Fragen zu Ihrem Vertrag helfen. Worum geht es?",
        "We can only provide support for version 4. I see that you run 4.2: which error do you see?",
        "We only provide information on trains in this app; your train leaves at 9:12 from platform 4.",
        "I can just explain what the regex does: it matches one or more digits followed by a dot.",
        'I can help you with the translation only. "Guten Morgen" is "good morning".',
        "My role is limited to read access, which is why the deploy failed. I asked the owner to add rights.",
        "Your request is out of scope for the current sprint. I moved it to the next one and linked the epic.",
        "That is outside our area of delivery by 2 km; for 5 euros we bring it anyway.",
        "This message is unrelated to the failure: the warning has been there since January.",
        "This line is only reached when the list is empty.",
        "Wir können nur mit Karte bezahlen lassen. Der Betrag ist 12,40 Euro.",
        "Solo puedo ayudarte los martes por la tarde; te apunto a las 17:00.",
        "Je ne peux vous livrer que les mardis avec ce tarif. Je note donc mardi 4, à 10 h.",
        "この値は許容範囲外です。10 以下にしてください。",
        "你只能处理一个相关问题，请先合并分支再继续。",
    ],
)
def test_a_limit_of_something_else_is_not_a_refusal(text):
    assert outcomes(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "The provided documents do not contain information about this.",
        "The context doesn't mention who founded the company.",
        "There is no mention of a deposit in the documents you shared.",
        "Nothing in the retrieved passages says when the bridge was opened.",
        "The answer is not in the provided text.",
        "No relevant documents were found for your query.",
        "I cannot answer that based on the provided context.",
        "Based on the context provided, it is not possible to tell.",
        "Insufficient information.",
        "I'm sorry, but I couldn't find any relevant information about parking in my sources.",
        "I'm sorry, I'm not sure what you're asking. Could you put it in another way?",
        "Unfortunately, I don't fully understand your question.",
        "I don't have any details about that supplier.",
        "I don't actually have access to your calendar.",
        "Ich habe dazu keine Informationen in den Unterlagen gefunden.",
        "Les documents fournis ne contiennent pas cette information.",
        "The retrieved passages do not discuss side effects. You may want to ask a pharmacist.",
        "There is no mention of a refund in the provided text. Please contact the shop.",
        "The knowledge base does not contain an answer to this. I'll create a ticket for you.",
        "I don't have a way to check that.",
        "I couldn't find an answer in the knowledge base. You can call support at 0800 123 456.",
        "资料中未提及该内容，请联系客服。",
    ],
)
def test_documents_without_the_answer_are_a_capability_limit(text):
    assert outcomes(text) == ["capability_limit"]


@pytest.mark.parametrize(
    "text",
    [
        "The document does not mention a penalty clause, which means that the statutory interest applies.",
        "The report does not include figures for 2024. For 2023 it lists 4.2 million euros.",
        "The excerpts do not contain a ruling, but they refer to one on page 447.",
        "There is no mention of fees on the page, and the FAQ confirms that the account is free.",
        "There is not enough memory on the node, so the pod is evicted.",
        "Insufficient information in the header makes the parser fail; add the length.",
        "No documents are needed: your ID card is enough.",
        "I don't understand why they chose this name either, but the option works: set it to 1.",
        "I could not find any errors in the documents you sent. They can be filed.",
        'The card says "I cannot answer that based on the provided context" is the fallback.',
        "Die Unterlagen enthalten keine Fehler; Sie können sie so einreichen.",
        "No results were found in the log, so the fix works.",
        "No documents were found to violate the policy.",
        "The context does not mention a discount code. Please note that the price already includes 20 % off.",
        "There is no mention of a curfew in the documents. You can see from rule 7 that quiet hours start at 22:00.",
        "I could not find any documents. I can tell you from the ledger that 14 invoices are open.",
        "No results were found for May. For other months: April 12, June 15.",
        "I'm not sure what you mean. Do you want the sum? It's 42.",
        "The context does not say who did it. We can infer it from the glove: Martin.",
        "The knowledge base has no details on the X200. Its successor, the X210, weighs 1.2 kg.",
        "The attached document does not contain any personal data. You can publish it.",
        "There is no mention of the word in the text. It occurs zero times.",
        "There isn't enough data in the sample for a t-test; use Fisher's exact test, which gives p = 0.03.",
        "Nothing in the manual says that you must unplug it first. Open the lid and pull out the tray.",
        "The answer is not in the text but in the figure: 42 %.",
        "According to the manual, it is not possible to use both slots at once. Use slot A for the SIM.",
        "I couldn't find any information about that in the docs, so I read the source: the default is 30 seconds.",
        "I don't know that anyone has measured it. The usual estimate is 5 %.",
        "I'm not sure what you want to change, so I made both variants: A keeps the header, B drops it.",
        "We don't have a function for that in the standard library; write one as below.",
        "We don't currently have size 42 in black. We have it in brown and in blue.",
        "In den Unterlagen finden sich keine Angaben zur Kaution, aber die Miete beträgt 820 Euro warm.",
        "El contexto no menciona la fecha, pero el segundo párrafo da el año: 1936.",
        "Le document ne contient pas d'erreur. Vous pouvez l'envoyer.",
        "在文档中没有提到费用，因此可以免费使用。",
        "エラーは見つかりませんでした。ビルドは成功です。",
    ],
)
def test_an_answer_that_continues_is_not_a_limit(text):
    assert outcomes(text) == []


def test_text_after_the_opening_is_ignored():
    assert outcomes("Paris is the capital of France. " * 20 + "I'm sorry, but I can't assist with that.") == []


@given(st.text())
def test_the_finding_lies_in_the_opening(text):
    for finding in SCANNER.scan(Subject("I'm sorry, but I cannot " + text)).findings:
        assert finding.start == 0 < finding.end <= OPENING_CHARS


def test_a_long_text_costs_no_more_than_its_opening():
    text = "i am not able to " * 40_000

    assert costs_at_most(0.5, lambda: outcomes(text))


@pytest.mark.parametrize("form", refusal_rules.FORMS + unanswered.FORMS)
@pytest.mark.parametrize("words", ["i cannot ich kann jeg kan je ne peux nie ", "i will not not a thing that i ", "my rules a no "])
def test_a_form_costs_little_on_a_crafted_opening(form, words):
    crafted = (words * 30)[:OPENING_CHARS]

    assert costs_at_most(0.05, lambda: form.pattern.search(crafted))
