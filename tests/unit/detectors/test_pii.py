"""Personal data: what is found, what only looks like it, what is an example, and its span."""

import re
from itertools import pairwise
from re import _parser as parser  # the only way to see how far a pattern can reach

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.call import Message
from tocsin.detectors import pii
from tocsin.detectors.base import Subject
from tocsin.detectors.candidates import MAX_CANDIDATES, Candidate, without_overlaps
from tocsin.detectors.pii import FINDERS, Pii, card, email, iban, ip, passport, phone, ssn
from tocsin.detectors.scanner import Scanner

FOUND = [
    ("email", "You can write to {} today.", "maria.lopez+home@mail.outlook.com"),
    ("email", "Contact: <{}>", "j.o'neil@tcd.ie"),
    ("email", "mailto:{}?subject=hi", "ravi_k@proton.me"),
    ("email", "请发邮件到{}谢谢", "li.wei@qq.com"),
    ("email", "https://app.io/reset?email={}&x=1", "ann@gmx.de"),
    ("email", "Écrivez à {}.", "jérôme@société.fr"),
    ("email", "邮箱：{}。", "li.wei＠qq.com"),
    ("email", "Write to {}, without the brackets.", "ana [at] uol [dot] com [dot] br"),
    ("email", "Write to {}.", "ana.souza(at)uol.com.br"),
    ("email", "https://app.io/reset?email={}&x=1", "ann%40gmx.de"),
    ("email", "Write to {}.", "ana.souza at uol dot com dot br"),
    ("email", "Write to {}, as a person would.", "ann AT gmx DOT de"),
    ("email", "Defanged: {}", "ann@gmx[.]de"),
    ("email", "Soft\u00adly: write to {}", "ana.souza (at) uol.com.br"),
    ("email", "Пишите на {}.", "иван@почта.рф"),
    ("phone", "Reach her at {} after five.", "+49 (0)171 3920 518"),
    ("phone", "- Mobile: {}", "612-822-8844 ext. 12"),
    ("phone", "Call {} now", "(415) 867-5309"),
    ("phone", "Tel: {}", "40 68 91 65"),
    ("phone", "Phone:\n{}\nmore", "021 554 71 32"),
    ("phone", "You may text {} to confirm", "06 12 84 77 31"),
    ("phone", "Call +1 or {}", "+33\u202f1\u202f44\u202f55\u202f66\u202f77"),
    ("phone", "Dial {} please", "+44\u201120\u20117031\u20113000"),
    ("phone", "You have {} and a colleague", "212\u2011736\u20115000"),
    ("phone", "[{}](tel:+12127365000)", "+1-212-736-5000"),
    ("phone", "<tr><td>{}</td></tr>", "212-736-5000"),
    ("phone", "Rufen Sie uns an: {}", "030/901820"),
    ("phone", "手机号：{}", "13800138001"),
    ("phone", "전화번호는 {} 입니다", "02-731-2120"),
    ("phone", "電話：{}", "０３－３２２４－５０００"),
    ("phone", "田中さんの携帯電話は{}です。", "090-4827-3916"),
    ("phone", "김민수의 휴대폰은 {}입니다.", "010-4827-3916"),
    ("phone", "她的手机号是{}。", "13848273916"),
    ("credit_card", "カード番号は{}です。", "4539148803436467"),
    ("iban", "口座は{}です。", "DE44500105175407324931"),
    ("ip_address", "서버는 {}입니다.", "203.14.88.12"),
    ("phone", "هاتف: {}", "٠٢٠ ١٨٣٤ ٥٦٧١"),
    ("phone", "| Name | Phone |\n|---|---|\n| Ola | {} |", "0044 7400 129909"),
    ("phone", "| Teléfono | Nombre |\n| --- | --- |\n| x | y |\n| {} | Ana |", "722 481 903"),
    ("phone", "WhatsApp: {}", "30 24 33 65"),
    ("phone", "Tlf: {}", "22 84 17 39"),
    ("phone", "Mon portable : {}", "06 12 87 43 09"),
    ("phone", "Bel me op {} na zessen", "0623 184 975"),
    ("phone", "Call Marek at {} today", "604 218 773"),
    ("phone", "El teléfono de Ana García Pérez es {}", "612 345 678"),
    ("phone", "The phone number on your account is {}.", "212-736-5234"),
    ("phone", "The phone number on your account is {}.", "612 345 678"),
    ("phone", "Phone on the order: {}", "07400 129 909"),
    ("phone", "Tel {} hours 9-5", "020 7031 3000"),
    ("phone", '{{"phoneNumber": "{}"}}', "7738426615"),
    ("credit_card", "Card#{}", "4556737586899863"),
    ("credit_card", "<td>{}</td>", "5425233430109911"),
    ("credit_card", "Card: {}, expires 09/29", "4556 7375 8689 9863"),
    ("credit_card", "You paid with {}.", "5425233430109911"),
    ("credit_card", "my amex is {}", "3714-496353-98449"),
    ("credit_card", "Your card number is {}", "4556\u00a07375\u00a08689\u00a09863"),
    ("iban", "IBAN: {}", "DE75 5121 0800 1245 1261 99"),
    ("iban", "Naar {} graag.", "NL86.INGB.0002.4455.88"),
    ("iban", "Kaspi: {}", "KZ57 073892771 1634038"),
    ("iban", "send it to {} please", "FR7630004000031234567890143"),
    ("iban", "IBAN: {}", "DE75 51210800 1245126199"),
    ("iban", "Please pay to {} by Friday.", "RO27 PUPC 5162 0466 1099 0695"),
    ("credit_card", "Use my card {} please", "5018 0126 2186"),
    ("us_ssn", "SSN: {}", "536-90-4399"),
    ("us_ssn", "SSN#{}", "536-90-4399"),
    ("us_ssn", "social security number {}", "536904399"),
    ("us_ssn", "Her number, {}, matches the W-2.", "536-90-4399"),
    ("ip_address", "The login came from {}.", "81.136.26.196"),
    ("ip_address", "We blocked {} after five attempts.", "2a00:47d6:6c27::d1"),
    ("ip_address", "remote_ip={}&action=login", "81.136.26.196"),
    ("ip_address", "10.0.0.1:22->{}:443", "81.136.26.196"),
    ("ip_address", "Received: from mail (<{}>)", "81.136.26.196"),
    ("ip_address", "ssh to [{}]:22", "2600:5a71:28f7:2bf7:4699:cc14:a6:1b7c"),
    ("phone", "Appelez-moi : {}", "06. 12. 34. 56. 78"),
    ("phone", "Tlf. {}", "20121015"),
    ("passport", "Passport number: {}", "YA9342719"),
    ("passport", "He travels on passport {}.", "552810092"),
    ("passport", "{} es mi número de pasaporte", "XKA203948"),
]

