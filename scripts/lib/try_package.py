"""The Debian package in a Debian of its own: installed, run, upgraded, removed, purged; and, since no container engine is
asked, what the Dockerfile does for its last stage. `scripts/dev package --try`.

debootstrap makes the system in a temporary folder (minutes, and it downloads); needs root. The network of what runs in
there is a loopback of its own. Prints each step; exit 1 at the first one that is not as it should be.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STARTED = time.monotonic()


def say(text):
    print(f"{time.monotonic() - STARTED:5.0f} s  {text}", flush=True)


def must(command, **options):
    done = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(c) for c in command)}: exit code {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def network():
    """The proxy that apt goes through, for those who do not read its settings."""
    done = subprocess.run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"], capture_output=True, text=True, check=False)
    proxy = done.stdout.partition("'")[2].rpartition("'")[0]
    return {"http_proxy": proxy} if proxy else {}


def next_version(deb, folder):
    """The same package, one version on."""
    must(["dpkg-deb", "-R", deb, folder])
    control = folder / "DEBIAN" / "control"
    text = control.read_text(encoding="utf-8")
    version = next(line.split()[1] for line in text.splitlines() if line.startswith("Version:"))
    control.write_text(text.replace(f"Version: {version}", f"Version: {version}+next"), encoding="utf-8")
    newer = folder.with_suffix(".deb")
    must(["dpkg-deb", "--root-owner-group", "-b", folder, newer])
    return newer


class System:
    """A Debian in a folder."""

    def __init__(self, root, mirror):
        self.root = root
        must(["debootstrap", "--variant=minbase", "--include=init-system-helpers", "bookworm", root, mirror],
             env={**os.environ, **network()})
        if not (root / "dev/fd").exists():
            (root / "dev/fd").symlink_to("/proc/self/fd")
        # Nothing is started in here: there is no init.
        (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        (root / "usr/sbin/policy-rc.d").chmod(0o755)

    def run(self, *command):
        with_proc = f'mount -t proc none "{self.root}/proc" && exec chroot "{self.root}" "$@"'
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **network()}
        return must(["unshare", "--mount", "sh", "-ec", with_proc, "-", *command], env=environment)

    def install(self, deb):
        shutil.copy(deb, self.root / "package.deb")
        self.run("apt-get", "-q", "-y", "install", "--no-install-recommends", "/package.deb")

    def state(self):
        out = subprocess.run(["chroot", self.root, "dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "ringside"],
                             capture_output=True, text=True, check=False).stdout
        return out.strip()

    def serve(self):
        """A daemon with the packaged settings, asked and ended; as an ordinary user, in a network of its own."""
        self.run("mkdir", "-p", "/run/ringside")
        self.run("chown", "nobody", "/run/ringside")
        return must(["unshare", "-n", "sh", "-c", f"""
            ip link set lo up 2>/dev/null || ifconfig lo up
            chroot --userspec=nobody '{self.root}' /usr/bin/ringside agent -c /etc/ringside/ringside.yaml &
            agent=$!
            chroot '{self.root}' /usr/bin/ringside wait --timeout 20s &&
              chroot '{self.root}' /usr/bin/ringside members --addr unix:/run/ringside/api.sock
            code=$?
            kill $agent && wait $agent && exit $code"""])


def runtime_stage():
    """The commands of the Dockerfile's stage `runtime`, as shell lines."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    stage = text.partition(" AS runtime\n")[2].partition("\nFROM ")[0]
    return re.findall(r"^RUN (.*)$", stage, re.MULTILINE)


def check(true, what):
    if not true:
        sys.exit(f"not so: {what}")
    say(what)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deb", type=pathlib.Path)
    parser.add_argument("--mirror", default="http://deb.debian.org/debian", help="where Debian is fetched (default %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ringside-package-") as folder:
        folder = pathlib.Path(folder)
        say("making a Debian (debootstrap)")
        system = System(folder / "system", options.mirror)
        say("installing")
        system.install(options.deb)
        check(system.state().startswith("installed"), f"installed: {system.state()}")
        check("ringside" in system.run("ringside", "version"), "it runs there, with the libraries that it depends on")
        enabled = system.root / "etc/systemd/system/multi-user.target.wants/ringside.service"
        check(enabled.is_symlink(), "the service is enabled")
        check("alive" in system.serve(), "the daemon serves with the packaged settings, as an ordinary user")
        settings = system.root / "etc/ringside/ringside.yaml"
        settings.write_text(settings.read_text(encoding="utf-8") + "\ncluster: mine\n", encoding="utf-8")
        system.install(next_version(options.deb.resolve(), folder / "next"))
        check(system.state().endswith("+next"), f"upgraded: {system.state()}")
        check("cluster: mine" in settings.read_text(encoding="utf-8"), "the user's settings are kept")
        check("alive" in system.serve(), "and it still serves")
        system.run("apt-get", "-q", "-y", "remove", "ringside")
        check(settings.exists() and not (system.root / "usr/bin/ringside").exists(), "removed, with the settings kept")
        system.run("apt-get", "-q", "-y", "purge", "ringside")
        left = system.run("find", "/", "-xdev", "-name", "*ringside*", "-not", "-path", "/run/*", "-not", "-path", "/var/log/*")
        check(left.strip() == "", f"purged, and nothing is left {left.strip()}".strip())
        check(system.state() in ("", "not-installed"), "dpkg knows nothing of it any more")
        say("making of it what the Dockerfile makes")
        system.run("apt-get", "-q", "-y", "autoremove")
        shutil.copy(ROOT / "scripts" / "bootstrap", system.root / "tmp" / "bootstrap")
        for line in runtime_stage():
            system.run("bash", "-ec", line)
        shutil.copy(folder / "next" / "usr/bin/ringside", system.root / "usr/local/bin/ringside")
        check("ringside" in system.run("setpriv", "--reuid=ringside", "--regid=ringside", "--clear-groups",
                                       "/usr/local/bin/ringside", "version"),
              "the image's packages are all that the binary needs, and its user can run it")


if __name__ == "__main__":
    main()
