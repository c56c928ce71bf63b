// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_EVALUATORS_REPLAY_REPLAY_REPORT_H_
#define ATTRIBENCH_EVALUATORS_REPLAY_REPLAY_REPORT_H_

#include <string>
#include <vector>

#include "evaluators/replay/method_replay.h"

namespace attribench {

// The choices of several tuners for one method in one setting.
struct ReplayedRow {
  std::string setting, method;
  ReplayedChoice search;                // what they are compared with
  std::vector<ReplayedChoice> choices;  // one for each tuner, in the order of `tuners`
};

// Text of at most 100 columns, unless names are long. A table for each setting, in the order of
// rows: with one tuner, its choice in full; with more, three tuners to a table. Then for each tuner
// the median and the worst share over methods, and the median shares of the cost. Failures are
// notes, in their own words. `search` is the name of the tuner that all are compared with.
std::string ReplayTables(const std::string& search, const std::vector<std::string>& tuners,
                         const std::vector<ReplayedRow>& rows);

// The same as comma-separated values, with all digits: a line of names, then one line for each
// setting, method and tuner. What does not exist is empty.
std::string ReplayCsv(const std::vector<std::string>& tuners, const std::vector<ReplayedRow>& rows);

}  // namespace attribench

#endif  // ATTRIBENCH_EVALUATORS_REPLAY_REPLAY_REPORT_H_
