// SPDX-License-Identifier: Apache-2.0
#ifndef ATTRIBENCH_LEADERBOARD_PAGE_PAGE_HTML_H_
#define ATTRIBENCH_LEADERBOARD_PAGE_PAGE_HTML_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "leaderboard/board.h"
#include "leaderboard/page/page_data.h"

namespace attribench {

// What a page is made of besides results.
struct PageParts {
  absl::string_view html;       // with {{policy}}, {{styles}}, {{data}}, {{libraries}}, {{scripts}}
  absl::string_view styles;     // CSS
  absl::string_view libraries;  // JavaScript of others, with their licences
  absl::string_view scripts;    // JavaScript of this project
};

// Those of the files in this folder, which are linked into the program.
PageParts LinkedPageParts();

// The page of a board, with the studies of its settings: one HTML file that needs no other file and
// no network. The same board gives the same bytes (with one version of zlib: the data are gzipped,
// in base 64, which takes a fifth of the bytes). ResourceExhausted without memory.
//
// Whatever results contain stays text. The browser runs the two scripts of the page, which a
// content security policy names by their digests, and no others; the scripts put names and messages
// into the page as text.
absl::StatusOr<std::string> RenderPage(const Board& board, const PageStudies& studies,
                                       const PageParts& parts);

}  // namespace attribench

#endif  // ATTRIBENCH_LEADERBOARD_PAGE_PAGE_HTML_H_
