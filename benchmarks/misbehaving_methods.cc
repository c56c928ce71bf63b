// SPDX-License-Identifier: Apache-2.0
//
// Methods that do what no method should, each as its name says. They test what `run` makes of it.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "ATen/ATen.h"
#include "methods/attribution_method.h"
#include "methods/registry.h"

namespace attribench {
namespace {

class Misbehaving : public AttributionMethod {
 public:
  explicit Misbehaving(std::string way) : way_(std::move(way)) {}

  absl::StatusOr<std::unique_ptr<FittedAttribution>> Fit(const AttributionTask& task,
                                                         const Hyperparameters&,
                                                         CostLedger&) override {
    if (way_ == "exits_with_0") std::exit(0);
    if (way_ == "exits_with_3") std::exit(3);
    if (way_ == "killed") raise(SIGKILL);
    if (way_ == "terminated") raise(SIGTERM);
    if (way_ == "sleeps") {  // and says which process it is
      if (const char* path = std::getenv("SLEEPER_PID_FILE"))
        std::ofstream(path) << getpid() << "\n";
      sleep(100);
    }
    if (way_ == "loses_the_zoo") {
      std::filesystem::remove_all(std::getenv("ZOO_TO_LOSE"));
      return task.checkpoint(CheckpointKind::kFullData, 0).status();
    }
    return MakeUndampedAttribution(at::zeros({task.train.size(), task.test.size() + 5}));
  }

 private:
  std::string way_;
};

[[maybe_unused]] const bool registered = [] {
  for (const char* way : {"exits_with_0", "exits_with_3", "killed", "terminated", "sleeps",
                          "too_wide", "loses_the_zoo"}) {
    RegisterHyperparameterSpace(way, "summary: 's' source: 'a test' informative: true");
    RegisterMethod(way, [way] { return std::make_unique<Misbehaving>(way); });
  }
  return true;
}();

}  // namespace
}  // namespace attribench
