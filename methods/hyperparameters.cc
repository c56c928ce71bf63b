// SPDX-License-Identifier: Apache-2.0
#include "methods/hyperparameters.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace attribench {
namespace {

absl::Status Refused(const Hyperparameter& h, const std::string& value, const std::string& bound) {
  return absl::InvalidArgumentError(
      absl::StrCat("hyperparameter ", h.name(), " is '", value, "', must be ", bound));
}

absl::Status CheckValue(const Hyperparameter& h, const std::string& value) {
  if (h.kind() == Hyperparameter::CHOICE) {
    if (std::find(h.grid().begin(), h.grid().end(), value) != h.grid().end())
      return absl::OkStatus();
    return Refused(h, value, absl::StrCat("one of ", absl::StrJoin(h.grid(), ", ")));
  }
  double number = 0;
  int64_t integer = 0;
  if (h.kind() == Hyperparameter::INTEGER) {
    if (!absl::SimpleAtoi(value, &integer)) return Refused(h, value, "an integer");
    number = static_cast<double>(integer);
  } else if (!absl::SimpleAtod(value, &number) || !std::isfinite(number)) {
    return Refused(h, value, "a finite number");
  }
  if (h.has_minimum() && number < h.minimum())
    return Refused(h, value, absl::StrCat("at least ", h.minimum()));
  if (h.has_maximum() && number > h.maximum())
    return Refused(h, value, absl::StrCat("at most ", h.maximum()));
  if (h.kind() == Hyperparameter::DAMPING && number < 0) return Refused(h, value, "at least 0");
  return absl::OkStatus();
}

const Hyperparameter* Find(const HyperparameterSpace& space, const std::string& name) {
  for (const Hyperparameter& h : space.hyperparameters()) {
    if (h.name() == name) return &h;
  }
  return nullptr;
}

double Number(const std::string& text) {
  double number = 0;
  (void)absl::SimpleAtod(text, &number);
  return number;
}

struct NamedGrid {
  std::string name;
  DampingUnit unit;
  std::vector<std::string> values;
};

const std::vector<NamedGrid>& NamedGrids() {
  // The best damping differs by orders of magnitude between settings and methods, hence ten
  // decades. The mean eigenvalue is the unit because it makes dampings of different models
  // comparable. Two values per decade are enough to show the curve of the LDS, and keep a grid
  // search at 21 scorings.
  static const auto* grids = new std::vector<NamedGrid>{
      {"relative_damping",
       RELATIVE_TO_MEAN_EIGENVALUE,
       {"1e-6",    "3.16e-6", "1e-5",    "3.16e-5", "1e-4",    "3.16e-4", "1e-3",
        "3.16e-3", "1e-2",    "3.16e-2", "1e-1",    "3.16e-1", "1",       "3.16",
        "1e1",     "3.16e1",  "1e2",     "3.16e2",  "1e3",     "3.16e3",  "1e4"}}};
  return *grids;
}

absl::StatusOr<NamedGrid> FindNamedGrid(const Hyperparameter& h) {
  std::vector<std::string> known;
  for (const NamedGrid& grid : NamedGrids()) {
    if (grid.name == h.named_grid()) return grid;
    known.push_back(grid.name);
  }
  return absl::InvalidArgumentError(absl::StrCat("hyperparameter ", h.name(), " has named_grid '",
                                                 h.named_grid(),
                                                 "'; known are: ", absl::StrJoin(known, ", ")));
}

}  // namespace

absl::Status ExpandNamedGrids(HyperparameterSpace& space) {
  for (Hyperparameter& h : *space.mutable_hyperparameters()) {
    if (h.named_grid().empty()) continue;
    const absl::StatusOr<NamedGrid> grid = FindNamedGrid(h);
    if (!grid.ok()) return grid.status();
    if (h.grid_size() > 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "hyperparameter ", h.name(), " has both grid and named_grid, must have one of them"));
    }
    const bool is_damping = h.kind() == Hyperparameter::DAMPING;
    if (!is_damping || h.damping_unit() != grid->unit) {
      const std::string unit =
          is_damping ? absl::StrCat(" in ", DampingUnit_Name(h.damping_unit())) : "";
      return absl::InvalidArgumentError(absl::StrCat(
          "hyperparameter ", h.name(), " is ", Hyperparameter::Kind_Name(h.kind()), unit,
          "; named_grid ", grid->name, " is for DAMPING in ", DampingUnit_Name(grid->unit)));
    }
    for (const std::string& value : grid->values) h.add_grid(value);
    h.clear_named_grid();
  }
  return absl::OkStatus();
}

std::vector<Damping> RelativeDampingGrid() {
  const NamedGrid& grid = NamedGrids().front();
  std::vector<Damping> dampings;
  for (const std::string& value : grid.values) dampings.push_back({Number(value), grid.unit});
  return dampings;
}

const Hyperparameter* DampingOf(const HyperparameterSpace& space) {
  for (const Hyperparameter& h : space.hyperparameters()) {
    if (h.kind() == Hyperparameter::DAMPING) return &h;
  }
  return nullptr;
}

