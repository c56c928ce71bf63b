// SPDX-License-Identifier: Apache-2.0
#include "datasets/formats/glyphs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "datasets/fnv.h"
#include "datasets/random_stream.h"

namespace attribench {
namespace {

constexpr int kSide = 28;
constexpr int kPiecesPerSpan = 8;

struct Point {
  double x, y;  // x to the right, y down
};

struct Knot {
  double x, y;  // in a box of 20 x 20 with centre (10, 10)
  bool corner = false;
};

using Stroke = std::vector<Knot>;
using Style = std::vector<Stroke>;

constexpr bool kCorner = true;

// The styles of each digit.
// clang-format off
const std::array<std::vector<Style>, 10>& Styles() {
  static const auto& styles = *new std::array<std::vector<Style>, 10>{{
      // 0
      {{{{13, 1.2}, {8.5, 0.8}, {4.8, 6}, {4.6, 13}, {8, 19.2}, {12, 19}, {15.4, 14}, {15.4, 6},
         {12.4, 1.4}, {9.6, 0.4}}}},
      // 1
      {{{{10, 0}, {10, 10}, {10, 20}}},
       {{{6.5, 4.5}, {10.5, 0, kCorner}, {10.5, 20}}},
       {{{6.5, 4.5}, {10.5, 0, kCorner}, {10.5, 20}}, {{6, 20}, {15, 20}}}},
      // 2
      {{{{4.5, 5}, {7, 1}, {12, 0.5}, {15, 4.5}, {13, 10}, {8.5, 15}, {4, 19.5, kCorner},
         {16, 19.5}}},
       {{{4.5, 4}, {8.5, 0.5}, {13, 1.5}, {14, 6}, {11, 12.5}, {7, 18.5}, {4.2, 19}, {4.2, 16.2},
         {7, 15.6}, {11, 18.6}, {16, 19}}}},
      // 3
      {{{{5, 2.5}, {9, 0}, {14, 2}, {13.5, 7}, {8.5, 9.5, kCorner}, {14, 11.5}, {15, 16},
         {11, 20}, {4.8, 18}}},
       {{{4.5, 0.5}, {15, 0.5, kCorner}, {9, 8, kCorner}, {14, 10.5}, {15, 15.5}, {11, 20},
         {4.8, 18.2}}}},
      // 4
      {{{{6, 0}, {4, 11, kCorner}, {16.5, 11}}, {{13.5, 3}, {13, 11}, {12.5, 20}}},
       {{{12.5, 20}, {12.5, 0, kCorner}, {3.5, 13, kCorner}, {17, 13}}},
       {{{5.5, 1}, {5, 8}, {8, 11}, {13.5, 8}}, {{14, 1}, {13.5, 10}, {12.5, 20}}}},
      // 5
      {{{{15, 0.5}, {6.5, 0.5, kCorner}, {5.5, 8.5, kCorner}, {10, 7.3}, {14.6, 10.5}, {14.6, 16},
         {10, 20}, {4.5, 18.5}}},
       {{{6.5, 1}, {5.8, 8.5, kCorner}, {10.5, 7.5}, {14.8, 11}, {14, 17}, {9, 20}, {4.5, 18.5}},
        {{6.5, 1.2}, {15.5, 0}}}},
      // 6
      {{{{13, 0}, {8, 4}, {5, 11}, {6, 17.5}, {10.5, 20}, {14.6, 16.8}, {13.8, 12.2}, {9.8, 10.8},
         {5.6, 14.5}}},
       {{{9, 0}, {6, 8}, {5, 15}, {8, 19.6}, {13, 18.6}, {14.2, 14}, {10.5, 11.5}, {5.8, 15}}}},
      // 7
      {{{{4, 1}, {16, 1, kCorner}, {8.5, 20}}},
       {{{4, 1}, {16, 1, kCorner}, {11, 10}, {8.5, 20}}, {{7.5, 10.5}, {15, 10}}},
       {{{4, 4}, {4.6, 1, kCorner}, {15.5, 1, kCorner}, {11.5, 9}, {9.5, 20}}}},
      // 8
      {{{{14.5, 3.5}, {10, 0}, {5.6, 3.4}, {7.6, 8}, {12.4, 11.4}, {14.6, 16}, {10, 20},
         {5.4, 16.4}, {7.6, 11.6}, {12.4, 8}, {14.6, 4.4}, {13.4, 1.4}}},
       {{{10.5, 0}, {6.4, 2.2}, {6.4, 6.6}, {10, 9}, {13.8, 6.6}, {13.8, 2.4}, {9.8, 0}},
        {{10, 9}, {5.4, 12}, {5.4, 17}, {10, 20}, {14.8, 17}, {14.8, 12}, {9.6, 9}}}},
      // 9
      {{{{14.2, 4}, {10, 0.4}, {5.6, 3}, {5.6, 7.8}, {9.5, 10}, {13.4, 7.6}, {14.2, 3, kCorner},
         {13.6, 11}, {12.6, 20}}},
       {{{14.4, 3.6}, {10, 0}, {5.6, 3.4}, {6.4, 8.6}, {11, 9.4}, {14.4, 4.6, kCorner}, {14.4, 12},
         {12, 18.4}, {6, 19}}}},
  }};
  return styles;
}
// clang-format on

// Uniform on [low, high].
double Between(RandomStream& stream, double low, double high) {
  return low + (high - low) * stream.Uniform();
}

// Close to a normal distribution, without library functions: the sum of 9 uniform numbers on
// [-1/2, 1/2] has variance 9/12, so it is divided by sqrt(9/12).
double Bell(RandomStream& stream) {
  double sum = -4.5;
  for (int i = 0; i < 9; ++i) sum += stream.Uniform();
  return sum / 0.8660254037844386;
}

// Appends to `path` the points of a smooth curve through `points`: cubic Hermite spans with
// Catmull-Rom slopes, and slope 0 at corners.
void Flatten(const std::vector<Point>& points, const Stroke& stroke, std::vector<Point>& path) {
  const int n = static_cast<int>(points.size());
  const auto slope = [&](int i) -> Point {
    if (stroke[i].corner) return {0, 0};
    const Point& a = points[std::max(i - 1, 0)];
    const Point& b = points[std::min(i + 1, n - 1)];
    return {(b.x - a.x) / 2, (b.y - a.y) / 2};
  };
  path.push_back(points[0]);
  for (int i = 0; i + 1 < n; ++i) {
    const Point a = points[i], b = points[i + 1], u = slope(i), v = slope(i + 1);
    for (int k = 1; k <= kPiecesPerSpan; ++k) {
      const double t = static_cast<double>(k) / kPiecesPerSpan, r = 1 - t;
      const double from = r * r * (1 + 2 * t), to = t * t * (3 - 2 * t);
      const double out = t * r * r, in = -t * t * r;
      path.push_back({from * a.x + to * b.x + out * u.x + in * v.x,
                      from * a.y + to * b.y + out * u.y + in * v.y});
    }
  }
}

// For each pixel, the squared distance from its centre to the nearest stroke so far.
using SquaredDistances = std::array<double, kSide * kSide>;

// Lowers the distances of the pixels within `reach` of a segment.
void AddSegment(const Point& a, const Point& b, double reach, SquaredDistances& square) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const auto clip = [](double z) {
    return static_cast<int>(std::min(std::max(z, 0.0), static_cast<double>(kSide)));
  };
  const int left = clip(std::min(a.x, b.x) - reach), right = clip(std::max(a.x, b.x) + reach + 1);
  const int top = clip(std::min(a.y, b.y) - reach), bottom = clip(std::max(a.y, b.y) + reach + 1);
  for (int row = top; row < bottom; ++row) {
    for (int column = left; column < right; ++column) {
      const double px = column + 0.5 - a.x, py = row + 0.5 - a.y;
      const double along = length > 0 ? (px * dx + py * dy) / length : 0;
      const double t = std::min(std::max(along, 0.0), 1.0);
      const double ex = px - t * dx, ey = py - t * dy;
      double& best = square[row * kSide + column];
      best = std::min(best, ex * ex + ey * ey);
    }
  }
}

// How one image differs from the style of its digit.
struct Variation {
  double wobble;  // of the control points, in their units
  double cosine, sine, shear, scale_x, scale_y, shift_x, shift_y;
  double radius, brightness;  // of the stroke
  double noise;               // of the pixels
  bool broken;                // the first stroke has a gap
  double broken_at, broken_part;
  bool stray;  // there is an extra stroke

