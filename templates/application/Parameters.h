#ifndef EXACOUPLE_PARAMETERS_H
#define EXACOUPLE_PARAMETERS_H

#include <string>
#include <utility>
#include <vector>

namespace exacouple {

enum class Boundary { outflow, wall };

/// What `solvers[0].parameters` of the specfile says, in its unit of length (km or m) and seconds.
///
/// The values here are in km; depths that a specfile in m leaves out are the same ones in m.
struct Parameters {
  double gravity = 9.81e-3;
  /// Depth below which velocities are damped.
  double dry_tolerance = 1e-2;
  /// Cells with land or shallower water use the finite-volume limiter.
  double limiter_depth = 0.1;
  Boundary boundary = Boundary::outflow;
  /// NetCDF files in metres, see Grid::read.
  std::string bathymetry = "bathymetry.nc";
  std::string displacement = "displacement.nc";

  /// Read key and value pairs.
  ///
  /// Throws std::runtime_error: a key is unknown, a value is wrong, or gravity tells no unit.
  static Parameters read(const std::vector<std::pair<std::string, std::string>>& table);

  /// Unit of length in metres, which gravity tells: near 9.81 it is m, near 9.81e-3 km.
  double metres() const;
};

}  // namespace exacouple

#endif
