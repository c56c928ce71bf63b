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

// A method that is linked into the program.
struct RegisteredMethod {
  std::string name;
  HyperparameterSpace space;
  std::function<std::unique_ptr<AttributionMethod>()> make;
};

// One row of the leaderboard: a method at one point of its space, the damping aside.
struct MethodVariant {
  std::string name;
  const RegisteredMethod* method;
  Hyperparameters hyperparameters;
};

// Every linked method, by name. InvalidArgument names the method whose hyperparameter file is
// wrong, or whose name two targets have.
const absl::StatusOr<std::vector<RegisteredMethod>>& RegisteredMethods();

// Every variant of every linked method. NotFound, with the names there are, for one that is not;
// InvalidArgument for a name that two have.
absl::StatusOr<std::vector<MethodVariant>> MethodVariants();
absl::StatusOr<MethodVariant> FindMethodVariant(const std::string& name);

// Called before main by the two halves of an attribution_method target: its code and its
// hyperparameter file.
bool RegisterMethod(const char* name, std::function<std::unique_ptr<AttributionMethod>()> make);
bool RegisterHyperparameterSpace(const char* name, const char* text_proto);

}  // namespace attribench

// In a method's .cc, outside any function and inside namespace attribench: registers `type` under
// the name of its Bazel target.
#define ATTRIBENCH_REGISTER_METHOD(name, type)                                                \
  [[maybe_unused]] static const bool registered_method_##name = ::attribench::RegisterMethod( \
      #name, [] { return std::unique_ptr<AttributionMethod>(new type); })

#endif  // ATTRIBENCH_METHODS_REGISTRY_H_
