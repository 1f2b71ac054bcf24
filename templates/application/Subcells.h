#ifndef EXACOUPLE_SUBCELLS_H
#define EXACOUPLE_SUBCELLS_H

#include <algorithm>
#include <cmath>
#include <limits>

#include "Water.h"

namespace exacouple {

/// A limited cell: M x M finite volumes with two layers of neighbours around them.
///
/// MUSCL-Hancock: slopes of eta, h, u and v are limited, the floor at a face follows as eta - h, and
/// inside a volume the surface acts as g h delta(eta). Water at rest stays at rest over wet and dry
/// ground. The corners of the layers are unknown. What is computed of a volume must be the same in
/// its own cell and in the cell beside it, so that the volumes in the corners of a cell, whose
/// neighbours no one sees together, are predicted along either direction by itself.
///
/// `Q` holds h, hu, hv and b of the volumes and layers, shape (M + 4, M + 4, 4), y first.
template <int M>
class Subcells {
 public:
  /// Advance by dt the volumes in Q that belong to the cell.
  ///
  /// Returns the largest time step that is stable for them at a Courant number of `cfl` in two
  /// dimensions; NaN if a value is not finite.
  static double advance(double* Q, double width_x, double width_y, double dt, double g, double dry,
                        double cfl) {
    Subcells patch(Q, g, dry);
    patch.predict(0, 0.5 * dt / width_x, 0.5 * dt / width_y);
    patch.predict(1, 0.5 * dt / width_x, 0.5 * dt / width_y);
    patch.move(0, dt / width_x);
    patch.move(1, dt / width_y);
    patch.finish();
    return patch.stable(width_x, width_y, cfl);
  }

 private:
  static constexpr int kLayers = 2;
  static constexpr int kSide = M + 2 * kLayers;
  static constexpr int kFirst = kLayers, kEnd = kLayers + M;
  static constexpr double kSteepness = 1.5;

  struct State {
    double eta, h, u, v;
  };

  /// What a volume shows to the faces below and above it along one direction.
  struct Sides {
    Beside low, high;
  };

  Subcells(double* Q, double g, double dry) : Q_(Q), g_(g), dry_(dry) {
    for (int j = 0; j < kSide; ++j) {
      for (int i = 0; i < kSide; ++i) {
        const double* q = at(j, i);
        state_[j][i] = {q[H] + q[B], q[H], velocity(q[H], q[HU], dry), velocity(q[H], q[HV], dry)};
      }
    }
  }

  double* at(int j, int i) { return Q_ + (j * kSide + i) * UNKNOWNS; }

  static bool is_inside(int k) { return k >= kFirst && k < kEnd; }

  /// Whether a volume lies in the corner of a cell, be it of this one or of the one beside it.
  static bool is_corner(int j, int i) {
    const auto ends = [](int k) {
      return k == kFirst || k == kEnd - 1 || k == kFirst - 1 || k == kEnd;
    };
    return ends(j) && ends(i);
  }

  static double limited(double low, double mid, double high) {
    const double a = kSteepness * (mid - low), z = kSteepness * (high - mid);
    if (a * z <= 0.0) return 0.0;
    const double centre = 0.5 * (high - low);
    return a > 0.0 ? std::min(std::min(a, z), centre) : std::max(std::max(a, z), centre);
  }

  State slope(int j, int i, int direction) const {
    const State& low = direction == 0 ? state_[j][i - 1] : state_[j - 1][i];
    const State& mid = state_[j][i];
    const State& high = direction == 0 ? state_[j][i + 1] : state_[j + 1][i];
    State s = {limited(low.eta, mid.eta, high.eta), limited(low.h, mid.h, high.h), 0.0, 0.0};
    if (mid.h > dry_) {
      s.u = limited(low.u, mid.u, high.u);
      s.v = limited(low.v, mid.v, high.v);
    }
    return s;
  }

  /// What half a step changes along one direction: of the depth and of both velocities.
  State half_step(const State& w, const State& s, int direction, double half) const {
    State change = {0.0, 0.0, 0.0, 0.0};
    if (!(w.h > dry_)) return change;
    if (direction == 0) {
      change.h = -half * (w.u * s.h + w.h * s.u);
      change.u = -half * (w.u * s.u + g_ * s.eta);
      change.v = -half * w.u * s.v;
    } else {
      change.h = -half * (w.v * s.h + w.h * s.v);
      change.u = -half * w.v * s.u;
      change.v = -half * (w.v * s.v + g_ * s.eta);
    }
    return change;
  }

