#include "Tsunami_FV.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "Startup.h"
#include "Subcells.h"
#include "Tsunami_FV_Variables.h"
#include "Water.h"

tarch::logging::Log exacouple::Tsunami_FV::_log("exacouple::Tsunami_FV");

void exacouple::Tsunami_FV::init(const std::vector<std::string>&,
                                 const exahype::parser::ParserView& constants) {
  static_assert(GhostLayerWidth == 2, "build with the scheme musclhancock");
  _scenario = &scenario(constants);
}

void exacouple::Tsunami_FV::adjustSolution(const double* const x, const double t, const double,
                                           double* const Q) {
  if (t == 0.0) _scenario->state(x[0], x[1], Q);
}

void exacouple::Tsunami_FV::eigenvalues(const double* const Q, const int direction,
                                        double* const lambda) {
  const Parameters& p = _scenario->parameters;
  std::fill_n(lambda, static_cast<int>(UNKNOWNS), 0.0);
  lambda[0] = wave_speed(Q, direction, p.gravity, p.dry_tolerance);
}

void exacouple::Tsunami_FV::boundaryValues(const double* const, const double, const double,
                                           const int, const int direction,
                                           const double* const stateIn, double* const stateOut) {
  std::copy_n(stateIn, static_cast<int>(UNKNOWNS), stateOut);
  if (_scenario->parameters.boundary == Boundary::wall) {
    stateOut[HU + direction] = -stateIn[HU + direction];
  }
}

void exacouple::Tsunami_FV::flux(const double* const Q, double** const F) {
  const double dry = _scenario->parameters.dry_tolerance;
  transport(Q, 0, dry, F[0]);
  transport(Q, 1, dry, F[1]);
}

void exacouple::Tsunami_FV::solutionUpdate(
    double* luh, const tarch::la::Vector<DIMENSIONS, double>& cellCentre,
    const tarch::la::Vector<DIMENSIONS, double>& cellSize, const double t, const double dt,
    double& maxAdmissibleDt) {
  const Parameters& p = _scenario->parameters;
  maxAdmissibleDt =
      Subcells<PatchSize>::advance(luh, cellSize(0) / PatchSize, cellSize(1) / PatchSize, dt,
                                   p.gravity, p.dry_tolerance, CFL);
  if (!std::isfinite(maxAdmissibleDt)) {
    std::ostringstream text;
    text << "the solution is not finite at t = " << t + dt << " in the cell around ("
         << cellCentre(0) << ", " << cellCentre(1) << ")";
    give_up(text.str());
  }
}
