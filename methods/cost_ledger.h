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
  double cpu_seconds = 0;   // of the process, all threads
  double wall_seconds = 0;  // measured here: trainings that a zoo had made before have none

  Cost& operator+=(const Cost& other);
  Cost operator*(double times) const;
};

// What an attribution cost, phase by phase. Time is measured: every moment between the opening of
// a phase and its end belongs to the innermost open phase, and to no other. All else is charged by
// those who spend it.
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
  };

  // Adds to the innermost open phase, or to "other" where none is open.
  void Charge(const Cost& cost);
  // Adds to a phase by name.
  void Charge(const std::string& phase, const Cost& cost);

  // With the open phase's time so far.
  const std::map<std::string, Cost>& phases();
  // Their sum.
  Cost Total();

 private:
  void Settle();

  std::map<std::string, Cost> phases_;
  std::string open_;     // empty: none
  double cpu_mark_ = 0;  // times that are settled
  double wall_mark_ = 0;
};

// A phase of this name is measured nowhere: for work that another charges.
inline constexpr char kUnchargedPhase[] = "-";

}  // namespace attribench

#endif  // ATTRIBENCH_METHODS_COST_LEDGER_H_
