// The pool with real processes: a fake engine that misbehaves on demand.
#include "engine/pool.h"

#include <fstream>
#include <iterator>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "engine/leftovers.h"
#include "engine/pool_testing.h"
#include "engine/process.h"
#include "util/own_process.h"

namespace eai::engine {
namespace {

// What the fake engine of a model was told at its starts, a line each.
std::string told_fits(const ModelSpec& spec) {
  std::ifstream file(spec.gguf.string() + ".fits");
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(PoolTest, LeaseGivesASocketThatAnswersAndStopLeavesNothing) {
  std::optional<Pool> pool(std::in_place, context, options(), std::vector{model("good")});
  int pid = 0;
  {
    const auto got = lease(*pool, "idgood");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(get(got->socket(), "/health"), 200);
    pid = pool->status()[0].pid;
    EXPECT_GT(pid, 0);
    EXPECT_EQ(pool->status()[0].leases, 1);
  }
  EXPECT_EQ(pool->status()[0].leases, 0);
  stop(*pool);
  pool.reset();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(files_in(folder.path() / "run"), 0u);
  EXPECT_TRUE(fs::exists(folder.path() / "measured.json")) << "its peak is kept";
}

TEST_F(PoolTest, CrashInLoadTellsTheLastWords) {
  Pool pool(context, options(), {model("crash_in_load")});
  const auto got = lease(pool, "idcrash_in_load");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::io);
  EXPECT_NE(got.error().message.find("error: weights are made of cheese"), std::string::npos) << got.error().message;
  const auto again = lease(pool, "idcrash_in_load");
  EXPECT_NE(again.error().message.find("next try is in"), std::string::npos) << again.error().message;
  EXPECT_GT(pool.cools_for("idcrash_in_load").count(), 0);
  EXPECT_EQ(pool.cools_for("nobody").count(), 0);
}

TEST_F(PoolTest, AFitIsGivenBackToTheEngineThatToldIt) {
  PoolOptions with = options();
  const fs::path program = folder.path() / "engine.py";
  fs::copy_file(with.programs["llama-server"], program);
  fs::copy_file(with.programs["llama-server"].parent_path() / "unix_server.py", folder.path() / "unix_server.py");
  with.programs["llama-server"] = program;
  const ModelSpec spec = model("tells_fit");
  const auto start = [&] {
    Pool pool(context, with, {spec});
    EXPECT_TRUE(lease(pool, "idtells_fit"));
    stop(pool);
  };
  start();
  start();
  EXPECT_EQ(told_fits(spec), "\nall of \"it\"\n");
  std::ofstream(program, std::ios::app) << "# another build\n";
  start();
  start();
  EXPECT_EQ(told_fits(spec), "\nall of \"it\"\n\nall of \"it\"\n");
}

TEST_F(PoolTest, AFitIsForgottenIfTheEngineDoesNotBecomeReadyWithIt) {
  const ModelSpec spec = model("dies_of_fit");
  for (const bool works : {true, false, true}) {
    Pool pool(context, options(), {spec});
    EXPECT_EQ(lease(pool, "iddies_of_fit").has_value(), works);
    stop(pool);
  }
  EXPECT_EQ(told_fits(spec), "\nall of \"it\"\n\n");
}

TEST_F(PoolTest, AnEngineThatEndsIsStartedAgainWithItsFit) {
  Pool pool(context, options(), {model("tells_fit")});
  ASSERT_TRUE(lease(pool, "idtells_fit"));
  ::kill(pool.status()[0].pid, SIGKILL);
  wait_for(pool, State::absent);
  ASSERT_TRUE(lease(pool, "idtells_fit"));
  ::kill(pool.status()[0].pid, SIGKILL);
  wait_for(pool, State::absent);
  ASSERT_TRUE(lease(pool, "idtells_fit"));
  EXPECT_EQ(told_fits(model("tells_fit")), "\nall of \"it\"\nall of \"it\"\n") << "it was ready before it ended";
}

TEST_F(PoolTest, HangInLoadEndsAtTheStartTimeoutEvenIfItIgnoresSigterm) {
  PoolOptions with = options();
  with.start_timeout = seconds(1);
  Pool pool(context, with, {model("hang_ignoring_sigterm")});
  const auto got = lease(pool, "idhang_ignoring_sigterm");
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("not ready after 1 s"), std::string::npos) << got.error().message;
  wait_for(pool, State::cooling);
}

TEST_F(PoolTest, OneThatSaysReadyAndHasNoSocketEndsSoon) {
  Pool pool(context, options(), {model("ready_without_socket")});
  const auto begin = std::chrono::steady_clock::now();
  const auto got = lease(pool, "idready_without_socket");
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("it said that it is ready, but nothing can connect to its socket"),
            std::string::npos)
      << got.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(8));
}

