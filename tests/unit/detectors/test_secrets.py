"""Secrets by format, by structure and by the word before them. Tokens are assembled here: hosts reject whole ones."""

import base64
import json
import random
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cpu_time import costs_at_most
from tocsin.call import Message
from tocsin.detectors import secrets
from tocsin.detectors.base import Report, Subject
from tocsin.detectors.candidates import MAX_CANDIDATES
from tocsin.detectors.secrets import assignments, structures
from tocsin.detectors.secrets import values as judged
from tocsin.detectors.secrets.tokens import TOKENS, compiled

ALNUM, HEX = string.ascii_letters + string.digits, "0123456789abcdef"


def key(length, alphabet=ALNUM, seed=1):
    return "".join(random.Random(f"{length}{alphabet}{seed}").choices(alphabet, k=length))


def jwt(**claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return ".".join([part({"alg": "HS256", "typ": "JWT"}), part(claims), key(43)])


PEM = (
    "-----BEGIN RSA "
    "PRIVATE KEY-----\n" + "\n".join(key(64, seed=i) for i in range(6)) + "\n-----END RSA PRIVATE KEY-----"
)

SECRETS = [
    ("key id", "AKIA" + key(16, string.ascii_uppercase + "234567")),
    ("github", "ghp_" + key(36)),
    ("gitlab", "glpat-" + key(20)),
    ("slack", "xox" + "b-" + key(12, string.digits) + "-" + key(12, string.digits) + "-" + key(24)),
    ("stripe", "sk_" + "live_" + key(24)),
    ("openai", "sk-proj-" + key(60) + "T3Blbk" + "FJ" + key(60, seed=2)),
    ("anthropic", "sk-ant-" + "api03-" + key(93) + "AA"),
    ("hugging face", "hf_" + key(34, string.ascii_letters)),
    ("npm", "npm_" + key(36)),
    ("sendgrid", "SG." + key(22) + "." + key(43, seed=2)),
    ("telegram", key(10, "123456789") + ":AA" + key(33)),
    ("entra", key(3) + "8Q~" + key(34)),
    ("storage", "AccountKey=" + key(86) + "=="),
    ("hook", "https://hooks.slack.com/services/" + "T" + key(8, string.ascii_uppercase) + "/B" + key(8, string.ascii_uppercase) + "/" + key(24)),
    ("jwt", jwt(sub="731", iat=1700000000)),
    ("pem", PEM),
    ("bcrypt", "$2b$12$" + key(53)),
    ("database", "postgres://billing:" + key(14) + "@db-3.prod.acme.io:5432/orders"),
    ("index", "https://deploy:" + key(16) + "@artifacts.acme.net/simple"),
    ("assignment", 'auth_token = "' + key(32) + '"'),
    ("storage, as a path begins", "AccountKey=/" + key(85) + "=="),
    ("of something", "The API token for the staging system is `" + key(40) + "`"),
    ("password with a sign of assignment", "password: KR_72=vo8mTulip"),
    ("password with an asterisk", 'export PGPASSWORD="Walnut*4471rime"'),
    ("password beside its user", "Log in with user `ops` and password `Walnut#4471rime`."),
    ("password of a national string", "CREATE LOGIN app WITH PASSWORD = N'Walnut+4471rime';"),
    ("password in a block of YAML", "adminPassword: |-\n  Walnut#4471rime\nport: 80"),
    ("password with a tag of YAML", "password: !!str Walnut#4471rime"),
    ("password in a query", "jdbc:mysql://db/shop?password=Walnut!4471rime&user=app"),
    ("property", 'public string ApiKey { get; set; } = "' + key(36, seed=4) + '";'),
    ("key of Laravel", "APP_KEY=base64:" + key(43) + "="),
    ("passphrase", "gpg --batch --passphrase 'Walnut-4471rime' -d backup.gpg"),
    ("redis", "requirepass " + key(32)),
    ("bind to a directory", "ldapsearch -x -D 'cn=admin,dc=acme,dc=io' -w Walnut%4471rime -b dc=acme,dc=io"),
    ("share of Windows", r"net use Z: \\fs01\share /user:ACME\kmeyer Walnut#4471rime"),
    ("share of Samba", "smbclient //fs01/share -U 'kmeyer%Walnut-4471rime'"),
    ("openssl", "openssl enc -aes-256-cbc -pass pass:Walnut-4471rime -in a"),
    ("htpasswd", "htpasswd -b /etc/nginx/.htpasswd admin Walnut-4471rime"),
    ("sudo", "echo Walnut-4471rime | sudo -S systemctl restart app"),
    (".pgpass", "db1.acme.io:5432:orders:app:Walnut-4471rime"),
    ("end of a private key", PEM.partition("\n")[2]),
    ("token behind a letter of Chinese", "令牌为ghp_" + key(36)),
    ("password of what has an accent", "La contraseña de producción es Zr9$pLJmYYS"),
    ("directory", 'AuthLDAPBindPassword "Walnut%4471rime"'),
    ("powershell", 'ConvertTo-SecureString "Walnut#4471rime" -AsPlainText -Force'),
    ("oracle", "sqlplus billing/Walnut_4471rime@ORCLPROD"),
    ("login", 'wandb.login(key="' + key(40, HEX) + '")'),
    ("mail", "smtp.login('ops', '" + key(12) + "!x')"),
    ("client", "Client('AC" + key(32, HEX) + "', '" + key(32, HEX, seed=2) + "')"),
    ("passwords in a table", "| User | Password |\n|---|---|\n| jkeller | `" + key(8) + "!9` |"),
    ("keys in a table", "API key | Service\n:--|:--\n" + key(32) + " | billing"),
    ("nostr", "nsec" + "1" + key(58, "qpzry9x8gf2tvdw0s3jn54khce6mua7l")),
    ("assignment in prose", "The API key is " + key(32) + "."),
    ("aws secret", "aws_secret_access_key = " + key(38) + "/+"),
    ("header", "Authorization: Bearer " + key(40)),
    ("password", "Password: Tr1ck" + "y&Horse9"),
    ("password in Markdown", "**Password:** `Tr1ck" + "y&Horse9`"),
    ("password in a table", "| Password | Tr1ck" + "y&Horse9 |"),
    ("password in XML", "<password>Tr1ck" + "y&Horse9</password>"),
    ("password of someone", "Password (admin) - Tr1ck" + "y&Horse9"),
    ("password, short", "DB_PASS=Tr1ck" + "y&Horse9"),
    ("password in Spanish", "Contraseña: Tr1ck" + "y&Horse9"),
    ("password in French", "mot de passe : Tr1ck" + "y&Horse9"),
    ("password in Chinese", "密码是：Tr1ck" + "y&Horse9"),
    ("password of curl", "curl -s -u bob:Tr1ck" + "y&Horse9 https://acme.io"),
    ("password of a command", "redis-cli -h cache -a Tr1ck" + "y$Horse9"),
    ("compared with", 'if passcode == "87hfysg' + 'f7gms":'),
    ("key in Markdown", "**API Key:** `" + key(32) + "`"),
    ("key in a table", "| API key | " + key(32) + " |"),
    ("key in Chinese", "密钥：" + key(32)),
    ("yaml in yaml", "credential: client_secret: " + key(30)),
    ("signed by Azure", key(52) + "JQQJ99" + key(26, seed=2)),
    ("sonarqube", "sqp_" + key(40, HEX)),
    ("slack cookie", "xox" + "d-" + key(60) + "%2B" + key(20)),
    ("bedrock", "ABSK" + key(120)),
    ("apr1", "$apr1$" + key(8) + "$" + key(22)),
    ("password of a call", 'new NetworkCredential("svc", "Tr1ck' + 'y&Horse9")'),
    ("last of three", 'DirectoryEntry("LDAP://dc1",\n  "acme\\svc",\n  "Tr1ck' + 'yHorse9")'),
    ("key of a call", 'jwt.sign(payload, "' + key(40) + '")'),
    ("value in a field", "- name: API_TOKEN\n  value: " + '"' + key(40) + '"'),
    ("default of a variable", 'variable "okta_api_token" {\n  default = "' + key(42) + '"\n}'),
    ("attribute", '<add key="ApiSecret" value="' + key(36) + '" />'),
    ("two arguments", "define('DB_PASSWORD', 'Tr1ck" + "y&Horse9');"),
    ("quotes inside", "password: '7`D\"}" + "/vYR)T;W4'"),
    ("key of a framework", "SECRET_KEY = 'q#8)z4yhf%bou3k0bn6cp" + "eutg&myoxn1trd@kmm6i3ur'"),
    ("key of a framework, bare", "SECRET_KEY=q#8)z4yhf%bou3k0bn6cp" + "eutg&myoxn1trd@kmm6i3ur" + "a1x@v7"),
    ("UUID", "The Snyk token you asked for is 3b672752-24ed-4896-bcfb-" + "6f58c8ed3913."),
    ("Grafana Cloud", "glc_" + base64.b64encode(b'{"o": "1", "n": "a", "k": "' + key(24).encode() + b'"}').decode()),
    ("registry", '"auth": "' + base64.b64encode(b"bot:" + key(20).encode()).decode() + '"'),
    ("netrc", "machine api.acme.io login ops password " + key(20)),
    ("mysql", "mysql -u root -pTr1ck" + "y8Horse! -h db.acme.io"),
    ("password of someone named", "The password for ana.lopez: Tr1ck" + "y&Horse9"),
    ("token in Spanish", "El token es " + key(40, HEX)),
    ("plain word", "The Wi-Fi password is 'blueber" + "ry'."),
    ("word and number", "The password is bluetruck" + "32."),
    ("compared with a word", 'if password == "goods' + 'pec":'),
    ("typed, Python", 'api_key: str = "' + key(32) + '"'),
    ("typed, TypeScript", "const apiKey: string | undefined = '" + key(40) + "';"),
    ("typed, Go", 'const fastlyKey string = "' + key(32) + '"'),
    ("typed, Rust", "const API_TOKEN: &'static str = \"" + key(32) + '";'),
    ("typed password", 'var dbPassword: String = "Tr1ck' + 'y&Horse9"'),
    ("humps", 'billingKey := "' + key(32) + '"'),
    ("escaped", '"{\\"apiKey\\": \\"' + key(32) + '\\"}"'),
    ("element", "<apiKey>" + key(32) + "</apiKey>"),
    ("property list", "<key>APIKey</key>\n  <string>" + key(32) + "</string>"),
    ("variable with attributes", 'variable "api_key" {\n  type      = string\n  sensitive = true\n  default   = "' + key(32) + '"\n}'),
    ("on a line of its own", "**Your access token:**\n\n```text\n" + key(40) + "\n```"),
    ("of somebody", "I have made a new access token for you: " + key(40)),
    ("dash", "api token - '" + key(32) + "'"),
    ("arrow", "Password → Tr1ck" + "y&Horse9"),
    ("password in Portuguese", "A senha é Tr1ck" + "y&Horse9"),
    ("user of a database", "CREATE USER ana IDENTIFIED BY 'Tr1ck" + "y&Horse9';"),
    ("role of a database", "alter role ana with encrypted password 'Tr1ck" + "y&Horse9';"),
    ("login", "docker login acme.azurecr.io -u acme -p " + key(42) + "+ACRB" + key(5, seed=3)),
    ("user's token", 'user_token = "' + key(32) + '"'),
    ("session", "IQoJb3JpZ2luX2Vj" + key(300) + "=="),
    ("cosmos", key(76) + "ACDb" + key(6, seed=2) + "=="),
    ("workflow", "https://prod-12.westus.logic.azure.com/workflows/x/invoke?sv=1.0&sig=" + key(43)),
    ("beside a Turkish capital", "İstanbul: API_KEY=" + key(32)),
    ("connection string", "Server=sql7.acme.io;Database=B2B;User ID=b2b;Password=" + "#gXts0m3;"),
]  # fmt: skip

BENIGN = [
    "nome_gruppo:password:GID:lista_utenti",
    "hostname:5432:database:username:password",
    "ldapsearch -x -D cn=admin -W -b dc=acme",
    r"net use Z: \\fs01\share /user:ACME\kmeyer *",
    'echo "$PASSWORD" | sudo -S true',
    "password: min_length=12",
    "The password: AUTH_METHOD=ldap2 is set",
    "password: UI_V2=on",
    "password: Argon2id",
    "MYSQL_ROOT_PASSWORD=${MYSQL_ROOT_PASSWORD:?Set_me_1}",
    "password: @Microsoft.KeyVault(VaultName=kv1;SecretName=pw1)",
    "password: &pw_anchor_1 ${DB_PASSWORD}",
    'Validate the email and password "^[A-Za-z0-9]{8,}$".',
    "https://app.acme.io/login?user=a&password=&next=/home1",
    "and pass `X-Api-Version:2` along",
    "BindPassword %LDAP_BIND_PW_1%",
    "sqlplus app/${APP_PW_1}@PDB1",
    "Put your API key there, e.g.:\n\nEVAL_MODEL=anthropic/claude-sonnet-4-20250514\nAPP_API_KEY=<app-api-key>\n",
    "password: required|string|min:8|confirmed",
    "| Password | Strength |\n|---|---|\n| G7#kL9!pQ2 | strong |",
    "| Token | Count |\n|---|---|\n| Dupli-Cat_3! | 2 |",
    "| Token address | Chain |\n|---|---|\n| 0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48 | 1 |",
    "| Token ID | Owner |\n|---|---|\n| 8f14e45fceea167a5a36dedd4bea2543 | Ann |",
    "| Secret | Namespace |\n|---|---|\n| tls-cert-prod-2024-Internal1 | web |",
    "| System | Password last changed |\n|---|---|\n| ERP | 2024-11-03T10:22Z |",
    "| User | Password |\n|---|---|\n| new | at least 8 signs, 1 Capital |",
    'client = ChatClient("openai", "gpt-4o-mini-2024-07-18")',
    'new MqttClient("sensors", "Home/Kitchen-1")',
    "HttpClient('GET', 'Mozilla/5.0')",
    "The secret for the job is billing-db-prod1-2024x, the correct key for it is spring.datasource.hikari2.pool1",
    'password = "your_password"',
    "app.config['SECRET_KEY'] = 'your_secret_key'",
    'api_key = os.environ["OPENAI_API_KEY"]',
    "token: ${{ secrets.GITHUB_TOKEN }}",
    "userKey = 123e4567-e89b-42d3-a456-426614174abc",
    "from transformers import AutoTokenizer, AutoModelForCausalLM",
    "const token = await response.json()",
    "OPENAI_API_KEY=sk-...",
    "Your token is stored in $HOME/.config/acme/token.json",
    "IAMUserChangePassword = 'arn:aws:iam::aws:policy/IAMUserChangePassword'",
    "postgres://postgres:postgres@localhost:5432/app",
    "mysql://user:password@localhost/db, redis://default:${PASSWORD}@cache",
    "The MD5 checksum of the archive is `3c9aef541395351b0946eab5c9a0bf0c`.",
    "The image digest is sha256:7db37e0188276b0ee38970b11a61fe46ce7434a2eca1baf47decf67bb5d40dc3.",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI1IZrgSzCesSMN1CWx2UUKpoB7JeHerB7GkeetGxf7iE ops",
    '<script integrity="sha384-RxSuy6DhTcpeNI4eX+yvmhl1aXi5X3ggay/Smz09Uc5ym/6jz6sN8m+7dLDPAMEu">',
    "-----BEGIN CERTIFICATE-----\n" + "\n".join(key(64, seed=i) for i in range(4)) + "\n-----END CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
    "data:image/png;base64," + key(120),
    "primary_key = " + key(24) + ", next_token=" + key(40),
    "public_key: " + key(44),
    "pad_token = '<|endoftext|>' and max_new_tokens=2048",
    'usernameLabel: "E-mail:", passwordLabel: "Password:"',
    "The password is stored as a salted hash of 60 characters.",
    "--- PASS: TestParse_V2#01 (0.00s)",
    "| Password | VARCHAR(255) | no | and | Password | Required field |",
    "curl -u username:password https://api.acme.io, or --password $DB_PASSWORD1",
    "Password - must contain 8+ characters; a pass rate: 95%",
    "--destination-key-id 0987dcba-09fe-47dc-65ba-ab0987654321 and secret_arn=4f1b2c3d4e5f60718293",
    '"ClientToken": "b7c2d0a4-1234-4bcd-9234-d46a8903e9bc", "LockToken": "b7c2d0a4-1234-4bcd-9234-d46a8903e9bc"',
    "arn:aws:secretsmanager:us-west-2:123456789123:secret:billing-a1B2c3d4e5F6g7H8",
    "Authorization: Bearer ya29.a0AfH6SMBx1r9...",
    '"password": "required", "password": "string", $password = "incorrect"',
    "password is sha256 hashed and the password: `PKCS8_UNENCRYPTED_KEY_FILE`",
    'password: "minlength", password_strength == "medium", "password_policy": "complex", PASSWORD = "pbkdf2_sha256"',
    "By-pass-valve:DN50/PN16",
    '{"token": "user:{id}:Profile-2024:%s"}',
    "national_number_pattern='11(?:(?:0|6[1-9])[2-8]{2}|[23]|8[4-7])'",
    "if wordToken.type == XPathLexer.TOKEN_REF:",
    "renamed key " + key(40, "0123456789ABCDEF") + " to signing-key.asc",
    "nextPageToken: " + key(40) + ", publicKey: String = '" + key(44) + "'",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: my-app-secret-2023-production",
    'record key=3b672752-24ed-4896-bcfb-6f58c8ed3913, parentKey: "3b672752-24ed-4896-bcfb-6f58c8ed3913"',
    '<Item key="item_' + key(20) + '"/>',
    '<input type="hidden" name="csrf_token" value="' + key(40) + '">',
    "STRIPE_PUBLISHABLE_KEY=pk_live_" + key(24),
    "token_sha256: " + key(64, HEX) + ", account_key_hash=" + key(16, HEX),
    "deploy-token-rotation-2024-05 access-log-20240511T1022",
    "password: Optional[Union[bytes, str]], path_of_password = ['wsp:Policy', 'Win32::GetCwd']",
    "re_password(Psw|Fpregs|Per), password = base64.StdEncoding.EncodeToString(pwd)",
    "github.com/foxboron/go-tpm-keyfiles v0.0.0-20260902202739-8c9c2d1005f4 // indirect",
    "static WCHAR *credential utf8_to_utf16_dup(const char *str)",
    '"token_endpoint": "https://www.acme.io/oauth/v2/accessToken"',
    '"expires_with_token": "2022-03-16T03:45:09+00:00"',
]  # fmt: skip

EXAMPLES = [
    "Authorization: Basic dXNlcjpwYXNzd29yZA==",
    "kind: Secret\ndata:\n  password: MWYyZDFlMmU2N2Rm",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY",
    jwt(sub="1234567890", name="John Doe", iat=1516239022),
    "api_key = 'abcdef1234567890abcdef1234567890'",
    "password: P@ssw0rd123!",
    'password: "cGFzc3dvcmQxMjM="',
    "secret: dGhpcyBpcyBub3QgYSByZWFsIHZhbHVl",
    "cvs://:anoncvs@sources.acme.org:/cvs/src",
    "postgres://postgres:postgres@db.acme.io:5432/app",
    "mongodb://admin:hunter2@cluster0.mongodb.net/app",
]


@pytest.mark.parametrize(("name", "text"), SECRETS)
def test_a_secret_is_found(found, name, text):
    findings = found(f"Use this:\n{text}\nand go on.")

    assert [(f.kind, f.type, f.example) for f in findings] == [("secret", "secret", False)]


@pytest.mark.parametrize("text", BENIGN)
def test_values_that_are_not_secrets_are_not_found(found, text):
    assert [f for f in found(text) if f.kind == "secret"] == []


@pytest.mark.parametrize("text", EXAMPLES)
def test_documentation_secrets_are_examples(found, text):
    findings = [f for f in found(f"For instance {text} is one.") if f.kind == "secret"]

    assert [f.example for f in findings] == [True]


def test_a_browser_key_is_weak_unless_a_word_calls_it_secret(found):
    browser_key = "AI" + "za" + key(35)

    assert found(browser_key) == []
    assert len(found(f"GEMINI_API_KEY={browser_key}")) == 1


def test_a_secret_that_the_user_sent_is_echoed(found):
    token = "ghp_" + key(36)

    assert [f.echoed for f in found(f"You sent {token}", input=[Message("user", f"why does {token} fail?")])] == [True]


@given(st.sampled_from(SECRETS[:10]), st.text(st.characters(codec="utf-8"), max_size=30))
@settings(max_examples=60)
def test_a_token_is_found_with_its_span_in_any_script(values, secret, around):
    token = secret[1]

    assert ("secret", token) in values(f"{around} — {token} — {around}")


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token.prefix)
def test_the_gate_of_a_format_is_its_prefix_or_its_rare_part(token):
    assert token.gate.pattern.startswith(token.prefix) or token.gate.pattern == token.rare
    compiled(token)


