// A pool that verifies the files of a model before each start of its engine.
#include <condition_variable>
#include <mutex>

#include "engine/pool_testing.h"

namespace eai::engine {
namespace {

// What the verification is told to do, and what it has seen; it runs on a thread of the pool.
struct Verifier {
  std::mutex mutex;
  std::condition_variable_any changed;
  int calls = 0;
  bool holds = false;  // it goes on when this is false, or when it is stopped
  bool was_stopped = false;
  std::optional<Error> finds;

  PoolOptions::Verify function() {
    return [this](const std::string& id, const std::stop_token& stop, const auto& on_fraction) -> Result<void> {
      EXPECT_EQ(id, "idgood");
      std::unique_lock hold(mutex);
      ++calls;
      on_fraction(0.25);
      changed.wait(hold, stop, [&] { return !holds; });
      was_stopped = stop.stop_requested();
      if (finds) return Failure(Error(*finds));
      return {};
    };
  }
  void let_go() {
    {
      const std::lock_guard hold(mutex);
      holds = false;
    }
    changed.notify_all();
  }
};

struct PoolVerifyTest : PoolTest {
  PoolOptions verifying(Verifier& verifier) {
    PoolOptions with = options();
    with.verify = verifier.function();
    return with;
  }
};

TEST_F(PoolVerifyTest, LooksBeforeEachStartAndTellsHowFarItIs) {
  Verifier verifier;
  verifier.holds = true;
  Pool pool(context, verifying(verifier), {model("good")});
  std::vector<WaitNews> news;
  std::optional<Result<Lease>> got;
  bool done = false;
  LeaseRequest request{"idgood", std::chrono::steady_clock::now() + seconds(20), [&](const WaitNews& one) {
                         if (one.phase == "verifying" && one.fraction == 0.25 && pool.status()[0].pid == 0)
                           verifier.let_go();
                         news.push_back(one);
                       }};
  asio::co_spawn(context, take_lease(pool, std::move(request), got), [&](std::exception_ptr) { done = true; });
  run_until(done);
  ASSERT_TRUE(*got) << got->error().message;
  EXPECT_TRUE(std::ranges::any_of(news, [](const WaitNews& one) { return one.phase == "verifying"; }));
  EXPECT_EQ(news.back().phase, "loading");
  got.reset();
  EXPECT_TRUE(lease(pool, "idgood"));
  EXPECT_EQ(verifier.calls, 1) << "it was loaded";
  pool.unload("idgood");
  wait_for(pool, State::absent);
  EXPECT_TRUE(lease(pool, "idgood"));
  EXPECT_EQ(verifier.calls, 2);
}

TEST_F(PoolVerifyTest, ADamagedModelIsNotStartedAndEveryoneHearsWhy) {
  Verifier verifier;
  verifier.finds = Error{Code::corrupt, "leaf 3 changed", Hint::repair_model};
  Pool pool(context, verifying(verifier), {model("good")});
  for (int i = 0; i < 2; ++i) {  // the second while it cools
    const auto got = lease(pool, "idgood");
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, Code::corrupt);
    EXPECT_EQ(got.error().message, "leaf 3 changed");
    EXPECT_EQ(got.error().hint, Hint::repair_model);
  }
  EXPECT_EQ(pool.status()[0].starts, 0u);
  EXPECT_EQ(verifier.calls, 1);
}

TEST_F(PoolVerifyTest, OneThatIsStoppedWhileItIsVerifiedGoesAndCanComeBack) {
  Verifier verifier;
  verifier.holds = true;
  PoolOptions with = verifying(verifier);
  with.start_timeout = seconds(1);
  Pool pool(context, with, {model("good")});
  const auto late = lease(pool, "idgood");
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().message.find("not ready after 1 s"), std::string::npos) << late.error().message;
  wait_for(pool, State::cooling);
  EXPECT_TRUE(verifier.was_stopped);
  EXPECT_EQ(pool.status()[0].starts, 0u);
  verifier.let_go();
  wait_for(pool, State::absent);
  context.restart();  // nothing was left to do
  with.start_timeout = seconds(60);
  pool.reload(with, {model("good")});
  const auto later = lease(pool, "idgood");
  EXPECT_TRUE(later) << later.error().message;
}

TEST_F(PoolVerifyTest, ThePoolEndsWhileAModelIsVerified) {
  Verifier verifier;
  verifier.holds = true;
  {
    Pool pool(context, verifying(verifier), {model("good")});
    EXPECT_EQ(lease(pool, "idgood", milliseconds(100)).error().code, Code::timeout);
    stop(pool);
    EXPECT_TRUE(verifier.was_stopped);
    EXPECT_EQ(pool.status()[0].state, State::absent);
  }
  Pool other(context, verifying(verifier), {model("good")});
  EXPECT_EQ(lease(other, "idgood", milliseconds(100)).error().code, Code::timeout);
}

}  // namespace
}  // namespace eai::engine
