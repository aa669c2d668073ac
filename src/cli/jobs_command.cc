// `eai jobs`
#include <algorithm>

#include <boost/json.hpp>

#include "admin/job_record.h"
#include "admin/progress_json.h"
#include "cli/commands.h"
#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "cli/job_results.h"
#include "cli/server_answer.h"
#include "http/sse.h"
#include "library/running.h"
#include "util/error_map.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view k_verbs = "list, watch, pause, resume, cancel or forget";

// The jobs of the server that runs, or those that the last one has left.
struct Board {
  fs::path socket;
  std::vector<json::object> jobs;
};

Result<Board> read_board(const Context& context) {
  EAI_TRY(const auto server, library::running_server(context.folders));
  if (!server)
    return fail(Code::not_found,
                "no server is running, so no job is worked on; `eai model serve` starts one, which "
                "goes on with what the last one has left");
  Board out;
  EAI_TRY(out.socket, library::socket_of(context.folders));
  EAI_TRY(const json::object told, ask_server(out.socket, "/eai/v1/jobs"));
  const json::value* jobs = told.if_contains("jobs");
  if (jobs == nullptr || !jobs->is_array()) return fail(Code::network, "the server's answer has no list of jobs");
  for (const json::value& job : jobs->get_array()) {
    if (const json::object* one = job.if_object()) out.jobs.push_back(*one);
  }
  return out;
}

bool is_active(const json::object& job) {
  const std::string state = text_in(job, "state");
  return state == "waiting" || state == "running" || state == "pausing" || state == "cancelling";
}

std::string done_of(const json::object& progress) {
  const std::uint64_t done = number_in(progress, "verified"), total = number_in(progress, "total");
  if (total == 0) return done == 0 ? "-" : human_bytes(done);
  return std::to_string(std::min<std::uint64_t>(100, done * 100 / total)) + "% of " + human_bytes(total);
}

std::vector<std::string> row_of(const json::object& job) {
  const json::object nothing;
  const json::object* found = object_in(job, "progress");
  const json::object& progress = found == nullptr ? nothing : *found;
  const double rate = is_active(job) ? real_in(progress, "bytes_per_second") : 0;
  const auto left = is_active(job) ? known_number_in(progress, "seconds_left") : std::nullopt;
  return {std::to_string(number_in(job, "id")),
          text_in(job, "kind"),
          text_in(job, "subject"),
          text_in(job, "state"),
          done_of(progress),
          rate > 0 ? human_bytes(static_cast<std::uint64_t>(rate)) + "/s" : "-",
          left ? human_duration(std::chrono::seconds(*left)) : "-"};
}

Result<int> list(Context& context) {
  EAI_TRY(const Board board, read_board(context));
  json::array all(board.jobs.begin(), board.jobs.end());
  context.out.event(json::object{{"jobs", std::move(all)}});
  if (context.out.json()) return 0;
  std::vector<std::vector<std::string>> rows;
  for (const json::object& job : board.jobs) rows.push_back(row_of(job));
  if (rows.empty()) context.out.note("There are no jobs; a command with --background begins one.");
  if (!rows.empty()) context.out.table({"ID", "JOB", "MODEL", "STATE", "DONE", "RATE", "LEFT"}, rows, 2);
  for (const json::object& job : board.jobs) {
    const json::object* error = object_in(job, "error");
    if (error != nullptr)
      context.out.note("job " + std::to_string(number_in(job, "id")) + ": " +
                       printable(words_of(admin::read_error(*error)), 400));
  }
  return 0;
}

// By its number, or by the beginning of its model's name or hash if only one job has that.
Result<json::object> job_named(const Board& board, const std::string& word) {
  std::vector<const json::object*> found;
  for (const json::object& job : board.jobs) {
    if (std::to_string(number_in(job, "id")) == word) return job;
    if (lower(text_in(job, "subject")).starts_with(lower(word)) || text_in(job, "hash").starts_with(word))
      found.push_back(&job);
  }
  if (found.size() == 1 && !word.empty()) return *found.front();
  return fail(Code::not_found, (found.size() < 2 ? "there is no job \"" : "several jobs are for \"") +
                                   printable(word, 60) + "\"; `eai jobs` lists them with their numbers");
}

Result<std::vector<json::object>> jobs_named(const Board& board, const std::vector<std::string>& words) {
  std::vector<json::object> out;
  for (const std::string& word : words) {
    EAI_TRY(json::object job, job_named(board, word));
    out.push_back(std::move(job));
  }
  return out;
}

std::string target_of(const json::object& job, std::string_view deed) {
  return "/eai/v1/jobs/" + std::to_string(number_in(job, "id")) + std::string(deed);
}

