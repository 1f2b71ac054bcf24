#include "Parameters.h"

#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace exacouple {
namespace {

constexpr double kGravity = 9.81;
constexpr double kSlack = 0.1;

[[noreturn]] void fail(const std::string& key, const std::string& what) {
  throw std::runtime_error("solvers[0].parameters." + key + ": " + what);
}

double to_positive(const std::string& key, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value) || !(value > 0.0)) {
    fail(key, "must be a positive number, got '" + text + "'");
  }
  return value;
}

Boundary to_boundary(const std::string& key, const std::string& text) {
  if (text == "outflow") return Boundary::outflow;
  if (text == "wall") return Boundary::wall;
  fail(key, "must be outflow or wall, got '" + text + "'");
}

std::string to_file(const std::string& key, const std::string& text) {
  if (text.empty()) fail(key, "must name a NetCDF file");
  return text;
}

}  // namespace

Parameters Parameters::read(const std::vector<std::pair<std::string, std::string>>& table) {
  Parameters found;
  for (const auto& entry : table) {
    if (entry.first == "gravity") found.gravity = to_positive(entry.first, entry.second);
  }
  const double in_unit = 1000.0 / found.metres();
  found.dry_tolerance *= in_unit;
  found.limiter_depth *= in_unit;
  for (const auto& entry : table) {
    const std::string& key = entry.first;
    const std::string& text = entry.second;
    if (key == "gravity") {
      continue;
    } else if (key == "dry_tolerance") {
      found.dry_tolerance = to_positive(key, text);
    } else if (key == "limiter_depth") {
      found.limiter_depth = to_positive(key, text);
    } else if (key == "boundary") {
      found.boundary = to_boundary(key, text);
    } else if (key == "bathymetry") {
      found.bathymetry = to_file(key, text);
    } else if (key == "displacement") {
      found.displacement = to_file(key, text);
    } else {
      fail(key,
           "unknown (there are: gravity, dry_tolerance, limiter_depth, boundary, bathymetry, "
           "displacement)");
    }
  }
  if (found.limiter_depth < found.dry_tolerance) {
    fail("limiter_depth", "must be at least dry_tolerance");
  }
  return found;
}

double Parameters::metres() const {
  for (const double unit : {1.0, 1000.0}) {
    if (std::abs(gravity * unit / kGravity - 1.0) < kSlack) return unit;
  }
  fail("gravity", "must be near 9.81 (lengths in m) or 9.81e-3 (in km), got " +
                      std::to_string(gravity));
}

}  // namespace exacouple
