#include "api/sent_pictures.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/data_uri.h"
#include "api/picture.h"
#include "http/client.h"
#include "util/base64.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace asio = boost::asio;

constexpr int k_redirects = 3;
constexpr std::size_t k_readers = 4, k_fetchers = 16;  // threads
constexpr std::size_t k_url_limit = 8 * k_kib;         // bytes
constexpr std::uint64_t k_request_limit = 64 * k_mib;  // of data: URIs by address: 48 MiB of pictures
constexpr std::uint64_t k_room = 256 * k_mib;

// A fault of the picture is for its sender to put right; a fault of this machine keeps its code.
Failure at_fault(const std::string& url, Error error) {
  if (error.code == Code::network || error.code == Code::timeout) error.code = Code::invalid;
  return Failure(std::move(error).with("the picture " + printable(url.substr(0, url.find_first_of("?#")), 100)));
}

// Gives back what a request held.
struct Room {
  explicit Room(std::shared_ptr<std::atomic<std::uint64_t>> of) : all(std::move(of)) {}
  Room(const Room&) = delete;
  ~Room() { *all -= own; }
  bool take(std::uint64_t bytes) {
    own += bytes;
    return (*all += bytes) <= k_room;
  }
  std::shared_ptr<std::atomic<std::uint64_t>> all;
  std::atomic<std::uint64_t> own = 0;
};

}  // namespace

bool is_remote(std::string_view source) {
  const std::string scheme = lower(source.substr(0, source.find(':')));
  return scheme == "http" || scheme == "https";
}

Result<Bytes> fetch_picture(const std::string& url, const PictureRules& rules, const std::stop_token& stop) {
  if (url.size() > k_url_limit) return at_fault(url, {Code::invalid, "its address is longer than 8 KiB"});
  http::Request request;
  request.url = url;
  request.deadline = rules.deadline;
  request.connect_timeout = request.stall_timeout = rules.deadline;
  request.max_redirects = k_redirects;
  request.plain_http = http::PlainHttp::anywhere;
  request.peer_allowed = rules.peer_allowed;
  auto answer = http::fetch(request, rules.bytes, stop);
  if (!answer) return at_fault(url, std::move(answer).error());
  if (answer->status != 200) {
    return at_fault(url, {Code::invalid, "its server answered with status " + std::to_string(answer->status)});
  }
  return std::move(answer->body);
}

struct SentPictures::Job {
  Job(asio::io_context& context, std::shared_ptr<std::atomic<std::uint64_t>> held)
      : bell(context), room(std::make_shared<Room>(std::move(held))) {}

  asio::steady_timer bell;  // cancelled when the outcome is here
  std::stop_source stop;
  std::vector<Sent> pictures;
  std::vector<std::string> uris;  // one per picture
  PictureRules rules;
  std::shared_ptr<Room> room;
  std::atomic<std::uint64_t> fetched = 0;
  std::size_t left = 0;  // pictures under way
  std::optional<Error> error;

  bool remote(std::size_t index) const { return is_remote(pictures[index].source); }

  // On a fetcher.
  Result<Bytes> fetch(std::size_t index, const std::stop_token& ending) const {
    const std::stop_callback end(ending, [source = stop]() mutable { source.request_stop(); });
    return fetch_picture(pictures[index].source, rules, stop.get_token());
  }

  // On a reader. The error names the picture.
  Result<std::string> work(std::size_t index, Result<Bytes> bytes) {
    const Sent& sent = pictures[index];
    const bool remote = is_remote(sent.source);
    const auto refuse = [&](Error why) {
      return remote ? at_fault(sent.source, std::move(why)) : Failure(std::move(why).with("the picture " + sent.path));
    };
    if (!bytes) return remote ? Failure(std::move(bytes).error()) : refuse(std::move(bytes).error());
    PictureBounds bounds;
    bounds.engine_pixels = std::min<std::uint64_t>(rules.sizes.each, rules.sizes.all / pictures.size());
    bounds.engine_bytes = bounds.engine_pixels;  // all but noise has fewer as a JPEG
    auto picture = picture_for_engine(*std::move(bytes), bounds);
    if (!picture) return refuse(std::move(picture).error());
    std::string uri = "data:" + std::string(picture->type) + ";base64," + to_base64(text_of(picture->bytes));
    if (!room->take(uri.size())) return fail(Code::busy, "the server holds too many pictures at once; try again later");
    if (remote && (fetched += uri.size()) > k_request_limit)
      return fail(Code::invalid, "the pictures by address are larger than 48 MiB in all");
    return uri;
  }
};

