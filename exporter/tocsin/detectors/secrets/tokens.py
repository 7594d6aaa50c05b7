"""Token formats that providers publish so that secret scanners can find them: a rare prefix, an alphabet, a length.

Each is known from its provider's documentation or from the tokens it issues; none from another scanner's rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

import hyperscan

from tocsin.detectors.base import Gate
from tocsin.detectors.built_once import built_once
from tocsin.detectors.candidates import limited, note_cut
from tocsin.detectors.hyperscanning import Matcher

_W = "[A-Za-z0-9_-]"
_A = "[A-Za-z0-9]"
_H = "[0-9a-f]"
_B = "[A-Za-z0-9+/]"
_DJANGO = "[a-z0-9!@#$%^&*(_=+)-]"


class Token(NamedTuple):
    """A format. Both patterns are in the common subset of Hyperscan's and Python's dialect."""

    prefix: str
    body: str
    least_entropy: float = 3.0
    """Bits per character of the body; hexadecimal never has more than 4."""
    needs_word: bool = False
    """Public as often as secret: found only if the text around it mentions a credential."""
    behind: int = 6
    """Letters and digits after the prefix that the gate requires."""
    rare: str = ""
    """What the gate requires instead, if the prefix consists of common letters."""

    @property
    def gate(self) -> Gate:
        """The prefix, with enough after it to be rare in prose."""
        if self.rare:
            return Gate(self.rare)
        return Gate(rf"{self.prefix}[A-Za-z0-9_./+=%-]{{{self.behind}}}" if self.behind else self.prefix)


@cache
def compiled(token: Token) -> re.Pattern[str]:
    """Return a pattern of the whole token, which does not backtrack: a crafted text would make that slow.

    Compiled on first use: compiling all of them would be a fifth of the start, and most tokens are never seen.
    """
    return re.compile(rf"{token.prefix}(?P<body>(?>{token.body}))(?![A-Za-z0-9])")


TOKENS: Final = (
    # Clouds
    Token("(?:AKIA|ASIA|ABIA|ACCA)", "[A-Z0-9]{16}"),
    Token("ABSK", rf"{_B}{{109,269}}={{0,2}}"),  # Bedrock
    Token("(?:IQoJb3JpZ2lu|F[QwU]oGZXIvYXdz)", rf"{_B}{{90,4000}}={{0,2}}"),  # a session of STS
    Token("bedrock-api-key-", rf"{_B}{{100,4000}}={{0,2}}"),
    Token("amzn\\.mws\\.", rf"{_H}{{8}}-(?:{_H}{{4}}-){{3}}{_H}{{12}}", 2.8),
    Token("AIza", rf"{_W}{{35}}", needs_word=True),  # a browser key of Firebase or Maps is public by design
    Token("GOCSPX-", rf"{_W}{{28}}"),
    Token(r"ya29\.", r"[A-Za-z0-9_.-]{20,400}"),
    Token("1//0", rf"{_W}{{40,120}}"),
    Token("AccountKey=", rf"{_B}{{86}}=="),
    Token("SharedAccessKey=", rf"{_B}{{43}}="),
    Token("sig=", rf"(?:[A-Za-z0-9%]{{40,80}}(?:%3D|=)|{_W}{{43}})"),
    Token(r"[A-Za-z0-9_~.]{3}[0-9]Q~", "[A-Za-z0-9_.~-]{31,34}"),
    # Azure's tokens since 2023 have a signature before their last characters.
    Token("[A-Za-z0-9]{52}JQQJ9[89]", rf"{_A}{{26}}"),
    Token("[A-Za-z0-9]{76}AZDO", rf"{_A}{{4}}", 0.0, behind=4),
    Token("[A-Za-z0-9+/]{44}AzFu", rf"{_B}{{6}}==", 1.0),
    Token("[A-Za-z0-9+/]{42}(?:AzSe|\\+ACR)", rf"{_B}{{6}}", 1.0),
    Token("[A-Za-z0-9+/]{33}(?:AzCa|AIoT|AzEG|AZEG|\\+A(?:Sb|Eh|Rm))", rf"{_B}{{6}}=", 1.0),
    Token("[A-Za-z0-9+/]{76}(?:ACDb|APIM|\\+A(?:St|Ba|MC))", rf"{_B}{{6}}==", 1.0),
    Token("do[opr]_v1_", rf"{_H}{{64}}"),
    Token("LTAI", rf"{_A}{{12,22}}", 3.0, needs_word=True),
    Token("AKID", rf"{_A}{{32}}"),
    Token("v1.0-", rf"{_H}{{24}}-{_H}{{146}}", 2.8),
    Token("cf(?:ut|at|k)_", rf"{_A}{{40}}{_H}{{8}}"),  # Cloudflare
    Token("HRKU-", rf"{_W}{{36,64}}"),
    Token("AQVN", rf"{_W}{{35,38}}"),
    Token("ocid1", r"\.credential\.[a-z0-9.]{40,120}"),
    # Code and build
    Token("gh[pousr]_", rf"{_A}{{36,255}}"),
    Token("github_pat_", r"[A-Za-z0-9_]{22,255}"),
    Token("gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|oas|soat|ffct)-", rf"(?:{_W}{{20,64}}(?:\.{_A}{{2,12}}){{0,2}})"),
    Token("GR1348941", rf"{_W}{{20,22}}"),
    Token("npm_", rf"{_A}{{36}}"),
    Token("pypi-AgE", rf"{_W}{{50,400}}"),
    Token("rubygems_", rf"{_H}{{48}}", 2.8),
    Token("CLOJARS_", "[a-z0-9]{60}"),
    Token("dckr_(?:pat|oat)_", rf"{_W}{{27,40}}"),
    Token("(?:CCIPAT|CCIPRJ)_", r"[A-Za-z0-9_]{40,80}"),
    Token("bkua_", rf"{_H}{{40}}", 2.8),
    Token("sgp_", rf"(?:{_H}{{16}}_|local_)?{_H}{{40}}", 2.8),
    Token("ATATT3", r"[A-Za-z0-9_=-]{60,300}"),
    Token("ATCTT3", r"[A-Za-z0-9_=-]{60,300}"),
    Token("ATBB", rf"{_A}{{32}}"),
    Token("BBDC-", rf"{_B}{{44}}"),
    Token(r"atlasv1\.", rf"{_W}{{60,80}}"),
    Token("pul-", rf"{_H}{{40}}", 2.8),
    Token("(?:hvs|hvb|hvr)\\.", rf"{_W}{{24,300}}"),
    Token("dp\\.(?:pt|sa|scim|audit|ct|st)\\.", rf"(?:[a-z0-9_-]{{2,35}}\.)?{_A}{{40,44}}"),
    Token("AKCp", rf"{_A}{{69}}"),
    Token("sha256~", rf"{_W}{{43}}"),
    Token("sq[upa]_", rf"{_H}{{40}}", 2.8),
    Token("pnu_", "[a-z0-9]{36}"),
    Token("cio", rf"{_A}{{32}}", needs_word=True),
    Token("oy2", "[a-z0-9]{43}"),  # NuGet
    Token("ops_eyJ", rf"{_W}{{100,2000}}={{0,2}}"),
    Token("SWMTKN-1-", r"[0-9a-z]{50}-[0-9a-z]{25}"),
    Token("nfp_", rf"{_A}{{36}}"),
    Token("vc[acikpr]_", rf"{_A}{{56}}"),  # Vercel
    Token("vercel_blob_rw_", rf"{_A}{{16}}_{_A}{{30}}"),
    Token("dd[pw]_", rf"{_A}{{36}}"),  # Deno
    Token("snyk_[us]at\\.", rf"{_H}{{8}}\.{_W}{{60,120}}(?:\.{_W}{{6,40}})?"),
    Token("cmVmdGtuOjAx", rf"{_A}{{50,54}}"),  # Artifactory
    Token("(?:django-insecure-|SECRET_KEY ?= ?[\"']?)" + _DJANGO + "{8}", f"{_DJANGO}{{42}}", behind=0),
    Token("rnd_", rf"{_A}{{28,32}}"),
    Token("apify_api_", rf"{_A}{{34,40}}"),
    Token("codemagic_", rf"{_A}{{40,48}}"),
    # Models and data
    Token("sk-ant-[a-z]{3,5}[0-9]{2}-", rf"{_W}{{60,140}}"),
    Token("sk-(?:proj|svcacct|admin|None)-", rf"{_W}{{20,120}}?T3BlbkFJ{_W}{{20,120}}"),
    Token("sk-", rf"{_A}{{20}}T3BlbkFJ{_A}{{20,40}}"),
    Token("sk-or-v1-", rf"{_H}{{64}}", 2.8),
    Token("sk-lf-", rf"{_H}{{8}}-(?:{_H}{{4}}-){{3}}{_H}{{12}}", 2.8),
    Token("sk-", rf"(?:{_A}{{48}}|{_H}{{32}})", needs_word=True),
    Token("sk-helicone-", "[a-z0-9]{7}(?:-[a-z0-9]{7}){3}", 2.8),
    Token("csk-", "[a-z0-9]{48}"),  # Cerebras
    Token("sk_", rf"{_H}{{48}}", 2.8, behind=48),  # ElevenLabs
    Token("wandb_v1_", r"[A-Za-z0-9_]{60,100}"),
    Token("fc-", rf"{_H}{{32}}", 2.8),  # Firecrawl
    Token("e2b_", rf"{_H}{{40}}", 2.8),
    Token("bb_live_", rf"{_W}{{27}}"),  # Browserbase
    Token("hf_", "[A-Za-z0-9]{30,40}"),
    Token("api_org_", "[A-Za-z]{34}"),
    Token("gsk_", rf"{_A}{{52}}"),
    Token("xai-", rf"{_W}{{70,90}}"),
    Token("tgp_v1_", rf"{_W}{{43}}"),
    Token("fw_", rf"{_A}{{22,24}}", needs_word=True),  # Fireworks
    Token("jina_", rf"{_A}{{60}}"),
    Token("pplx-", rf"{_A}{{40,56}}"),
    Token("r8_", rf"{_A}{{37}}"),
    Token("nvapi-", rf"{_W}{{60,70}}"),
    Token("lsv2_(?:pt|sk)_", rf"{_H}{{32}}_{_H}{{10}}", 2.8),
    Token("pcsk_", rf"{_A}{{4,6}}_{_A}{{50,70}}"),
    Token("tvly-", rf"(?:dev-|prod-)?{_A}{{32}}"),
    Token("(?:dapi|dkea)", rf"{_H}{{32}}(?:-[0-9])?", 2.8),  # Databricks
    Token("napi_", "[a-z0-9]{60,70}", behind=60),  # Neon
    Token("cflt", rf"{_B}{{60}}"),  # Confluent
    Token("mdb_sa_sk_", rf"{_W}{{40}}"),
    Token("pscale_(?:tkn|pw|oauth)_", r"[A-Za-z0-9_.-]{32,64}"),
    Token("sbp_(?:v0_)?", rf"{_H}{{40}}", 2.8),
    Token("sb_secret_", rf"{_W}{{20,60}}"),
    Token("pat[A-Za-z0-9]{14}\\.", rf"{_H}{{64}}", 2.8),
    Token("ph[sx]_", rf"{_W}{{40,60}}"),
    # Payment and commerce
    Token("(?:sk|rk)_(?:live|test|prod)_", rf"{_A}{{16,247}}"),
    Token("whsec_", rf"{_B}{{24,64}}=?"),
    Token("sq0(?:csp|atp)-", rf"{_W}{{22,43}}"),
    Token("EAAA", rf"{_W}{{60}}"),
    Token("shp(?:at|ca|pa|ss)_", "[0-9a-fA-F]{32}", 2.8),
    Token("APP_USR-", rf"[0-9]{{16}}-[0-9]{{6}}-{_H}{{32}}-[0-9]{{6,12}}", 2.5),
    Token("EZ[AT]K", rf"{_A}{{54}}"),
    Token("(?:live|test)_", rf"{_H}{{35}}", 2.8, needs_word=True),
    Token("access-(?:sandbox|development|production)-", rf"{_H}{{8}}-(?:{_H}{{4}}-){{3}}{_H}{{12}}", 2.2),  # Plaid
    Token("shippo_(?:live|test)_", rf"{_H}{{40}}", 2.8),
    Token("FLWSECK(?:_TEST)?-", rf"{_A}{{32}}-X"),
    Token("access_token\\$(?:production|sandbox)\\$", rf"[0-9a-z]{{16}}\${_H}{{32}}", 2.8),
    # Chat and mail
    Token("xox[abceoprs]-", r"[A-Za-z0-9-]{20,200}"),
    Token("xoxd-", r"[A-Za-z0-9%/+=-]{40,300}"),
    Token("xapp-", r"[0-9]-[A-Z0-9]{8,14}-[0-9]{10,14}-[0-9a-f]{40,80}"),
    Token("hooks\\.slack\\.com/(?:services|workflows|triggers)/", r"[A-Z0-9]{8,12}/[A-Z0-9]{8,12}/[A-Za-z0-9/]{20,64}"),
    Token("discord(?:app)?\\.com/api/webhooks/", r"[0-9]{17,20}/[A-Za-z0-9_-]{60,80}"),
    Token("webhook\\.office\\.com/webhookb2/", r"[0-9a-f@-]{73}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36}"),
    Token("hooks\\.zapier\\.com/hooks/catch/", r"[0-9]{4,12}/[a-z0-9]{6,12}", 2.5),
    Token("[MNO][A-Za-z0-9]{23,27}\\.[A-Za-z0-9_-]{6}\\.", r"[A-Za-z0-9_-]{27,40}"),
    Token("[0-9]{8,10}:AA", rf"{_W}{{32,35}}"),
    Token("SG\\.", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}"),
    Token("xkeysib-", rf"{_H}{{64}}-[A-Za-z0-9]{{16}}", 2.8),
    Token("SK", rf"{_H}{{32}}", 2.8),
    Token("(?:api_?key|secret_?token|key)-", rf"{_H}{{32}}", 2.8),
    Token("[0-9a-f]{26}", rf"{_H}{{6}}-us[0-9]{{1,2}}", 2.0, rare=rf"{_H}{{6}}-us[0-9]"),
    Token("EAA", rf"{_A}{{100,300}}"),  # Facebook
    Token("re_[A-Za-z0-9]{8}_", rf"{_A}{{24}}"),
    Token("AAAA[A-Za-z0-9_-]{7}:APA91b", rf"{_W}{{120,180}}"),
    Token("EAACEdEose0cBA", rf"{_A}{{40,200}}"),
    Token("AAAAAAAAAAAAAAAAAAAA", "[A-Za-z0-9%]{50,120}"),
    # Productivity and monitoring
    Token("ntn_", rf"[0-9]{{11}}{_A}{{35}}"),
    Token("secret_", rf"{_A}{{43}}"),
    Token("pk_[0-9]{6,10}_", "[A-Z0-9]{32}"),  # ClickUp
    Token("[12]/[0-9]{13,18}(?:/[0-9]{13,18})?:", rf"{_H}{{32}}", 2.8),  # Asana
    Token("ptr_", rf"{_B}{{43}}=", 3.5, behind=44),  # Portainer
    Token("lin_(?:api|oauth)_", rf"{_A}{{40,64}}"),
    Token("PMAK-", rf"{_H}{{24}}-{_H}{{34}}", 2.8),
    Token("pat-(?:na|eu|ap)[0-9]-", rf"{_H}{{8}}-(?:{_H}{{4}}-){{3}}{_H}{{12}}", 2.2),
    Token("glc_", rf"{_B}{{32,400}}={{0,2}}"),
    Token("eyJrIjoi", rf"{_A}{{50,140}}={{0,2}}"),  # Grafana, before version 9
    Token("glsa_", rf"{_A}{{32}}_[0-9A-Fa-f]{{8}}"),
    Token("NR(?:AK|II|IQ|AA|RA)-", "[A-Za-z0-9_-]{27,42}"),
    Token("sntrys_eyJ", r"[A-Za-z0-9+/=_]{80,400}"),
    Token("sntryu_", rf"{_H}{{64}}", 2.8),
    Token("dt0c01\\.", r"[A-Z0-9]{24}\.[A-Z0-9]{64}"),
    Token("figd_", rf"{_W}{{38,44}}"),
    Token("tskey-(?:api|auth|client|scim|webhook)-", rf"{_A}{{6,24}}-{_A}{{9,48}}", 2.5),
    Token("fo1_", rf"{_W}{{43}}"),
    Token("fm[12][ar]?_", rf"{_B}{{100,400}}={{0,3}}"),
    Token("CFPAT-", rf"{_W}{{43}}"),
    Token("sl\\.(?:B|u\\.)", rf"{_W}{{100,400}}"),
    Token("tfp_", r"[A-Za-z0-9_.=-]{40,70}"),
    Token("rdme_xn8s9h", "[a-z0-9]{60,70}"),
    Token("fio-u-", rf"{_W}{{64}}"),
    Token("sk\\.eyJ", r"[A-Za-z0-9_-]{40,120}\.[A-Za-z0-9_-]{20,30}"),
    Token("p8e-", rf"{_W}{{32}}"),
    Token("00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?!", r"[A-Za-z0-9._]{80,120}"),
    Token("AGE-SECRET-KEY-1", "[0-9A-Z]{58}"),
    Token("nsec1", "[02-9ac-hj-np-z]{58}"),  # Nostr, NIP-19
    Token("aio_", "[A-Za-z]{4}[0-9]{2}[A-Za-z0-9]{22}"),  # Adafruit IO
    Token("tkn\\.v1_", rf"{_B}{{60,100}}=?"),
    # Hashes of passwords, which are guessed offline
    Token("\\$2[abxy]\\$[0-9]{2}\\$", "[./A-Za-z0-9]{53}"),
    Token("\\$(?:apr1|1|5|6)\\$(?:rounds=[0-9]{1,9}\\$)?[./A-Za-z0-9]{1,16}\\$", "[./A-Za-z0-9]{22,86}"),
    Token("\\$8\\$", r"[./A-Za-z0-9]{14}\$[./A-Za-z0-9]{43}"),
    Token("\\$argon2(?:id|i|d)\\$v=[0-9]{2}\\$", r"m=[0-9]{1,8},t=[0-9]{1,3},p=[0-9]{1,3}\$[A-Za-z0-9+/$]{34,192}"),
    Token("\\$krb5(?:asrep|tgs)\\$[0-9]{2}\\$", r"[A-Za-z0-9*$.@/_:-]{32,400}"),
)  # fmt: skip

_SPAN: Final = 8 << 10
"""Characters of a long text searched per call, so that other threads may run in between."""
_LONGEST_GATE: Final = 160
_LONGEST: Final = 4_200
"""Characters of a token."""
_MOST_SEARCHES: Final = 400
"""Maximum matches per span and format: a crafted text fires every gate, which would take seconds."""


def matches(text: str, fired: Sequence[int]) -> Iterator[tuple[Token, re.Match[str]]]:
    """Return tokens of the formats (indices into TOKENS) whose gates fired; note if there are too many to confirm."""
    if len(text) > _SPAN + _LONGEST and fired:
        return limited(_near_gates(text))
    return limited((TOKENS[index], match) for index in fired for match in compiled(TOKENS[index]).finditer(text))


def _near_gates(text: str) -> Iterator[tuple[Token, re.Match[str]]]:
    """Yield the tokens of a long text, searching only spans in which the gate of a format matches."""
    passed: dict[int, int] = {}
    left = _MOST_SEARCHES
    for start in range(0, len(text), _SPAN):
        end = start + _SPAN
        for index in sorted(_gates().fired(text[start : end + _LONGEST_GATE].encode("utf-8", "surrogatepass"))):
            if not left:
                note_cut()
                return
            left -= 1
            for match in compiled(TOKENS[index]).finditer(text, max(start, passed.get(index, 0)), end + _LONGEST):
                if match.start() >= end:
                    break
                passed[index] = match.end()
                yield TOKENS[index], match


@built_once
def _gates() -> Matcher:
    flags = hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL
    return Matcher([token.gate.pattern.encode() for token in TOKENS], [flags] * len(TOKENS), ours=True)
