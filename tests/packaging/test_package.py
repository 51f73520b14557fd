"""The package as it is installed: metadata, executables, the half without ROS, import rules."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import deepsight_ros
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "deepsight_ros"
ROS_MODULES = {"rclpy", "launch", "launch_ros", "cv_bridge", "tf2_ros", "message_filters"}
LIGHT_ROOMS = ("geometry", "scene", "questions")


def test_versions_agree() -> None:
    versions = {
        ElementTree.parse(ROOT / "package.xml").findtext("version"),
        deepsight_ros.__version__,
    }
    assert len(versions) == 1


def test_own_modules_are_not_named_like_the_generated_ones() -> None:
    for name in ("msg", "srv", "action"):
        assert not (PACKAGE / name).exists()
        assert not (PACKAGE / f"{name}.py").exists()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name
)
def test_requirements_are_pinned(path: Path) -> None:
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            assert re.fullmatch(r"[\w.\-\[\]]+==[\w.]+", line), line


def test_constraints_agree_with_requirements() -> None:
    def pins(name: str) -> dict[str, str]:
        found = re.findall(
            r"^([\w.\-]+)(?:\[\w+\])?==([\w.]+)$",
            (ROOT / "requirements" / f"{name}.txt").read_text(),
            re.MULTILINE,
        )
        return {n.lower().replace("_", "-"): v for n, v in found}

    constraints = pins("constraints")
    for name in ("ros", "build", "runtime", "test"):
        for package, version in pins(name).items():
            assert constraints[package] == version, package


def imported(path: Path) -> set[str]:
    """Absolute names of the modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_ros(name: str) -> bool:
    top, _, rest = name.partition(".")
    generated = top == "deepsight_ros" and rest.partition(".")[0] in ("msg", "srv", "action")
    return generated or top in ROS_MODULES or top.endswith(("_msgs", "_srvs", "_interfaces"))


ROOMS = sorted(p.name for p in PACKAGE.iterdir() if p.is_dir() and not p.name.startswith("_"))


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "nodes"])
def test_only_nodes_imports_ros(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        names = imported(path)
        assert not any(map(is_ros, names)), f"{path}: {sorted(filter(is_ros, names))}"
        if room in LIGHT_ROOMS:
            tops = {name.partition(".")[0] for name in names}
            assert not tops & {"torch", "transformers", "open3d"}, path


def test_pip_installs_the_half_without_ros(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(
        PACKAGE, source / "deepsight_ros", ignore=shutil.ignore_patterns("__pycache__")
    )
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--no-index", "--target", str(target), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=4 * PATIENCE_S)
    rooms = ", ".join(f"deepsight_ros.{room}" for room in LIGHT_ROOMS if room in ROOMS)
    code = (
        f"import sys; import {rooms}; print(deepsight_ros.__file__);"
        "assert 'rclpy' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(target), "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(target))


@pytest.mark.ros
def test_executables_are_installed() -> None:
    names = re.findall(
        r"^  (\w+)=deepsight_ros", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE
    )
    folder = Path(sys.prefix) / "lib" / "deepsight_ros"
    if not folder.is_dir():
        pytest.skip("installed elsewhere than in this environment")
    for name in names:
        lines = (folder / name).read_text().splitlines()
        assert Path(lines[0].removeprefix("#!")).samefile(sys.executable), lines[0]
        module = re.search(r"^from ([\w.]+) import main", "\n".join(lines), re.MULTILINE)
        assert module, name


@pytest.mark.ros
def test_source_and_generated_modules_are_one_package(tmp_path: Path) -> None:
    """From the checkout and from anywhere else; neither hides the other."""
    code = "import deepsight_ros.msg, deepsight_ros.geometry; print(deepsight_ros.msg.Scene())"
    for folder in (ROOT, tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stderr