  Point Place(double x, double y) const {
    const double u = scale_x * (x - 10 - shear * (y - 10)), v = scale_y * (y - 10);
    return {cosine * u - sine * v + shift_x, sine * u + cosine * v + shift_y};
  }
  double reach() const { return radius + 1; }
};

// The order of the draws decides the bytes of the images.
Variation DrawVariation(RandomStream& stream) {
  Variation v;
  const double careless = stream.Uniform();
  const double sloppy = 0.5 + 1.2 * careless * careless * careless;
  v.wobble = 0.85 * sloppy;
  // The angle is twice the arc tangent of `turn`: 15 degrees for 0.13.
  const double turn = Between(stream, -0.13, 0.13);
  v.cosine = (1 - turn * turn) / (1 + turn * turn);
  v.sine = 2 * turn / (1 + turn * turn);
  v.shear = 0.17 * Bell(stream);
  const double scale = Between(stream, 0.78, 1.04);
  v.scale_x = scale * Between(stream, 0.75, 1.2);
  v.scale_y = scale * Between(stream, 0.88, 1.06);
  v.shift_x = 14 + 0.9 * Bell(stream);
  v.shift_y = 14 + 0.9 * Bell(stream);
  v.radius = Between(stream, 0.7, 1.6);
  v.brightness = Between(stream, 0.75, 1);
  const double noisy = stream.Uniform();
  v.noise = 0.1 * noisy * noisy;
  v.broken = stream.Uniform() < 0.15;
  v.broken_at = stream.Uniform();
  v.broken_part = Between(stream, 0.1, 0.25);
  v.stray = stream.Uniform() < 0.1;
  return v;
}

void AddStroke(RandomStream& stream, const Stroke& stroke, const Variation& variation, bool broken,
               SquaredDistances& square) {
  std::vector<Point> points, path;
  for (const Knot& knot : stroke) {
    const double x = knot.x + variation.wobble * Bell(stream);
    const double y = knot.y + variation.wobble * Bell(stream);
    points.push_back(variation.Place(x, y));
  }
  Flatten(points, stroke, path);
  const size_t chords = path.size() - 1;
  const double gap = broken ? variation.broken_part * chords : 0;
  const double gap_start = variation.broken_at * (chords - gap);
  for (size_t i = 0; i < chords; ++i) {
    if (i >= gap_start && i < gap_start + gap) continue;
    AddSegment(path[i], path[i + 1], variation.reach(), square);
  }
}

void AddStrayStroke(RandomStream& stream, const Variation& variation, SquaredDistances& square) {
  const double x = Between(stream, 3, 25), y = Between(stream, 3, 25);
  const double dx = 2 * Bell(stream), dy = 2 * Bell(stream);
  AddSegment({x, y}, {x + dx, y + dy}, variation.reach(), square);
}

void Paint(RandomStream& stream, const Variation& variation, const SquaredDistances& square,
           uint8_t* pixels) {
  for (int i = 0; i < kSide * kSide; ++i) {
    const double cover =
        std::min(std::max(variation.radius + 0.5 - std::sqrt(square[i]), 0.0), 1.0);
    const double grain = variation.noise * Bell(stream);
    // Away from the strokes, only strong noise is visible.
    const double level = variation.brightness * cover + (cover > 0 ? grain : grain - 0.08);
    pixels[i] = static_cast<uint8_t>(255 * std::min(std::max(level, 0.0), 1.0) + 0.5);
  }
}

void DrawOne(RandomStream& stream, int digit, uint8_t* pixels) {
  const std::vector<Style>& styles = Styles()[digit];
  const Style& style = styles[stream.Below(styles.size())];
  const Variation variation = DrawVariation(stream);
  SquaredDistances square;
  square.fill(1e9);
  for (size_t s = 0; s < style.size(); ++s) {
    AddStroke(stream, style[s], variation, s == 0 && variation.broken, square);
  }
  if (variation.stray) AddStrayStroke(stream, variation, square);
  Paint(stream, variation, square, pixels);
}

}  // namespace

RawImages DrawGlyphs(uint64_t seed, absl::string_view split, int64_t count) {
  RawImages result;
  result.height = kSide;
  result.width = kSide;
  result.pixels.resize(count * kSide * kSide);
  result.labels.resize(count);
  const uint64_t split_hash = Fnv1a(split);
  for (int64_t i = 0; i < count; ++i) {
    RandomStream stream(seed, "glyph", {split_hash, static_cast<uint64_t>(i)});
    const int digit = static_cast<int>(stream.Below(10));
    result.labels[i] = static_cast<uint8_t>(digit);
    DrawOne(stream, digit, &result.pixels[i * kSide * kSide]);
  }
  return result;
}

}  // namespace attribench
