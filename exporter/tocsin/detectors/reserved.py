"""Documentation and test values: counted as examples, never paged. Technical answers contain little else.

Sources: RFC 2606 and 6761 (names), RFC 5737, 3849, 1918 and the IANA special-purpose registries (addresses), the
North American Numbering Plan (555-01xx), Ofcom and ACMA (numbers for drama), the test cards of payment processors,
the examples of the IBAN registry, the numbers that the US Social Security Administration never issued or voided.
"""

from __future__ import annotations

import ipaddress
import re

from tocsin.detectors.candidates import listed

_DOMAINS = listed("""
    example.com example.org example.net example.edu domain.com yourdomain.com mydomain.com your-domain.com
    yourcompany.com your-company.com mycompany.com company.com test.com sample.com website.com
    yoursite.com yourwebsite.com mysite.com mail.example acme.com foo.com bar.com baz.com foobar.com
    xyz.com school.com abc.com
    host.com server.com site.com somedomain.com anydomain.com contoso.com fabrikam.com provider.com institution.edu
    university.edu school.edu organization.org localhost.localdomain
""")
"""Names reserved by RFC 2606, and names that writers use as placeholders."""
_PROVIDERS = listed("email.com mail.com gmail.com outlook.com hotmail.com yahoo.com icloud.com")
"""Domains of real people's addresses: only an unmistakable local part makes one an example."""
_SUFFIXES = (".example", ".test", ".invalid", ".localhost", ".example.com", ".example.org", ".example.net")
_LOCAL = re.compile(
    r"(?:your|my|some|the|an?|any|their|sender|recipient|receiver|from|to|test|dummy|fake|sample|example)"
    r"(?:[._-]?(?:own|gmail|work|company|business|personal|first|last|full))?"
    r"[._-]?(?:e?mail|address|name|user(?:name)?|id|account|login)(?:[._-]?(?:address|here|id))?[0-9]*"
    r"|(?:user|username|name|first[._-]?name|firstname|first[._]last|email|example|sample|test|testuser|dummy|foo|bar"
    r"|john[._-]?doe|jane[._-]?doe|x{3,}|someone|somebody|sender|recipient)[0-9]{0,3}",
)
_PLACEHOLDER_ONLY = re.compile(r"(?:your|my)[._-]?[a-z._-]*(?:mail|name|address)[a-z]*|x{3,}|someone|somebody")


def is_example_email(local: str, domain: str) -> bool:
    """Return whether an address is for documentation; both parts are in lower case."""
    if domain in _DOMAINS or domain.endswith(_SUFFIXES):
        return True
    if _PLACEHOLDER_ONLY.fullmatch(local):
        return True
    placeholder = re.match(r"(?:your|my|some|example|sample|test|dummy|fake)[a-z-]*\.[a-z]+$", domain)
    return bool((placeholder or domain in _PROVIDERS) and _LOCAL.fullmatch(local))


_CARDS = listed("""
    4111111111111111 4012888888881881 4222222222222 4242424242424242 4000056655665556 4000000000000002
    4000000000009995 4000002500003155 4000000000003220 4000000000000077 4000000000000341 4917610000000000
    4917484589897107 4263970000005262 4263982640269299 4462030000000000 4484070000000000 4007702835532454
    4532015112830366 4716461583322103 4539578763621486 4556737586899855 4024007103939509 4005519200000004
    4009348888881881 4012000033330026 4012000077777777 4500600000000061 4217651111111119 5555555555554444
    5200828282828210 5105105105105100 5454545454545454 5425233430109903 5425230000004415 5500000000000004
    5500005555555559 5111111111111118 5431111111111111 2222420000001113 2223003122003222 2223000048400011
    2223000048410010 2222405343248877 378282246310005 371449635398431 378734493671000 374245455400126
    374251018720018 370000000000002 340000000000009 343434343434343 341111111111111 6011111111111117
    6011000990139424 6011000000000004 6011601160116611 6011000400000000 6011981111111113 6445644564456445
    6550092020200119 36227206271667 36148900647913 3056930009020004 30569309025904 38520000023237 30000000000004
    36006666333344 3530111333300000 3566002020360505 3566111111111113 3566000020000410 3569990010095841
    6759649826438453 6771798021000008 6304000000000000 6200000000000005 6205500000000000004 6240008631401148
    5019717010103742 6331101999990016 5610591081018250 76009244561
""")
"""Test numbers that processors publish (Stripe, PayPal, Adyen, Braintree, Worldpay)."""


def is_example_card(digits: str) -> bool:
    """Return whether a card number is a published test number or an obvious pattern."""
    return digits in _CARDS or len(set(digits[1:-1])) <= 2 or digits.startswith(("1234", "0000"))