TEST_F(PoolTest, NotSupervisedEngineIsFoundReadyByAsking) {
  Pool pool(context, options(), {model("silent")});
  EXPECT_TRUE(lease(pool, "idsilent"));
}

TEST_F(PoolTest, EngineThatDiesUnderALeaseIsStartedAgain) {
  Pool pool(context, options(), {model("good")});
  auto got = lease(pool, "idgood");
  ASSERT_TRUE(got);
  const int pid = pool.status()[0].pid;
  ::kill(pid, SIGKILL);
  while (got->ended().empty()) context.run_one();
  EXPECT_NE(got->ended().find("signal 9"), std::string::npos) << got->ended();
  const auto next = lease(pool, "idgood");
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_NE(pool.status()[0].pid, pid);
  EXPECT_EQ(pool.status()[0].crashes, 1u);
}

TEST_F(PoolTest, AnEngineThatHangsUnderALeaseIsEnded) {
  for (const std::string behaviour : {"goes_deaf", "goes_stuck"}) {
    PoolOptions with = options();
    with.measure_every = milliseconds(20);
    (behaviour == "goes_deaf" ? with.silence_limit : with.stuck_limit) = milliseconds(300);
    Pool pool(context, with, {model(behaviour)});
    auto got = lease(pool, "id" + behaviour);
    ASSERT_TRUE(got) << got.error().message;
    while (got->ended().empty()) context.run_one();
    EXPECT_NE(got->ended().find("it did not answer for 1 s and was ended"), std::string::npos) << got->ended();
    EXPECT_EQ(pool.status()[0].crashes, 1u);
  }
}

TEST_F(PoolTest, OneThatAnswersIsNot) {
  PoolOptions with = options();
  with.measure_every = milliseconds(5);
  Pool pool(context, with, {model("good")});
  const auto got = lease(pool, "idgood");
  ASSERT_TRUE(got);
  context.run_for(milliseconds(300));
  EXPECT_EQ(got->ended(), "");
  EXPECT_EQ(pool.status()[0].crashes, 0u);
}

TEST_F(PoolTest, DeadlineAndCancellationEndAWait) {
  Pool pool(context, options(), {model("slow_load")});
  const auto late = lease(pool, "idslow_load", milliseconds(200));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::timeout);
  asio::cancellation_signal signal;
  bool done = false;
  LeaseRequest request{"idslow_load", std::chrono::steady_clock::now() + seconds(20), {}};
  std::vector<WaitNews> news;
  request.on_news = [&](const WaitNews& one) { news.push_back(one); };
  std::optional<Result<Lease>> got;
  auto on_end = [&](std::exception_ptr) { done = true; };
  asio::co_spawn(context, take_lease(pool, std::move(request), got),
                 asio::bind_cancellation_slot(signal.slot(), on_end));
  while (news.empty()) context.run_one();
  EXPECT_EQ(news.front().phase, "loading");
  EXPECT_EQ(pool.status()[0].queued, 1);
  signal.emit(asio::cancellation_type::terminal);
  run_until(done);
  EXPECT_EQ(pool.status()[0].queued, 0);
}