@pytest.mark.parametrize("token", [token for token in TOKENS if token.rare], ids=lambda token: token.prefix)
@given(data=st.data())
@settings(max_examples=20)
def test_the_rare_part_of_a_format_is_in_each_of_its_tokens(token, data):
    value = data.draw(st.from_regex(token.prefix + token.body, fullmatch=True))

    assert re.search(token.rare, value)


@pytest.mark.parametrize(
    ("value", "generated"),
    [
        (key(32), True),
        (key(40, HEX), True),
        ("c55dbac4-e0e8-4a06-b892-75cac2387ce5", True),
        ("my-secret-token-2023", False),
        ("gpt-4-turbo-2024-04-09", False),
        ("AutoModelForCausalLM", False),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", False),
        ("short9Key", False),
    ],
)
def test_generated_keys_are_distinguished_from_names(value, generated):
    assert judged.is_generated_key(value) is generated


def test_entropy_is_of_shannon_in_bits_per_character():
    assert [judged.entropy(text) for text in ("", "aaaa", "abab", "abcdabcd")] == [0, 0, 1, 2]


@pytest.mark.once
@pytest.mark.parametrize(
    ("module", "validator", "crowd"),
    [
        (assignments, "is_generated_key", "token = 'not-a-generated-key-at-all' "),
        (assignments, "is_strong_password", "password = 'notastrongpassword' "),
        (structures, "_json", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.aaaaaaaaaaaaaaaaaaaa "),
        (structures, "is_empty_phrase", "http://a:bcdefg@h.io "),
        (secrets, "entropy", "npm_" + "a" * 36 + " "),
    ],
)
def test_the_work_on_a_crafted_text_is_bounded(monkeypatch, module, validator, crowd):
    counted = []
    genuine = getattr(module, validator)
    monkeypatch.setattr(module, validator, lambda *a, **k: counted.append(1) or genuine(*a, **k))
    detector = secrets.Secrets()
    work = {}
    for size in (50_000, 100_000):
        counted.clear()
        list(detector._find((crowd * (size // len(crowd) + 1))[:size], range(len(detector.gates))))
        work[size] = len(counted)

    assert 0 < work[100_000] <= 3 * MAX_CANDIDATES
    assert work[100_000] <= 2.1 * work[50_000]


@pytest.mark.parametrize("crowd", ["curl -u ", "redis-cli ", "mysql "])
def test_a_crowd_of_commands_without_a_password_costs_a_bounded_look(found, crowd):
    text = crowd * (1_000_000 // len(crowd)) + "-p x"

    assert costs_at_most(0.4, lambda: found(text))


def test_a_key_is_found_in_any_long_text(values):
    key = f"aws_access_key_id = AKIA{'QZ7XK2MBV4RT6WNJ'}"
    filler = "the quick brown fox jumps over the lazy dog\n" * 1_000

    assert values(f"{filler}{key}\n{filler}{key}\n") == [("secret", "AKIAQZ7XK2MBV4RT6WNJ")] * 2


@pytest.mark.parametrize("offset", range(8_150, 8_200, 7))
def test_a_token_across_two_pieces_of_a_long_text_is_found(values, offset):
    token = "glpat-" + "q7Zx2Lm9Ks4Vb8Wn3Tc6"

    assert values("x" * (offset - 1) + " " + token + " y" * 5_000) == [("secret", token)]


_ASSIGNED = st.lists(
    st.sampled_from(["password", "Passwort:", "pass=", "psw ", "contraseña", "密码：", "api_key", "_pat", "bearer ", "clé api", " ",
                     ": ", ' = "', '"', "Tr0ub4dor&3x", "q7Zx2Lm9Ks4Vb8Wn3Tc6", "\n", "key is ", "token"]),
    max_size=14,
).map("".join)  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "beginnings"),
    [
        (assignments._PASSWORD_VALUE, assignments._PASSWORDS_BEGIN),
        (assignments._KEY, assignments._KEYS_BEGIN),
    ],
    ids=["passwords", "keys"],
)
@given(text=_ASSIGNED)
def test_trying_at_the_starts_of_names_finds_everything_a_search_finds(pattern, beginnings, text):
    lower = text.lower()

    tried = [match.span() for match in assignments._matches(pattern, lower, beginnings)]

    assert tried == [match.span() for match in pattern.finditer(lower)]


@pytest.mark.once
def test_a_key_is_found_after_as_many_names_as_in_a_long_document(values):
    text = '{"key": "a"}, ' * 25_000 + 'api_key = "q7Zx2Lm9Ks4Vb8Wn3Tc6"'

    assert values(text) == [("secret", "q7Zx2Lm9Ks4Vb8Wn3Tc6")]


@pytest.mark.once
@pytest.mark.parametrize("name", ["pass ", "key "])
def test_names_without_a_value_are_tried_a_bounded_number_of_times(name):
    report = Report()
    scanner = secrets.Secrets()
    text = f'password: Tr0ub4dor&3x api_key = "q7Zx2Lm9Ks4Vb8Wn3Tc6" {name * assignments._MOST_PLACES}'

    scanner.scan(Subject(text), range(len(scanner.gates)), report)

    assert report.capped == ["secret"]
