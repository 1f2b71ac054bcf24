// Runs the parts of the application that do not need ExaHyPE; see test_application_sources.py.

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "Faces.h"
#include "Grid.h"
#include "Parameters.h"
#include "Scenario.h"
#include "Subcells.h"
#include "Water.h"

using namespace exacouple;

namespace {

constexpr int kVolumes = 5, kSide = kVolumes + 4;
using Table = std::vector<std::pair<std::string, std::string>>;
using Cells = std::vector<std::vector<double>>;

Table table(char** from, char** to) {
  Table found;
  for (; from != to; ++from) {
    const std::string word = *from;
    const std::size_t at = word.find('=');
    found.push_back({word.substr(0, at), word.substr(at + 1)});
  }
  return found;
}

void grid(const Grid& z) {
  double x, y;
  while (std::cin >> x >> y) std::cout << z.at(x, y) << " " << z.contains(x, y) << "\n";
}

void state(const Scenario& scenario) {
  double x, y, Q[UNKNOWNS];
  while (std::cin >> x >> y) {
    scenario.state(x, y, Q);
    for (double value : Q) std::cout << value << " ";
    std::cout << "\n";
  }
}

void parameters(const Parameters& p) {
  std::cout << p.gravity << " " << p.dry_tolerance << " " << p.limiter_depth << " "
            << (p.boundary == Boundary::wall ? "wall" : "outflow") << " " << p.bathymetry << " "
            << p.displacement << " " << p.metres() << "\n";
}

void beyond(double outward, double g) {
  double Q[UNKNOWNS], out[UNKNOWNS];
  while (std::cin >> Q[0] >> Q[1] >> Q[2] >> Q[3]) {
    beyond_open_boundary(Q, 0, outward, g, 0.01, out);
    for (double value : out) std::cout << value << " ";
    std::cout << "\n";
  }
}

/// Least value of a polynomial of degree 2, of which the nodes and then the values are read.
double least() {
  double nodes[3], values[9];
  for (double& node : nodes) std::cin >> node;
  for (double& value : values) std::cin >> value;
  return Faces<3>(nodes).least(values, 1);
}

/// Volume (j, i) of a basin of cells, mirrored at the walls around it.
const double* volume(const Cells& cells, int across, int rows, int j, int i, double* mirrored) {
  const int height = rows * kVolumes, width = across * kVolumes;
  const int jj = j < 0 ? -1 - j : j >= height ? 2 * height - 1 - j : j;
  const int ii = i < 0 ? -1 - i : i >= width ? 2 * width - 1 - i : i;
  const std::vector<double>& cell = cells[(jj / kVolumes) * across + ii / kVolumes];
  const double* q = &cell[((jj % kVolumes + 2) * kSide + ii % kVolumes + 2) * UNKNOWNS];
  std::copy(q, q + UNKNOWNS, mirrored);
  if (ii != i) mirrored[HU] *= -1.0;
  if (jj != j) mirrored[HV] *= -1.0;
  return mirrored;
}

/// Advance a walled basin; the layers of a cell hold its neighbours, their corners rubbish.
void basin(int across, int rows, int steps, double dt, double width, double g, double dry) {
  Cells cells(across * rows, std::vector<double>(kSide * kSide * UNKNOWNS, 1e9));
  for (int j = 0; j < rows * kVolumes; ++j) {
    for (int i = 0; i < across * kVolumes; ++i) {
      double* q = &cells[(j / kVolumes) * across + i / kVolumes]
                        [((j % kVolumes + 2) * kSide + i % kVolumes + 2) * UNKNOWNS];
      for (int k = 0; k < UNKNOWNS; ++k) std::cin >> q[k];
    }
  }
  double Q[UNKNOWNS], stable = 0.0;
  for (int step = 0; step < steps; ++step) {
    const Cells before = cells;
    for (int c = 0; c < across * rows; ++c) {
      for (int j = -2; j < kVolumes + 2; ++j) {
        for (int i = -2; i < kVolumes + 2; ++i) {
          const bool above = j < 0 || j >= kVolumes, beside = i < 0 || i >= kVolumes;
          if (above == beside) continue;
          volume(before, across, rows, c / across * kVolumes + j, c % across * kVolumes + i, Q);
          std::copy(Q, Q + UNKNOWNS, &cells[c][((j + 2) * kSide + i + 2) * UNKNOWNS]);
        }
      }
      stable = Subcells<kVolumes>::advance(cells[c].data(), width, width, dt, g, dry, 0.9);
    }
  }
  std::cout << stable << "\n";
  for (int j = 0; j < rows * kVolumes; ++j) {
    for (int i = 0; i < across * kVolumes; ++i) {
      const double* q = volume(cells, across, rows, j, i, Q);
      for (int k = 0; k < UNKNOWNS; ++k) std::cout << q[k] << " ";
      std::cout << "\n";
    }
  }
}

}  // namespace

int main(int count, char** words) {
  const std::string what = count > 1 ? words[1] : "";
  const auto number = [&](int at) { return std::atof(words[at]); };
  std::cout << std::setprecision(17);
  try {
    if (what == "grid") grid(Grid::read(words[2]));
    if (what == "parameters") parameters(Parameters::read(table(words + 2, words + count)));
    if (what == "state") state(Scenario(Parameters::read(table(words + 2, words + count))));
    if (what == "cover") {
      Scenario(Parameters::read(table(words + 6, words + count)))
          .require_cover(number(2), number(3), number(4), number(5));
    }
    if (what == "least") {
      const Scenario scenario(Parameters::read(table(words + 6, words + count)));
      std::cout << scenario.least_depth(number(2), number(3), number(4), number(5), {0.0, 0.5, 1.0})
                << "\n";
    }
    if (what == "faces") std::cout << least() << "\n";
    if (what == "beyond") beyond(number(2), number(3));
    if (what == "basin") {
      basin(static_cast<int>(number(2)), static_cast<int>(number(3)), static_cast<int>(number(4)),
            number(5), number(6), number(7), number(8));
    }
  } catch (const std::exception& problem) {
    std::cerr << problem.what() << "\n";
    return 1;
  }
  return 0;
}