  /// Predict both sides of all volumes along a direction, in the cell and one layer beyond.
  void predict(int direction, double half_x, double half_y) {
    for (int j = kFirst - 1; j <= kEnd; ++j) {
      for (int i = kFirst - 1; i <= kEnd; ++i) {
        const bool needed = direction == 0 ? is_inside(j) : is_inside(i);
        if (needed) predict_volume(j, i, direction, half_x, half_y);
      }
    }
  }

  void predict_volume(int j, int i, int direction, double half_x, double half_y) {
    const State& w = state_[j][i];
    const State along = slope(j, i, direction);
    State change = half_step(w, along, direction, direction == 0 ? half_x : half_y);
    State across = {0.0, 0.0, 0.0, 0.0};
    if (!is_corner(j, i)) {
      across = slope(j, i, 1 - direction);
      const State more = half_step(w, across, 1 - direction, direction == 0 ? half_y : half_x);
      change.h += more.h;
      change.u += more.u;
      change.v += more.v;
    }
    if (w.h + change.h - 0.5 * std::max(std::abs(along.h), std::abs(across.h)) < 0.0) {
      change = {0.0, 0.0, 0.0, 0.0};
    }
    const double eta = w.eta + change.h, b = w.eta - w.h, b_slope = along.eta - along.h;
    const double u = w.u + change.u, v = w.v + change.v;
    const double normal = direction == 0 ? u : v, transverse = direction == 0 ? v : u;
    const double n_slope = direction == 0 ? along.u : along.v;
    const double t_slope = direction == 0 ? along.v : along.u;
    sides_[direction][j][i] = {
        {eta - 0.5 * along.eta, b - 0.5 * b_slope, normal - 0.5 * n_slope,
         transverse - 0.5 * t_slope},
        {eta + 0.5 * along.eta, b + 0.5 * b_slope, normal + 0.5 * n_slope,
         transverse + 0.5 * t_slope}};
    push_[direction][j][i] = g_ * (w.h + change.h) * along.eta;
  }

  /// Move water along a direction.
  void move(int direction, double scale) {
    const int normal = HU + direction, transverse = HV - direction;
    for (int line = kFirst; line < kEnd; ++line) {
      for (int face = kFirst; face <= kEnd; ++face) {
        const int lj = direction == 0 ? line : face - 1, li = direction == 0 ? face - 1 : line;
        const int rj = direction == 0 ? line : face, ri = direction == 0 ? face : line;
        const FaceFlux flux = hydrostatic_flux(sides_[direction][lj][li].high,
                                               sides_[direction][rj][ri].low, g_);
        if (face > kFirst) {
          double* q = at(lj, li);
          q[H] -= scale * flux.mass;
          q[normal] -= scale * (flux.normal + flux.left);
          q[transverse] -= scale * flux.transverse;
        }
        if (face < kEnd) {
          double* q = at(rj, ri);
          q[H] += scale * flux.mass;
          q[normal] += scale * (flux.normal + flux.right);
          q[transverse] += scale * flux.transverse;
        }
      }
      for (int k = kFirst; k < kEnd; ++k) {
        const int j = direction == 0 ? line : k, i = direction == 0 ? k : line;
        at(j, i)[normal] -= scale * push_[direction][j][i];
      }
    }
  }

  /// Keep depths positive and damp velocities in what is all but dry.
  void finish() {
    for (int j = kFirst; j < kEnd; ++j) {
      for (int i = kFirst; i < kEnd; ++i) {
        double* q = at(j, i);
        if (q[H] < 0.0) q[H] = 0.0;
        if (q[H] < dry_) {
          q[HU] = q[H] * velocity(q[H], q[HU], dry_);
          q[HV] = q[H] * velocity(q[H], q[HV], dry_);
        }
      }
    }
  }

  double stable(double width_x, double width_y, double cfl) {
    double step = std::numeric_limits<double>::max();
    for (int j = kFirst; j < kEnd; ++j) {
      for (int i = kFirst; i < kEnd; ++i) {
        const double* q = at(j, i);
        if (!std::isfinite(q[H] + q[HU] + q[HV] + q[B])) {
          return std::numeric_limits<double>::quiet_NaN();
        }
        const double x = wave_speed(q, 0, g_, dry_), y = wave_speed(q, 1, g_, dry_);
        if (x > 0.0) step = std::min(step, 0.5 * cfl * width_x / x);
        if (y > 0.0) step = std::min(step, 0.5 * cfl * width_y / y);
      }
    }
    return step;
  }

  double* Q_;
  double g_, dry_;
  State state_[kSide][kSide];
  Sides sides_[2][kSide][kSide];
  double push_[2][kSide][kSide];
};

}  // namespace exacouple

#endif
