#ifndef EXACOUPLE_STARTUP_H
#define EXACOUPLE_STARTUP_H

#include <string>

#include "Scenario.h"
#include "exahype/parser/ParserView.h"

namespace exacouple {

/// Say what is wrong and end the program with status 1: ExaHyPE itself ends with 0 after errors.
[[noreturn]] void give_up(const std::string& what);

/// The scenario of this run, read from the files of the specfile by the first who asks.
///
/// Ends the program if parameters, files and domain do not go together.
const Scenario& scenario(const exahype::parser::ParserView& constants);

/// Ends the program if a whole number in the specfile is not the one that is compiled in.
void require_compiled(const exahype::parser::ParserView& constants, const std::string& path,
                      int compiled);

}  // namespace exacouple

#endif
