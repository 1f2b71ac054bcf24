"""Checks of a site profile: does the build of ExaHyPE start, and is it what the profile says?"""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from exacouple.cases.site import Site, site_names
from exacouple.cases.target import remarks
from exacouple.launch.build_info import BuildInfo, contradictions, read_build_info
from exacouple.launch.doctor import TIMEOUT, Answer, Check, ask
from exacouple.launch.engines import engine_environment, get_engine
from exacouple.launch.exahype import in_modules, job_starter, mpi_words
from exacouple.launch.jobscript import render_trial
from exacouple.launch.slurm import advice as slurm_advice

_TOOLKIT = re.compile(rb"/[ -~]{1,1000}?/toolkit\.sh")
_MISSING = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)
_BLOCK = 1 << 20


def site_checks(site: Site, *, timeout: float = TIMEOUT) -> Iterator[Check]:
    """Check a profile on this machine, in the order in which things would go wrong.

    Parameters
    ----------
    site
        The profile.
    timeout
        Seconds that each program has to answer.
    """
    doctor = _SiteDoctor(site, timeout)
    yield doctor.profile()
    yield from doctor.modules()
    if site.is_embedded:
        yield doctor.embedded()
    else:
        yield from doctor.engine()
    if site.profile.launcher == "mpirun":
        yield from doctor.mpi()
    if site.profile.launcher == "slurm":
        yield from doctor.slurm()


