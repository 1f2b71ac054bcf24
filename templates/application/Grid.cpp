#include "Grid.h"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <netcdf.h>

namespace exacouple {
namespace {

constexpr double kUneven = 1e-3;
constexpr double kHighest = 1e5;
constexpr char kVariable[] = "z";

/// A NetCDF file that is closed in the end.
class File {
 public:
  explicit File(const std::string& path) : path_(path) {
    check(nc_open(path.c_str(), NC_NOWRITE, &id_), "cannot be opened");
  }
  ~File() { nc_close(id_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int variable(const char* name) const {
    int number = -1;
    check(nc_inq_varid(id_, name, &number), std::string("has no variable ") + name);
    return number;
  }

  std::vector<std::string> dimensions(int variable) const {
    int count = 0;
    check(nc_inq_varndims(id_, variable, &count), "cannot be read");
    std::vector<int> numbers(static_cast<std::size_t>(count));
    check(nc_inq_vardimid(id_, variable, numbers.data()), "cannot be read");
    std::vector<std::string> names;
    for (int number : numbers) {
      char name[NC_MAX_NAME + 1] = {0};
      check(nc_inq_dimname(id_, number, name), "cannot be read");
      names.push_back(name);
    }
    return names;
  }

  std::vector<double> axis(const std::string& name) const {
    int dimension = -1;
    std::size_t length = 0;
    check(nc_inq_dimid(id_, name.c_str(), &dimension), "has no dimension " + name);
    check(nc_inq_dimlen(id_, dimension, &length), "cannot be read");
    const int number = variable(name.c_str());
    if (dimensions(number) != std::vector<std::string>{name}) fail("has no coordinates " + name);
    if (length < 2) fail("has less than two points along " + name);
    std::vector<double> values(length);
    check(nc_get_var_double(id_, number, values.data()), "has unreadable coordinates " + name);
    return values;
  }

  std::vector<float> values(int variable, std::size_t count) const {
    for (const char* packing : {"scale_factor", "add_offset"}) {
      if (nc_inq_attid(id_, variable, packing, nullptr) == NC_NOERR) {
        fail(std::string("packs its values (") + packing + "): write plain metres");
      }
    }
    std::vector<float> values(count);
    check(nc_get_var_float(id_, variable, values.data()), "has unreadable values");
    const auto bad = [](float value) { return !(std::abs(value) <= kHighest); };
    const auto wrong = std::count_if(values.begin(), values.end(), bad);
    if (wrong > 0) {
      std::ostringstream text;
      text << "has " << wrong << " values that are no elevation in metres (missing, not finite or "
           << "beyond " << kHighest << "): fill them";
      fail(text.str());
    }
    return values;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(path_ + " " + what);
  }

 private:
  void check(int status, const std::string& what) const {
    if (status != NC_NOERR) fail(what + " (" + nc_strerror(status) + ")");
  }

  std::string path_;
  int id_ = -1;
};

double spacing(const File& file, const std::string& name, const std::vector<double>& axis) {
  const double step = (axis.back() - axis.front()) / static_cast<double>(axis.size() - 1);
  for (std::size_t i = 0; i < axis.size(); ++i) {
    const double even = axis.front() + static_cast<double>(i) * step;
    if (step == 0.0 || !(std::abs(axis[i] - even) <= kUneven * std::abs(step))) {
      file.fail("has coordinates " + name + " that are not evenly spaced");
    }
  }
  return step;
}

/// Turn the values round along descending axes.
void ascend(std::vector<float>& values, std::size_t nx, std::size_t ny, bool flip_x, bool flip_y) {
  for (std::size_t j = 0; flip_x && j < ny; ++j) {
    std::reverse(values.begin() + static_cast<std::ptrdiff_t>(j * nx),
                 values.begin() + static_cast<std::ptrdiff_t>((j + 1) * nx));
  }
  for (std::size_t j = 0; flip_y && j < ny / 2; ++j) {
    std::swap_ranges(values.begin() + static_cast<std::ptrdiff_t>(j * nx),
                     values.begin() + static_cast<std::ptrdiff_t>((j + 1) * nx),
                     values.begin() + static_cast<std::ptrdiff_t>((ny - 1 - j) * nx));
  }
}

/// Interval of n points that holds a position, and where in it (0 to 1).
std::pair<std::size_t, double> locate(double position, std::size_t n) {
  const double inside = std::min(std::max(position, 0.0), static_cast<double>(n - 1));
  const std::size_t index = std::min(static_cast<std::size_t>(inside), n - 2);
  return {index, inside - static_cast<double>(index)};
}

}  // namespace

Grid::Grid(double x0, double dx, std::size_t nx, double y0, double dy, std::size_t ny,
           std::vector<float> values)
    : x0_(x0), dx_(dx), y0_(y0), dy_(dy), nx_(nx), ny_(ny), values_(std::move(values)) {
  if (nx_ < 2 || ny_ < 2 || !(dx_ > 0.0) || !(dy_ > 0.0) || values_.size() != nx_ * ny_) {
    throw std::invalid_argument("a grid needs two points along x and y and a value for each");
  }
}

Grid Grid::read(const std::string& path) {
  const File file(path);
  const int variable = file.variable(kVariable);
  const std::vector<std::string> names = file.dimensions(variable);
  if (names != std::vector<std::string>{"y", "x"}) {
    std::string found;
    for (const std::string& name : names) found += (found.empty() ? "" : ", ") + name;
    file.fail(std::string("has ") + kVariable + "(" + found + "): it must be " + kVariable +
              "(y, x)");
  }
  const std::vector<double> x = file.axis("x"), y = file.axis("y");
  const double dx = spacing(file, "x", x), dy = spacing(file, "y", y);
  std::vector<float> values = file.values(variable, x.size() * y.size());
  ascend(values, x.size(), y.size(), dx < 0.0, dy < 0.0);
  return Grid(std::min(x.front(), x.back()), std::abs(dx), x.size(),
              std::min(y.front(), y.back()), std::abs(dy), y.size(), std::move(values));
}

double Grid::at(double x, double y) const {
  const std::pair<std::size_t, double> column = locate((x - x0_) / dx_, nx_);
  const std::pair<std::size_t, double> row = locate((y - y0_) / dy_, ny_);
  const float* low = values_.data() + row.first * nx_ + column.first;
  const float* high = low + nx_;
  const double left = low[0] + row.second * (static_cast<double>(high[0]) - low[0]);
  const double right = low[1] + row.second * (static_cast<double>(high[1]) - low[1]);
  return left + column.second * (right - left);
}

bool Grid::contains(double x, double y) const {
  return x >= x0_ && x <= x0_ + dx_ * static_cast<double>(nx_ - 1) && y >= y0_ &&
         y <= y0_ + dy_ * static_cast<double>(ny_ - 1);
}

}  // namespace exacouple
