#ifndef EXACOUPLE_FACES_H
#define EXACOUPLE_FACES_H

#include <algorithm>

namespace exacouple {

/// What a polynomial in a square is on its faces, from its values at N x N nodes.
template <int N>
class Faces {
 public:
  Faces() = default;

  /// `nodes` are those of one axis, in [0, 1].
  explicit Faces(const double* nodes) {
    for (int end = 0; end < 2; ++end) {
      for (int k = 0; k < N; ++k) {
        weight_[end][k] = 1.0;
        for (int m = 0; m < N; ++m) {
          if (m != k) weight_[end][k] *= (end - nodes[m]) / (nodes[k] - nodes[m]);
        }
      }
    }
  }

  /// Least value at the nodes, and on the faces where the lines of nodes meet them.
  ///
  /// `values` has shape (N, N), y first, and lies `stride` apart.
  double least(const double* values, int stride) const {
    double found = values[0];
    for (int line = 0; line < N; ++line) {
      for (int k = 0; k < N; ++k) found = std::min(found, values[(line * N + k) * stride]);
      for (const auto& weight : weight_) {
        double along_x = 0.0, along_y = 0.0;
        for (int k = 0; k < N; ++k) {
          along_x += weight[k] * values[(line * N + k) * stride];
          along_y += weight[k] * values[(k * N + line) * stride];
        }
        found = std::min(found, std::min(along_x, along_y));
      }
    }
    return found;
  }

 private:
  double weight_[2][N] = {};
};

}  // namespace exacouple

#endif