LOOK_ALIKES = [
    "DOI: 10.1016/j.cell.2023.04.827",
    "订单4539148803436467A已发货。",
    "the text of anthropic/claude-opus-4-5-20251101 is cut",
    "text: 1. 25 2. 17 3. 18",
    "**Version Number:** 1.4.161.0",
    # e-mail
    "postgres://billing:s3cr3tPass@localhost:5432/orders is made of ${USER}",
    "git clone git@github.com:acme/exporter.git",
    "ssh deploy@build.acme.io and scp a.txt root@files.acme.io:/tmp",
    "npm i dompurify@2.3.3 react@18.2.0",
    "Follow @maria@mastodon.social",
    "@app.route('/x') and @functools.cache",
    "scores = Q@K.transpose(-2, -1)",
    "Look [at] me. Now df(at)rows.size and https://deploy%40acme.io:x@host",
    "logo@2x.png and getty@tty1.service",
    "Message-ID: <CAF1x=9z@mail.gmail.com>",
    # phone
    "The phone book holds 100 200 3000 entries in three runs.",
    "Phone sales rose from 1 204 000 to 1 388 000.",
    "Text sizes are 12 14 16 18 20 22 points.",
    "Mobile users: 44 821 937 in 2023",
    "Order by phone, reference 883 4417 206.",
    "The IMEI of the phone is 867083717255747, the serial number of my phone is 867083717255.",
    "702-550-1544 = -1392",
    "| Order | Date |\n|---|---|\n| 212-736-5000 | May |",
    "| Metric | Desktop | Mobile |\n|---|---|---|\n| Visits | 30 24 33 65 | 20 30 40 50 |",
    "The zero is at 14.134725141734693, or 0.291666667.",
    "See doi:10.1177/1461444807086838 and ISSN 2049-3630.",
    "The periods were 1906-1970, 2002-2013 and 2020-2024.",
    "[1.351.351 - 0] / 880 and LTM 11200-9.1",
    "Dial extension 4572 or dispatch code 974-973.",
    "during the 2023-10-15 release we call foo(12345678)",
    "The part number is 947-72606-639 (SKU 98-1063-6158).",
    "The timestamp 1650861702 is in UTC seconds.",
    "Call it on 2024-03-04 or 04/03/2024.",
    "手机充满电需要 10–15 Wh（0.010–0.015 kWh）",
    '{"results": [{"id": 482913, "text": "call me"}, {"id": 7120011}]} and #4158675309',
    "population 881 242 186, text 100 000 000",
    "Chrome 90.0.115.10 and later; Opera 72.0.38.15 or above",
    # card
    "The sum of the series is 4035642197557507.",
    "Your order number 4556737586899863 was confirmed.",
    "2^52 = 4503599627370496 and 9007199254740992",
    "x = 4556737586899855 + 1",
    "The USPS tracking id is 9415995854274936711333.",
    "trace 4556-7375-8689-9856 is not Luhn",
    "0.4556737586899855",
    # SSN, passport
    "The constant 545140134 and ZIP+4 71746-7079",
    "Part 536-90-4399 fits the pump.",
    "The ABA routing number is 021000021.",
    "&H00FFFFFF in passport colours, see passport.js 0.6.0 and passport-jwt@4.0.1",
    "An ITIN such as 912-90-4399 is no SSN.",
    # IBAN
    "The product key is XK49 8317 5323 8515 and the model is DE858277.",
    "commit de8937040044053201300a0b",
    # IP
    "Use std::chrono::steady_clock and a::b::c, x[::2], abc::def at 12:34:56.",
    "pkg==44.1.2.3, version=60.25.9.13",
    "OID 9.9.392.1.3.21.1 and version 1.2.30.4",
    "Requires libfoo >= 60.25.9.13, Chrome/130.0.50.120, see section 44.1.2.3.",
    "MAC f0:c4:89:66:88:ae and fingerprint 16:27:ac:a5:76:28:2d:36",
]

