// SPDX-License-Identifier: Apache-2.0
#include "leaderboard/page/page_html.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "datasets/formats/unpacked_file.h"
#include "datasets/whole_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "leaderboard/sample_results.h"

namespace attribench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr PageParts kParts = {
    "<meta {{policy}}><style>{{styles}}</style><script>{{libraries}}</script>"
    "<script>{{scripts}}</script>{{data}}",
    "a {}", "let d3;", "alert('{{data}}');"};

Board BoardOf(const std::vector<MethodResult>& results) {
  const auto board = MakeBoard(results);
  EXPECT_TRUE(board.ok()) << board.status();
  return *board;
}

std::string PageOf(const std::vector<MethodResult>& results, const PageParts& parts) {
  const auto page = RenderPage(BoardOf(results), {}, parts);
  EXPECT_TRUE(page.ok()) << page.status();
  return *page;
}

// The data that stand after `mark`, as the browser unpacks them.
std::string DataOf(const std::string& page, const std::string& mark) {
  std::string packed;
  EXPECT_TRUE(absl::Base64Unescape(page.substr(page.find(mark) + mark.size()), &packed));
  const std::string path = testing::TempDir() + "/data.gz";
  EXPECT_TRUE(WriteWholeFile(path, packed).ok());
  std::string data(1 << 20, ' ');
  const auto size = UnpackedFile::Open(path)->Read(reinterpret_cast<uint8_t*>(data.data()),
                                                   static_cast<int64_t>(data.size()));
  EXPECT_TRUE(size.ok()) << size.status();
  return data.substr(0, *size);
}

TEST(PageHtmlTest, PutsThePartsTogether) {
  const std::string page = PageOf(SampleResults(), kParts);
  EXPECT_THAT(page, HasSubstr("<style>a {}</style><script>let d3;</script>"));
  const std::string end = "<script>alert('{{data}}');</script>";
  EXPECT_THAT(page, HasSubstr(end)) << "a part is not searched for marks of others";
  EXPECT_THAT(DataOf(page, end), StartsWith("{\"settings\":["));
  // printf 'let d3;' | openssl sha256 -binary | base64
  EXPECT_THAT(page, HasSubstr("script-src 'sha256-IWa5IJX4guovBtZl075VGy0+jpo7bR+rSEecBUUZWCk=' "
                              "'sha256-rukIuGxN8TH+flF/qOe7kGbGWNWIc1YJuCQyT+cMkVQ='>"));
}

TEST(PageHtmlTest, TextOfResultsCannotEndTheData) {
  std::vector<MethodResult> results = SampleResults();
  results[3].mutable_entries(1)->set_message("</script><script>alert(1)</script>");
  results[1].set_method("<!-- <script>");
  const std::string page = PageOf(results, kParts);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)")));
  const std::string unpacked = DataOf(page, "<script>alert('{{data}}');</script>");
  EXPECT_THAT(unpacked, HasSubstr("</script><script>alert(1)</script>"));
  EXPECT_THAT(unpacked, HasSubstr("\"name\":\"<!-- <script>\""));
}

TEST(PageHtmlTest, TheSameBytesFromResultsInAnyOrder) {
  std::vector<MethodResult> results = SampleResults();
  const std::string page = PageOf(results, LinkedPageParts());
  std::reverse(results.begin(), results.end());
  EXPECT_TRUE(PageOf(results, LinkedPageParts()) == page);
}

TEST(PageHtmlTest, TheLinkedPageIsWholeAndAsksForNothing) {
  const std::string page = PageOf(SampleResults(), LinkedPageParts());
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
