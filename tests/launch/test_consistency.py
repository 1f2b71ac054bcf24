"""Mesh and time step that an engine prints give away what it has computed."""

import pytest

from exacouple.cases.mesh import plan_mesh, time_step
from exacouple.cases.truth import MeshTruth
from exacouple.launch.consistency import mesh_reasons


def truth(order=2, cells=25, unit_m=1000.0):
    """Return what a case of upstream's domain over 4950 m of water asks for."""
    mesh = plan_mesh((1798.0, 1798.0), cells)
    step = time_step(mesh.cell_size_m, 4950.0, 9.81, order)
    return MeshTruth(mesh, order, unit_m, step, 225, 5600.0)


def test_what_exahype_printed_for_this_case_is_right():
    """25 cells of 71.92 km and 24.9674 s are its figures."""
    assert mesh_reasons(truth(), 71.92, 24.9674) == ([], [])
    assert mesh_reasons(truth(unit_m=1.0), 71920.0, 24.9674) == ([], [])
    assert mesh_reasons(truth(cells=79), 22.7595, 7.90109) == ([], [])


def test_nothing_printed_is_nothing_wrong():
    """With the release log filter there are no such lines."""
    assert mesh_reasons(truth(), None, None) == ([], [])


@pytest.mark.parametrize(("asked", "compiled"), [(3, 2), (2, 3), (2, 1), (4, 2), (3, 4)])
def test_other_order_is_recognised(asked, compiled):
    """The time step goes with 0.33, 0.17, 0.1, 0.069 for orders 1 to 4."""
    step = truth(order=compiled).time_step_s
    (reason,), warnings = mesh_reasons(truth(order=asked), 71.92, step)
    assert f"computed with order {compiled}, the case asks for order {asked}" in reason
    assert warnings == []


def test_other_mesh_is_told_before_its_time_step():
    """27 cells of 66.6 km where 25 of 71.92 km were asked for."""
    (reason,), warnings = mesh_reasons(truth(), 66.5926, 23.12)
    assert "cells of 66.5926 km, the case asks for 71.92 km" in reason
    assert warnings == []


def test_other_water_is_told():
    """A deviation may be another depth, one by orders is another case."""
    reasons, (warning,) = mesh_reasons(truth(), 71.92, 22.0)
    assert reasons == []
    assert "its time step is 22 s, that of the case 24.9674 s" in warning
    (reason,), warnings = mesh_reasons(truth(), 71.92, 55018.8)
    assert "has not computed this case" in reason
    assert warnings == []
