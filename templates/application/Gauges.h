#ifndef EXACOUPLE_GAUGES_H
#define EXACOUPLE_GAUGES_H

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "exahype/plotters/LimitingADERDG2UserDefined.h"

namespace exacouple {
class Gauges;
}

/// Probe files of all plotters of the specfile, whatever their number.
///
/// ExaHyPE knows only the plotters that are compiled in, and this is the only one: it takes position,
/// file and times of every entry of solvers[0].plotters from the specfile itself. A file holds what
/// ExaHyPE's probe::ascii writes, with 17 significant digits and with h, hu, hv, b and h + b as Q0
/// to Q4. In a cell that is limited they are those of the finite volume.
class exacouple::Gauges : public exahype::plotters::LimitingADERDG2UserDefined {
 public:
  void init(const std::string& filename, int orderPlusOne, int solverUnknowns, int writtenUnknowns,
            exahype::parser::ParserView plotterParameters) override;

  void plotADERDGPatch(const tarch::la::Vector<DIMENSIONS, double>& offset,
                       const tarch::la::Vector<DIMENSIONS, double>& size, double* const u,
                       double timeStamp) override;

  void plotFiniteVolumesPatch(const tarch::la::Vector<DIMENSIONS, double>& offset,
                              const tarch::la::Vector<DIMENSIONS, double>& size, double* const u,
                              double timeStamp) override;

  void startPlotting(double time) override;

  void finishPlotting() override;

 private:
  struct Gauge {
    double x, y, due, repeat;
    std::string path;
    std::unique_ptr<std::ofstream> file;
    bool active;
  };

  using Place = tarch::la::Vector<DIMENSIONS, double>;

  void write(Gauge& gauge, const double* Q, double timeStamp);

  std::vector<Gauge> _gauges;
  double _time = 0.0;
};

#endif
