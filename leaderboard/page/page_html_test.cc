// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/page/page_html.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr PageParts kParts = {
    "<meta {{policy}}><style>{{styles}}</style><script>{{libraries}}</script>"
    "<script>{{scripts}}</script>{{data}}",
    "a {}", "let d3;", "alert('{{data}}');"};

Board BoardOf(const std::vector<MethodResult>& results) {
  const auto board = MakeBoard(results);
  EXPECT_TRUE(board.ok()) << board.status();
  return *board;
}

TEST(PageHtmlTest, PutsThePartsTogether) {
  const std::string page = RenderPage(BoardOf(SampleResults()), {}, kParts);
  EXPECT_THAT(page, HasSubstr("<style>a {}</style><script>let d3;</script>"));
  EXPECT_THAT(page, HasSubstr("<script>alert('{{data}}');</script>{\"settings\":["))
      << "a part is not searched for marks of others";
  // printf 'let d3;' | openssl sha256 -binary | base64
  EXPECT_THAT(page, HasSubstr("script-src 'sha256-IWa5IJX4guovBtZl075VGy0+jpo7bR+rSEecBUUZWCk=' "
                              "'sha256-rukIuGxN8TH+flF/qOe7kGbGWNWIc1YJuCQyT+cMkVQ='>"));
}

TEST(PageHtmlTest, TextOfResultsCannotEndTheData) {
  std::vector<MethodResult> results = SampleResults();
  results[3].mutable_entries(1)->set_message("</script><script>alert(1)</script>");
  results[1].set_method("<!-- <script>");
  const std::string page = RenderPage(BoardOf(results), {}, kParts);
  EXPECT_THAT(page, Not(HasSubstr("</script><script>alert(1)")));
  EXPECT_THAT(page, HasSubstr("\\u003c/script>\\u003cscript>alert(1)\\u003c/script>"));
  EXPECT_THAT(page, HasSubstr("\"name\":\"\\u003c!-- \\u003cscript>\""));
}

TEST(PageHtmlTest, TheSameBytesFromResultsInAnyOrder) {
  std::vector<MethodResult> results = SampleResults();
  const std::string page = RenderPage(BoardOf(results), {}, LinkedPageParts());
  std::reverse(results.begin(), results.end());
  EXPECT_TRUE(RenderPage(BoardOf(results), {}, LinkedPageParts()) == page);
}

TEST(PageHtmlTest, TheLinkedPageIsWholeAndAsksForNothing) {
  const std::string page = RenderPage(BoardOf(SampleResults()), {}, LinkedPageParts());
  EXPECT_THAT(page, HasSubstr("drawPage();"));
  EXPECT_THAT(page, HasSubstr("Permission to use, copy, modify, and/or distribute"));
  for (const char* mark : {"{{policy}}", "{{styles}}", "{{libraries}}", "{{scripts}}"}) {
    EXPECT_THAT(page, Not(HasSubstr(mark)));
  }
  for (const char* request : {"<script src", "<link rel=\"stylesheet\"", "@import", "url("}) {
    EXPECT_THAT(page.substr(0, page.find("<script")), Not(HasSubstr(request)));
  }
}

}  // namespace
}  // namespace attribench