Result<void> take_event(const http::SseEvent& event, library::Feed& feed, json::object& record) {
  if (event.data.empty()) return {};
  boost::system::error_code wrong;
  json::value value = json::parse(event.data, wrong);
  if (wrong || !value.is_object()) return fail(Code::network, "the server sent an event that cannot be read");
  if (event.event == "progress") {
    EAI_TRY(library::Progress progress, admin::read_progress(value.get_object()));
    feed.progress(std::move(progress));
  } else if (event.event == "note") {
    library::Note note = admin::read_note(value.get_object());
    feed.note(std::move(note.text), note.hint);
  } else if (event.event == "rest") {
    record = std::move(value.get_object());
  }
  return {};
}

// How the job stands in the end: the record that its stream closes with.
Result<json::object> watched(Context& context, const fs::path& socket, const json::object& job,
                             const Interrupt& interrupt) {
  const auto work = [&](library::Feed& feed, const std::stop_token& stop) -> Result<json::object> {
    json::object record;
    http::SseReader events;
    const auto take = [&](std::string_view bytes) -> Result<void> {
      EAI_CHECK(events.feed(bytes));
      while (const auto event = events.next()) EAI_CHECK(take_event(*event, feed, record));
      return {};
    };
    const ServerAsk ask{.target = target_of(job, "/events"), .cut_off = "the server has ended"};
    EAI_CHECK(stream_from_server(socket, ask, take, stop));
    if (record.empty())
      return fail(Code::network, "the server ended before the job did; the next server goes on with it");
    return record;
  };
  return run_job<json::object>(work, look_of(text_in(job, "kind")), context.out, interrupt.token());
}

Result<int> tell_rest(Context& context, const json::object& record) {
  const std::string state = text_in(record, "state");
  const json::object* result = object_in(record, "result");
  if (state == "done" && result != nullptr) return tell_result(text_in(record, "kind"), *result, context.out);
  if (const json::object* error = object_in(record, "error")) return Failure(admin::read_error(*error));
  const std::string id = std::to_string(number_in(record, "id"));
  context.out.event(json::object{{"event", state}, {"id", number_in(record, "id")}});
  context.out.line("job " + id + " (" + text_in(record, "kind") + " " + text_in(record, "subject") + ") is " + state +
                   "; `eai jobs resume " + id + "` lets it go on");
  return 0;
}

Result<int> watch(Context& context, const std::vector<std::string>& words) {
  EAI_TRY(const Board board, read_board(context));
  EAI_TRY(std::vector<json::object> jobs, jobs_named(board, words));
  if (words.empty()) std::ranges::copy_if(board.jobs, std::back_inserter(jobs), is_active);
  if (jobs.empty()) context.out.note("No job is working; `eai jobs` lists all.");
  Interrupt interrupt;
  int status = 0;
  for (const json::object& job : jobs) {
    auto record = watched(context, board.socket, job, interrupt);
    if (interrupt.requested()) {
      context.out.note("The job goes on; `eai jobs` lists it, and `eai jobs cancel` ends it.");
      return k_interrupted;
    }
    if (!record) return Failure(std::move(record).error());
    auto own = tell_rest(context, *record);
    if (!own && jobs.size() == 1) return own;
    if (!own) {  // the others are watched all the same
      const int failed = face_of(own.error().code).exit_status;
      context.out.error(std::move(own).error().with("job " + std::to_string(number_in(job, "id"))), failed);
      own = failed;
    }
    if (status == 0) status = *own;
  }
  return status;
}

Result<int> change(Context& context, std::string_view verb, const std::vector<std::string>& words) {
  if (words.empty()) return fail(Code::invalid, "say which job: eai jobs " + std::string(verb) + " <number>");
  EAI_TRY(const Board board, read_board(context));
  EAI_TRY(const std::vector<json::object> jobs, jobs_named(board, words));
  for (const json::object& job : jobs) {
    const bool forget = verb == "forget";
    const std::string target = forget ? target_of(job, "") : target_of(job, "/" + std::string(verb));
    EAI_TRY(json::object now, ask_server(board.socket, {.method = forget ? "DELETE" : "POST", .target = target}));
    const std::string state = forget ? "forgotten" : text_in(now, "state");
    now["event"] = "job";
    context.out.event(now);
    context.out.line("job " + std::to_string(number_in(job, "id")) + " (" + text_in(job, "kind") + " " +
                     text_in(job, "subject") + ") is " + state);
  }
  return 0;
}

}  // namespace

Result<int> jobs(Context& context) {
  std::vector<std::string> words = context.words.list;
  const std::string verb = words.empty() ? "list" : words.front();
  if (!words.empty()) words.erase(words.begin());
  if (verb == "list" && words.empty()) return list(context);
  if (verb == "watch") return watch(context, words);
  for (const std::string_view deed : {"pause", "resume", "cancel", "forget"}) {
    if (verb == deed) return change(context, deed, words);
  }
  const auto near = near_names(verb, {"list", "watch", "pause", "resume", "cancel", "forget"}, 1);
  const std::string advice = near.empty() ? "say " + std::string(k_verbs) : "did you mean " + near.front() + "?";
  return fail(Code::invalid, "\"" + printable(verb, 60) + "\" is nothing that eai jobs does; " + advice);
}

}  // namespace eai::cli
