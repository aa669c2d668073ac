// CARs: the blocks of a walk, as they come.
#include "ipld/car.h"
#include "share/answer.h"
#include "share/answer_head.h"
#include "util/log.h"

namespace eai::share {

using boost::asio::awaitable;

// What a CAR may have besides the bytes of its blocks.
static constexpr std::uint64_t k_slack = 4 * k_mib;

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
  }
  if (roots_.empty()) roots_.push_back(ask_.root);  // it lies in its CID
  if (co_await is_known_already()) co_return;
  const Bytes header = ipld::car_header({ask_.root});
  const http::HeaderList headers = head_of(ask_, roots_);
  const auto begun = co_await out_.begin(200, headers, text_of(header));
  if (!begun) co_return;
  core_.ledger.note_answer(in_.peer, first.empty() ? 0 : first.front().found.of);
  if (in_.method == "HEAD") {
    co_await out_.end();
    co_return;
  }
  co_await stream(*walk, std::move(first));
}

awaitable<void> Answer::stream(ipld::DagWalk& walk, std::vector<Section> first) {
  // A hostile DAG may name one child a thousand times, and that one its own.
  std::uint64_t left = 2 * core_.source.size() + k_slack;
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
    const std::uint64_t size = section->found.bytes.size();
    const Bytes head = ipld::car_section_head(section->cid, size);
    if (head.size() + size > left) co_return;
    left -= head.size() + size;
    const auto written = co_await write(text_of(head), section->found.bytes);
    if (!written) co_return;
    co_await rest(section->found.of, head.size() + size);
  }
  co_await out_.end();
}

}  // namespace eai::share
