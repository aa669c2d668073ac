// A configuration that is read again while engines run, and the KV caches of those that went.
#include <algorithm>

#include "engine/pool_testing.h"

namespace eai::engine {
namespace {

using ReloadTest = PoolTest;

std::vector<std::string> ids(const Pool& pool) {
  std::vector<std::string> out;
  for (const ModelStatus& one : pool.status()) out.push_back(one.spec.id);
  return out;
}

TEST_F(ReloadTest, ANewModelIsServedAndADroppedOneGoesWhenItsLeasesHaveEnded) {
  Pool pool(context, options(), {model("good")});
  std::optional<Result<Lease>> held(lease(pool, "idgood"));
  ASSERT_TRUE(*held);
  pool.reload(options(), {model("other")});
  EXPECT_EQ(lease(pool, "idgood").error().code, Code::not_found);
  EXPECT_TRUE(lease(pool, "idother"));
  EXPECT_EQ(get((*held)->socket(), "/health"), 200) << "who has it may go on";
  EXPECT_EQ(ids(pool), (std::vector<std::string>{"idother", "idgood"}));
  held.reset();
  while (ids(pool).size() == 2) context.run_one();
  EXPECT_EQ(ids(pool), std::vector<std::string>{"idother"});
  pool.reload(options(), {model("good"), model("other")});
  EXPECT_TRUE(lease(pool, "idgood")) << "it may come back";
  EXPECT_EQ(ids(pool), (std::vector<std::string>{"idgood", "idother"}));
}

TEST_F(ReloadTest, AChangedModelIsNewFromItsNextStartOn) {
  Pool pool(context, options(), {model("good")});
  int pid = 0;
  {
    const auto held = lease(pool, "idgood");
    ASSERT_TRUE(held);
    pid = pool.status()[0].pid;
    ModelSpec changed = model("good");
    changed.context_length = 512;
    changed.parallel = 1;
    pool.reload(options(), {changed});
    wait_for(pool, State::draining);
    EXPECT_EQ(pool.status()[0].pid, pid);
    EXPECT_EQ(pool.status()[0].context, 2048u) << "what runs is the old one";
    EXPECT_EQ(get(held->socket(), "/health"), 200);
  }
  const auto next = lease(pool, "idgood");
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_NE(pool.status()[0].pid, pid);
  EXPECT_EQ(pool.status()[0].context, 512u);
  EXPECT_EQ(pool.status()[0].slots, 1u);
}

TEST_F(ReloadTest, WhatIsTakenBackBeforeItCameIntoForceChangesNothing) {
  Pool pool(context, options(), {model("good")});
  std::optional<Result<Lease>> held(lease(pool, "idgood"));
  ASSERT_TRUE(*held);
  const int pid = pool.status()[0].pid;
  ModelSpec changed = model("good");
  changed.context_length = 512;
  pool.reload(options(), {changed});
  pool.reload(options(), {model("good")});
  context.run_for(milliseconds(50));
  held.reset();
  ASSERT_TRUE(lease(pool, "idgood"));
  EXPECT_EQ(pool.status()[0].pid, pid);
}

TEST_F(ReloadTest, WhatOnlySaysWhoGoesFirstNeedsNoNewStart) {
  Pool pool(context, options(), {model("good"), model("other")});
  { EXPECT_TRUE(lease(pool, "idgood")); }
  ModelSpec pinned = model("good");
  pinned.pinned = true;
  PoolOptions with = options();
  with.idle_timeout = seconds(1);
  pool.reload(with, {pinned, model("other")});
  { EXPECT_TRUE(lease(pool, "idother")); }
  while (pool.status()[1].state != State::absent) context.run_one();
  EXPECT_EQ(pool.status()[0].state, State::ready) << "pinned";
  EXPECT_EQ(pool.status()[0].starts, 1u);
}

TEST_F(ReloadTest, ASpecThatCannotBeTakenLeavesTheOldOne) {
  Pool pool(context, options(), {model("good")});
  { EXPECT_TRUE(lease(pool, "idgood")); }
  ModelSpec wrong = model("good");
  wrong.draft = folder.path() / "missing.gguf";
  pool.reload(options(), {wrong});
  context.run_for(milliseconds(50));
  ASSERT_TRUE(lease(pool, "idgood"));
  EXPECT_EQ(pool.status()[0].starts, 1u);
  EXPECT_FALSE(pool.status()[0].spec.draft);
}

TEST_F(ReloadTest, ALowerBudgetRefusesWhatNoLongerFits) {
  Pool pool(context, options(), {model("good")});
  PoolOptions with = options();
  with.memory_budget = 1000;
  pool.reload(with, {model("good")});
  const auto refused = lease(pool, "idgood");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unsupported) << refused.error().message;
  EXPECT_EQ(pool.totals().budget, 1000u);
}

struct SlotTest : PoolTest {
  PoolOptions with_slots(std::uint64_t limit = k_gib) {
    PoolOptions with = options();
    with.slot_folder = folder.path() / "slots";
    with.slot_limit = limit;
    return with;
  }
  std::vector<std::string> saved() {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder.path() / "slots")) out.push_back(entry.path().filename());
    std::ranges::sort(out);
    return out;
  }
  void unload(Pool& pool, std::size_t index = 0) {
    pool.unload(pool.status()[index].spec.id);
    while (pool.status()[index].state != State::absent) context.run_one();
  }
};

