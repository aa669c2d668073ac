#include "admin/jobs.h"

#include <future>
#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "admin/jobs_file.h"
#include "util/json_fields.h"

namespace eai::admin {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

// Work that goes on until the test lets it end or somebody stops it.
struct Bench {
  std::mutex mutex;
  std::condition_variable_any bell;
  std::map<std::string, int> runs;
  std::set<std::string> let;

  Result<json::object> run(const std::string& name, library::Feed& feed, const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    const int now = ++runs[name];
    bell.notify_all();
    library::Progress progress;
    progress.subject = name;
    progress.phase = library::Phase::parts;
    progress.done = static_cast<std::uint64_t>(now);
    feed.progress(progress);
    feed.note(name + " runs for time " + std::to_string(now));
    if (name == "broken") return fail(Code::network, "nobody has it", Hint::try_again);
    if (name == "bug") throw std::logic_error("a bug");
    bell.wait(lock, stop, [&] { return let.contains(name); });
    if (!let.contains(name)) return fail(Code::cancelled, "stopped");
    return json::object{{"event", "done"}, {"name", name}};
  }
  void finish(const std::string& name) {
    const std::lock_guard lock(mutex);
    let.insert(name);
    bell.notify_all();
  }
};

class JobsTest : public testing::Test {
 protected:
  JobsTest() { fs::create_directories(folder_); }
  ~JobsTest() override { fs::remove_all(folder_); }

  Jobs::Make make() {
    return [this](const json::object& request) -> Result<Work> {
      const std::string name = text_in(request, "model");
      if (name == "unknown") return fail(Code::not_found, "there is no model \"unknown\"", Hint::list_names);
      Work out{"download", name, "hash of " + name, {}};
      out.run = [this, name](library::Feed& feed, const std::stop_token& stop) { return bench_.run(name, feed, stop); };
      return out;
    };
  }
  std::unique_ptr<Jobs> open(std::size_t most = 200) {
    Jobs::Options options;
    options.file = folder_ / "jobs.json";
    options.most = most;
    return std::make_unique<Jobs>(context_, options, make(),
                                  [this](const JobRecord& record) { done_.push_back(record); });
  }
  template <typename T>
  T wait(asio::awaitable<T> work) {
    auto got = asio::co_spawn(context_, std::move(work), asio::use_future);
    context_.restart();
    while (got.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      context_.run_one_for(std::chrono::milliseconds(100));
    return got.get();
  }
  Result<json::object> add(Jobs& jobs, const std::string& model) {
    json::object request{{"kind", "download"}, {"model", model}, {"secret_key", "k"}};
    return wait(jobs.add(std::move(request)));
  }
  std::string state(const Jobs& jobs, std::uint64_t id) {
    return text_in(jobs.one(id).value_or(json::object()), "state");
  }
  void until(const Jobs& jobs, std::uint64_t id, const std::string& wanted) {
    context_.restart();
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (state(jobs, id) != wanted && std::chrono::steady_clock::now() < limit) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds(20));
    }
    ASSERT_EQ(state(jobs, id), wanted);
  }
  // Only an end that was seen says that the work has begun: a stop before it leaves no trace.
  void until_it_runs(const std::string& name, int times) {
    std::unique_lock lock(bench_.mutex);
    ASSERT_TRUE(bench_.bell.wait_for(lock, std::chrono::seconds(20), [&] { return bench_.runs[name] >= times; }));
  }

  fs::path folder_ = fs::temp_directory_path() / ("eai-jobs-" + std::to_string(::getpid()));
  asio::io_context context_;
  Bench bench_;
  std::vector<JobRecord> done_;
};

TEST_F(JobsTest, AJobThatIsDoneHasItsResultAndIsToldOf) {
  const auto jobs = open();
  const auto job = add(*jobs, "one");
  ASSERT_TRUE(job);
  EXPECT_EQ(number_in(*job, "id"), 1u);
  EXPECT_EQ(text_in(*job, "hash"), "hash of one");
  until_it_runs("one", 1);
  bench_.finish("one");
  until(*jobs, 1, "done");
  const auto now = jobs->one(1);
  EXPECT_EQ(text_in(*object_in(*now, "result"), "name"), "one");
  EXPECT_GT(number_in(*now, "ended"), 0u);
  ASSERT_EQ(done_.size(), 1u);
  EXPECT_EQ(done_[0].id, 1u);
}