absl::Status ValidateSpace(const HyperparameterSpace& declared) {
  HyperparameterSpace space = declared;
  if (const absl::Status status = ExpandNamedGrids(space); !status.ok()) return status;
  int dampings = 0;
  for (const Hyperparameter& h : space.hyperparameters()) {
    if (h.name().empty()) return absl::InvalidArgumentError("a hyperparameter has no name");
    if (Find(space, h.name()) != &h) {
      return absl::InvalidArgumentError(
          absl::StrCat("hyperparameter ", h.name(), " is declared twice"));
    }
    if (h.kind() == Hyperparameter::KIND_UNSPECIFIED) {
      return absl::InvalidArgumentError(absl::StrCat(
          "hyperparameter ", h.name(), " has no kind; known are INTEGER, REAL, CHOICE, DAMPING"));
    }
    if (h.kind() == Hyperparameter::DAMPING) {
      ++dampings;
    } else if (h.default_tuners_size() > 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "hyperparameter ", h.name(), " has default_tuners; only a DAMPING is tuned"));
    }
    if (const absl::Status status = CheckValue(h, h.default_value()); !status.ok()) return status;
    for (int i = 0; i < h.grid_size(); ++i) {
      if (const absl::Status status = CheckValue(h, h.grid(i)); !status.ok()) return status;
      if (h.kind() != Hyperparameter::CHOICE && i > 0 &&
          Number(h.grid(i)) <= Number(h.grid(i - 1))) {
        return absl::InvalidArgumentError(
            absl::StrCat("the grid of ", h.name(), " does not ascend at ", h.grid(i)));
      }
    }
  }
  if (dampings > 1)
    return absl::InvalidArgumentError("a space has at most one hyperparameter of kind DAMPING");
  if (space.facts().checkpoints() == MethodFacts::FULL_OR_HALF_DATA) {
    const Hyperparameter* kind = Find(space, "checkpoint_kind");
    const auto is_known = [](const std::string& value) {
      return value == "full_data" || value == "half_data";
    };
    if (kind == nullptr || kind->kind() != Hyperparameter::CHOICE ||
        !std::all_of(kind->grid().begin(), kind->grid().end(), is_known)) {
      return absl::InvalidArgumentError(
          "facts.checkpoints is FULL_OR_HALF_DATA, so there must be a hyperparameter "
          "checkpoint_kind of kind CHOICE with values full_data and half_data");
    }
  }
  for (const Variant& variant : space.variants()) {
    const absl::Status status =
        Hyperparameters::Make(space, {variant.set().begin(), variant.set().end()}).status();
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("variant ", variant.name(), ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Hyperparameters> Hyperparameters::Make(
    const HyperparameterSpace& space, const std::map<std::string, std::string>& overrides) {
  Hyperparameters result;
  result.space_ = space;
  if (const absl::Status status = ExpandNamedGrids(result.space_); !status.ok()) return status;
  for (const Hyperparameter& h : space.hyperparameters())
    result.values_[h.name()] = h.default_value();
  for (const auto& [name, value] : overrides) {
    const Hyperparameter* h = Find(space, name);
    if (h == nullptr) {
      std::vector<std::string> known;
      for (const auto& [known_name, unused] : result.values_) known.push_back(known_name);
      return absl::InvalidArgumentError(
          absl::StrCat("no hyperparameter '", name,
                       "'; known are: ", known.empty() ? "none" : absl::StrJoin(known, ", ")));
    }
    if (const absl::Status status = CheckValue(*h, value); !status.ok()) return status;
    result.values_[name] = value;
  }
  return result;
}

absl::StatusOr<Hyperparameters> Hyperparameters::With(const std::string& name,
                                                      const std::string& value) const {
  std::map<std::string, std::string> values = values_;
  values[name] = value;
  Hyperparameters result;
  result.space_ = space_;
  const Hyperparameter* h = Find(space_, name);
  if (h == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("no hyperparameter '", name, "'"));
  }
  if (const absl::Status status = CheckValue(*h, value); !status.ok()) return status;
  result.values_ = std::move(values);
  return result;
}

const std::string& Hyperparameters::Value(const std::string& name,
                                          Hyperparameter::Kind kind) const {
  const Hyperparameter* h = Find(space_, name);
  if (h == nullptr || h->kind() != kind) {
    std::fprintf(stderr, "the hyperparameter file declares no %s '%s'\n",
                 Hyperparameter::Kind_Name(kind).c_str(), name.c_str());
    std::abort();
  }
  return values_.at(name);
}

int64_t Hyperparameters::Integer(const std::string& name) const {
  int64_t value = 0;
  (void)absl::SimpleAtoi(Value(name, Hyperparameter::INTEGER), &value);
  return value;
}

double Hyperparameters::Real(const std::string& name) const {
  return Number(Value(name, Hyperparameter::REAL));
}

const std::string& Hyperparameters::Choice(const std::string& name) const {
  return Value(name, Hyperparameter::CHOICE);
}

bool Hyperparameters::HasDamping() const { return DampingOf(space_) != nullptr; }

Damping Hyperparameters::DefaultDamping() const {
  const Hyperparameter* h = DampingOf(space_);
  return {Number(values_.at(h->name())), h->damping_unit()};
}

std::vector<Damping> Hyperparameters::DampingGrid() const {
  const Hyperparameter* h = DampingOf(space_);
  std::vector<Damping> grid;
  for (const std::string& value : h->grid()) grid.push_back({Number(value), h->damping_unit()});
  return grid;
}

std::vector<std::string> Hyperparameters::DefaultTuners() const {
  const auto& names = DampingOf(space_)->default_tuners();
  return {names.begin(), names.end()};
}

}  // namespace attribench
