#include "api/remote_pictures.h"

#include <array>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "http/client.h"
#include "util/base64.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr int k_redirects = 3;
constexpr std::size_t k_at_once = 4;                   // threads
constexpr std::size_t k_url_limit = 8 * k_kib;         // bytes
constexpr std::uint64_t k_request_limit = 64 * k_mib;  // of data URIs: 48 MiB of pictures
constexpr std::uint64_t k_room = 256 * k_mib;

bool is_at(ByteView bytes, std::size_t at, std::string_view mark) {
  return bytes.size() >= at + mark.size() && text_of(bytes.subspan(at, mark.size())) == mark;
}

std::string data_uri(std::string_view type, ByteView bytes) {
  return "data:" + std::string(type) + ";base64," + to_base64(text_of(bytes));
}

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

std::string_view picture_type(ByteView bytes) {
  if (is_at(bytes, 0, "\x89PNG\r\n\x1a\n")) return "image/png";
  if (is_at(bytes, 0, "\xff\xd8\xff")) return "image/jpeg";
  if (is_at(bytes, 0, "GIF87a") || is_at(bytes, 0, "GIF89a")) return "image/gif";
  if (is_at(bytes, 0, "RIFF") && is_at(bytes, 8, "WEBP")) return "image/webp";
  if (is_at(bytes, 0, "BM")) return "image/bmp";
  return {};
}

Result<std::string> fetch_picture(const std::string& url, const PictureRules& rules, const std::stop_token& stop) {
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
  const std::string_view type = picture_type(answer->body);
  if (type.empty()) return at_fault(url, {Code::invalid, "it is not a PNG, JPEG, GIF, WebP or BMP picture"});
  return data_uri(type, answer->body);
}

struct RemotePictures::Job {
  Job(asio::io_context& context, std::shared_ptr<std::atomic<std::uint64_t>> held)
      : bell(context), room(std::make_shared<Room>(std::move(held))) {}

  asio::steady_timer bell;  // cancelled when the outcome is here
  std::stop_source stop;
  std::string body;
  std::vector<ImageSpot> spots;
  std::vector<std::string_view> literals;  // of `body`, one per spot
  std::vector<std::string> pictures;       // data URIs, one per spot; empty for a bare one
  PictureRules rules;
  std::shared_ptr<Room> room;
  std::size_t left = 0;  // pictures under way
  std::optional<Error> error;

  // On a thread of the pool: the picture of this spot.
  Result<std::string> fetch(std::size_t index, const std::stop_token& ending) const {
    const std::stop_callback end(ending, [source = stop]() mutable { source.request_stop(); });
    boost::system::error_code wrong;
    const json::value url = json::parse(literals[index], wrong);
    if (wrong || !url.is_string()) return fail(Code::invalid, "a picture's address cannot be read");
    auto picture = fetch_picture(std::string(url.get_string()), rules, stop.get_token());
    if (!picture) return picture;
    if (!room->take(picture->size()))
      return fail(Code::busy, "the server holds too many pictures at once; try again later");
    if (room->own > k_request_limit)
      return fail(Code::invalid, "the pictures by address are larger than 48 MiB in all");
    return picture;
  }

  std::string whole() const {
    std::string out;
    std::size_t size = body.size() + 16 * spots.size();
    for (const std::string& picture : pictures) size += picture.size();
    out.reserve(size);
    const char* at = body.data();
    for (std::size_t i = 0; i < spots.size(); ++i) {
      out.append(at, literals[i].data());
      at = literals[i].data() + literals[i].size();
      if (spots[i].bare) out += "{\"url\":";
      if (spots[i].remote) {
        out.append("\"").append(pictures[i]).append("\"");
      } else {
        out += literals[i];
      }
      if (spots[i].bare) out += '}';
    }
    return out.append(at, body.data() + body.size());
  }
};

RemotePictures::~RemotePictures() {
  ending_.request_stop();
  if (threads_) threads_->join();
}

void RemotePictures::start(const std::shared_ptr<Job>& job, std::size_t index) {
  if (!threads_) threads_.emplace(k_at_once);
  ++job->left;
  asio::post(*threads_, [job = job, index, &io = context_, ending = ending_.get_token()]() mutable {
    auto picture = std::make_shared<Result<std::string>>(fail(Code::cancelled, "stopped"));
    if (!job->stop.stop_requested() && !ending.stop_requested()) *picture = job->fetch(index, ending);
    asio::post(io, [job = std::move(job), index, picture] {
      --job->left;
      if (*picture) {
        job->pictures[index] = std::move(**picture);
      } else if (!job->error) {
        job->error = std::move(*picture).error();
        job->stop.request_stop();
      }
      if (job->left == 0 || job->error) job->bell.cancel();
    });
  });
}

asio::awaitable<Result<RemotePictures::Body>> RemotePictures::embed(std::string body, std::vector<ImageSpot> spots,
                                                                    PictureRules rules) {
  const auto job = std::make_shared<Job>(context_, held_);
  struct StopGuard {  // also when the client leaves
    std::stop_source& stop;
    ~StopGuard() { stop.request_stop(); }
  };
  const StopGuard guard{job->stop};
  job->body = std::move(body);
  job->literals = find_literals(job->body, spots);
  job->spots = std::move(spots);
  job->rules = std::move(rules);
  job->pictures.resize(job->spots.size());
  const auto end = std::chrono::steady_clock::now() + job->rules.deadline;
  for (std::size_t i = 0; i < job->spots.size(); ++i) {
    if (job->spots[i].remote) start(job, i);
  }
  constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
  while (job->left > 0 && !job->error) {
    if (std::chrono::steady_clock::now() >= end) {
      co_return fail(Code::timeout, "the pictures by address did not all arrive within " +
                                        std::to_string(job->rules.deadline.count() / 1000) + " s");
    }
    job->bell.expires_at(end);
    co_await job->bell.async_wait(as_tuple);
  }
  if (job->error) co_return Failure(std::move(*job->error));
  Body out;
  out.text = job->whole();
  out.fetched = job->room->own;
  out.room = job->room;
  co_return out;
}

}  // namespace eai::api
