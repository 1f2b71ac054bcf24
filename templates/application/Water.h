#ifndef EXACOUPLE_WATER_H
#define EXACOUPLE_WATER_H

#include <algorithm>
#include <cmath>

namespace exacouple {

/// Places of the unknowns: depth, discharges, sea floor.
enum Unknown { H = 0, HU = 1, HV = 2, B = 3, UNKNOWNS = 4 };

/// Discharge over depth, damped where the depth is below the dry tolerance.
inline double velocity(double h, double discharge, double dry) {
  if (!(h > 0.0)) return 0.0;
  if (h >= dry) return discharge / h;
  return 2.0 * h * discharge / (h * h + dry * dry);
}

/// Speed of the fastest wave along a direction.
inline double wave_speed(const double* Q, int direction, double g, double dry) {
  const double h = std::max(Q[H], 0.0);
  return std::abs(velocity(h, Q[HU + direction], dry)) + std::sqrt(g * h);
}

/// Flux of mass and momentum along a direction, without the force of the surface g h grad(h + b).
inline void transport(const double* Q, int direction, double dry, double* flux) {
  const double speed = velocity(Q[H], Q[HU + direction], dry);
  flux[H] = Q[HU + direction];
  flux[HU] = speed * Q[HU];
  flux[HV] = speed * Q[HV];
  flux[B] = 0.0;
}

/// Water beyond an open boundary, for waves that leave the domain.
///
/// What goes out is that of the water inside. What comes in is what a plane wave would bring that
/// leaves in the direction of its velocity, eta (1 - cos a) for an angle a to the normal, so that
/// waves along the boundary are not drained. It is never more than what goes out, so that no energy
/// enters; where the flow inside is against the wave it falls to nothing.
///
/// `outward` is +1 or -1: the sign of the outward normal along `direction`.
inline void beyond_open_boundary(const double* Q, int direction, double outward, double g,
                                 double dry, double* out) {
  std::copy(Q, Q + UNKNOWNS, out);
  const double h = Q[H];
  if (!(h > dry)) return;
  const double c = std::sqrt(g * h), eta = h + Q[B];
  const double along = outward * Q[HU + direction] / c, across = Q[HV - direction] / c;
  const double sign = eta < 0.0 ? -1.0 : 1.0, leaving = sign * along;
  const double speed = std::hypot(along, across);
  double in = sign * std::max(0.0, std::abs(eta) - std::abs(along));
  if (leaving >= 0.0) in = speed > 0.0 ? eta * (1.0 - leaving / speed) : eta;
  const double wave = 0.5 * (eta + along + in);
  out[H] = wave - Q[B];
  out[HU + direction] = outward * c * 0.5 * (eta + along - in);
}

/// Water beside a face, seen along its normal.
struct Beside {
  double eta, b, normal, transverse;
};

/// Flux through a face. `left` and `right` are P* - g h*^2 / 2 seen from either side, where P* is
/// the pressure at the face and h* the depth above the higher floor.
struct FaceFlux {
  double mass, normal, transverse, left, right;
};

/// HLL flux of the hydrostatic reconstruction of Audusse et al. (2004, SIAM J. Sci. Comput. 25,
/// 2050-2065).
///
/// The pressure is kept as a difference, so that nothing is left of it where water is at rest.
inline FaceFlux hydrostatic_flux(const Beside& l, const Beside& r, double g) {
  FaceFlux flux = {0.0, 0.0, 0.0, 0.0, 0.0};
  const double crest = std::max(l.b, r.b);
  const double h_l = std::max(0.0, l.eta - crest), h_r = std::max(0.0, r.eta - crest);
  if (h_l == 0.0 && h_r == 0.0) return flux;
  const double c_l = std::sqrt(g * h_l), c_r = std::sqrt(g * h_r);
  double u_l = l.normal, u_r = r.normal, slow, fast;
  if (h_l == 0.0) {
    slow = u_r - 2.0 * c_r;
    fast = u_r + c_r;
    u_l = 0.0;
  } else if (h_r == 0.0) {
    slow = u_l - c_l;
    fast = u_l + 2.0 * c_l;
    u_r = 0.0;
  } else {
    const double root_l = std::sqrt(h_l), root_r = std::sqrt(h_r);
    const double mean = (root_l * u_l + root_r * u_r) / (root_l + root_r);
    const double c = std::sqrt(0.5 * g * (h_l + h_r));
    slow = std::min(u_l - c_l, mean - c);
    fast = std::max(u_r + c_r, mean + c);
  }
  slow = std::min(slow, 0.0);
  fast = std::max(fast, 0.0);
  const double p_l = h_l * u_l, p_r = h_r * u_r, span = 1.0 / (fast - slow);
  flux.mass = (fast * p_l - slow * p_r + slow * fast * (h_r - h_l)) * span;
  flux.normal = (fast * p_l * u_l - slow * p_r * u_r + slow * fast * (p_r - p_l)) * span;
  flux.transverse = flux.mass * (flux.mass > 0.0 ? l.transverse : r.transverse);
  const double step = 0.5 * g * (h_l - h_r) * (h_l + h_r) * span;
  flux.left = slow * step;
  flux.right = fast * step;
  return flux;
}

}  // namespace exacouple

#endif
