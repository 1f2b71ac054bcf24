"""The sections of an ExaHyPE 1 specfile, one dataclass for each JSON object.

Fields typed ``Any`` are known to ExaHyPE and have no effect on the solution here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Paths:
    """``paths``: where ExaHyPE generates code; only the output directory matters here."""

    output_directory: str
    plotter_subdirectory: Any = None
    peano_kernel_path: Any = None
    log_file: Any = None
    exahype_path: Any = None


@dataclass(frozen=True)
class Profiling:
    """``profiling``: timing of ExaHyPE's own kernels."""

    profiler: Any = None
    metrics: Any = None
    profiling_output: Any = None
    likwid_inc: Any = None
    likwid_lib: Any = None
    ipcm_inc: Any = None
    ipcm_lib: Any = None
    profiling_target: Any = None
    measure_cell_processing_times: Any = None
    measure_cell_processing_times_iter: Any = None


@dataclass(frozen=True)
class Domain:
    """``computational_domain``: the rectangle, the simulated time and the outside cells."""

    dimension: int
    width: tuple[float, ...]
    offset: tuple[float, ...]
    time_steps: int | None = None
    end_time: float | None = None
    outside_cells_left: int = 1
    outside_cells_right: int = 1
    ranks_per_dimension: int = 1
    max_mesh_setup_iterations: Any = None


@dataclass(frozen=True)
class SharedMemory:
    """``shared_memory``: threads of one process."""

    cores: Any
    background_job_processing: Any = None
    job_system_wait_behaviour: Any = None
    background_job_consumers: Any = None
    min_background_jobs_in_one_rush: Any = None
    max_background_jobs_in_one_rush: Any = None
    autotuning_strategy: Any = None
    invasion_strategy: Any = None
    properties_file: Any = None
    manual_pinning: Any = None
    thread_stack_size: Any = None


@dataclass(frozen=True)
class DistributedMemory:
    """``distributed_memory``: MPI settings; the embedded engine is one process."""

    ranks_per_node: Any
    load_balancing_type: Any = None
    load_balancing_strategy: Any = None
    node_pool_strategy: Any = None
    primary_ranks_per_node: Any = None
    timeout: Any = None
    buffer_size: Any = None
    node_pool_timeout: Any = None
    max_forks_at_once: Any = None


@dataclass(frozen=True)
class Optimisation:
    """``optimisation``: order of ExaHyPE's algorithmic phases."""

    limiting: Literal["dynamic", "static"] = "dynamic"
    mesh_refinement: Any = None
    fuse_algorithmic_steps: Any = None
    fuse_algorithmic_steps_rerun_factor: Any = None
    fuse_algorithmic_steps_diffusion_factor: Any = None
    spawn_predictor_as_background_thread: Any = None
    spawn_update_as_background_thread: Any = None
    spawn_prolongation_as_background_thread: Any = None
    spawn_amr_background_threads: Any = None
    spawn_neighbour_merge_as_thread: Any = None
    disable_vertex_exchange_in_time_steps: Any = None
    time_step_batch_factor: Any = None
    disable_metadata_exchange_in_batched_time_steps: Any = None
    double_compression: Any = None
    spawn_double_compression_as_background_thread: Any = None


@dataclass(frozen=True)
class Predictor:
    """``space_time_predictor``: how the predictor's fixed point is reached."""

    notimeavg: Any = None
    fix_picard_iterations: Any = None
    cerkguess: Any = None
    split_ck: bool = False
    predictor_recompute: Any = None
    vectorise_terms: Any = None
    AoSoA2_layout: Any = None


@dataclass(frozen=True)
class AderdgKernel:
    """``aderdg_kernel``: terms and basis of the discontinuous Galerkin scheme."""

    terms: tuple[str, ...]
    implementation: str = "generic"
    nonlinear: bool = True
    basis: str = "Legendre"
    transform_riemann_data: bool = False
    space_time_predictor: Predictor = field(default_factory=Predictor)
    language: Any = None
    adjust_solution: Any = None
    allocate_temporary_arrays: Any = None
    optimised_kernel_debugging: Any = None
    optimised_terms: Any = None


@dataclass(frozen=True)
class FvKernel:
    """``fv_kernel``: terms and scheme of the finite-volume limiter."""

    terms: tuple[str, ...]
    implementation: str = "generic"
    scheme: str = "godunov"
    slope_limiter: Any = None
    language: Any = None
    adjust_solution: Any = None
    allocate_temporary_arrays: Any = None
    optimised_terms: Any = None


@dataclass(frozen=True)
class Limiter:
    """``limiter``: discrete maximum principle of the a-posteriori limiter."""

    dmp_observables: int = 0
    dmp_relaxation_parameter: float = 1e-3
    dmp_difference_scaling: float = 1e-4
    limiter_buffer_cells: int = 1
    implementation: Any = None


@dataclass(frozen=True)
class Plotter:
    """One entry of ``plotters``."""

    name: str
    type: str | tuple[str, ...]
    output: str
    repeat: float
    variables: int = 0
    time: float = 0.0
    select: dict[str, float] = field(default_factory=dict)
    parameters: Any = None

    @property
    def kind(self) -> str:
        """Type as one word, such as ``probe::ascii``."""
        return self.type if isinstance(self.type, str) else "::".join(self.type)


@dataclass(frozen=True)
class Solver:
    """One entry of ``solvers``."""

    type: str
    name: str
    variables: Any
    maximum_mesh_size: float
    order: int
    aderdg_kernel: AderdgKernel
    fv_kernel: FvKernel
    limiter: Limiter
    maximum_mesh_depth: int = 0
    time_stepping: Literal["global", "globalfixed"] = "global"
    cfl: float | None = None
    patch_size: int | str = "default"
    point_sources: Any = 0
    material_parameters: Any = None
    global_observables: Any = None
    plotters: tuple[Plotter, ...] = ()
    parameters: Any = None
    halo_cells: Any = None
    halo_buffer_cells: Any = None
    regularised_fine_grid_levels: Any = None
    _plotters: Any = None


@dataclass(frozen=True)
class Document:
    """The whole specfile."""

    project_name: str
    paths: Paths
    computational_domain: Domain
    solvers: tuple[Solver, ...]
    shared_memory: SharedMemory | None = None
    distributed_memory: DistributedMemory | None = None
    optimisation: Optimisation = field(default_factory=Optimisation)
    profiling: Profiling | None = None
    architecture: Any = None
    compiler_flags: Any = None
    linker_flags: Any = None
    _compiler_flags: Any = None
    _linker_flags: Any = None
    _shared_memory: Any = None
    _distributed_memory: Any = None
