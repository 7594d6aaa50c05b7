"""``tocsin config check`` says who has an address: a Tocsin, or another program."""

import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tocsin.commands import main
from tocsin.diagnosis import listeners


def test_a_port_in_use_is_named(check, monkeypatch):
    """Who has it takes connections, and says nothing."""
    monkeypatch.setattr(listeners, "ANSWERS_WITHIN", 0.05)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        code, said = check("--ingest.listen-address", address)

    assert code == 1
    assert f"ingest.listen_address: {address} cannot be used: Address already in use" in said


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'tocsin_build_info 1\ntocsin_events_read_total{input="file"} 5\ntocsin_events_counted_total{input="file"} 4\n')


def test_a_tocsin_that_runs_with_tls_is_recognised(check, tmp_path):
    certificate = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test -keyout key.pem -out tls.pem"
    subprocess.run(certificate.split(), cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem", tmp_path / "key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever).start()
        address = f"127.0.0.1:{server.server_port}"
        code, said = check("--web.listen-address", address)
        server.shutdown()

    assert code == 0
    assert f"--web.listen-address: a Tocsin runs at {address}: 5 events read, 4 counted" in said


@pytest.mark.parametrize("address", ["127.0.0.1:9877", ":9877", "0.0.0.0:9877"])
def test_a_port_that_both_listeners_want_is_named(capsys, tmp_path, address):
    (tmp_path / "token").write_text("0123456789abcdef")
    (tmp_path / "tocsin.yml").write_text(f"ingest: {{listen_address: '{address}', auth: [{{scheme: bearer, secret_file: {tmp_path}/token}}]}}")

    code = main(["config", "check", f"--config.file={tmp_path / 'tocsin.yml'}", f"--storage.path={tmp_path / 'state'}"])

    assert code == 1
    assert f"ingest.listen_address: {address} is taken by --web.listen-address 127.0.0.1:9877: name another port" in capsys.readouterr().out
