#include "share/answer.h"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "ipld/ipns.h"
#include "share/answer_head.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::share {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr std::uint64_t k_turn = k_mib;
constexpr std::uint64_t k_least_work = 16 * k_kib;  // even a small block has to be found and sent
constexpr std::uint64_t k_small_held = 64 * k_kib;  // which is not counted

Refusal refusal_for(const Error& error, const Ask& ask) {
  if (error.code == Code::invalid) return {400, error.message};
  if (error.code == Code::io) return {500, "the bytes could not be read here"};
  return {ask.only_if_cached ? 412 : 404, printable(ask.named, 200) + " is not shared here"};
}

const Refusal k_full{429, "too many clients are being served at this moment; ask again"};

}  // namespace

Answer::Answer(Share::Core& core, const http::Incoming& in, http::Outgoing& out, Ask ask, Ration::Ticket ticket)
    : core_(core), in_(in), out_(out), ask_(std::move(ask)), ticket_(std::move(ticket)), timer_(core.context) {}

Answer::~Answer() {
  if (holds_) --core_.held;
}

awaitable<void> Answer::give() {
  // What an earlier answer owes the rate, this one has to wait for.
  if (const auto debt = ticket_.pause_before(Clock::now()); debt > Clock::duration::zero()) co_await pause(debt);
  if (ask_.form == Form::record) co_return co_await give_record();
  if (ask_.form == Form::car) co_return co_await give_car();
  co_await give_one();
}

awaitable<void> Answer::refuse(Refusal refusal) {
  core_.ledger.note_refusal(refusal.status);
  const http::Reply reply = refusal_reply(refusal);
  co_await out_.send(reply);
}

awaitable<void> Answer::refuse(const Error& error) { return refuse(refusal_for(error, ask_)); }

bool Answer::may_hold(const Found& found) {
  if (holds_ || found.bytes.held.size() <= k_small_held) return true;
  if (core_.held >= Share::Core::k_most_held) return false;
  ++core_.held;
  holds_ = true;
  return true;
}

Result<Found> Answer::find(const ipld::Cid& cid) {
  if (cid.hash().code == ipld::HashCode::identity && cid.hash().digest.size() <= ipld::k_identity_limit)
    return Found{{nullptr, {}, cid.hash().digest}};
  return counted(core_.source.block(cid));
}

Result<Found> Answer::part_of_file(const ipld::Cid& root, std::uint64_t offset) {
  return counted(core_.source.file_part(root, offset));
}

Result<Found> Answer::counted(Result<Found> found) {
  if (!found && found.error().code == Code::corrupt) core_.ledger.note_damage();
  return found;
}

awaitable<void> Answer::pause(Clock::duration time) {
  timer_.expires_after(time);
  co_await timer_.async_wait(asio::use_awaitable);
  begun_ += time;
  work_ = 0;
}

awaitable<void> Answer::turn(std::uint64_t work) {
  work_ += std::max(work, k_least_work);
  if (work_ < k_turn) co_return;
  co_await asio::post(core_.context, asio::use_awaitable);
  work_ = 0;
}

awaitable<bool> Answer::send(std::string_view before, Found found) {
  const std::uint64_t size = found.bytes.size();
  std::uint64_t done = 0;
  do {
    const std::uint64_t count = std::min(size - done, ticket_.step(Clock::now()));
    Result<void> written;
    if (found.bytes.file) {
      const ByteRange part{found.bytes.range.begin + done, found.bytes.range.begin + done + count};
      written = co_await out_.write_file(before, found.bytes.file->get(), part);
    } else {
      if (!before.empty()) written = co_await out_.write(before);
      const std::string_view part = text_of(found.bytes.held).substr(done, count);
      if (written) written = co_await out_.write(part);
    }
    if (!written) {
      if (written.error().code == Code::io) log::warn("an answer was cut off: {}", written.error().message);
      co_return false;
    }
    const std::uint64_t sent = before.size() + count;
    before = {};
    done += count;
    sent_ += sent;
    core_.ledger.note_bytes(in_.peer, found.of, sent);
    const auto now = Clock::now();
    const auto took = std::chrono::duration<double>(now - begun_);
    if (took > k_grace && static_cast<double>(sent_) < took.count() * static_cast<double>(k_least_rate))
      co_return false;
    const auto owed = ticket_.pause_after(sent, now);
    if (owed > Clock::duration::zero()) co_await pause(owed);
    co_await turn(sent);
  } while (done < size);
  co_return true;
}

awaitable<bool> Answer::is_known_already() {
  const std::string_view known = in_.header("if-none-match");
  if (known.empty() || !names_tag(known, tag_of(ask_))) co_return false;
  http::Reply reply{304, head_of(ask_, roots_), ""};
  std::erase_if(reply.headers, [](const auto& header) {
    return header.first == "Content-Type" || header.first == "Content-Disposition";
  });
  co_await out_.send(reply);
  co_return true;
}

// Leads ask_.root to the end of the path.
Result<void> Answer::follow_path() {
  ipld::Selection selection{.root = ask_.root, .path = ask_.path, .scope = ipld::DagScope::block};
  EAI_TRY(auto walk, ipld::DagWalk::begin(std::move(selection)));
  while (!walk.path_done()) {
    EAI_TRY(const auto section, next_section(walk));
    if (!section) break;
  }
  roots_ = walk.roots();
  ask_.root = roots_.back();
  return {};
}

Result<std::optional<Answer::Section>> Answer::next_section(ipld::DagWalk& walk) {
  EAI_TRY(const auto step, walk.next());
  if (!step) return std::nullopt;
  EAI_TRY(Found found, find(step->cid));
  if (step->needs_bytes) {
    const PlacedBytes& place = found.bytes;
    Bytes bytes;
    if (place.file) {
      bytes.resize(place.range.size());
      EAI_CHECK(read_at(place.file->get(), place.range.begin, bytes));
    }
    EAI_CHECK(walk.give(place.file ? ByteView(bytes) : ByteView(place.held)));
  }
  return Section{step->cid, std::move(found), step->is_terminus};
}

