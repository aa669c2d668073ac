#include "share/answer.h"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/address.h"
#include "ipld/ipns.h"
#include "share/answer_head.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::share {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr std::uint64_t k_turn = k_mib;

Refusal refusal_for(const Error& error, const Ask& ask) {
  if (error.code == Code::invalid) return {400, error.message};
  if (error.code == Code::io) return {500, "the bytes could not be read here"};
  return {ask.only_if_cached ? 412 : 404, printable(ask.named, 200) + " is not given on here"};
}

ByteRange part_of(const ByteRange& range, std::uint64_t from, std::uint64_t count) {
  return {range.begin + from, range.begin + from + count};
}

// The same bytes without the first `from`, at most `count` of them.
PlacedBytes part_of(PlacedBytes bytes, std::uint64_t from, std::uint64_t count) {
  count = std::min(count, bytes.size() - from);
  if (bytes.file) {
    bytes.range = part_of(bytes.range, from, count);
  } else {
    const auto begin = bytes.held.begin() + static_cast<std::ptrdiff_t>(from);
    bytes.held = Bytes(begin, begin + static_cast<std::ptrdiff_t>(count));
  }
  return bytes;
}

}  // namespace

Answer::Answer(Share::Core& core, const http::Incoming& in, http::Outgoing& out, Ask ask, Ration::Ticket ticket)
    : core_(core), in_(in), out_(out), ask_(std::move(ask)), ticket_(std::move(ticket)), pause_(core.context) {}

awaitable<void> Answer::give() {
  if (ask_.form == Form::record) return give_record();
  if (ask_.form == Form::car) return give_car();
  return give_one();
}

awaitable<void> Answer::refuse(Refusal refusal) {
  core_.ledger.note_refusal(refusal.status);
  const http::Reply reply = refusal_reply(refusal);
  co_await out_.send(reply);
}

awaitable<void> Answer::refuse(const Error& error) { return refuse(refusal_for(error, ask_)); }

Result<Found> Answer::find(const ipld::Cid& cid) {
  if (cid.hash().code == ipld::HashCode::identity && cid.hash().digest.size() <= ipld::k_identity_limit)
    return Found{{nullptr, {}, cid.hash().digest}, 0};
  return counted(core_.source.block(cid));
}

Result<Found> Answer::part_of_file(const ipld::Cid& root, std::uint64_t offset) {
  return counted(core_.source.file_part(root, offset));
}

Result<Found> Answer::counted(Result<Found> found) {
  if (!found && found.error().code == Code::corrupt) core_.ledger.note_damage();
  return found;
}

awaitable<void> Answer::rest(std::size_t of, std::uint64_t bytes) {
  core_.ledger.note_bytes(in_.peer, of, bytes);
  in_turn_ += bytes;
  const auto pause = ticket_.pause_after(bytes, Ration::Clock::now());
  if (pause > Ration::Clock::duration::zero()) {
    pause_.expires_after(pause);
    co_await pause_.async_wait(asio::use_awaitable);
    in_turn_ = 0;
  } else if (in_turn_ >= k_turn) {
    co_await asio::post(core_.context, asio::use_awaitable);
    in_turn_ = 0;
  }
}

awaitable<Result<void>> Answer::write(std::string_view before, const PlacedBytes& bytes) {
  if (bytes.file) return out_.write_file(before, bytes.file->get(), bytes.range);
  joined_.assign(before).append(text_of(bytes.held));
  return out_.write(joined_);
}

awaitable<bool> Answer::is_known_already() {
  const std::string_view known = in_.header("if-none-match");
  if (known.empty() || !names_tag(known, tag_of(ask_))) co_return false;
  http::Reply reply{304, head_of(ask_, roots_), ""};
  std::erase_if(reply.headers, [](const auto& header) { return header.first.starts_with("Content-"); });
  co_await out_.send(reply);
  co_return true;
}

// Leads ask_.root to the end of the path.
Result<void> Answer::follow_path() {
  ipld::Selection selection{.root = ask_.root, .path = ask_.path, .scope = ipld::DagScope::block};
  EAI_TRY(auto walk, ipld::DagWalk::begin(std::move(selection)));
  while (true) {
    EAI_TRY(const auto section, next_section(walk));
    if (!section) break;
  }
  ask_.root = roots_.empty() ? ask_.root : roots_.back();
  return {};
}

