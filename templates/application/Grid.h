#ifndef EXACOUPLE_GRID_H
#define EXACOUPLE_GRID_H

#include <cstddef>
#include <string>
#include <vector>

namespace exacouple {

/// Values on a regular grid of a plane, interpolated bilinearly.
///
/// Coordinates and values are in metres; the axes ascend.
class Grid {
 public:
  /// Take values given row by row: z at (x0 + i dx, y0 + j dy) is values[j * nx + i].
  Grid(double x0, double dx, std::size_t nx, double y0, double dy, std::size_t ny,
       std::vector<float> values);

  /// Read z(y, x) and the coordinate variables y and x of a NetCDF file.
  ///
  /// Throws std::runtime_error with the name of the file and what is wrong with it: it cannot be
  /// opened, lacks a variable, has other dimensions, uneven coordinates or values that are no
  /// elevations.
  static Grid read(const std::string& path);

  /// Value at a point; outside the grid its edge goes on.
  double at(double x, double y) const;

  /// Whether a point lies inside the grid or on its edge.
  bool contains(double x, double y) const;

 private:
  double x0_, dx_, y0_, dy_;
  std::size_t nx_, ny_;
  std::vector<float> values_;
};

}  // namespace exacouple

#endif
