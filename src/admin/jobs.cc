#include "admin/jobs.h"

#include <algorithm>
#include <ctime>
#include <stop_token>
#include <system_error>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "admin/jobs_file.h"
#include "admin/progress_json.h"
#include "util/log.h"

namespace eai::admin {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t k_gone_limit = 1000;

std::int64_t now() { return std::time(nullptr); }

std::string name_of_job(const JobRecord& record) {
  return "job " + std::to_string(record.id) + " (" + record.kind + " " + record.subject + ")";
}

// A bug in one job must not end the server and the others with it.
Error error_of(const std::exception& thrown, std::string_view what) {
  if (auto shortage = shortage_of(thrown)) return *std::move(shortage);
  log::error("a bug in {}: {}", what, thrown.what());
  return {Code::io, std::string("this is a bug in eai: ") + thrown.what()};
}

Result<json::object> guarded(const Work& work, library::Feed& feed, const std::stop_token& stop) {
  try {
    return work.run(feed, stop);
  } catch (const std::exception& thrown) {
    return Failure(error_of(thrown, work.kind + " " + work.subject));
  }
}

}  // namespace

// The way from the jobs' threads to the list, as long as it is there. Only the io_context's thread opens it.
struct Jobs::Door {
  Door(asio::io_context& io, Jobs& owner) : context(io), jobs(&owner) {}

  // Many changes at once are one ring.
  static void ring(const std::shared_ptr<Door>& door) {
    if (door->rung.exchange(true)) return;
    asio::post(door->context, [door] {
      door->rung = false;
      if (door->jobs != nullptr) door->jobs->ring();
    });
  }
  static void end(const std::shared_ptr<Door>& door, std::uint64_t id, Result<json::object> result) {
    asio::post(door->context, [door, id, result = std::move(result)]() mutable {
      if (door->jobs != nullptr) door->jobs->ended(id, std::move(result));
    });
  }

  asio::io_context& context;
  Jobs* jobs;
  std::atomic<bool> rung = false;
};

struct Jobs::Entry {
  JobRecord record;
  Work work;
  library::Feed feed;        // of all its runs
  std::uint64_t told = 0;    // the feed's last number at the last ring
  std::uint64_t change = 0;  // number of its last change
  Wish wish = Wish::none;
  std::jthread thread = {};  // last: it uses the rest
};

Jobs::Jobs(asio::io_context& context, Options options, Make make, Done done)
    : context_(context),
      options_(std::move(options)),
      make_(std::move(make)),
      done_(std::move(done)),
      door_(std::make_shared<Door>(context, *this)) {}

Jobs::~Jobs() { door_->jobs = nullptr; }

asio::awaitable<Result<Work>> Jobs::made(json::object request) {
  const auto maker = crew_in(maker_, 1);
  if (!maker) co_return Failure(maker.error());
  const auto make = [](const Make& how, json::object what) -> asio::awaitable<Result<Work>> {
    try {
      co_return how(what);
    } catch (const std::exception& thrown) {
      co_return Failure(error_of(thrown, "making a job"));
    }
  };
  asio::awaitable<Result<Work>> work = make(make_, std::move(request));
  co_return co_await asio::co_spawn((*maker)->executor(), std::move(work), asio::use_awaitable);
}

asio::awaitable<void> Jobs::begin() {
  JobsFile kept = read_jobs_file(options_.file);
  next_id_ = std::max(next_id_, kept.next_id);
  for (JobRecord& record : kept.jobs) {
    auto entry = std::make_unique<Entry>();
    const std::uint64_t id = record.id;
    entry->record = std::move(record);
    entry->change = ++change_;
    entry->feed.on_change([door = door_] { Door::ring(door); });
    entries_[id] = std::move(entry);
  }
  std::vector<std::uint64_t> unfinished;
  for (const auto& [id, entry] : entries_) {
    if (entry->record.state == JobState::running || entry->record.state == JobState::waiting) {
      entry->record.state = JobState::waiting;  // also for the server after this one, should this one end at once
      unfinished.push_back(id);
    }
  }
  for (const std::uint64_t id : unfinished) {
    const auto resumed = co_await resume(id);
    if (!resumed) log::warn("job {} does not go on: {}", id, resumed.error().message);
  }
}

void Jobs::ask_to_stop() {
  ending_ = true;
  for (const auto& [id, entry] : entries_) {
    if (entry->record.state == JobState::running && entry->wish == Wish::none) entry->wish = Wish::rest;
    entry->thread.request_stop();
  }
}

asio::awaitable<void> Jobs::stopped(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  const auto works = [](const auto& entry) { return entry.second->record.state == JobState::running; };
  while (std::ranges::any_of(entries_, works) && std::chrono::steady_clock::now() < end)
    co_await change(std::chrono::milliseconds(200), change_);
}

