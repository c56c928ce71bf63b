// SPDX-License-Identifier: Apache-2.0
#include "methods/cost_ledger.h"

#include "datasets/clock.h"
#include "gtest/gtest.h"

namespace attribench {
namespace {

void Burn(double cpu_seconds) {
  const double start = ProcessCpuSeconds();
  while (ProcessCpuSeconds() - start < cpu_seconds) {
  }
}

Cost Flops(double flops) {
  Cost cost;
  cost.flops = flops;
  return cost;
}

TEST(CostLedgerTest, ChargesGoToTheInnermostOpenPhase) {
  CostLedger ledger;
  ledger.Charge(Flops(1));
  {
    const CostLedger::Phase outer(ledger, "outer");
    ledger.Charge(Flops(10));
    {
      const CostLedger::Phase inner(ledger, "inner");
      ledger.Charge(Flops(100));
    }
    ledger.Charge(Flops(1000));
    ledger.Charge("named", Flops(10000));
  }
  EXPECT_EQ(ledger.phases().at("other").flops, 1);
  EXPECT_EQ(ledger.phases().at("outer").flops, 1010);
  EXPECT_EQ(ledger.phases().at("inner").flops, 100);
  EXPECT_EQ(ledger.phases().at("named").flops, 10000);
}

TEST(CostLedgerTest, EveryMomentBelongsToOnePhaseAndTheTotalIsTheSum) {
  CostLedger ledger;
  const double start = ProcessCpuSeconds();
  {
    const CostLedger::Phase outer(ledger, "outer");
    Burn(0.02);
    {
      const CostLedger::Phase inner(ledger, "inner");
      Burn(0.03);
    }
    {
      const CostLedger::Pause pause(ledger);
      Burn(0.04);
    }
  }
  const double elapsed = ProcessCpuSeconds() - start;
  Burn(0.01);  // no phase is open
  const double outer = ledger.phases().at("outer").cpu_seconds,
               inner = ledger.phases().at("inner").cpu_seconds;
  EXPECT_GE(outer, 0.02);
  EXPECT_GE(inner, 0.03);
  EXPECT_LE(outer + inner, elapsed - 0.04);
  EXPECT_EQ(ledger.phases().size(), 2);
  EXPECT_DOUBLE_EQ(ledger.Total().cpu_seconds, outer + inner);
}

TEST(CostTest, SumsAndMultiples) {
  Cost a = {1, 2, 3, 4, 5, 6};
  a += a * 2;
  EXPECT_EQ(a.retrainings, 3);
  EXPECT_EQ(a.gradient_evaluations, 6);
  EXPECT_EQ(a.hessian_vector_products, 9);
  EXPECT_EQ(a.flops, 12);
  EXPECT_EQ(a.cpu_seconds, 15);
  EXPECT_EQ(a.wall_seconds, 18);
}

TEST(CostTest, AtLeastZero) {
  const Cost cost = Cost{1, -2, 3, -4, 5, -6}.AtLeastZero();
  EXPECT_EQ(cost.retrainings, 1);
  EXPECT_EQ(cost.gradient_evaluations, 0);
  EXPECT_EQ(cost.hessian_vector_products, 3);
  EXPECT_EQ(cost.flops, 0);
  EXPECT_EQ(cost.cpu_seconds, 5);
  EXPECT_EQ(cost.wall_seconds, 0);
}

// A phase that opens during a pause is measured; the pause goes on after it.
TEST(CostLedgerTest, APhaseWithinAPauseIsMeasured) {
  CostLedger ledger;
  {
    const CostLedger::Phase outer(ledger, "outer");
    const CostLedger::Pause pause(ledger);
    Burn(0.02);
    {
      const CostLedger::Phase inner(ledger, "inner");
      Burn(0.03);
    }
    Burn(0.02);
  }
  EXPECT_GE(ledger.phases().at("inner").cpu_seconds, 0.03);
  EXPECT_LT(ledger.Total().cpu_seconds - ledger.phases().at("inner").cpu_seconds, 0.02);
}

}  // namespace
}  // namespace attribench