SentPictures::~SentPictures() {
  ending_.request_stop();
  fetchers_.reset();  // they give work to the readers
  readers_.reset();
}

Result<void> SentPictures::start(const std::shared_ptr<Job>& job, std::size_t index) {
  EAI_TRY(ThreadCrew * readers, crew_in(readers_, k_readers));
  const auto finish = [job, index, &io = context_](Result<std::string> outcome) {
    auto uri = std::make_shared<Result<std::string>>(std::move(outcome));
    asio::post(io, [job, index, uri] {
      --job->left;
      if (*uri) {
        job->uris[index] = std::move(**uri);
      } else if (!job->error) {
        job->error = std::move(*uri).error();
        job->error->about = job->pictures[index].path;
        job->stop.request_stop();
      }
      if (job->left == 0 || job->error) job->bell.cancel();
    });
  };
  const auto stopped = [job, ending = ending_.get_token()] {
    return job->stop.stop_requested() || ending.stop_requested();
  };
  const auto read = [job, index, finish, stopped](Result<Bytes> bytes) {
    finish(stopped() ? Result<std::string>(fail(Code::cancelled, "stopped")) : job->work(index, std::move(bytes)));
  };
  if (!job->remote(index)) {
    ++job->left;
    asio::post(readers->executor(), [job, index, read] { read(read_data_uri(job->pictures[index].source)); });
    return {};
  }
  EAI_TRY(ThreadCrew * fetchers, crew_in(fetchers_, k_fetchers));
  ++job->left;
  asio::post(fetchers->executor(), [job, index, read, stopped, readers, ending = ending_.get_token()] {
    auto bytes = std::make_shared<Result<Bytes>>(fail(Code::cancelled, "stopped"));
    if (!stopped()) *bytes = job->fetch(index, ending);
    asio::post(readers->executor(), [read, bytes] { read(std::move(*bytes)); });
  });
  return {};
}

// What is missing when the time is over.
Error SentPictures::late(const Job& job) {
  const std::string limit = std::to_string(job.rules.deadline.count() / 1000) + " s";
  for (std::size_t i = 0; i < job.pictures.size(); ++i) {
    if (!job.uris[i].empty() || !job.remote(i)) continue;
    Error error = at_fault(job.pictures[i].source, {Code::invalid, "it was not there within " + limit}).value();
    error.about = job.pictures[i].path;
    return error;
  }
  return {Code::timeout, "the request's pictures were not read within " + limit};
}

asio::awaitable<Result<SentPictures::Read>> SentPictures::read(std::vector<Sent> pictures, PictureRules rules) {
  const auto job = std::make_shared<Job>(context_, held_);
  struct StopGuard {  // also when the client leaves
    std::stop_source& stop;
    ~StopGuard() { stop.request_stop(); }
  };
  const StopGuard guard{job->stop};
  job->pictures = std::move(pictures);
  job->rules = std::move(rules);
  job->uris.resize(job->pictures.size());
  const auto end = std::chrono::steady_clock::now() + job->rules.deadline;
  for (std::size_t i = 0; i < job->pictures.size(); ++i) {
    if (auto started = start(job, i); !started) co_return Failure(std::move(started).error());
  }
  constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
  while (job->left > 0 && !job->error) {
    if (std::chrono::steady_clock::now() >= end) co_return Failure(late(*job));
    job->bell.expires_at(end);
    co_await job->bell.async_wait(as_tuple);
  }
  if (job->error) co_return Failure(std::move(*job->error));
  Read out;
  out.uris = std::move(job->uris);
  out.fetched = job->fetched;
  out.room = job->room;
  co_return out;
}

}  // namespace eai::api