asio::awaitable<Result<json::object>> Jobs::add(json::object request) {
  json::object kept = request;
  Result<Work> work = co_await made(std::move(request));
  if (!work) co_return Failure(std::move(work).error());
  if (ending_) co_return fail(Code::busy, "the server is ending");
  make_room();
  if (entries_.size() >= options_.most)
    co_return fail(Code::busy, std::to_string(entries_.size()) + " jobs are waiting or paused, which is the limit");
  auto entry = std::make_unique<Entry>();
  entry->record.id = next_id_++;
  entry->record.request = std::move(kept);
  entry->record.kind = work->kind;
  entry->record.subject = work->subject;
  entry->record.hash = work->hash;
  entry->record.created = now();
  entry->work = *std::move(work);
  entry->feed.on_change([door = door_] { Door::ring(door); });
  Entry& added = *entry;
  entries_[added.record.id] = std::move(entry);
  set_state(added, JobState::waiting);
  start_next();
  co_return shown(added);
}

Result<json::object> Jobs::pause(std::uint64_t id) {
  EAI_TRY(Entry * entry, this->entry(id));
  if (entry->record.state == JobState::running) {
    entry->wish = Wish::pause;
    entry->thread.request_stop();
  } else if (entry->record.state == JobState::waiting) {
    set_state(*entry, JobState::paused);
  } else {
    return fail(Code::busy,
                name_of_job(entry->record) + " is " + std::string(name_of(entry->record.state)) + " already");
  }
  return shown(*entry);
}

Result<json::object> Jobs::cancel(std::uint64_t id) {
  EAI_TRY(Entry * entry, this->entry(id));
  if (has_ended(entry->record.state))
    return fail(Code::busy,
                name_of_job(entry->record) + " is " + std::string(name_of(entry->record.state)) + " already");
  if (entry->record.state == JobState::running) {
    entry->wish = Wish::cancel;
    entry->thread.request_stop();
  } else {
    set_state(*entry, JobState::cancelled);
  }
  return shown(*entry);
}

asio::awaitable<Result<json::object>> Jobs::resume(std::uint64_t id) {
  const auto ready = [this, id]() -> Result<Entry*> {
    EAI_TRY(Entry * entry, this->entry(id));
    const JobState state = entry->record.state;
    const bool is_left = state == JobState::waiting && !entry->work.run;  // by an earlier server
    if (is_left || state == JobState::paused || state == JobState::failed || state == JobState::cancelled) return entry;
    return fail(Code::busy,
                name_of_job(entry->record) + " is " + std::string(name_of(state)) + ", so there is nothing to resume");
  };
  auto entry = ready();
  if (!entry) co_return Failure(std::move(entry).error());
  if (!(*entry)->work.run) {  // it is from an earlier server
    json::object request = (*entry)->record.request;
    Result<Work> work = co_await made(std::move(request));
    entry = ready();  // much may have happened meanwhile
    if (!entry) co_return Failure(std::move(entry).error());
    if (!work) {
      (*entry)->record.error = work.error();
      set_state(**entry, JobState::failed);
      co_return Failure(std::move(work).error());
    }
    (*entry)->work = *std::move(work);
  }
  (*entry)->record.error.reset();
  set_state(**entry, JobState::waiting);
  start_next();
  co_return shown(**entry);
}

Result<void> Jobs::forget(std::uint64_t id) {
  EAI_TRY(Entry * entry, this->entry(id));
  if (entry->record.state == JobState::running)
    return fail(Code::busy, name_of_job(entry->record) + " is working; cancel it first");
  entries_.erase(id);
  gone_[++change_] = id;
  if (gone_.size() > k_gone_limit) gone_.erase(gone_.begin());
  save();
  ring();
  return {};
}

void Jobs::start_next() {
  for (const auto& [id, entry] : entries_) {
    const auto running = std::ranges::count_if(
        entries_, [](const auto& other) { return other.second->record.state == JobState::running; });
    if (ending_ || static_cast<std::size_t>(running) >= options_.at_once) return;
    if (entry->record.state == JobState::waiting && entry->work.run) start(*entry);
  }
}

void Jobs::start(Entry& entry) {
  entry.wish = Wish::none;
  entry.record.ended = 0;
  entry.record.error.reset();
  const std::uint64_t id = entry.record.id;
  try {
    entry.thread = std::jthread([&entry, id, door = door_](const std::stop_token& stop) {
      Door::end(door, id, guarded(entry.work, entry.feed, stop));
    });
    set_state(entry, JobState::running);
  } catch (const std::system_error& thrown) {
    entry.record.error = shortage_of(thrown).value_or(Error{Code::busy, "the system gives no thread"});
    set_state(entry, JobState::failed);
  }
}