TEST_F(SlotTest, AreSavedWhenAModelGoesAndReadWhenItComesBack) {
  Pool pool(context, with_slots(), {model("keeps_slots")});
  EXPECT_EQ(pool.status()[0].last_used, std::chrono::system_clock::time_point{}) << "it is not loaded";
  { ASSERT_TRUE(lease(pool, "idkeeps_slots")); }
  const auto ago = std::chrono::system_clock::now() - pool.status()[0].last_used;
  EXPECT_LT(std::chrono::abs(ago), std::chrono::minutes(1));
  unload(pool);
  EXPECT_EQ(saved().size(), 2u) << "one for each slot";
  const auto again = lease(pool, "idkeeps_slots");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(saved().size(), 0u) << "they are used once";
  EXPECT_EQ(get(again->socket(), "/restored"), 200) << "the engine has read both";
}

TEST_F(SlotTest, AnEngineThatDoesNotAnswerIsAskedOnce) {
  PoolOptions with = with_slots();
  with.slot_deadline = milliseconds(100);
  Pool pool(context, with, {model("silent_on_slots")});
  { ASSERT_TRUE(lease(pool, "idsilent_on_slots")); }
  ASSERT_EQ(pool.status()[0].slots, 2u);
  unload(pool);
  const fs::path asked = pool.status()[0].spec.gguf.string() + ".asked";
  const Bytes lines = read_file(asked, k_mib).value();
  EXPECT_EQ(text_of(lines), "/slots/0?action=save\n");
  EXPECT_TRUE(saved().empty());
}

TEST_F(SlotTest, OfAnEarlierServerAreSwept) {
  ASSERT_TRUE(make_folders(folder.path() / "slots", 0700));
  ASSERT_TRUE(write_file_atomic(folder.path() / "slots/old-0.kv", view_of("x")));
  {
    Pool pool(context, with_slots(), {model("keeps_slots")});
    EXPECT_TRUE(saved().empty());
    { ASSERT_TRUE(lease(pool, "idkeeps_slots")); }
    unload(pool);
    EXPECT_EQ(saved().size(), 2u);
  }
  EXPECT_TRUE(saved().empty()) << "nothing outlives the server";
}

TEST_F(SlotTest, AreKeptWithinTheLimit) {
  // Each file of the fake engine has 1000 bytes; a context of a tiny model is far below the limit.
  Pool pool(context, with_slots(300'000), {model("keeps_slots")});
  ASSERT_TRUE(write_file_atomic(folder.path() / "slots/older.kv", Bytes(299'000)));
  { ASSERT_TRUE(lease(pool, "idkeeps_slots")); }
  unload(pool);
  while (saved().size() > 2) context.run_one_for(milliseconds(10));
  EXPECT_EQ(saved().size(), 2u) << "the oldest went";
}

TEST_F(SlotTest, AreGoneWithOtherSettingsAndWhenNothingIsToBeKept) {
  Pool pool(context, with_slots(), {model("keeps_slots")});
  { ASSERT_TRUE(lease(pool, "idkeeps_slots")); }
  unload(pool);
  ModelSpec changed = model("keeps_slots");
  changed.extra_arguments = {"--rope-scale", "2"};
  pool.reload(with_slots(), {changed});
  while (!saved().empty()) context.run_one();
  { ASSERT_TRUE(lease(pool, "idkeeps_slots")); }
  unload(pool);
  EXPECT_EQ(saved().size(), 2u);
  PoolOptions none = with_slots();
  none.slot_folder.clear();
  pool.reload(none, {changed});
  EXPECT_TRUE(saved().empty());
}

}  // namespace
}  // namespace eai::engine