TEST_F(PoolTest, UnknownModelMissingFileNoEngineTooLarge) {
  PoolOptions with = options();
  Pool pool(context, with, {model("good")});
  EXPECT_EQ(lease(pool, "other").error().code, Code::not_found);
  ModelSpec missing = model("missing");
  fs::remove(missing.gguf);
  Pool no_file(context, with, {missing});
  EXPECT_EQ(lease(no_file, "idmissing").error().code, Code::not_found);
  with.memory_budget = 1000;
  Pool small(context, with, {model("good")});
  const auto large = lease(small, "idgood");
  EXPECT_EQ(large.error().code, Code::unsupported);
  EXPECT_NE(large.error().message.find("context of 2048 tokens"), std::string::npos) << large.error().message;
  with.programs.clear();
  Pool no_engine(context, with, {model("good")});
  EXPECT_EQ(lease(no_engine, "idgood").error().code, Code::unsupported);
}

TEST_F(PoolTest, OneGoesForTheOther) {
  PoolOptions with = options();
  with.memory_budget = 40 * k_mib;  // one fits
  Pool pool(context, with, {model("good"), model("other")});
  { EXPECT_TRUE(lease(pool, "idgood")); }
  { EXPECT_TRUE(lease(pool, "idother")); }
  EXPECT_EQ(pool.status()[0].state, State::absent);
  EXPECT_EQ(pool.totals().switches, 1u);
  { EXPECT_TRUE(lease(pool, "idgood")); }
}

TEST_F(PoolTest, OneGoesForTheOtherAlsoWhereOnlyTheirNumberIsLimited) {
  PoolOptions with = options();
  with.max_resident = 1;
  Pool pool(context, with, {model("good"), model("other")});
  for (const char* id : {"idgood", "idother", "idgood"}) EXPECT_TRUE(lease(pool, id)) << id;
  EXPECT_EQ(pool.totals().switches, 2u);
  EXPECT_EQ(pool.totals().evictions, 2u);
}

TEST_F(PoolTest, LeftoversOfAKilledServerAreSwept) {
  // An engine whose server is gone, as its record tells.
  const fs::path run = folder.path() / "run";
  ASSERT_TRUE(make_folders(run, 0700));
  Spawner spawner;
  std::optional<Child> child;
  bool done = false;
  Command command{"/bin/sleep", {"1000"}, {}, folder.path()};
  spawner.spawn(command, [&](Result<Child> result) {
    auto shared = std::make_shared<Result<Child>>(std::move(result));
    asio::post(context, [&, shared] {
      if (*shared) child.emplace(std::move(**shared));
      done = true;
    });
  });
  const auto work = asio::make_work_guard(context);
  run_until(done);
  ASSERT_TRUE(child);
  const auto write = [&](const char* name, const std::string& text) {
    const auto file = open_file(run / name, O_WRONLY | O_CREAT);
    ASSERT_TRUE(file && write_all(file->get(), view_of(text)));
  };
  record_engine(*OwnFolder::open(run, Privacy::secret), "old", child->pid);
  write("old.sock", "");
  // Records whose number now belongs to somebody else: this test.
  const ProcessMark own = *mark_of(::getpid());
  const std::string number = std::to_string(::getpid());
  write("stranger.engine", number + " somebody else");
  write("earlier.engine", number + "\n" + own.started + "0\n" + own.program + "\n");
  write("other.engine", number + "\n" + own.started + "\n" + own.program + "0\n");
  write("half.engine", number + "\n" + own.started);
  Pool pool(context, options(), {model("good")});
  pollfd end{child->exit_event.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&end, 1, 20'000), 1) << "it is still alive";
  const std::optional<Ending> ending = reap(child->pid);
  ASSERT_TRUE(ending);
  EXPECT_TRUE(ending->by_signal);
  EXPECT_EQ(files_in(run), 0u);
}

TEST_F(PoolTest, ALongRunFolderIsNoObstacle) {
  PoolOptions with = options();
  with.run_folder = folder.path() / std::string(90, 'x') / "run";
  Pool pool(context, with, {model("good")});
  const auto got = lease(pool, "idgood");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(get(got->socket(), "/health"), 200);
  EXPECT_LT(got->socket().size(), 104u);
}

}  // namespace
}  // namespace eai::engine
