import pytest

from tocsin.commands import main


@pytest.fixture
def check(capsys, tmp_path):
    """Runs `config check` with free addresses; returns the exit code and the output."""

    def run(*arguments: str):
        free = ["--web.listen-address=127.0.0.1:0", "--ingest.listen-address=127.0.0.1:0", f"--storage.path={tmp_path / 'state'}"]
        code = main(["config", "check", *free, *arguments])
        return code, capsys.readouterr().out

    return run
