#include "Scenario.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace exacouple {

Scenario::Scenario(const Parameters& given, Grid bathymetry, Grid displacement)
    : parameters(given),
      metres_(given.metres()),
      bathymetry_(std::move(bathymetry)),
      displacement_(std::move(displacement)) {}

Scenario::Scenario(const Parameters& given)
    : Scenario(given, Grid::read(given.bathymetry), Grid::read(given.displacement)) {}

void Scenario::require_cover(double x0, double y0, double width, double height) const {
  for (const double x : {x0, x0 + width}) {
    for (const double y : {y0, y0 + height}) {
      if (bathymetry_.contains(x * metres_, y * metres_)) continue;
      std::ostringstream text;
      text << parameters.bathymetry << " does not reach the corner (" << x * metres_ << " m, "
           << y * metres_ << " m) of the domain";
      throw std::runtime_error(text.str());
    }
  }
}

double Scenario::depth(double x, double y) const {
  return -bathymetry_.at(x * metres_, y * metres_) / metres_;
}

void Scenario::state(double x, double y, double* Q) const {
  const double below = depth(x, y);
  const bool moved = displacement_.contains(x * metres_, y * metres_);
  const double lift = moved ? displacement_.at(x * metres_, y * metres_) / metres_ : 0.0;
  Q[0] = std::max(0.0, below);
  Q[1] = 0.0;
  Q[2] = 0.0;
  Q[3] = lift - below;
}

double Scenario::least_depth(double x0, double y0, double dx, double dy,
                             const std::vector<double>& points) const {
  const std::pair<double, double> corner(x0, y0);
  std::lock_guard<std::mutex> guard(lock_);
  const auto known = least_.find(corner);
  if (known != least_.end()) return known->second;
  double least = depth(x0 + points.front() * dx, y0 + points.front() * dy);
  for (const double v : points) {
    for (const double u : points) least = std::min(least, depth(x0 + u * dx, y0 + v * dy));
  }
  least_[corner] = least;
  return least;
}

}  // namespace exacouple
