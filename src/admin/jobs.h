// Why: long work goes on while nobody watches. The server keeps a list of jobs, which the command line and a page show,
// pause and take up again, and a job that was cut off by the server's end goes on with the next server.
// Thread: the io_context's, except that each job works on a thread of its own. `make` is called on a further one.
// What holds:
// - A job's events carry numbers that only grow, also when it was paused in between, so a reader that comes again with
//   the last number that it has seen gets what it has missed.
// - At most `at_once` jobs work at the same time; the others wait in the order in which they came.
// - The list is written to the file soon after a job's state has changed, and before this object is gone. What a request
//   keeps secret is not written.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/array.hpp>

#include "admin/job_record.h"
#include "library/job.h"
#include "util/file.h"
#include "util/thread_crew.h"

namespace eai::admin {

// What a request turned out to ask for.
struct Work {
  std::string kind;
  std::string subject, hash;
  // May be run again after it was stopped, and goes on then. Blocks.
  std::function<Result<boost::json::object>(library::Feed&, const std::stop_token&)> run;
};

class Jobs {
 public:
  struct Options {
    fs::path file;            // of the list; empty: it is not kept
    std::size_t at_once = 2;  // jobs
    std::size_t most = 200;   // in the list; those that ended first are dropped from it
  };
  // Blocks on the disk. Code::invalid, not_found: what is wrong with the request.
  using Make = std::function<Result<Work>(const boost::json::object& request)>;
  // Called when a job is done.
  using Done = std::function<void(const JobRecord&)>;

  Jobs(boost::asio::io_context& context, Options options, Make make, Done done);
  // Asks all jobs to stop and waits for them.
  ~Jobs();

  // Reads the list, and starts what the server before was working on.
  boost::asio::awaitable<void> begin();
  // Ends all work in good order, for the next server to go on with. No job can be added after it.
  void ask_to_stop();
  // When all work has ended, or after `limit`: what still works then is for the next server, too.
  boost::asio::awaitable<void> stopped(std::chrono::milliseconds limit);

  // A new job. Code::busy: the list is full of jobs that have not ended.
  boost::asio::awaitable<Result<boost::json::object>> add(boost::json::object request);
  // These give the job as it is then. Code::not_found: there is no such job; Code::busy: it has ended already, or is
  // working, so that this means nothing.
  Result<boost::json::object> pause(std::uint64_t id);
  Result<boost::json::object> cancel(std::uint64_t id);
  boost::asio::awaitable<Result<boost::json::object>> resume(std::uint64_t id);
  Result<void> forget(std::uint64_t id);  // one that does not work

  Result<boost::json::object> one(std::uint64_t id) const;  // with its latest progress
  boost::json::array all() const;                           // the oldest first

  // What a reader of one job gets next.
  struct News {
    std::vector<library::Event> events;  // with higher numbers than it has seen
    bool at_rest = false;                // it neither works nor waits for its turn, so nothing more comes for now
    JobRecord record;
  };
  Result<News> news(std::uint64_t id, std::uint64_t seen) const;

  // The jobs that have changed after change number `seen`, as objects, each with "change"; those that were forgotten
  // have only "id" and "gone". A number that was never reached counts as 0: it is from an earlier server.
  std::vector<boost::json::object> changed_since(std::uint64_t seen) const;

  // Of the last change of anything.
  std::uint64_t change_number() const { return change_; }
  // Resumes when anything has changed since the change `seen`, or after `limit`.
  boost::asio::awaitable<void> change(std::chrono::milliseconds limit, std::uint64_t seen);

 private:
  struct Entry;
  enum class Wish { none, pause, cancel, rest };
  boost::asio::awaitable<Result<Work>> made(boost::json::object request);
  void start_next();
  void start(Entry& entry);
  void ended(std::uint64_t id, Result<boost::json::object> result);
  void set_state(Entry& entry, JobState state);
  void save();
  void ring();
  void make_room();
  Result<Entry*> entry(std::uint64_t id);
  Result<const Entry*> entry(std::uint64_t id) const;
  boost::json::object shown(const Entry& entry) const;

  boost::asio::io_context& context_;
  const Options options_;
  const Make make_;
  const Done done_;
  std::map<std::uint64_t, std::unique_ptr<Entry>> entries_;
  std::map<std::uint64_t, std::uint64_t> gone_;  // change number → id
  std::uint64_t next_id_ = 1;
  std::uint64_t change_ = 0;
  bool ending_ = false;
  // Whoever waits keeps it: a connection may outlive this.
  using Waiting = std::set<boost::asio::steady_timer*>;
  std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
  // Shared with the jobs' threads, which may tell something when this is gone.
  struct Door;
  std::shared_ptr<Door> door_;
  std::unique_ptr<ThreadCrew> maker_;  // when first needed
};

}  // namespace eai::admin
