#include "Startup.h"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>

#include "exahype/parser/Parser.h"

namespace exacouple {
namespace {

Parameters read_parameters(const exahype::parser::ParserView& constants) {
  const std::string path = "/solvers/0/parameters";
  const exahype::parser::Parser& parser = constants.getParser();
  if (!parser.hasPath(path)) return Parameters();
  return Parameters::read(parser.getObjectAsVectorOfStringPair(path, true));
}

}  // namespace

void give_up(const std::string& what) {
  std::cout << std::flush;
  std::cerr << "error exacouple: " << what << std::endl;
  std::_Exit(EXIT_FAILURE);
}

const Scenario& scenario(const exahype::parser::ParserView& constants) {
  static std::unique_ptr<const Scenario> only;
  if (only) return *only;
  const exahype::parser::Parser& parser = constants.getParser();
  try {
    only.reset(new Scenario(read_parameters(constants)));
    const auto offset = parser.getOffset(), width = parser.getDomainSize();
    only->require_cover(offset(0), offset(1), width(0), width(1));
  } catch (const std::exception& problem) {
    give_up(problem.what());
  }
  return *only;
}

void require_compiled(const exahype::parser::ParserView& constants, const std::string& path,
                      int compiled) {
  const exahype::parser::Parser& parser = constants.getParser();
  if (!parser.isValueValidInt(path)) return;
  const int asked = parser.getIntFromPath(path);
  if (asked != compiled) {
    give_up("the specfile says " + std::to_string(asked) + " for " + path + ", compiled in is " +
            std::to_string(compiled));
  }
}

}  // namespace exacouple