TEST_F(JobsTest, WhatIsWrongWithARequestIsSaidAndLeavesNoJob) {
  const auto jobs = open();
  const auto job = add(*jobs, "unknown");
  ASSERT_FALSE(job);
  EXPECT_EQ(job.error().code, Code::not_found);
  EXPECT_TRUE(jobs->all().empty());
}

TEST_F(JobsTest, TwoWorkAndTheOthersWaitInTheirOrder) {
  const auto jobs = open();
  for (const char* name : {"a", "b", "c", "d"}) ASSERT_TRUE(add(*jobs, name));
  EXPECT_EQ(state(*jobs, 2), "running");
  EXPECT_EQ(state(*jobs, 3), "waiting");
  bench_.finish("b");
  until(*jobs, 2, "done");
  EXPECT_EQ(state(*jobs, 3), "running");
  EXPECT_EQ(state(*jobs, 4), "waiting");
  ASSERT_TRUE(jobs->pause(4));
  bench_.finish("a");
  until(*jobs, 1, "done");
  EXPECT_EQ(state(*jobs, 4), "paused");
}

TEST_F(JobsTest, APausedJobGoesOnAndItsEventsCountOn) {
  const auto jobs = open();
  ASSERT_TRUE(add(*jobs, "one"));
  until_it_runs("one", 1);
  const auto pausing = jobs->pause(1);
  ASSERT_TRUE(pausing);
  EXPECT_EQ(text_in(*pausing, "state"), "pausing");
  until(*jobs, 1, "paused");
  const auto before = jobs->news(1, 0);
  ASSERT_TRUE(before->at_rest);
  const std::uint64_t seen = before->events.back().number;
  ASSERT_TRUE(wait(jobs->resume(1)));
  until_it_runs("one", 2);
  const auto after = jobs->news(1, seen);
  ASSERT_FALSE(after->events.empty());
  for (const library::Event& event : after->events) EXPECT_GT(event.number, seen);
  EXPECT_FALSE(jobs->pause(7));
  bench_.finish("one");
  until(*jobs, 1, "done");
  EXPECT_EQ(jobs->pause(1).error().code, Code::busy);
  EXPECT_EQ(wait(jobs->resume(1)).error().code, Code::busy);
}

TEST_F(JobsTest, AFailureAndABugAreKeptWithTheirWordsAndMayBeTriedAgain) {
  const auto jobs = open();
  ASSERT_TRUE(add(*jobs, "broken"));
  ASSERT_TRUE(add(*jobs, "bug"));
  until(*jobs, 1, "failed");
  until(*jobs, 2, "failed");
  const Error error = read_error(*object_in(*jobs->one(1), "error"));
  EXPECT_EQ(error.code, Code::network);
  EXPECT_EQ(error.hint, Hint::try_again);
  EXPECT_EQ(error.message, "nobody has it");
  EXPECT_NE(text_in(*object_in(*jobs->one(2), "error"), "message").find("this is a bug in eai: a bug"),
            std::string::npos);
  ASSERT_TRUE(wait(jobs->resume(1)));
  until_it_runs("broken", 2);
  until(*jobs, 1, "failed");
}

TEST_F(JobsTest, ACancelledJobEndsAndMayBeForgottenButNotAWorkingOne) {
  const auto jobs = open();
  ASSERT_TRUE(add(*jobs, "one"));
  EXPECT_EQ(jobs->forget(1).error().code, Code::busy);
  ASSERT_TRUE(jobs->cancel(1));
  until(*jobs, 1, "cancelled");
  const std::uint64_t seen = number_in(*jobs->one(1), "change");
  ASSERT_TRUE(jobs->forget(1));
  EXPECT_FALSE(jobs->one(1));
  const auto changes = jobs->changed_since(seen);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(truth_in(changes[0], "gone"));
  EXPECT_EQ(number_in(changes[0], "id"), 1u);
}

