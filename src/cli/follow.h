// Why: a job of the library is shown as it goes, as bars for people or events for programs: the command line's reader
// of a Feed.
// Thread: one. It blocks until the job has ended.
#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include <boost/json/object.hpp>

#include "cli/progress.h"
#include "library/job.h"

namespace eai::cli {

// How one kind of job looks; an empty function: not at all.
struct Look {
  std::function<std::vector<Bar>(const library::Progress&)> bars;
  std::function<std::vector<boost::json::object>(const library::Progress&)> events;  // with --json
};

// Until the feed is closed. Notes are printed as they come.
void follow(const library::Feed& feed, const Look& look, Output& out);

// Runs the work as a job, shows it, and passes a stop on to it.
template <typename T>
Result<T> run_job(typename library::Job<T>::Work work, const Look& look, Output& out, const std::stop_token& stop) {
  library::Job<T> job(std::move(work));
  const std::stop_callback pass_on(stop, [&] { job.stop(); });
  follow(job.feed(), look, out);
  return job.result();
}

// One model whose bytes are counted, and the sources that have trouble.
Look model_look();
// The same, with the events of a download.
Look download_look();
// The folder while it is read, then each home (docs/preserve.md, "For programs").
Look preserve_look();

}  // namespace eai::cli
