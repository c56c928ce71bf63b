// SPDX-License-Identifier: Apache-2.0
#include "methods/cost_ledger.h"

#include <algorithm>

#include "datasets/clock.h"

namespace attribench {

Cost& Cost::operator+=(const Cost& other) {
  retrainings += other.retrainings;
  gradient_evaluations += other.gradient_evaluations;
  hessian_vector_products += other.hessian_vector_products;
  flops += other.flops;
  cpu_seconds += other.cpu_seconds;
  wall_seconds += other.wall_seconds;
  device_seconds += other.device_seconds;
  return *this;
}

Cost Cost::operator*(double times) const {
  return {retrainings * times,   gradient_evaluations * times, hessian_vector_products * times,
          flops * times,         cpu_seconds * times,          wall_seconds * times,
          device_seconds * times};
}

Cost Cost::AtLeastZero() const {
  Cost cost = *this;
  for (double* number :
       {&cost.retrainings, &cost.gradient_evaluations, &cost.hessian_vector_products, &cost.flops,
        &cost.cpu_seconds, &cost.wall_seconds, &cost.device_seconds}) {
    *number = std::max(0.0, *number);
  }
  return cost;
}

CostLedger::Phase::Phase(CostLedger& ledger, const std::string& name) : ledger_(ledger) {
  ledger_.Settle();
  outer_ = ledger_.open_;
  outer_paused_ = ledger_.paused_;
  ledger_.open_ = name;
  ledger_.paused_ = false;
}

CostLedger::Phase::~Phase() {
  ledger_.Settle();
  ledger_.open_ = outer_;
  ledger_.paused_ = outer_paused_;
}

CostLedger::Pause::Pause(CostLedger& ledger) : ledger_(ledger), outer_(ledger.paused_) {
  ledger_.Settle();
  ledger_.paused_ = true;
}

CostLedger::Pause::~Pause() {
  ledger_.Settle();
  ledger_.paused_ = outer_;
}

void CostLedger::Settle() {
  const double cpu = ProcessCpuSeconds(), wall = WallSeconds();
  if (!open_.empty() && !paused_) {
    phases_[open_].cpu_seconds += cpu - cpu_mark_;
    phases_[open_].wall_seconds += wall - wall_mark_;
  }
  cpu_mark_ = cpu;
  wall_mark_ = wall;
}

void CostLedger::Charge(const Cost& cost) { Charge(open_.empty() ? "other" : open_, cost); }

void CostLedger::Charge(const std::string& phase, const Cost& cost) { phases_[phase] += cost; }

const std::map<std::string, Cost>& CostLedger::phases() {
  Settle();
  return phases_;
}

Cost CostLedger::Total() {
  Cost total;
  for (const auto& [name, cost] : phases()) total += cost;
  return total;
}

}  // namespace attribench