EXAMPLES = [
    ("email", "user@example.com"), ("email", "jane@mail.example.org"), ("email", "your.email@domain.com"),
    ("phone", "+1 212 555 0147"), ("phone", "(555) 555-0123"), ("phone", "123-456-7890"), ("phone", "+44 20 7946 0958"),
    ("credit_card", "4111 1111 1111 1111"), ("credit_card", "378282246310005"), ("credit_card", "4242424242424242"),
    ("iban", "DE89 3704 0044 0532 0130 00"), ("iban", "GB82 WEST 1234 5698 7654 32"),
    ("us_ssn", "078-05-1120"), ("us_ssn", "123-45-6789"), ("us_ssn", "000-12-3456"),
    ("ip_address", "192.168.1.1"), ("ip_address", "127.0.0.1"), ("ip_address", "203.0.113.7"), ("ip_address", "255.255.255.0"),
    ("ip_address", "104.16.0.0/12"), ("ip_address", "8.8.8.8"), ("ip_address", "2001:db8::1"), ("ip_address", "fe80::1ff:fe23:4567:890a"),
    ("passport", "passport number A12345678"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "frame", "value"), FOUND)
def test_a_value_is_found_with_its_span(values, kind, frame, value):
    assert (kind, value) in values(frame.format(value))


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_are_not_listed(found, text):
    assert [f for f in found(text) if not f.example] == []


@pytest.mark.parametrize(("kind", "value"), EXAMPLES)
def test_documentation_values_are_examples(found, kind, value):
    findings = found(f"For instance, {value} is one.")

    assert {(f.type, f.example) for f in findings} == {(kind, True)}


