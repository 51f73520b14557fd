"""tools/bootstrap.py: what is up to date stays, what is missing is named in one line."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, on a small copy of the repository's shape."""
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in (*module.REQUIREMENTS, "constraints"):
        path = tmp_path / "requirements" / f"{name}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    for name in ("package.xml", "CMakeLists.txt", "msg/A.msg", "deepsight_ros/scene/a.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "STAMPS", tmp_path / ".venv" / "stamps")
    return module


def test_a_step_is_repeated_only_when_what_it_needs_changed(
    bootstrap: ModuleType, tmp_path: Path
) -> None:
    for step in ("packages", "workspace"):
        assert not bootstrap.up_to_date(step)
        bootstrap.stamp(step)
        assert bootstrap.up_to_date(step)

    (tmp_path / "deepsight_ros/scene/a.py").write_text("edited")
    (tmp_path / "deepsight_ros/scene/b.py").write_text("added")
    assert bootstrap.up_to_date("workspace"), "folders are linked: no build for Python"

    (tmp_path / "msg/A.msg").write_text("edited")
    assert not bootstrap.up_to_date("workspace")
    assert bootstrap.up_to_date("packages")

    kernel = tmp_path / "deepsight_ros/scene/kernel.py"
    kernel.write_text("import numpy\n@compiled()\n")
    assert not bootstrap.up_to_date("kernels")
    bootstrap.stamp("kernels")
    (tmp_path / "deepsight_ros/scene/a.py").write_text("no kernel")
    assert bootstrap.up_to_date("kernels")
    kernel.write_text("import numpy\n\n@compiled()\n")
    assert not bootstrap.up_to_date("kernels"), "what is compiled has changed"

    bootstrap.stamp("workspace")
    (tmp_path / "requirements/ros.txt").write_text("newer")
    assert not bootstrap.up_to_date("packages")
    bootstrap.stamp("packages")
    assert not bootstrap.up_to_date("workspace"), "built against other packages"


def test_without_rights_the_packages_are_named_in_one_line(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "missing_system_packages", lambda python: ["cmake", "g++"])
    monkeypatch.setattr(bootstrap, "apt_prefix", lambda: None)
    with pytest.raises(bootstrap.SetupError) as caught:
        bootstrap.install_system_packages("python3")
    assert "sudo apt-get install -y cmake g++" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_python_is_refused(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETUP_PYTHON", "/bin/true")
    with pytest.raises(bootstrap.SetupError, match=r"Python 3\.11 or 3\.12 is needed"):
        bootstrap.find_python()


def test_a_minimal_setup_leaves_torch_out(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "model" in bootstrap.requirements()
    whole = bootstrap.digest("packages")
    monkeypatch.setenv("SETUP_MINIMAL", "1")
    assert "model" not in bootstrap.requirements() and "ros" in bootstrap.requirements()
    assert bootstrap.digest("packages") != whole
