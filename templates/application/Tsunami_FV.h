#ifndef EXACOUPLE_TSUNAMI_FV_H
#define EXACOUPLE_TSUNAMI_FV_H

#include <ostream>
#include <string>
#include <vector>

#include "AbstractTsunami_FV.h"
#include "Scenario.h"
#include "exahype/parser/ParserView.h"

namespace exacouple {
class Tsunami_FV;
}

/// The limiter: finite volumes with hydrostatic reconstruction, see Subcells.
class exacouple::Tsunami_FV : public exacouple::AbstractTsunami_FV {
 public:
  Tsunami_FV(double maximumMeshSize, exahype::solvers::Solver::TimeStepping timeStepping);

  void init(const std::vector<std::string>& arguments,
            const exahype::parser::ParserView& constants) final override;

  void adjustSolution(const double* const x, const double t, const double dt,
                      double* const Q) override;

  void eigenvalues(const double* const Q, const int direction, double* const lambda) override;

  void boundaryValues(const double* const x, const double t, const double dt, const int faceIndex,
                      const int direction, const double* const stateIn,
                      double* const stateOut) override;

  void flux(const double* const Q, double** const F) override;

  /// Advance the volumes of a cell. Ends the program if a value is not finite.
  void solutionUpdate(double* luh, const tarch::la::Vector<DIMENSIONS, double>& cellCentre,
                      const tarch::la::Vector<DIMENSIONS, double>& cellSize, const double t,
                      const double dt, double& maxAdmissibleDt) override;

 private:
  static tarch::logging::Log _log;

  const Scenario* _scenario = nullptr;
};

#endif