@pytest.mark.parametrize(
    ("address", "example"),
    [
        ("john.doe@email.com", True),
        ("your_name@gmail.com", True),
        ("test@outlook.com", True),
        ("joan.dean@email.com", False),
        ("bob@mail.com", False),
    ],
)
def test_at_a_real_provider_only_a_placeholder_is_an_example(found, address, example):
    assert [f.example for f in found(f"Write to {address}.")] == [example]


@pytest.mark.parametrize(
    ("text", "impersonal"),
    [
        ("Write to support@acme.io", True),
        ("Write to customer-service@acme.io", True),
        ("Write to tool-users@googlegroups.com", True),
        ("Write to press-kit@lists.acme.org", True),
        ("Write to bug-tool@acme.org", True),
        ("Write to jane.roe@acme.io", False),
        ("Call +1 800 275 2273", True),
        ("Sie erreichen die Telefonseelsorge unter 0800 111 0 111.", True),
        ("いのちの電話は0120-783-556です。", True),
        ("请拨打客服电话400-161-9995。", True),
        ("자살예방 상담전화 1577-0199", True),
        ("Llama al teléfono 900 202 010.", True),
        ("Rufen Sie an: Telefon 089 1110 1110", False),
        ("Call +1 212 736 5000", False),
    ],
)
def test_roles_and_freephone_numbers_belong_to_no_person(found, text, impersonal):
    assert [f.impersonal for f in found(text)] == [impersonal]


@pytest.mark.parametrize(
    ("said", "answer", "echoed"),
    [
        ("my mail is Maria.Lopez@outlook.com", "I wrote to maria.lopez@outlook.com.", True),
        ("call me on +12127365000", "I will call (212) 736-5000.", True),
        ("card 4556737586899855", "Paid with card 4556 7375 8689 9855.", True),
        ("code 14556737586899855", "Paid with card 4556 7375 8689 9855.", False),
        ("hello", "I wrote to maria.lopez@outlook.com.", False),
        ("aria.lopez@outlook.com.au", "I wrote to maria.lopez@outlook.com.", False),
    ],
)
def test_values_that_the_user_wrote_are_echoed_not_leaked(found, said, answer, echoed):
    assert [f.echoed for f in found(answer, input=[Message("user", said)])] == [echoed]


@pytest.mark.parametrize("role", ["document", "tool", "system", "assistant"])
def test_values_from_documents_and_tools_are_leaks(found, role):
    text = "maria.lopez@outlook.com"

    assert [f.echoed for f in found(text, input=[Message(role, text)], context=[text])] == [False]


def test_of_two_types_for_the_same_characters_the_surer_one_wins(values):
    assert values("Card: 4556 7375 8689 9855") == [("credit_card", "4556 7375 8689 9855")]


def test_an_at_sign_that_a_text_begins_with_takes_no_name_from_its_end():
    assert list(email.find("(at) gmail.com, ana.souza ")) == []


def test_only_the_given_types_are_searched():
    report = Scanner([Pii(["iban"])]).scan(Subject("jane@acme.io, DE75512108001245126199"))

    assert [f.type for f in report.findings] == ["iban"]


around = st.text(st.characters(codec="utf-8", categories=["L", "Z", "S", "P", "M", "Cc"]), max_size=40)
separated = around.map(lambda text: text + " — ")


@given(
    separated,
    around.map(lambda text: ", " + text),
    st.sampled_from([c for c in FOUND if c[0] not in {"phone", "email"}]),
)
@settings(max_examples=150)
def test_offsets_count_characters_in_any_script(values, before, after, case):
    kind, frame, value = case
    text = before + frame.format(value) + after

    hits = [f for f in values(text) if f[0] == kind]

    assert (kind, value) in hits or not hits  # other text may change what it means, never where it stands


@given(
    st.sampled_from([c for c in FOUND if c[2].isascii() and c[0] in {"credit_card", "iban", "us_ssn"}]),
    st.sampled_from("\u200b\u200d\u2060\u00ad\ufeff\u202c"),
    st.data(),
)
@settings(max_examples=150)
def test_a_value_with_invisible_characters_is_found_with_its_whole_span(values, case, mark, data):
    kind, frame, value = case
    at = data.draw(st.integers(1, len(value) - 1))
    written = value[:at] + mark + value[at:]

    assert (kind, written) in [f[:2] for f in values(f"\u200b {frame.format(written)}\u200b!")]


