#include "Tsunami_ADERDG.h"

#include <algorithm>
#include <cmath>

#include "Startup.h"
#include "Tsunami_ADERDG_Variables.h"
#include "Water.h"

tarch::logging::Log exacouple::Tsunami_ADERDG::_log("exacouple::Tsunami_ADERDG");

namespace {

using exacouple::B;
using exacouple::H;
using exacouple::HU;
using exacouple::HV;
using exacouple::UNKNOWNS;

constexpr int kNodes = exacouple::Tsunami_ADERDG::Order + 1;
/// Part of the limiter depth below which a polynomial is given up.
constexpr double kGivenUp = 0.5;

}  // namespace

void exacouple::Tsunami_ADERDG::init(const std::vector<std::string>&,
                                     const exahype::parser::ParserView& constants) {
  require_compiled(constants, "/solvers/0/order", Order);
  require_compiled(constants, "/solvers/0/limiter/dmp_observables", NumberOfDMPObservables);
  _scenario = &scenario(constants);
  constexpr int volumes = 2 * Order + 1;
  _points = {0.0, 1.0};
  for (int i = 0; i < kNodes; ++i) _points.push_back(nodes[Order][i]);
  for (int i = 0; i < volumes; ++i) _points.push_back((i + 0.5) / volumes);
  _faces = Faces<kNodes>(nodes[Order]);
}

void exacouple::Tsunami_ADERDG::adjustPointSolution(const double* const x, const double t,
                                                    const double, double* const Q) {
  if (t == 0.0) _scenario->state(x[0], x[1], Q);
}

void exacouple::Tsunami_ADERDG::eigenvalues(const double* const Q, const int direction,
                                            double* const lambda) {
  const Parameters& p = _scenario->parameters;
  const double c = std::sqrt(p.gravity * std::max(Q[H], 0.0));
  const double u = velocity(Q[H], Q[HU + direction], p.dry_tolerance);
  lambda[0] = u - c;
  lambda[1] = u;
  lambda[2] = u + c;
  lambda[3] = 0.0;
}

void exacouple::Tsunami_ADERDG::flux(const double* const Q, double** const F) {
  const double dry = _scenario->parameters.dry_tolerance;
  transport(Q, 0, dry, F[0]);
  transport(Q, 1, dry, F[1]);
}

void exacouple::Tsunami_ADERDG::nonConservativeProduct(const double* const Q,
                                                       const double* const gradQ,
                                                       double* const BgradQ) {
  const double weight = _scenario->parameters.gravity * Q[H];
  const double* const along_x = gradQ;
  const double* const along_y = gradQ + UNKNOWNS;
  BgradQ[H] = 0.0;
  BgradQ[HU] = weight * (along_x[H] + along_x[B]);
  BgradQ[HV] = weight * (along_y[H] + along_y[B]);
  BgradQ[B] = 0.0;
}

void exacouple::Tsunami_ADERDG::riemannSolver(double* const FL, double* const FR,
                                              const double* const QL, const double* const QR,
                                              const double, const double,
                                              const tarch::la::Vector<DIMENSIONS, double>&,
                                              const int direction, bool, int) {
  const Parameters& p = _scenario->parameters;
  double left[UNKNOWNS] = {0.0}, right[UNKNOWNS] = {0.0};
  for (int j = 0; j < kNodes; ++j) {
    for (int k = 0; k < UNKNOWNS; ++k) {
      left[k] += weights[Order][j] * QL[j * UNKNOWNS + k];
      right[k] += weights[Order][j] * QR[j * UNKNOWNS + k];
    }
  }
  const double speed = std::max(wave_speed(left, direction, p.gravity, p.dry_tolerance),
                                wave_speed(right, direction, p.gravity, p.dry_tolerance));
  for (int j = 0; j < kNodes; ++j) {
    const double* const l = QL + j * UNKNOWNS;
    const double* const r = QR + j * UNKNOWNS;
    double* const fl = FL + j * UNKNOWNS;
    double* const fr = FR + j * UNKNOWNS;
    const double rise = (r[H] + r[B]) - (l[H] + l[B]);
    const double jump[UNKNOWNS] = {rise, r[HU] - l[HU], r[HV] - l[HV], 0.0};
    for (int k = 0; k < UNKNOWNS; ++k) {
      fl[k] = fr[k] = 0.5 * (fl[k] + fr[k]) - 0.5 * speed * jump[k];
    }
    const double push = 0.25 * p.gravity * (l[H] + r[H]) * rise;
    fl[HU + direction] += push;
    fr[HU + direction] -= push;
  }
}

void exacouple::Tsunami_ADERDG::boundaryValues(const double* const, const double, const double,
                                               const int faceIndex, const int direction,
                                               const double* const fluxIn,
                                               const double* const stateIn, const double* const,
                                               double* const fluxOut, double* const stateOut) {
  const Parameters& p = _scenario->parameters;
  if (p.boundary == Boundary::wall) {
    std::copy_n(stateIn, static_cast<int>(UNKNOWNS), stateOut);
    std::copy_n(fluxIn, static_cast<int>(UNKNOWNS), fluxOut);
    stateOut[HU + direction] = -stateIn[HU + direction];
    fluxOut[H] = -fluxIn[H];
    fluxOut[HV - direction] = -fluxIn[HV - direction];
    return;
  }
  const double outward = faceIndex % 2 == 0 ? -1.0 : 1.0;
  beyond_open_boundary(stateIn, direction, outward, p.gravity, p.dry_tolerance, stateOut);
  transport(stateOut, direction, p.dry_tolerance, fluxOut);
}

bool exacouple::Tsunami_ADERDG::isPhysicallyAdmissible(
    const double* const solution, const double* const, const double* const,
    const bool wasTroubledInPreviousTimeStep,
    const tarch::la::Vector<DIMENSIONS, double>& cellCentre,
    const tarch::la::Vector<DIMENSIONS, double>& cellSize, const double) const {
  const double limit = _scenario->parameters.limiter_depth;
  const double least = _scenario->least_depth(cellCentre(0) - 0.5 * cellSize(0),
                                              cellCentre(1) - 0.5 * cellSize(1), cellSize(0),
                                              cellSize(1), _points);
  if (!(least > limit)) return false;
  const double needed = wasTroubledInPreviousTimeStep ? limit : kGivenUp * limit;
  for (int i = 0; i < kNodes * kNodes; ++i) {
    const double* const Q = solution + i * UNKNOWNS;
    if (!std::isfinite(Q[H] + Q[HU] + Q[HV] + Q[B])) return false;
  }
  return _faces.least(solution + H, UNKNOWNS) > needed;
}

void exacouple::Tsunami_ADERDG::mapDiscreteMaximumPrincipleObservables(
    double* const observables, const double* const Q) const {
  static_assert(NumberOfDMPObservables == 3, "build with dmp_observables 3");
  observables[0] = Q[H] + Q[B];
  observables[1] = Q[HU];
  observables[2] = Q[HV];
}

exahype::solvers::Solver::RefinementControl exacouple::Tsunami_ADERDG::refinementCriterion(
    const double* const, const tarch::la::Vector<DIMENSIONS, double>&,
    const tarch::la::Vector<DIMENSIONS, double>&, double, const int) {
  return exahype::solvers::Solver::RefinementControl::Keep;
}
