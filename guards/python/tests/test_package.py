"""What is published, installed into an environment of its own and used as the README says, against the real server."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tarfile
import time
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from server import Server, get

ROOT = Path(__file__).parents[1]
EXAMPLES = dict(re.findall(r"^```python (\w+)\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S))
DJANGO = """
import django.conf, django.core.asgi
django.conf.settings.configure(ROOT_URLCONF="urls", ALLOWED_HOSTS=["*"])
app = django.core.asgi.get_asgi_application()
"""


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        (ROOT / name).write_bytes((ROOT.parents[1] / name).read_bytes())
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT))
    return out


@pytest.fixture(scope="module")
def python(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the package and the frameworks."""
    environment = tmp_path_factory.mktemp("fresh")
    run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    python = environment / "bin/python"
    frameworks = [f"{name}=={version(name)}" for name in ("django", "fastapi", "flask", "starlette", "uvicorn")]
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--disable-pip-version-check")
    run(*pip, str(next(dist.glob("*.whl"))), *frameworks)
    return python


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_has_its_modules_its_types_and_nothing_else(dist: Path) -> None:
    modules = {f"countersign_guard/{path.relative_to(ROOT / 'src/countersign_guard')}" for path in sources()}
    with zipfile.ZipFile(next(dist.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = wheel.read(next(name for name in wheel.namelist() if name.endswith("/METADATA"))).decode()
    assert names == modules
    assert "countersign_guard/py.typed" in names
    assert re.findall("^Requires-Dist: (.*)$", metadata, re.M) == ["pyjwt[crypto]>=2.10"]
    with tarfile.open(next(dist.glob("*.tar.gz"))) as sdist:
        names = {name.split("/", 1)[1] for name in sdist.getnames()}
    assert names - {f"src/{module}" for module in modules} - {"PKG-INFO", ".gitignore"} == {
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "pyproject.toml",
    }


def sources() -> list[Path]:
    return [path for path in (ROOT / "src").rglob("*") if path.suffix == ".py" or path.name == "py.typed"]


@pytest.mark.parametrize("name", ["fastapi", "flask", "django", "starlette"])
def test_the_example_of_the_readme(name: str, python: Path, server: Server, tmp_path: Path) -> None:
    code = EXAMPLES[name].replace("https://auth.example.com", server.origin).replace('"api"', f'"{server.origin}"')
    (tmp_path / ("urls.py" if name == "django" else "app.py")).write_text(code)
    if name == "django":
        (tmp_path / "app.py").write_text(DJANGO)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    arguments = ["flask", "run", "-p"] if name == "flask" else ["uvicorn", "app:app", "--log-level", "warning", "--port"]
    command = [str(python), "-m", *arguments, str(port)]
    environment = {**os.environ, "FEED_KEY": server.feed_key, "PYTHONPATH": ""}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            use(f"http://127.0.0.1:{port}", server, process)
        finally:
            process.terminate()


def use(url: str, server: Server, process: subprocess.Popen[bytes]) -> None:
    while not is_listening(url):
        assert process.poll() is None, "the example has ended"
        time.sleep(0.05)  # it needs the processor more than this does
    login = server.login()
    status, text = get(f"{url}/reports", login.bearer)
    assert status == 200, text
    assert re.fullmatch(r'"?reports for [0-9a-f-]{36}"?', text)
    assert get(f"{url}/reports")[0] == 401
    assert get(f"{url}/books", login.bearer)[0] == 403
    login.logout()
    # The feed is awaited, not a time.
    while (answer := get(f"{url}/reports", login.bearer))[0] == 200:
        pass
    assert answer[0] == 401 and "token_revoked" in answer[1]


def is_listening(url: str) -> bool:
    try:
        get(f"{url}/nothing")
    except OSError:
        return False
    return True
