"""`eai config edit`: the editor works on a draft, and config.toml is only replaced by what eai can start with."""
import os

import pytest
from conftest import WAIT
from terminal import Terminal


@pytest.fixture
def editor(eai, tmp_path):
    """An editor that does what a test says, with the draft as $1."""
    eai.configure("").unlink()
    eai.environment["EDITOR"] = f"sh {tmp_path}/edit"

    def make(script):
        (tmp_path / "edit").write_text(script + "\n")
        return eai

    yield make
    draft_of(eai).unlink(missing_ok=True)
    eai.configure("")
    del eai.environment["EDITOR"]


def config_of(eai):
    return eai.home / "eai/config/config.toml"


def draft_of(eai):
    return eai.home / "eai/config/config-draft.toml"


def test_a_new_file_is_the_owners_alone(editor):
    eai = editor("grep -q 'Settings of eai' \"$1\" && printf '[server]\\nport = 8081 # mine\\n' >> \"$1\"")
    assert eai.json("config", "edit") == {"event": "changed", "file": str(config_of(eai))}
    assert config_of(eai).read_text().endswith("port = 8081 # mine\n")
    assert config_of(eai).stat().st_mode & 0o777 == 0o600 and not draft_of(eai).exists()
    assert eai("config", "get", "server.port").stdout == "8081\n"


def test_comments_mode_and_links_stay(editor):
    eai = editor("sed -i s/8081/8082/ \"$1\"")
    real = eai.home / "real.toml"
    real.write_text("# my comment\n[server]\nport = 8081   # and this\n")
    real.chmod(0o640)
    config_of(eai).symlink_to(real)
    eai("config", "edit")
    assert config_of(eai).is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert real.read_text() == "# my comment\n[server]\nport = 8082   # and this\n"
    config_of(eai).unlink()


@pytest.mark.parametrize("script", ["true", "touch \"$1\"", "cp \"$1\" \"$1.new\" && mv \"$1.new\" \"$1\""])
def test_nothing_changed(editor, script):
    eai = editor(script)
    assert eai.json("config", "edit")["event"] == "unchanged" and not config_of(eai).exists()
    before = eai.configure("[server]\nport = 1 # x\n").stat()
    assert "Nothing was changed" in eai("config", "edit").stderr
    assert config_of(eai).stat().st_mtime_ns == before.st_mtime_ns and not draft_of(eai).exists()


@pytest.mark.parametrize("text, said", [
    ("[server]\nport = 99999", "line 2: server.port must be"),
    ("[server]\nprot = 1", "line 2: unknown key server.prot; did you mean server.port?"),
    ("[server]\nport = ", "line 2"),
    ("\\377", "config.toml"),
    ("[fetch]\ngateways = [\"http://me:secret@x\"]", "line 2"),
])
def test_what_is_wrong_is_told_and_nothing_is_lost(editor, text, said):
    eai = editor(f"printf '{text}\n' > \"$1\"")
    eai.configure("[server]\nport = 1\n")
    refused = eai("config", "edit", status=2)
    assert said in refused.stderr and str(draft_of(eai)) in refused.stderr and "secret" not in refused.stderr
    assert config_of(eai).read_text() == "[server]\nport = 1\n"
    assert draft_of(eai).stat().st_mode & 0o777 == 0o600
    editor("printf '[server]\\nport = 2\\n' > \"$1\"")
    went_on = eai("config", "edit")
    assert "goes on with the draft" in went_on.stderr and not draft_of(eai).exists()
    assert config_of(eai).read_text() == "[server]\nport = 2\n"


def test_a_file_that_cannot_be_used_can_be_mended(editor):
    eai = editor("sed -i s/prot/port/ \"$1\"")
    eai.configure("[server]\nprot = 8081\n")
    eai("model", "ls", status=2)
    assert "did you mean server.port" in eai("config", "edit").stderr, "it says what is wrong first"
    assert config_of(eai).read_text() == "[server]\nport = 8081\n"


def test_keys_make_the_file_private(editor):
    eai = editor("printf '[server]\\napi_keys = [\"secret\"]\\n' > \"$1\"")
    eai.configure("").chmod(0o644)
    eai("config", "edit")
    assert config_of(eai).stat().st_mode & 0o777 == 0o600
    assert "1, not shown" in eai("config", "get", "server.api_keys").stdout


def test_an_editor_that_fails(editor):
    eai = editor("exit 3")
    assert "failed" in eai("config", "edit", status=8).stderr and not draft_of(eai).exists()
    editor("echo '# mine' >> \"$1\"; exit 3")
    assert str(draft_of(eai)) in eai("config", "edit", status=8).stderr and "# mine" in draft_of(eai).read_text()
    draft_of(eai).unlink()
    eai.environment["EDITOR"] = "/nonexistent/editor"
    assert "$EDITOR" in eai("config", "edit", status=3).stderr and not config_of(eai).exists()


def test_changes_by_others_are_not_lost(editor):
    eai = editor("printf '[server]\\nport = 3\\n' > \"$1\"; printf '[server]\\nport = 4\\n' > \"$(dirname \"$1\")/config.toml\"")
    eai.configure("[server]\nport = 1\n")
    refused = eai("config", "edit", status=7)
    assert "while the editor was open" in refused.stderr
    assert config_of(eai).read_text() == "[server]\nport = 4\n" and draft_of(eai).read_text() == "[server]\nport = 3\n"
    os.utime(draft_of(eai), (1, 1))
    assert "from before" in eai("config", "edit", status=2).stderr and draft_of(eai).exists()


def test_one_at_a_time(editor):
    eai = editor("cat \"$HOME/gate\"")
    gate = eai.home / "gate"
    os.mkfifo(gate)
    first = eai.start("config", "edit")
    with open(gate, "w"):  # the editor is open
        assert "another" in eai("config", "edit", status=7).stderr
    assert first.communicate(timeout=WAIT) and first.returncode == 0
    gate.unlink()


def test_a_running_server_reads_it(editor):
    eai = editor("printf '[server]\\nmodel_names = true\\n' > \"$1\"")
    eai.configure("")
    eai.run("eai-demo")
    log = eai.start("model", "logs", "-f")
    assert "reads it again" in eai("config", "edit").stderr
    for line in log.stdout:
        if "the configuration was read again" in line:
            break
    log.kill()
    log.communicate()
    eai("model", "stop")


def test_on_a_terminal_it_may_be_edited_again(editor):
    eai = editor("if grep -q prot \"$1\"; then sed -i s/prot/port/ \"$1\"; else printf '[server]\\nprot = 5\\n' > \"$1\"; fi")
    with Terminal(eai, EDITOR=eai.environment["EDITOR"]) as terminal:
        terminal.line("eai config edit")
        terminal.wait("Edit it again? [Y/n]")
        assert "did you mean server.port" in terminal.screen()
        terminal.keys("Enter")
        terminal.wait("Changed")
        assert config_of(eai).read_text() == "[server]\nport = 5\n"
        editor("printf '[server]\\nprot = 6\\n' > \"$1\"")
        terminal.line("eai config edit")
        terminal.wait("Edit it again? [Y/n]", after="Changed")
        terminal.line("n")
        terminal.wait("config-draft.toml")
    assert config_of(eai).read_text() == "[server]\nport = 5\n" and "prot = 6" in draft_of(eai).read_text()
