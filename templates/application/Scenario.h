#ifndef EXACOUPLE_SCENARIO_H
#define EXACOUPLE_SCENARIO_H

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "Grid.h"
#include "Parameters.h"

namespace exacouple {

/// Water and sea floor at t = 0, in the unit of length of the parameters.
///
/// With bathymetry z and displacement d: h = max(0, -z), hu = hv = 0 and b = z + d, so that the
/// surface h + b follows the displacement over water and the topography on land. Outside its file
/// the displacement is zero.
class Scenario {
 public:
  Scenario(const Parameters& parameters, Grid bathymetry, Grid displacement);

  /// Read the files that the parameters name.
  explicit Scenario(const Parameters& parameters);

  /// Throws std::runtime_error if the bathymetry does not reach all corners of a domain.
  void require_cover(double x0, double y0, double width, double height) const;

  /// Fill h, hu, hv, b at a point.
  void state(double x, double y, double* Q) const;

  /// Depth of the water at a point before the displacement; negative on land.
  double depth(double x, double y) const;

  /// Least depth in a cell, over the lattice of `points` (positions 0 to 1 along either side).
  ///
  /// It is worked out once for a cell and remembered.
  double least_depth(double x0, double y0, double dx, double dy,
                     const std::vector<double>& points) const;

  const Parameters parameters;

 private:
  const double metres_;
  const Grid bathymetry_, displacement_;
  mutable std::map<std::pair<double, double>, double> least_;
  mutable std::mutex lock_;
};

}  // namespace exacouple

#endif