awaitable<void> Answer::give_one() {
  if (ask_.path.empty())
    roots_.push_back(ask_.root);
  else if (auto led = follow_path(); !led)
    co_return co_await refuse(led.error());
  const ipld::Cid root = ask_.root;
  if (ask_.form == Form::file) {
    if (const auto size = core_.source.file_size(root)) co_return co_await give_file(root, *size);
  }
  auto found = find(root);
  if (!found) co_return co_await refuse(found.error());
  if (ask_.form == Form::file && root.codec() != ipld::Codec::raw) {
    Refusal refusal{ask_.any_form ? 400 : 406, "this is shared in blocks only: ask for format=raw or format=car"};
    co_return co_await refuse(std::move(refusal));
  }
  co_await give_block(*std::move(found));
}

awaitable<bool> Answer::begin(std::uint64_t size, ByteRange& range) {
  if (co_await is_known_already()) co_return false;
  http::HeaderList headers = head_of(ask_, roots_);
  WantedRange wanted = in_.method == "HEAD" ? WantedRange() : read_range(in_.header("range"), size);
  const std::string_view only_if = in_.header("if-range");
  if (!only_if.empty() && only_if != tag_of(ask_)) wanted = {};
  if (wanted.kind == WantedRange::Kind::none_such) {
    core_.ledger.note_refusal(416);
    http::Reply reply = refusal_reply({416, "it has " + std::to_string(size) + " bytes"});
    reply.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    co_await out_.send(reply);
    co_return false;
  }
  const bool is_part = wanted.kind == WantedRange::Kind::part;
  range = is_part ? wanted.range : ByteRange{0, size};
  if (is_part) {
    headers.emplace_back("Content-Range", "bytes " + std::to_string(range.begin) + "-" + std::to_string(range.end - 1) +
                                              "/" + std::to_string(size));
  }
  const auto begun = co_await out_.begin_sized(is_part ? 206 : 200, headers, range.size(), "");
  co_return begun.has_value();
}

awaitable<void> Answer::give_block(Found found) {
  if (!may_hold(found)) co_return co_await refuse(k_full);
  ByteRange range;
  const std::uint64_t size = found.bytes.size();
  if (!co_await begin(size, range)) co_return;
  core_.ledger.note_answer(in_.peer, found.of);
  if (in_.method == "HEAD") {
    co_await turn(size);
  } else if (range.size() > 0) {
    if (found.bytes.file)
      found.bytes.range = {found.bytes.range.begin + range.begin, found.bytes.range.begin + range.end};
    else
      found.bytes.held = Bytes(found.bytes.held.begin() + static_cast<std::ptrdiff_t>(range.begin),
                               found.bytes.held.begin() + static_cast<std::ptrdiff_t>(range.end));
    if (!co_await send(std::string_view(), std::move(found))) co_return;
  }
  co_await out_.end();
}

// From its parts, each of which is proven before it is sent.
awaitable<void> Answer::give_file(const ipld::Cid& root, std::uint64_t size) {
  ByteRange range{0, size};
  const WantedRange wanted = read_range(in_.header("range"), size);
  // The first part decides whether there is an answer at all.
  const std::uint64_t first = wanted.kind == WantedRange::Kind::part ? wanted.range.begin : 0;
  auto found = size == 0 ? Result<Found>(Found{}) : part_of_file(root, first);
  if (!found) co_return co_await refuse(found.error());
  if (!may_hold(*found)) co_return co_await refuse(k_full);
  if (!co_await begin(size, range)) co_return;
  core_.ledger.note_answer(in_.peer, found->of);
  if (in_.method == "HEAD") co_await turn(found->bytes.size());
  while (in_.method != "HEAD" && range.size() > 0) {
    auto next = part_of_file(root, range.begin);
    if (!next) {
      log::info("an answer was cut off: {}", next.error().message);
      co_return;
    }
    PlacedBytes& part = next->bytes;
    if (part.file && part.range.size() > range.size()) part.range.end = part.range.begin + range.size();
    if (!part.file && part.held.size() > range.size()) part.held.resize(range.size());
    range.begin += part.size();
    if (!co_await send(std::string_view(), *std::move(next))) co_return;
  }
  co_await out_.end();
}

awaitable<void> Answer::give_record() {
  const auto bytes = core_.source.record(*ask_.name);
  const auto record = bytes ? ipld::open_ipns_record(*ask_.name, *bytes) : fail(Code::not_found, "there is none");
  const auto now = ipld::IpnsTime::of(std::chrono::system_clock::now());
  if (!record || ipld::has_expired(*record, now)) {
    const Error none{Code::not_found, {}};
    co_return co_await refuse(none);
  }
  const std::chrono::nanoseconds ttl(std::min<std::uint64_t>(record->ttl, INT64_MAX));
  const auto left = std::min(std::chrono::duration_cast<std::chrono::seconds>(ttl),
                             std::chrono::seconds(record->expires.second - now.second));
  http::Reply reply{200, record_head(ask_, *bytes, left), std::string(text_of(*bytes))};
  const std::string_view known = in_.header("if-none-match");
  if (!known.empty() && names_tag(known, http::find_header(reply.headers, "Etag"))) reply = {304, reply.headers, ""};
  core_.ledger.note_answer(in_.peer, k_nothing);
  if (reply.status == 200 && in_.method != "HEAD") core_.ledger.note_bytes(in_.peer, k_nothing, bytes->size());
  co_await out_.send(reply);
}

}  // namespace eai::share