TEST_F(JobsTest, TheNextServerGoesOnWithWhatWorkedAndLeavesWhatWasPaused) {
  {
    const auto jobs = open();
    for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(add(*jobs, name));
    ASSERT_TRUE(jobs->pause(2));
    until(*jobs, 2, "paused");
    until_it_runs("a", 1);
    jobs->ask_to_stop();
    wait(jobs->stopped(std::chrono::seconds(20)));
  }
  const auto next = open();
  EXPECT_TRUE(next->all().empty());
  wait(next->begin());
  EXPECT_EQ(state(*next, 1), "running");
  EXPECT_EQ(state(*next, 2), "paused");
  EXPECT_EQ(state(*next, 3), "running");
  until_it_runs("a", 2);
  ASSERT_TRUE(wait(next->resume(2)));
  const auto fresh = add(*next, "d");
  ASSERT_TRUE(fresh);
  EXPECT_EQ(number_in(*fresh, "id"), 4u);
  for (const char* name : {"a", "b", "c", "d"}) bench_.finish(name);
  for (const std::uint64_t id : {1, 2, 3, 4}) until(*next, id, "done");
}

TEST_F(JobsTest, ThePlaceOfSecretsIsNotTheFile) {
  auto jobs = open();
  ASSERT_TRUE(add(*jobs, "one"));
  jobs.reset();  // which writes what is still to be written
  const JobsFile kept = read_jobs_file(folder_ / "jobs.json");
  ASSERT_EQ(kept.jobs.size(), 1u);
  EXPECT_EQ(text_in(kept.jobs[0].request, "model"), "one");
  EXPECT_FALSE(kept.jobs[0].request.contains("secret_key"));
  EXPECT_EQ(fs::status(folder_ / "jobs.json").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(JobsTest, AServerThatEndsAtOnceLeavesTheJobsToTheOneAfterIt) {
  {
    const auto jobs = open();
    for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(add(*jobs, name));
    jobs->ask_to_stop();
    wait(jobs->stopped(std::chrono::seconds(20)));
  }
  {
    const auto jobs = open();
    jobs->ask_to_stop();  // before it has taken up anything
    wait(jobs->begin());
    wait(jobs->stopped(std::chrono::seconds(20)));
  }
  const auto next = open();
  wait(next->begin());
  EXPECT_EQ(state(*next, 1), "running");
  EXPECT_EQ(state(*next, 2), "running");
  EXPECT_EQ(state(*next, 3), "waiting");
}

TEST_F(JobsTest, TextThatIsNotUtf8DoesNotCostTheList) {
  JobsFile file;
  JobRecord record;
  record.id = 4;
  record.kind = "download";
  record.state = JobState::failed;
  record.error = Error{Code::io, "writing /home/\xff\xfe: no space"};
  file.jobs.push_back(record);
  ASSERT_TRUE(write_jobs_file(folder_ / "jobs.json", file));
  const JobsFile kept = read_jobs_file(folder_ / "jobs.json");
  ASSERT_EQ(kept.jobs.size(), 1u);
  EXPECT_EQ(kept.jobs[0].id, 4u);
  EXPECT_EQ(kept.next_id, 5u);
}

TEST_F(JobsTest, TheOldestThatEndedMakeRoomAndWhatWaitsDoesNot) {
  const auto jobs = open(2);
  ASSERT_TRUE(add(*jobs, "broken"));
  until(*jobs, 1, "failed");
  ASSERT_TRUE(add(*jobs, "a"));
  ASSERT_TRUE(add(*jobs, "b"));
  EXPECT_FALSE(jobs->one(1));
  EXPECT_EQ(add(*jobs, "c").error().code, Code::busy);
}

TEST_F(JobsTest, AFileThatIsNoListCountsAsEmpty) {
  for (const char* text : {"", "[]", "{\"jobs\":3}", "{\"jobs\":[1,{\"id\":0}],\"next_id\":\"x\"}", "{"}) {
    ASSERT_TRUE(write_file_atomic(folder_ / "jobs.json", view_of(text), 0600));
    const JobsFile kept = read_jobs_file(folder_ / "jobs.json");
    EXPECT_TRUE(kept.jobs.empty()) << text;
    EXPECT_EQ(kept.next_id, 1u) << text;
    EXPECT_EQ(fs::exists(folder_ / "jobs.json"), text[0] == '{' && text[1] == '"') << text;
  }
}

}  // namespace
}  // namespace eai::admin