Result<std::optional<Answer::Section>> Answer::next_section(ipld::DagWalk& walk) {
  EAI_TRY(const auto step, walk.next());
  if (!step) return std::nullopt;
  EAI_TRY(Found found, find(step->cid));
  if (step->on_path || step->is_terminus) roots_.push_back(step->cid);
  if (step->needs_bytes) {
    const PlacedBytes& place = found.bytes;
    Bytes bytes = place.held;
    if (place.file) {
      bytes.resize(place.range.size());
      EAI_CHECK(read_at(place.file->get(), place.range.begin, bytes));
    }
    EAI_CHECK(walk.give(bytes));
  }
  return Section{step->cid, std::move(found), step->is_terminus};
}

awaitable<void> Answer::give_one() {
  if (!ask_.path.empty()) {
    if (auto led = follow_path(); !led) co_return co_await refuse(led.error());
  } else {
    roots_.push_back(ask_.root);
  }
  const ipld::Cid root = ask_.root;
  if (ask_.form == Form::file) {
    if (const auto size = core_.source.file_size(root)) co_return co_await give_file(root, *size);
    const bool is_raw = root.codec() == ipld::Codec::raw;
    auto found = find(root);
    if (found && is_raw) co_return co_await give_block(*std::move(found));
    if (found) {
      Refusal refusal{ask_.any_form ? 400 : 406, "this is given in blocks only: ask for format=raw or format=car"};
      co_return co_await refuse(std::move(refusal));
    }
    co_return co_await refuse(found.error());
  }
  auto found = find(root);
  if (!found) co_return co_await refuse(found.error());
  co_await give_block(*std::move(found));
}

awaitable<bool> Answer::begin(std::uint64_t size, ByteRange& range) {
  if (co_await is_known_already()) co_return false;
  http::HeaderList headers = head_of(ask_, roots_);
  WantedRange wanted = read_range(in_.header("range"), size);
  const std::string_view only_if = in_.header("if-range");
  if (!only_if.empty() && only_if != tag_of(ask_)) wanted = {};
  if (wanted.kind == WantedRange::Kind::none_such) {
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
  ByteRange range;
  if (!co_await begin(found.bytes.size(), range)) co_return;
  core_.ledger.note_answer(in_.peer, found.of);
  if (in_.method != "HEAD" && range.size() > 0) {
    const PlacedBytes part = part_of(std::move(found.bytes), range.begin, range.size());
    const auto written = co_await write(std::string_view(), part);
    if (!written) co_return;
    co_await rest(found.of, range.size());
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
  if (!co_await begin(size, range)) co_return;
  core_.ledger.note_answer(in_.peer, found->of);
  while (in_.method != "HEAD" && range.size() > 0) {
    auto next = part_of_file(root, range.begin);
    if (!next) {
      log::warn("an answer was cut off: {}", next.error().message);
      co_return;
    }
    const PlacedBytes part = part_of(std::move(next->bytes), 0, range.size());
    const auto written = co_await write(std::string_view(), part);
    if (!written) co_return;
    range.begin += part.size();
    co_await rest(next->of, part.size());
  }
  co_await out_.end();
}

awaitable<void> Answer::give_record() {
  const auto bytes = core_.source.record(*ask_.name);
  const auto record = bytes ? ipld::open_ipns_record(*ask_.name, *bytes) : fail(Code::not_found, "there is none");
  if (!record || ipld::has_expired(*record, ipld::IpnsTime::of(std::chrono::system_clock::now()))) {
    const Error none{Code::not_found, {}};
    co_return co_await refuse(none);
  }
  const std::chrono::nanoseconds ttl(std::min<std::uint64_t>(record->ttl, INT64_MAX));
  http::HeaderList head = record_head(ask_, *bytes, std::chrono::duration_cast<std::chrono::seconds>(ttl));
  const http::Reply reply{200, std::move(head), std::string(text_of(*bytes))};
  core_.ledger.note_answer(in_.peer, 0);
  core_.ledger.note_bytes(in_.peer, 0, bytes->size());
  co_await out_.send(reply);
}

}  // namespace eai::share
