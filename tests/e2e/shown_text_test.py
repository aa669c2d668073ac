"""Names and addresses that come from elsewhere cannot harm a terminal or fool its reader, and secrets are not shown."""
import json
import os
import unicodedata

import pytest
from legacy import MIB, Gateway, big_gguf, cid_of, container

NAMES = ["tiny\u202egnp.exe", "tiny\u009b2J", "ti\u200bny\u2066x\u2069", "tiny\u061c\u200f", "tiny\u2028second line", "tiny\ufeff",
         "tiny\U000e0041", "tiny\u3164", "tiny\x85", "x" * 180]
SECRET = "geheim7"


def tame(text):
    """Nothing in it but letters that can be seen, our own line breaks, and our tabs between cells."""
    bad = [c for c in text if c not in "\n\t" and (unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") or c in "\u3164\u115f\uffa0")]
    assert not bad, f"{bad} in {text!r}"
    return text


def both(told):
    return tame(told.stdout) + tame(told.stderr)


@pytest.mark.parametrize("name", NAMES)
def test_a_strange_name_is_shown_tame_and_can_be_removed(eai, name):
    model, blocks = container(name, {name: big_gguf(MIB)})
    with Gateway(blocks) as gateway:
        words = ["--no-public-gateways", "--gateway", gateway.url]
        both(eai("model", "download", "--hash", model, *words))
        both(eai("model", "download", "--hash", model, *words, "--json"))
    for command in (["list"], ["list", "--all"], ["check"], ["check", "--hash", model], ["estimate", "--hash", model]):
        for more in ([], ["--json"]):
            process = eai.start("model", *command, *more)
            out, err = process.communicate()
            tame(out), tame(err)
            assert not more or all(json.loads(line) for line in out.splitlines())
    listed = eai.json("model", "list")
    assert name in [one["folder_name"] for one in listed["models"]], "programs are told the name as it is"
    both(eai("model", "logs", "--hash", model, status=3))
    both(eai("model", "audit", "--hash", model, "--home", "http://127.0.0.1:1", "--max-retries", "0", status=5))
    assert "removed" in both(eai("model", "remove", "--hash", model))


@pytest.mark.parametrize("name", NAMES[:-1])
def test_such_a_name_is_not_made_here(eai, tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / name).write_bytes(big_gguf(MIB))
    told = eai("model", "preserve", folder, "--ram", "1", "--task", "chat", "--dry-run", cwd=tmp_path, status=2)
    assert "U+" in both(told)


LOGINS = [f"https://user:{SECRET}@gateway.example", f"http://{SECRET}@10.0.0.1:8080", f"https://user:{SECRET}/x@gateway.example",
          f"https://us er:{SECRET}@gateway.example", f"ftp://user:{SECRET}@gateway.example"]


@pytest.mark.parametrize("url", LOGINS)
def test_a_login_in_an_address_is_refused_and_not_shown(eai, tmp_path, url):
    hash = cid_of(b"x")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/m").write_bytes(big_gguf(MIB))
    file = None
    try:
        for words, more in ((["download", "--hash", hash, "--gateway", url], {}),
                            (["download", "--hash", hash, "--json", "--gateway", url], {}),
                            (["download", "--hash", hash], {"env": {"EAI_GATEWAYS": url}}),
                            (["audit", "--hash", hash, "--home", url], {}),
                            (["audit", "--hash", hash, "--home", f"kubo:{url}"], {}),
                            (["audit", "--hash", hash, "--home", "kubo"], {"env": {"EAI_KUBO_API": url}}),
                            (["audit", "--hash", hash], {"env": {"EAI_LIGHTHOUSE_GATEWAY": url}}),
                            (["preserve", tmp_path / "m", "--to", f"kubo:{url}"], {}),
                            (["preserve", tmp_path / "m", "--to", f"pinning:{url}"], {"env": {"EAI_PINNING_KEY": "k"}}),
                            (["preserve", tmp_path / "m"], {"env": {"EAI_LIGHTHOUSE_UPLOAD": url, "LIGHTHOUSE_API_KEY": "k"}})):
            told = eai("model", *words, status=2, **more)
            assert SECRET not in told.stdout + told.stderr, (words, told)
            assert "user name or password" in told.stderr, (words, told)
        file = eai.configure(f'[fetch]\ngateways = ["{url}"]\n')
        told = eai("model", "list", status=2)
        assert SECRET not in told.stderr and "fetch.gateways" in told.stderr
    finally:
        if file: file.unlink()


def test_a_home_without_a_scheme_is_read_as_one(eai):
    told = eai("model", "audit", "--hash", cid_of(b"x"), "--home", f"kubo:user:{SECRET}@127.0.0.1:5001", status=2)
    assert SECRET not in told.stdout + told.stderr


def test_a_token_in_an_address_is_not_shown(eai):
    for words in (["download", "--gateway", f"https://gateway.example/?token={SECRET}"],
                  ["audit", "--home", f"https://gateway.example/?token={SECRET}"],
                  ["audit", "--home", f"kubo:http://127.0.0.1:1/?token={SECRET}"],
                  ["audit", "--home", f"what://gateway.example/?token={SECRET}"]):
        told = eai("model", words[0], "--hash", cid_of(b"x"), *words[1:], status=2)
        assert SECRET not in told.stdout + told.stderr, told


def test_the_login_of_a_proxy_is_not_shown(eai):
    """A proxy may want one; it comes from the environment, and libcurl sends it."""
    told = eai("model", "download", "--hash", cid_of(b"x"), "--no-public-gateways", "--gateway", "https://gateway.example",
               "--max-retries", "0", "--json", status=5, env={"https_proxy": f"http://user:{SECRET}@127.0.0.1:1"})
    assert SECRET not in told.stdout + told.stderr


def test_json_is_valid_for_paths_that_are_no_text(eai, tmp_path):
    strange = os.path.join(os.fsencode(tmp_path), b"h\xffo\x9bme")
    os.mkdir(strange)
    file = os.path.join(strange, b"m\xfe.gguf")
    with open(file, "wb") as out:
        out.write(big_gguf(MIB))
    told = eai("model", "estimate", os.fsdecode(file), "--json")
    assert "m" in json.loads(told.stdout)["file"] if told.stdout.count("\n") == 1 else told.stdout
    model, blocks = container("plain", {"plain": big_gguf(MIB)})
    with Gateway(blocks) as gateway:
        home = {"EAI_HOME": os.fsdecode(strange)}
        eai("model", "download", "--hash", model, "--no-public-gateways", "--gateway", gateway.url, env=home)
        listed = json.loads(eai("model", "list", "--json", env=home).stdout)["models"][0]
        assert "/h\\xffo\\x9bme/models/" in listed["folder"]
        tame(eai("model", "list", env=home).stdout)
