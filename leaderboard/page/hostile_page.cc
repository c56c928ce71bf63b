// SPDX-License-Identifier: Apache-2.0
//
// Writes the page of results whose names and messages try to be HTML, for the browser test.
#include <iostream>
#include <string>
#include <vector>

#include "datasets/whole_file.h"
#include "leaderboard/page/page_html.h"
#include "leaderboard/sample_results.h"

int main(int argc, char** argv) {
  using namespace attribench;
  const std::string attack =
      "<img src=x onerror=\"document.title='taken'\">"
      "<script>document.title='taken'</script>";
  std::vector<MethodResult> results = SampleResults();
  for (MethodResult& result : results) {
    result.mutable_setting()->set_dataset(attack);
    result.mutable_setting()->set_model("</script>" + attack);
    result.set_method(result.method() + attack);
    for (Entry& entry : *result.mutable_entries()) {
      entry.set_message(attack);
      (*entry.mutable_hyperparameters())[attack] = attack;
      entry.set_absolute_damping(.1);
      (*entry.mutable_hyperparameters())["damping"] = attack;
    }
    for (const double damping : {.1, 1., 10.}) {
      GridPoint& point = *result.add_grid();
      point.set_damping(damping);
      point.set_damping_unit(attack);
      point.set_absolute_damping(damping);
      (*point.mutable_metrics())["lds"] = damping / 20;
    }
    result.mutable_provenance()->set_program_version(attack);
  }
  const auto board = MakeBoard(results);
  if (!board.ok() || argc != 2) {
    std::cerr << "hostile_page: " << board.status() << "\n";
    return 1;
  }
  const absl::StatusOr<std::string> page = RenderPage(*board, {}, LinkedPageParts());
  return page.ok() && WriteWholeFile(argv[1], *page).ok() ? 0 : 1;
}
