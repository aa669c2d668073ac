// The jobs on models of the store, as a command line or an HTTP stream runs them.
#include <fcntl.h>
#include <gtest/gtest.h>

#include "library/bring.h"
#include "library/check.h"
#include "library/library_testing.h"
#include "library/remove.h"

namespace eai::library {
namespace {

struct Jobs : LibraryTest {
  FetchSettings settings = offline();
  Asked tiny() const { return {model.id, "tiny"}; }
  void bring_tiny(Library& library) {
    Feed feed;
    const auto brought = bring(library, tiny(), settings, feed, {});
    ASSERT_TRUE(brought) << brought.error().message;
  }
  void flip_last_byte(const fs::path& file) const {
    auto bytes = read_file(file, k_mib);
    ASSERT_TRUE(bytes);
    bytes->back() ^= 1;
    auto fd = open_file(file, O_WRONLY);
    ASSERT_TRUE(fd);
    ASSERT_TRUE(write_at(fd->get(), 0, *bytes));
  }
};

TEST_F(Jobs, BringTellsPhasesAndSourcesAndTheLibraryKnowsTheModel) {
  ship_model();
  Library library = open();
  EXPECT_EQ(library.stored(model.id), nullptr);
  Job<store::Model> job(
      [&](Feed& feed, const std::stop_token& stop) { return bring(library, tiny(), settings, feed, stop); });
  const auto brought = job.result();
  ASSERT_TRUE(brought) << brought.error().message;
  ASSERT_NE(library.stored(model.id), nullptr);
  EXPECT_EQ(library.stored(model.id)->folder, brought->folder);
  const auto told = progress_of(job.feed());
  ASSERT_GE(told.size(), 3U);
  EXPECT_EQ(told.front().phase, Phase::metadata);
  EXPECT_EQ(told.back().phase, Phase::done);
  EXPECT_EQ(told.back().subject, "tiny");
  EXPECT_EQ(told.back().hash, model.id.str());
  EXPECT_EQ(told.back().done, model.archive_size);
  EXPECT_FALSE(told.back().peers.empty());
}

TEST_F(Jobs, BringNamesTheRemedyWhenNobodyHasTheModel) {
  Library library = open();
  const Asked lost{ipld::Cid::raw_of(view_of("lost")), "lost"};
  Feed feed;
  const auto offline = bring(library, lost, settings, feed, {});
  ASSERT_FALSE(offline);
  EXPECT_EQ(offline.error().code, Code::network);
  EXPECT_EQ(offline.error().message.find("lost: "), 0U) << offline.error().message;
  EXPECT_EQ(offline.error().hint, Hint::go_online);
  FetchSettings alone;
  alone.public_gateways = false;
  const auto without = bring(library, lost, alone, feed, {});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().hint, Hint::more_gateways);
}

TEST_F(Jobs, BringReplacesADamagedModelAndSaysSo) {
  ship_model();
  Library first = open();
  bring_tiny(first);
  fs::remove(*first.stored(model.id)->gguf());
  Library library = open();
  ASSERT_EQ(library.contents.damaged.size(), 1U);
  ASSERT_EQ(everything(library).size(), 1U) << "what is damaged can be checked too";
  Feed feed;
  ASSERT_TRUE(bring(library, tiny(), settings, feed, {}));
  ASSERT_EQ(notes_of(feed).size(), 1U);
  EXPECT_NE(notes_of(feed)[0].text.find("downloading it again"), std::string::npos);
  EXPECT_TRUE(library.contents.damaged.empty());
  EXPECT_NE(library.stored(model.id), nullptr);
}

TEST_F(Jobs, AStoppedBringLeavesNothingInTheLibrary) {
  ship_model();
  Library library = open();
  std::stop_source stop;
  stop.request_stop();
  Feed feed;
  const auto brought = bring(library, tiny(), settings, feed, stop.get_token());
  ASSERT_FALSE(brought);
  EXPECT_EQ(brought.error().code, Code::cancelled);
  EXPECT_EQ(library.stored(model.id), nullptr);
}

TEST_F(Jobs, CheckReadsEveryByteAgain) {
  ship_model();
  Library library = open();
  bring_tiny(library);
  Feed feed;
  const auto good = check(library, tiny(), feed, {});
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_FALSE(good->damage);
  EXPECT_EQ(good->bytes, model.gguf.size());
  EXPECT_EQ(feed.latest()->done, model.gguf.size());
  EXPECT_EQ(feed.latest()->phase, Phase::reading);
  flip_last_byte(*library.stored(model.id)->gguf());
  const auto bad = check(library, tiny(), feed, {});
  ASSERT_TRUE(bad) << bad.error().message;
  ASSERT_TRUE(bad->damage);
  EXPECT_EQ(bad->damage->code, Code::corrupt);
}

TEST_F(Jobs, CheckOfWhatIsNotHereSaysHowToGetIt) {
  const Library library = open();
  Feed feed;
  const auto checked = check(library, {ipld::Cid::raw_of(view_of("lost")), "lost"}, feed, {});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, Code::not_found);
  EXPECT_EQ(checked.error().hint, Hint::download_model);
}

TEST_F(Jobs, RemoveGivesTheRoomBackOnce) {
  ship_model();
  Library library = open();
  bring_tiny(library);
  ASSERT_TRUE(check_not_served(library, tiny())) << "no server runs";
  EXPECT_EQ(remove(library, tiny()), model.gguf.size());
  EXPECT_EQ(library.stored(model.id), nullptr);
  EXPECT_TRUE(open().contents.models.empty());
  const auto again = remove(library, tiny());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::not_found);
}

}  // namespace
}  // namespace eai::library