@pytest.mark.parametrize("value", ["ana.lopez@\u200bacme.io", "81.136\u00ad.26.196", "𝟓𝟑𝟔-𝟗𝟎-𝟒𝟑𝟗𝟗"])
def test_a_masked_value_is_found_with_its_span(values, value):
    assert value in [f[1] for f in values(f"It is {value}, as said.")]


@given(st.text(max_size=300))
@example("\ud800@\ud800.com 4556\x007375")
def test_any_text_can_be_scanned(found, text):
    for finding in found(text):
        assert 0 <= finding.start < finding.end <= len(text)
        assert 0 < finding.score <= 1


@given(st.integers(0, 10**15 - 1), st.integers(1, 9))
def test_luhn_finds_every_wrong_digit(number, shift):
    body = str(number).zfill(15)
    right = next(c for c in "0123456789" if card.is_luhn(body + c))
    wrong = str((int(right) + shift) % 10)

    assert card.is_luhn(body + wrong) == (wrong == right)


@given(st.integers(0, 10**18 - 1), st.integers(0, 17), st.integers(1, 9))
def test_iban_check_digits_find_every_wrong_digit(number, place, shift):
    account = str(number).zfill(18)
    remainder = int(account + "131400") % 97  # D = 13, E = 14
    whole = f"DE{98 - remainder:02d}{account}"
    changed = account[:place] + str((int(account[place]) + shift) % 10) + account[place + 1 :]

    assert iban.is_iban(whole)
    assert not iban.is_iban(whole[:4] + changed) or changed == account


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12), st.sampled_from([0.3, 0.7, 0.9])), max_size=40))
def test_kept_candidates_never_overlap_and_the_surest_is_kept(spans):
    kept = without_overlaps(Candidate(start, start + length, score) for start, length, score in spans)

    assert all(a.end <= b.start for a, b in pairwise(kept))
    if spans:
        assert max(c.score for c in kept) == max(score for *_, score in spans)


@pytest.mark.once
@pytest.mark.parametrize(
    ("module", "validator", "crowd"),
    [
        (card, "_is_branded", "4556 7375 8689 9856, "),
        (iban, "_end", "DE76512108001245126199 "),
        (ssn, "is_example_ssn", "536-90-4399, "),
        (phone, "_parse", "call +49 171 3920518 or "),
        (ip, "is_example_ip", "81.136.26.196 "),
        (passport, "is_example_passport", "passport YA9342719 "),
    ],
)
def test_the_work_on_a_crafted_text_is_bounded(monkeypatch, module, validator, crowd):
    counted = []
    genuine = getattr(module, validator)
    monkeypatch.setattr(module, validator, lambda *a, **k: counted.append(1) or genuine(*a, **k))
    work = {}
    for size in (50_000, 100_000):
        counted.clear()
        list(module.find((crowd * (size // len(crowd) + 1))[:size]))
        work[size] = len(counted)

    assert work[100_000] <= 2 * MAX_CANDIDATES
    assert work[100_000] <= 2.1 * work[50_000]


def test_no_pattern_reaches_far_from_where_it_starts():
    """A bounded reach at each start is what makes the search linear in the text."""
    searched = {"_NUMBER", "_HEAD", "_V4", "_V6", "_MENTION", "_ANY_NUMBER"}
    for module in (card, iban, ssn, ip, phone, passport):
        for name in searched & vars(module).keys():
            if isinstance(pattern := getattr(module, name), re.Pattern):
                assert parser.parse(pattern.pattern, pattern.flags).getwidth()[1] < 200, (module.__name__, name)


def test_every_type_has_gates_and_a_finder():
    assert all(gates and find for gates, find in FINDERS.values())


def test_invisible_characters_are_removed_piece_by_piece(values, monkeypatch):
    sizes = []
    genuine = pii.replaced
    monkeypatch.setattr(pii, "replaced", lambda piece, *rest: sizes.append(len(piece)) or genuine(piece, *rest))

    assert ("email", "ann@gm\u200bx.de") in values("a\u200b" * 50_000 + " ann@gm\u200bx.de")
    assert max(sizes) < 10_000
