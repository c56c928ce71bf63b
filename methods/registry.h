// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_REGISTRY_H_
#define ATTRIBENCH_METHODS_REGISTRY_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "methods/attribution_method.h"
#include "methods/hyperparameters.h"

namespace attribench {

// A method that is linked into the program. Named grids in its space are expanded.
struct RegisteredMethod {
  std::string name;
  HyperparameterSpace space;
  std::function<std::unique_ptr<AttributionMethod>()> make;
};

// One row of the leaderboard: a method with a value for each of its hyperparameters. Only the
// damping is still open.
struct MethodVariant {
  std::string name;
  const RegisteredMethod* method;
  Hyperparameters hyperparameters;
  bool control = false;  // runs only if it is named
};

// All linked methods, sorted by name. InvalidArgument if a hyperparameter file has a mistake, or if
// two targets have the same name; the message names the method.
const absl::StatusOr<std::vector<RegisteredMethod>>& RegisteredMethods();

// MethodVariants: all variants of all linked methods, controls left out. FindMethodVariant finds
// controls too; NotFound for an unknown name, the message lists the known ones. InvalidArgument if
// two variants have the same name.
absl::StatusOr<std::vector<MethodVariant>> MethodVariants();
absl::StatusOr<MethodVariant> FindMethodVariant(const std::string& name);

// Called before main, RegisterMethod by the code of an attribution_method target and
// RegisterHyperparameterSpace by its hyperparameter file.
bool RegisterMethod(const char* name, std::function<std::unique_ptr<AttributionMethod>()> make);
bool RegisterHyperparameterSpace(const char* name, const char* text_proto);

}  // namespace attribench

// Registers the class `type` under `name`, the name of its Bazel target. To be placed in the
// method's .cc, inside namespace attribench and outside any function.
#define ATTRIBENCH_REGISTER_METHOD(name, type)                                                \
  [[maybe_unused]] static const bool registered_method_##name = ::attribench::RegisterMethod( \
      #name, [] { return std::unique_ptr<AttributionMethod>(new type); })

#endif  // ATTRIBENCH_METHODS_REGISTRY_H_