class _SiteDoctor:
    def __init__(self, site: Site, timeout: float) -> None:
        self._site = site
        self._timeout = timeout
        base: Mapping[str, str] = os.environ
        self._environment = base if site.profile.modules else site.environment(base)

    def _ask(self, *words: str) -> Answer:
        """Ask a program in the surroundings that the engine will have, in an empty directory."""
        with tempfile.TemporaryDirectory() as empty:
            return ask(
                in_modules(self._site, words),
                environment=self._environment,
                cwd=Path(empty),
                timeout=self._timeout,
            )

    def engine(self) -> Iterator[Check]:
        executable, check = self.executable()
        yield check
        if executable is not None:
            yield self.libraries(executable)
            if self._site.exahype2 is None:
                yield from self.exahype1(executable)

    def exahype1(self, executable: str) -> Iterator[Check]:
        answer, check = self.starts()
        yield check
        info = read_build_info(answer.text)
        if answer.good:
            yield self.build(info)
        if info.is_exahype:
            yield self.toolkit(executable)
        ranks = self._site.profile.slurm.ntasks or self._site.profile.ranks
        if info.mpi is False and ranks > 1:
            found = f"built without MPI, the profile asks for {ranks} ranks"
            fix = "build it with DISTRIBUTEDMEM=MPI, or set ranks = 1"
            yield Check("MPI support", "failed", found, fix)

    def profile(self) -> Check:
        site = self._site
        found = f"{site.name}: {site.path}"
        if site.is_embedded:
            return Check("site profile", "ok", found)
        if not site.application.writes:
            return Check(
                "site profile",
                "failed",
                f"{found}: its probe writers fill nothing (application.writes is empty)",
                "build it with probe writers that fill h, hu, hv, b, h + b, and say so in writes",
            )
        notes = [site.experimental] if site.experimental else []
        notes += remarks(site.application)
        return Check("site profile", "warning" if notes else "ok", found, "; ".join(notes))

    def modules(self) -> Iterator[Check]:
        modules = self._site.profile.modules
        if not modules:
            return
        answer = self._ask("true")
        if answer.good:
            yield Check("modules", "ok", ", ".join(modules))
        else:
            fix = "correct `modules` in the profile; `module avail` lists what there is"
            yield Check("modules", "failed", answer.last_words, fix)

    def embedded(self) -> Check:
        """Start the embedded engine with the Python of the profile."""
        _, *arguments = get_engine("embedded").command("")[:-1]
        words = (self._site.executable, *arguments, "--version")
        own = not self._site.profile.executable
        environment = engine_environment(self._environment) if own else self._environment
        with tempfile.TemporaryDirectory() as empty:
            answer = ask(
                in_modules(self._site, words),
                environment=environment,
                cwd=Path(empty),
                timeout=self._timeout,
            )
        if answer.good:
            return Check("embedded engine", "ok", f"starts with {self._site.executable}")
        fix = "name as `executable` a Python in which exacouple is installed, or leave it out"
        return Check("embedded engine", "failed", answer.last_words, fix)

    def executable(self) -> tuple[str | None, Check]:
        name = self._site.executable
        answer = self._ask("bash", "-c", 'type -P -- "$1"', "bash", name)
        found = answer.text.strip().splitlines()
        if answer.good and found:
            return found[-1], Check("executable", "ok", found[-1])
        if Path(name).is_file():
            return None, Check("executable", "failed", f"{name} is not executable", "chmod +x it")
        fix = "name that of your build as `executable`"
        if self._site.given in site_names():
            fix += f' in a profile of your own, with base = "{self._site.given}"'
        return None, Check("executable", "failed", f"{name} not found", fix)

    def libraries(self, executable: str) -> Check:
        answer = self._ask("ldd", executable)
        missing = sorted(set(_MISSING.findall(answer.text)))
        if missing:
            return Check(
                "libraries",
                "failed",
                f"not found: {', '.join(missing)}",
                "load their `modules`, or add their folder in [environment]: "
                'LD_LIBRARY_PATH = "FOLDER:${LD_LIBRARY_PATH}"',
            )
        if not answer.good:
            return Check("libraries", "ok", "none to be found (no dynamic executable)")
        return Check("libraries", "ok", f"{answer.text.count('=>')} found")

    def starts(self) -> tuple[Answer, Check]:
        answer = self._ask(self._site.executable, "--version")
        if answer.good:
            return answer, Check("starts", "ok", "answers to --version")
        fix = f"start it by hand: {self._site.executable} --version"
        return answer, Check("starts", "failed", answer.last_words, fix)

    def build(self, info: BuildInfo) -> Check:
        if not info.is_exahype:
            fix = "name the executable that was built by ExaHyPE's toolkit, unless you know better"
            return Check("build", "warning", "it does not call itself an ExaHyPE executable", fix)
        wrong = contradictions(info, self._site.application)
        if wrong:
            return Check("build", "failed", "; ".join(wrong), "or compile it again")
        names = ", ".join(info.plotters)
        return Check("build", "ok", f"order {info.order}, plotters {names}, as the profile says")

    def toolkit(self, executable: str) -> Check:
        """Check what the executable starts to validate its specfile."""
        path = _toolkit_path(Path(executable))
        if path is None:
            return Check("specfile validation", "ok", "the executable reads the specfile itself")
        if not Path(path).is_file():
            fix = "put ExaHyPE's source tree back there, or build it again where it is now"
            return Check("specfile validation", "failed", f"{path} is gone", fix)
        answer = self._ask("bash", path, "--help")
        if answer.good:
            python = self._ask("python3", "--version").text.strip()
            return Check("specfile validation", "ok", f"{path} works with {python}")
        fix = (
            "every start validates the specfile through Python: load a module with python3, or "
            "get ExaHyPE's Submodules (jinja2, markupsafe, jsonschema)"
        )
        return Check("specfile validation", "failed", answer.last_words, fix)

    def mpi(self) -> Iterator[Check]:
        profile = self._site.profile
        version = self._ask(profile.mpirun.command, "--version")
        if not version.good:
            fix = "install MPI, load its module, or name its starter as mpirun.command"
            yield Check("MPI", "failed", version.last_words, fix)
            return
        answer = self._ask(*mpi_words(self._site), "true")
        found = version.text.strip().splitlines()[0] if version.text.strip() else "found"
        if not answer.good:
            yield Check("MPI", "failed", _mpi_trouble(answer), _mpi_fix(answer.text))
        elif profile.ranks == 2:
            fix = "rank 0 only organises: two ranks are one worker, no faster than ranks = 1"
            yield Check("MPI", "warning", f"{found}, starts 2 ranks", fix)
        else:
            yield Check("MPI", "ok", f"{found}, starts {profile.ranks} ranks")

    def slurm(self) -> Iterator[Check]:
        check = self.controller()
        yield check
        if check.status == "ok":
            yield self.job()
        yield from self.starter()

    def controller(self) -> Check:
        answer = self._ask("sbatch", "--version")
        if not answer.good:
            fix = "work where jobs can be submitted (sbatch), such as a login node"
            return Check("SLURM", "failed", answer.last_words, fix)
        version = answer.text.strip()
        answer = self._ask("sinfo", "--noheader", "--format=%R")
        if not answer.good:
            fix = "ask for the state of the cluster: its controller does not answer"
            return Check("SLURM", "failed", answer.last_words, fix)
        partitions = sorted(set(answer.text.split()))
        wanted = self._site.profile.slurm.partition
        if wanted and wanted not in partitions:
            fix = f"set slurm.partition to one of {', '.join(partitions)}"
            return Check("SLURM", "failed", f"no partition {wanted}", fix)
        return Check("SLURM", "ok", f"{version}, partitions {', '.join(partitions)}")

    def job(self) -> Check:
        """Ask SLURM whether it would take the job of the profile, without submitting it."""
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "trial.slurm"
            script.write_text(render_trial(self._site), encoding="utf-8")
            answer = self._ask("sbatch", "--test-only", str(script))
        if answer.good:
            asked = " ".join(self._site.profile.slurm.options)
            return Check("SLURM job", "ok", f"would be taken: {asked}")
        fix = "correct [slurm] in the profile" + slurm_advice(answer.text)
        return Check("SLURM job", "failed", answer.last_words, fix)

    def starter(self) -> Iterator[Check]:
        """Check that what starts the ranks in a job is there, as far as that can be seen here."""
        words = job_starter(self._site)
        if not words:
            return
        answer = self._ask(words[0], "--version")
        if answer.good:
            yield Check("starter", "ok", answer.text.strip().splitlines()[0])
        else:
            fix = 'set slurm.starter to "srun", "mpirun" or "none", or load the modules of MPI'
            yield Check("starter", "failed", answer.last_words, fix)


def _toolkit_path(executable: Path) -> str | None:
    """Return the path of the toolkit that is compiled into an executable; None if there is none."""
    rest = b""
    try:
        with open(executable, "rb") as stream:
            while block := stream.read(_BLOCK):
                if found := _TOOLKIT.search(rest + block):
                    return found[0].decode("ascii")
                rest = block[-1024:]
    except OSError:
        return None
    return None


def _mpi_trouble(answer: Answer) -> str:
    """Return the first sentence of what mpirun says between its rulers."""
    words = " ".join(answer.text.replace("-", " ").split())
    return answer.trouble or words.partition(". ")[0][:200] or f"exit status {answer.exit_code}"


def _mpi_fix(text: str) -> str:
    if "as root" in text or "allow-run-as-root" in text:
        return 'do not run as root, or set mpirun.arguments = ["--allow-run-as-root"]'
    if "slots" in text:
        return 'ask for fewer ranks, or set mpirun.arguments = ["--oversubscribe"]'
    return "correct [mpirun] in the profile"
