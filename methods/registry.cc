// SPDX-License-Identifier: Apache-2.0
#include "methods/registry.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "datasets/text_proto.h"

namespace attribench {
namespace {

struct Registration {
  std::function<std::unique_ptr<AttributionMethod>()> make;
  std::string text_proto;
  int times = 0;
};

std::map<std::string, Registration>& Registrations() {
  static auto* registrations = new std::map<std::string, Registration>;
  return *registrations;
}

absl::StatusOr<std::vector<RegisteredMethod>> ParseRegistrations() {
  std::vector<RegisteredMethod> methods;
  for (const auto& [name, registration] : Registrations()) {
    if (registration.times > 1) {
      return absl::InvalidArgumentError(absl::StrCat("two methods in this program are called ",
                                                     name, ": rename one of the targets"));
    }
    RegisteredMethod method = {name, {}, registration.make};
    if (method.make == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("method ", name,
                       " has a hyperparameter file but no code: its .cc must hold "
                       "ATTRIBENCH_REGISTER_METHOD(",
                       name, ", ...)"));
    }
    absl::Status status =
        ParseTextProto(registration.text_proto, "hyperparameter file", &method.space);
    if (status.ok()) status = ExpandNamedGrids(method.space);
    if (status.ok()) status = ValidateSpace(method.space);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("method ", name, ": ", status.message()));
    }
    methods.push_back(std::move(method));
  }
  return methods;
}

// All variants, controls included.
absl::StatusOr<std::vector<MethodVariant>> DeclaredVariants() {
  if (!RegisteredMethods().ok()) return RegisteredMethods().status();
  std::vector<MethodVariant> variants;
  std::map<std::string, std::string> method_of;
  for (const RegisteredMethod& method : *RegisteredMethods()) {
    std::vector<Variant> declared(method.space.variants().begin(), method.space.variants().end());
    if (declared.empty()) {
      declared.emplace_back();
      declared.back().set_name(method.name);
    }
    for (const Variant& variant : declared) {
      absl::StatusOr<Hyperparameters> hyperparameters =
          Hyperparameters::Make(method.space, {variant.set().begin(), variant.set().end()});
      if (!hyperparameters.ok()) return hyperparameters.status();
      const auto [taken, is_new] = method_of.emplace(variant.name(), method.name);
      if (!is_new) {
        return absl::InvalidArgumentError(absl::StrCat("methods ", taken->second, " and ",
                                                       method.name, " both have a variant called ",
                                                       variant.name()));
      }
      variants.push_back({variant.name(), &method, *std::move(hyperparameters), variant.control()});
    }
  }
  return variants;
}

}  // namespace

bool RegisterMethod(const char* name, std::function<std::unique_ptr<AttributionMethod>()> make) {
  Registrations()[name].make = std::move(make);
  return true;
}

bool RegisterHyperparameterSpace(const char* name, const char* text_proto) {
  Registrations()[name].text_proto = text_proto;
  ++Registrations()[name].times;
  return true;
}

const absl::StatusOr<std::vector<RegisteredMethod>>& RegisteredMethods() {
  static const auto* methods =
      new absl::StatusOr<std::vector<RegisteredMethod>>(ParseRegistrations());
  return *methods;
}

absl::StatusOr<std::vector<MethodVariant>> MethodVariants() {
  absl::StatusOr<std::vector<MethodVariant>> variants = DeclaredVariants();
  if (!variants.ok()) return variants.status();
  variants->erase(std::remove_if(variants->begin(), variants->end(),
                                 [](const MethodVariant& variant) { return variant.control; }),
                  variants->end());
  return variants;
}

absl::StatusOr<MethodVariant> FindMethodVariant(const std::string& name) {
  const absl::StatusOr<std::vector<MethodVariant>> variants = DeclaredVariants();
  if (!variants.ok()) return variants.status();
  std::vector<std::string> known;
  for (const MethodVariant& variant : *variants) {
    if (variant.name == name) return variant;
    known.push_back(variant.name);
  }
  return absl::NotFoundError(
      absl::StrCat("no method '", name, "'; known are ", absl::StrJoin(known, ", ")));
}

}  // namespace attribench
