#include "fetch/journal.h"

#include <gtest/gtest.h>

namespace eai::fetch {
namespace {

const ipld::Cid k_id = ipld::Cid::raw_of(view_of("a model"));
const ipld::Cid k_other = ipld::Cid::raw_of(view_of("another"));

class JournalTest : public ::testing::Test {
 protected:
  std::vector<JournalEntry> entries() {
    auto read = Journal::read(path_, k_id, Journal::Kind::hints);
    EXPECT_TRUE(read);
    return read ? *read : std::vector<JournalEntry>{};
  }
  void append(std::string_view text) {
    auto bytes = read_file(path_, k_mib);
    ASSERT_TRUE(bytes);
    bytes->insert(bytes->end(), text.begin(), text.end());
    ASSERT_TRUE(write_file_atomic(path_, *bytes));
  }
  TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "journal";
  const std::vector<JournalEntry> two_ = {{0, {0, 100}, true}, {12, {5, 70'000'000'000}, true}};
};

TEST_F(JournalTest, NoneIsEmpty) { EXPECT_TRUE(entries().empty()); }

TEST_F(JournalTest, GivesBackWhatWasAdded) {
  auto journal = Journal::begin(path_, k_id, Journal::Kind::hints, two_);
  ASSERT_TRUE(journal);
  ASSERT_TRUE(journal->add({0, {10, 20}, false}));
  EXPECT_EQ(entries(), (std::vector<JournalEntry>{two_[0], two_[1], {0, {10, 20}, false}}));
}

TEST_F(JournalTest, ATornLineCountsForNothing) {
  ASSERT_TRUE(Journal::begin(path_, k_id, Journal::Kind::hints, two_));
  append("+ 3 0 10");
  EXPECT_EQ(entries(), two_);
}

TEST_F(JournalTest, ReadsNoFurtherThanItUnderstands) {
  for (const char* nonsense : {"* 1 2 3\n", "+ 1 2\n", "+ 1 9 3\n", "+ x 2 3\n", "+ 1 2 3 4\n", "\n", "+ 1 2 -3\n",
                               "+ 1 2 99999999999999999999\n"}) {
    ASSERT_TRUE(Journal::begin(path_, k_id, Journal::Kind::hints, two_));
    append(std::string(nonsense) + "+ 5 0 1\n");
    EXPECT_EQ(entries(), two_) << nonsense;
  }
  ASSERT_TRUE(Journal::begin(path_, k_id, Journal::Kind::hints, two_));
  append(std::string(20, '\0') + "\n+ 5 0 1\n");
  EXPECT_EQ(entries(), two_);
}

TEST_F(JournalTest, OfAnotherModelIsEmpty) {
  ASSERT_TRUE(Journal::begin(path_, k_other, Journal::Kind::hints, two_));
  EXPECT_TRUE(entries().empty());
}

}  // namespace
}  // namespace eai::fetch
