"""The ``[slurm]`` table of a site profile: how a job asks SLURM for its machine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SlurmJob:
    """What ``sbatch`` is asked for; empty text and None leave it to the cluster.

    Attributes
    ----------
    partition, account
        As ``--partition`` and ``--account``.
    time
        Time limit as SLURM writes it, such as ``00:30:00``.
    nodes, ntasks, cpus_per_task
        Nodes, MPI ranks (None: the profile's ``ranks``) and cores of each rank.
    mem
        Memory of a node, such as ``4G``.
    extra
        Further options of ``sbatch``, one word each.
    """

    partition: str = ""
    account: str = ""
    time: str = ""
    nodes: int = 1
    ntasks: int | None = None
    cpus_per_task: int | None = None
    mem: str = ""
    extra: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("nodes", "ntasks", "cpus_per_task"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} {value} must be 1 or more")