void Jobs::ended(std::uint64_t id, Result<json::object> result) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  entry.thread.join();  // it has nothing left to do
  // What was stopped may give another reason: a home that had failed before.
  const bool stopped = !result && (result.error().code == Code::cancelled || entry.wish != Wish::none);
  if (result) {
    entry.record.result = *std::move(result);
    set_state(entry, JobState::done);
    done_(entry.record);
  } else if (stopped && entry.wish == Wish::pause) {
    set_state(entry, JobState::paused);
  } else if (stopped && entry.wish == Wish::cancel) {
    set_state(entry, JobState::cancelled);
  } else if (stopped && entry.wish == Wish::rest) {
    set_state(entry, JobState::waiting);  // for the next server
  } else {
    entry.record.error = std::move(result).error();
    log::warn("{} failed: {}", name_of_job(entry.record), entry.record.error->message);
    set_state(entry, JobState::failed);
  }
  start_next();
}

void Jobs::set_state(Entry& entry, JobState state) {
  entry.record.state = state;
  entry.record.ended = has_ended(state) ? now() : 0;
  entry.change = ++change_;
  save();
  ring();
}

void Jobs::save() {
  JobsFile file;
  file.next_id = next_id_;
  for (const auto& [id, entry] : entries_) file.jobs.push_back(entry->record);
  const auto write = [place = options_.file, file = std::move(file)] {
    if (auto written = write_jobs_file(place, file); !written) log::error("{}", written.error().message);
  };
  // A disk that is busy with a download must not hold up the answers of this thread.
  const auto maker = crew_in(maker_, 1);
  if (!maker) return write();
  asio::post((*maker)->executor(), write);
}

void Jobs::make_room() {
  while (entries_.size() >= options_.most) {
    const auto oldest =
        std::ranges::find_if(entries_, [](const auto& one) { return has_ended(one.second->record.state); });
    if (oldest == entries_.end()) return;
    (void)forget(oldest->first);
  }
}

void Jobs::ring() {
  for (const auto& [id, entry] : entries_) {
    const std::uint64_t last = entry->feed.last_number();
    if (last != entry->told) entry->change = ++change_;
    entry->told = last;
  }
  for (asio::steady_timer* timer : *waiting_) timer->cancel();
}

asio::awaitable<void> Jobs::change(std::chrono::milliseconds limit, std::uint64_t seen) {
  if (change_ != seen) co_return;
  struct Place {
    Place(std::shared_ptr<Waiting> all, asio::steady_timer& mine) : set(std::move(all)), timer(&mine) {
      set->insert(timer);
    }
    ~Place() { set->erase(timer); }
    Place(const Place&) = delete;
    std::shared_ptr<Waiting> set;
    asio::steady_timer* timer;
  };
  asio::steady_timer timer(context_, limit);
  const Place place(waiting_, timer);
  boost::system::error_code rung;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, rung));
}

Result<const Jobs::Entry*> Jobs::entry(std::uint64_t id) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return fail(Code::not_found, "there is no job " + std::to_string(id));
  return found->second.get();
}

Result<Jobs::Entry*> Jobs::entry(std::uint64_t id) {
  EAI_TRY(const Entry* found, std::as_const(*this).entry(id));
  return const_cast<Entry*>(found);
}

json::object Jobs::shown(const Entry& entry) const {
  json::object out = to_json(entry.record);
  out["change"] = entry.change;
  if (entry.record.state == JobState::running) {
    if (entry.wish == Wish::pause) out["state"] = "pausing";
    if (entry.wish == Wish::cancel) out["state"] = "cancelling";
  }
  if (const auto progress = entry.feed.latest()) out["progress"] = to_json(*progress);
  return out;
}

Result<json::object> Jobs::one(std::uint64_t id) const {
  EAI_TRY(const Entry* found, entry(id));
  return shown(*found);
}

json::array Jobs::all() const {
  json::array out;
  for (const auto& [id, entry] : entries_) out.push_back(shown(*entry));
  return out;
}

Result<Jobs::News> Jobs::news(std::uint64_t id, std::uint64_t seen) const {
  EAI_TRY(const Entry* found, entry(id));
  News out;
  // A higher number than there is comes from an earlier server.
  out.events = found->feed.since(seen > found->feed.last_number() ? 0 : seen);
  const JobState state = found->record.state;
  out.at_rest = state != JobState::running && state != JobState::waiting;
  out.record = found->record;
  return out;
}

std::vector<json::object> Jobs::changed_since(std::uint64_t seen) const {
  if (seen > change_) seen = 0;
  std::map<std::uint64_t, json::object> out;
  for (const auto& [id, entry] : entries_) {
    if (entry->change > seen) out[entry->change] = shown(*entry);
  }
  for (auto gone = gone_.upper_bound(seen); gone != gone_.end(); ++gone)
    out[gone->first] = json::object{{"id", gone->second}, {"gone", true}, {"change", gone->first}};
  std::vector<json::object> list;
  for (auto& [change, object] : out) list.push_back(std::move(object));
  return list;
}

}  // namespace eai::admin
