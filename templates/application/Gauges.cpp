#include "Gauges.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>

#include "Startup.h"
#include "Tsunami_ADERDG.h"
#include "Tsunami_FV.h"
#include "Water.h"
#include "exahype/parser/Parser.h"
#include "kernels/GaussLegendreBasis.h"
#include "tarch/parallel/Node.h"

namespace {

constexpr int kColumns = 5;

bool holds(const tarch::la::Vector<DIMENSIONS, double>& offset,
           const tarch::la::Vector<DIMENSIONS, double>& size, double x, double y) {
  return offset(0) <= x && x < offset(0) + size(0) && offset(1) <= y && y < offset(1) + size(1);
}

std::string suffix() {
#ifdef Parallel
  return "-rank-" + std::to_string(tarch::parallel::Node::getInstance().getRank()) + ".probe";
#else
  return ".probe";
#endif
}

double number(const exahype::parser::Parser& parser, const std::string& path) {
  if (!parser.isValueValidDouble(path)) exacouple::give_up("the specfile has no number " + path);
  return parser.getDoubleFromPath(path);
}

void check_place(const exahype::parser::Parser& parser, const std::string& path, double x,
                 double y) {
  if (!holds(parser.getOffset(), parser.getDomainSize(), x, y)) {
    exacouple::give_up(path + "/select lies outside the domain, so that nothing would be written");
  }
}

void check_columns(const exahype::parser::Parser& parser, const std::string& path) {
  const int columns = parser.getIntFromPath(path + "/variables");
  if (columns != kColumns) {
    exacouple::give_up(path + "/variables is " + std::to_string(columns) + ", this build writes " +
                       std::to_string(kColumns) + ": h, hu, hv, b, h + b");
  }
}

}  // namespace

void exacouple::Gauges::init(const std::string& filename, int orderPlusOne, int solverUnknowns,
                             int writtenUnknowns, exahype::parser::ParserView view) {
  LimitingADERDG2UserDefined::init(filename, orderPlusOne, solverUnknowns, writtenUnknowns, view);
  if (view.isEmpty()) give_up("solvers[0].plotters[0] has no select with x and y");
  const exahype::parser::Parser& parser = view.getParser();
  for (int i = 0;; ++i) {
    const std::string path = "/solvers/0/plotters/" + std::to_string(i);
    if (!parser.hasPath(path)) break;
    Gauge gauge;
    gauge.x = number(parser, path + "/select/x");
    gauge.y = number(parser, path + "/select/y");
    gauge.repeat = number(parser, path + "/repeat");
    gauge.due = parser.hasPath(path + "/time") ? number(parser, path + "/time") : 0.0;
    gauge.path = parser.getStringFromPath(path + "/output") + suffix();
    gauge.active = false;
    check_place(parser, path, gauge.x, gauge.y);
    check_columns(parser, path);
    if (!(gauge.repeat > 0.0)) give_up(path + "/repeat must be positive");
    const Gauge& first = _gauges.empty() ? gauge : _gauges.front();
    if (gauge.repeat != first.repeat || gauge.due < first.due) {
      give_up(path + " must have the repeat of the first plotter and not start before it");
    }
    _gauges.push_back(std::move(gauge));
  }
}

void exacouple::Gauges::startPlotting(double time) {
  _time = std::isfinite(time) ? time : 0.0;
  for (Gauge& gauge : _gauges) {
    gauge.active = _time >= gauge.due;
    while (gauge.due <= _time) gauge.due += gauge.repeat;
  }
}

void exacouple::Gauges::finishPlotting() {
  for (Gauge& gauge : _gauges) {
    if (gauge.file && !gauge.file->flush()) give_up("cannot write " + gauge.path);
  }
}

void exacouple::Gauges::plotADERDGPatch(const Place& offset, const Place& size, double* const u,
                                        double timeStamp) {
  for (Gauge& gauge : _gauges) {
    if (!gauge.active || !holds(offset, size, gauge.x, gauge.y)) continue;
    const double place[DIMENSIONS] = {gauge.x, gauge.y};
    double Q[UNKNOWNS];
    for (int k = 0; k < UNKNOWNS; ++k) {
      Q[k] = kernels::legendre::interpolate(offset.data(), size.data(), place, UNKNOWNS, k, _order,
                                            u);
    }
    write(gauge, Q, timeStamp);
  }
}

void exacouple::Gauges::plotFiniteVolumesPatch(const Place& offset, const Place& size,
                                               double* const u, double timeStamp) {
  constexpr int volumes = Tsunami_FV::PatchSize, layers = Tsunami_FV::GhostLayerWidth;
  for (Gauge& gauge : _gauges) {
    if (!gauge.active || !holds(offset, size, gauge.x, gauge.y)) continue;
    const auto index = [&](double x, int axis) {
      const int at = static_cast<int>(volumes * (x - offset(axis)) / size(axis));
      return layers + std::min(at, volumes - 1);
    };
    const int place = index(gauge.y, 1) * (volumes + 2 * layers) + index(gauge.x, 0);
    write(gauge, u + place * UNKNOWNS, timeStamp);
  }
}

void exacouple::Gauges::write(Gauge& gauge, const double* Q, double timeStamp) {
  if (!gauge.file) {
    gauge.file.reset(new std::ofstream(gauge.path));
    *gauge.file << "# plot-time, real-time,Q0,Q1,Q2,Q3,Q4\n"
                << std::setprecision(std::numeric_limits<double>::max_digits10);
    if (!*gauge.file) give_up("cannot write " + gauge.path + ": is its folder there?");
  }
  *gauge.file << _time << ", " << timeStamp << ", " << Q[H] << ", " << Q[HU] << ", " << Q[HV]
              << ", " << Q[B] << ", " << Q[H] + Q[B] << "\n";
}