_IBANS = listed("""
    AD1200012030200359100100 AE070331234567890123456 AL47212110090000000235698741 AT611904300234573201
    AZ21NABZ00000000137010001944 BA391290079401028494 BE68539007547034 BG80BNBG96611020345678 BH67BMAG00001299123456
    BR1800360305000010009795493C1 BR9700360305000010009795493P1 BY13NBRB3600900000002Z00AB00 CH9300762011623852957
    CR05015202001026284066 CY17002001280000001200527600 CZ6508000000192000145399 CZ9455000000001011038930
    DE89370400440532013000 DE91100000000123456789 DK5000400440116243 DO28BAGR00000001212453611324
    EE382200221020145685 EG380019000500000000263180002 ES9121000418450200051332 ES7921000813610123456789
    FI2112345600000785 FO6264600001631634 FR1420041010050500013M02606 FR7630006000011234567890189
    GB29NWBK60161331926819 GB82WEST12345698765432 GB33BUKB20201555555555 GE29NB0000000101904917
    GI75NWBK000000007099453 GL8964710001000206 GR1601101250000000012300695 GT82TRAJ01020000001210029690
    HR1210010051863000160 HU42117730161111101800000000 IE29AIBK93115212345678 IE64IRCE92050112345678
    IL620108000000099999999 IQ98NBIQ850123456789012 IS140159260076545510730339 IT60X0542811101000000123456
    JO94CBJO0010000000000131000302 KW81CBKU0000000000001234560101 KZ86125KZT5004100100 LB62099900000001001901229114
    LC55HEMM000100010012001200023015 LI21088100002324013AA LT121000011101001000 LU280019400644750000
    LV80BANK0000435195001 MC5811222000010123456789030 MD24AG000225100013104168 ME25505000012345678951
    MK07250120000058984 MR1300020001010000123456753 MT84MALT011000012345MTLCAST001S MU17BOMM0101101030300200000MUR
    NL91ABNA0417164300 NL02ABNA0123456789 NO9386011117947 PK36SCBL0000001123456702 PL61109010140000071219812874
    PS92PALS000000000400123456702 PT50000201231234567890154 QA58DOHB00001234567890ABCDEFG RO49AAAA1B31007593840000
    RS35260005601001611379 SA0380000000608010167519 SC18SSCB11010000000000001497USD SE4550000000058398257466
    SE3550000000054910000003 SI56263300012039086 SK3112000000198742637541 SM86U0322509800000000270100
    ST23000100010051845310146 SV62CENR00000000000000700025 TL380080012345678910157 TN5910006035183598478831
    TR330006100519786457841326 UA213223130000026007233566001 VA59001123000012345678 VG96VPVG0000012345678901
    XK051212012345678906
""")


def is_example_iban(compact: str) -> bool:
    """Return whether an IBAN is an example from the registry."""
    return compact in _IBANS


_SSNS = frozenset(
    {"078051120", "219099999", "457555462", "123456789", "123121234", "111111111", "111223333", "555555555"}
)


def is_example_ssn(digits: str) -> bool:
    """Return whether a Social Security number is void or a common placeholder."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    # 987-65-4320 to 4329 are reserved for advertisements; an area of 000 or 666 was never issued.
    placeholder = (
        len(set(digits)) == 1 or digits == "987654321" or digits.startswith("98765432") or digits.endswith("456789")
    )
    return digits in _SSNS or placeholder or area in {"000", "666"} or group == "00" or serial == "0000"


_RESOLVERS = listed("""
    8.8.8.8 8.8.4.4 1.1.1.1 1.0.0.1 9.9.9.9 149.112.112.112 208.67.222.222 208.67.220.220 4.2.2.2 1.2.3.4 1.2.3.5
    5.6.7.8 4.4.4.4 2.2.2.2 3.3.3.3 4.3.2.1 11.22.33.44 12.34.56.78 2001:4860:4860::8888 2001:4860:4860::8844
    2606:4700:4700::1111 2606:4700:4700::1001
""")
"""Public resolvers, and addresses that are only used as placeholders."""


def is_example_ip(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether an address identifies nobody: not globally routable, or a well-known resolver."""
    return not address.is_global or address.is_multicast or str(address) in _RESOLVERS


_PHONES = re.compile(
    r"1?(?:[2-9][0-9]{2})?555[0-9]{4}"  # NANP: 555-01xx is reserved for fiction, the rest is nobody's line
    r"|1?555[0-9]{7}"  # an area that does not exist
    r"|1?(?:1234567890|0123456789|9876543210|1112223333|1231231234|1234567|5551234|[2-9][0-9]{2}5551234|1234567891)"
    r"|1?([0-9])\1{6,}"
    r"|(?:44|0)(?:207946[0-9]{5}|20?7?9460[0-9]{3}|1[1-9]1?[0-9]?4960[0-9]{3}|1632960[0-9]{3}|7700900[0-9]{3}"
    r"|8081570[0-9]{3}|9098790[0-9]{3}|3069990[0-9]{3})"  # Ofcom: numbers for drama
    r"|(?:61|0)?(?:[2378](?:5550|7010)[0-9]{4}|491570[0-9]{3}|491571[0-9]{3}|1800975[0-9]{3}|1300975[0-9]{3})"  # ACMA
    r"|33?0?1?99000[0-9]{4}|(?:33|0)[1-7]99000[0-9]{4}"  # ARCEP
    r"|(?:44|49|33|91|61)1?234567[0-9]{0,4}"
)
_SEQUENCE = "01234567890123456789"


def is_example_phone(digits: str) -> bool:
    """Return whether a telephone number is reserved for fiction or an obvious placeholder."""
    national = digits[-8:]
    counted = national in _SEQUENCE or national in _SEQUENCE[::-1] or digits.endswith(("123456", "654321"))
    return counted or bool(_PHONES.fullmatch(digits))


_PASSPORTS = re.compile(r"[A-Z]{0,2}(?:0?123456(?:7(?:8(?:9)?)?)?|987654(?:3(?:2(?:1)?)?)?|([0-9])\1{5,})[A-Z]?")


def is_example_passport(number: str) -> bool:
    """Return whether a passport number is an obvious placeholder."""
    return bool(_PASSPORTS.fullmatch(number))
