// CARs: the blocks of a walk, as they come.
#include "ipld/car.h"
#include "share/answer.h"
#include "share/answer_head.h"
#include "util/log.h"

namespace eai::share {

using boost::asio::awaitable;

// What a CAR may have besides the bytes of its blocks.
static constexpr std::uint64_t k_slack = 4 * k_mib;
static constexpr std::chrono::milliseconds k_until_room{50};

awaitable<void> Answer::give_car() {
  ipld::Selection selection{
      .root = ask_.root, .path = ask_.path, .scope = ask_.scope, .bytes = ask_.bytes, .duplicates = ask_.duplicates};
  auto walk = ipld::DagWalk::begin(std::move(selection));
  if (!walk) co_return co_await refuse(walk.error());
  // What leads to the end of the path decides whether there is an answer; a path is short.
  std::vector<Section> first;
  for (bool decided = false; !decided;) {
    const bool is_after_path = walk->path_done();  // which may have ended inside of the last block
    auto section = next_section(*walk);
    if (!section) co_return co_await refuse(section.error());
    decided = !*section || (*section)->is_terminus || is_after_path;
    if (*section) first.push_back(**std::move(section));
    co_await turn(0);
  }
  roots_ = walk->roots();
  if (co_await is_known_already()) co_return;
  const Bytes header = ipld::car_header({ask_.root});
  const http::HeaderList headers = head_of(ask_, roots_);
  const auto begun = co_await out_.begin(200, headers, text_of(header));
  if (!begun) co_return;
  core_.ledger.note_answer(in_.peer, first.empty() ? k_nothing : first.front().found.of);
  if (in_.method != "HEAD") co_return co_await stream(*walk, std::move(first));
  co_await out_.end();
}

awaitable<void> Answer::stream(ipld::DagWalk& walk, std::vector<Section> first) {
  // A hostile DAG may name one child a thousand times, and that one its own.
  std::uint64_t left = k_slack;
  if (!first.empty() && first.front().found.of != k_nothing) left += 2 * core_.source.size(first.front().found.of);
  std::size_t sent = 0;
  while (true) {
    std::optional<Section> section;
    if (sent < first.size()) {
      section = std::move(first[sent++]);
    } else {
      auto next = next_section(walk);
      if (!next) {
        log::info("a CAR was cut off: {}", next.error().message);
        co_return;
      }
      section = *std::move(next);
    }
    if (!section) break;
    const std::uint64_t size = ipld::car_section_size(section->cid, section->found.bytes.size());
    if (size > left) co_return;
    left -= size;
    if (!co_await send_section(*section)) co_return;
  }
  co_await out_.end();
}

awaitable<bool> Answer::send_section(const Section& section) {
  while (!may_hold(section.found)) co_await pause(k_until_room);
  const Bytes head = ipld::car_section_head(section.cid, section.found.bytes.size());
  co_return co_await send(text_of(head), section.found);
}

}  // namespace eai::share
