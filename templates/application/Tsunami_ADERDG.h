#ifndef EXACOUPLE_TSUNAMI_ADERDG_H
#define EXACOUPLE_TSUNAMI_ADERDG_H

#include <ostream>
#include <string>
#include <vector>

#include "AbstractTsunami_ADERDG.h"
#include "Faces.h"
#include "Scenario.h"
#include "exahype/parser/ParserView.h"

namespace exacouple {
class Tsunami_ADERDG;
}

/// Shallow water as ADER-DG, with unknowns h, hu, hv and b.
///
/// Mass and momentum move with the flux; the surface acts as the non-conservative product
/// g h grad(h + b). Both see h + b and not b alone, so that water at rest stays at rest.
class exacouple::Tsunami_ADERDG : public exacouple::AbstractTsunami_ADERDG {
 public:
  Tsunami_ADERDG(double maximumMeshSize, int maximumMeshDepth, int haloCells, int haloBufferCells,
                 int limiterBufferCells, int regularisedFineGridLevels,
                 exahype::solvers::Solver::TimeStepping timeStepping, int DMPObservables);

  void init(const std::vector<std::string>& arguments,
            const exahype::parser::ParserView& constants) final override;

  void adjustPointSolution(const double* const x, const double t, const double dt,
                           double* const Q) final override;

  void eigenvalues(const double* const Q, const int direction,
                   double* const lambda) final override;

  void flux(const double* const Q, double** const F) final override;

  void nonConservativeProduct(const double* const Q, const double* const gradQ,
                              double* const BgradQ) final override;

  /// Rusanov's flux and a path-conservative term for the jump of h + b.
  void riemannSolver(double* const FL, double* const FR, const double* const QL,
                     const double* const QR, const double t, const double dt,
                     const tarch::la::Vector<DIMENSIONS, double>& cellSize, const int direction,
                     bool isBoundaryFace, int faceIndex) final override;

  void boundaryValues(const double* const x, const double t, const double dt, const int faceIndex,
                      const int direction, const double* const fluxIn,
                      const double* const stateIn, const double* const gradStateIn,
                      double* const fluxOut, double* const stateOut) final override;

  /// Whether a cell may stay a polynomial: no land or shallow water in it, neither in the grid nor
  /// in the polynomial up to the faces, which a steep slope may lift out of the sea; all finite.
  bool isPhysicallyAdmissible(const double* const solution, const double* const observablesMin,
                              const double* const observablesMax,
                              const bool wasTroubledInPreviousTimeStep,
                              const tarch::la::Vector<DIMENSIONS, double>& cellCentre,
                              const tarch::la::Vector<DIMENSIONS, double>& cellSize,
                              const double timeStamp) const final override;

  /// The maximum principle looks at h + b, hu and hv: b alone has no bounds to keep.
  void mapDiscreteMaximumPrincipleObservables(double* const observables,
                                              const double* const Q) const final override;

  exahype::solvers::Solver::RefinementControl refinementCriterion(
      const double* const luh, const tarch::la::Vector<DIMENSIONS, double>& cellCentre,
      const tarch::la::Vector<DIMENSIONS, double>& cellSize, double t, const int level) override;

 private:
  static tarch::logging::Log _log;

  const Scenario* _scenario = nullptr;
  /// Where a cell is looked at for shallow water: nodes, volumes of the limiter and both ends.
  std::vector<double> _points;
  Faces<Order + 1> _faces;
};

#endif
