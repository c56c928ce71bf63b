// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_METHODS_COST_LEDGER_H_
#define ATTRIBENCH_METHODS_COST_LEDGER_H_

#include <map>
#include <string>

namespace attribench {

struct Cost {
  double retrainings = 0;           // models trained
  double gradient_evaluations = 0;  // examples x backward passes
  double hessian_vector_products = 0;
  double flops = 0;         // floating-point operations, by formula
  double cpu_seconds = 0;   // of all threads of the process
  double wall_seconds = 0;  // measured here: 0 for trainings that the zoo had made before
  // Seconds that the program waited for a GPU and fed it. 0 for work on the CPU.
  double device_seconds = 0;

  Cost& operator+=(const Cost& other);
  Cost operator*(double times) const;
  // Each number, or 0 where it is below 0.
  Cost AtLeastZero() const;
};

// The cost of an attribution, phase by phase. The ledger measures time: each moment between the
// start and the end of a phase counts for the innermost open phase only. Everything else is charged
// by the code that spends it.
class CostLedger {
 public:
  // Opens a phase for the lifetime of the object.
  class Phase {
   public:
    Phase(CostLedger& ledger, const std::string& name);
    ~Phase();
    Phase(const Phase&) = delete;

   private:
    CostLedger& ledger_;
    std::string outer_;
    bool outer_paused_;
  };

  // Stops the clock for the lifetime of the object: for work whose cost is charged separately.
  // Phases that open during a pause are measured. Charges are not affected.
  class Pause {
   public:
    explicit Pause(CostLedger& ledger);
    ~Pause();
    Pause(const Pause&) = delete;

   private:
    CostLedger& ledger_;
    bool outer_;
  };

  // Adds to the innermost open phase, or to "other" if no phase is open.
  void Charge(const Cost& cost);
  // Adds to a phase by name.
  void Charge(const std::string& phase, const Cost& cost);

  // Includes the time of the open phase so far.
  const std::map<std::string, Cost>& phases();
  // The sum over phases.
  Cost Total();

 private:
  void Settle();

  std::map<std::string, Cost> phases_;
  std::string open_;  // empty: no phase is open
  bool paused_ = false;
  double cpu_mark_ = 0;  // time up to here is already in phases_
  double wall_mark_ = 0;
};

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_COST_LEDGER_H_
